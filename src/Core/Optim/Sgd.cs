namespace Gpu.Autograd.Optim;

/// <summary>
/// Gradient descent: x ← x − rate·d, with d = g + weightDecay·x. With momentum m ← momentum·m + d, and the step is rate·m, or
/// rate·(d + momentum·m) after Nesterov.
/// </summary>
public sealed class Sgd : Optimizer
{
    private readonly double momentum;
    private readonly double weightDecay;
    private readonly bool nesterov;

    /// <summary>An optimizer of the parameters.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative or not finite.</exception>
    /// <exception cref="ArgumentException">There are no parameters, one is no leaf or there twice, or Nesterov has no momentum.</exception>
    public Sgd(IEnumerable<Tensor> parameters, double learningRate, double momentum = 0, double weightDecay = 0, bool nesterov = false)
        : base(parameters, learningRate, momentum == 0 ? [] : ["momentum"], counts: false)
    {
        this.momentum = NotNegative(momentum, "the momentum");
        this.weightDecay = NotNegative(weightDecay, "the weight decay");
        this.nesterov = nesterov;
        if (nesterov && momentum == 0)
        {
            throw new ArgumentException("Sgd: Nesterov's step looks ahead along the momentum, which is 0.");
        }
    }

    private protected override void Update(Clock clock, Operand[] parts)
    {
        if (momentum == 0)
        {
            Launch(new DescendUpdate(weightDecay), clock, parts);
        }
        else if (nesterov)
        {
            Launch(new NesterovUpdate(momentum, weightDecay), clock, parts);
        }
        else
        {
            Launch(new MomentumUpdate(momentum, weightDecay), clock, parts);
        }
    }
}
