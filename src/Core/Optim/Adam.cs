using Gpu.Autograd.Autograd;

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
        : base(parameters, learningRate, ["mean", "square"], [beta1, beta2])
    {
        BelowOne(beta1, "β₁");
        BelowOne(beta2, "β₂");
        this.epsilon = NotNegative(epsilon, "ε");
        this.inGradient = NotNegative(inGradient, "the weight decay");
        this.inStep = NotNegative(inStep, "the weight decay");
    }

    private protected override void Update(Slot slot, Tensor x, Tensor g)
    {
        var (m, v) = (slot.Moments[0], slot.Moments[1]);

        // An operand that is multiplied by 0 need not be fetched: g is at hand.
        var decaying = inGradient == 0 ? g : x;
        Launch.Overwrite(m, new AverageGradient(inGradient), m, g, decaying, slot.Weights[0]);
        Launch.Overwrite(v, new AverageSquare(inGradient), v, g, decaying, slot.Weights[1]);
        Launch.Overwrite(x, new DescendScaled(epsilon, inStep), x, m, v, slot.Rate);
    }
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
