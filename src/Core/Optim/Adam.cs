namespace Gpu.Autograd.Optim;

/// <summary>
/// Adam (Kingma and Ba): x ← x − rate·m/(√v + ε), where m and v are the averages of the gradients g + weightDecay·x and of their squares,
/// decaying by β₁ and β₂ a step.
/// </summary>
/// <remarks>
/// The averages are kept with their bias already corrected: m ← m + w·(g − m) with w = (1 − β)/(1 − βⁿ) in step n. That is the usual
/// m/(1 − βⁿ), and <see cref="Optimizer.State"/> holds it so.
/// </remarks>
public class Adam : Optimizer
{
    private readonly double beta1;
    private readonly double beta2;
    private readonly double epsilon;
    private readonly double inGradient;
    private readonly double inStep;

    /// <summary>An optimizer of the parameters.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative or not finite, or a decay is not below 1.</exception>
    /// <exception cref="ArgumentException">There are no parameters, or one of them is no leaf or there twice.</exception>
    public Adam(
        IEnumerable<Tensor> parameters,
        double learningRate = 1e-3,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0)
        : this(parameters, learningRate, beta1, beta2, epsilon, inGradient: weightDecay, inStep: 0)
    {
    }

    private protected Adam(
        IEnumerable<Tensor> parameters, double learningRate, double beta1, double beta2, double epsilon, double inGradient, double inStep)
        : base(parameters, learningRate, ["mean", "square"], counts: true)
    {
        this.beta1 = BelowOne(beta1, "β₁");
        this.beta2 = BelowOne(beta2, "β₂");
        this.epsilon = NotNegative(epsilon, "ε");
        this.inGradient = NotNegative(inGradient, "the weight decay");
        this.inStep = NotNegative(inStep, "the weight decay");
    }

    private protected override void Update(Clock clock, Operand[] parts) =>
        Launch(new AdamUpdate(beta1, beta2, epsilon, inGradient, inStep), clock, parts);
}

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter): x ← x − rate·(m/(√v + ε) + weightDecay·x); m and v know nothing of the decay.
/// </summary>
public sealed class AdamW : Adam
{
    /// <summary>An optimizer of the parameters.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative or not finite, or a decay is not below 1.</exception>
    /// <exception cref="ArgumentException">There are no parameters, or one of them is no leaf or there twice.</exception>
    public AdamW(
        IEnumerable<Tensor> parameters,
        double learningRate = 1e-3,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0.01)
        : base(parameters, learningRate, beta1, beta2, epsilon, inGradient: 0, inStep: weightDecay)
    {
    }
}
