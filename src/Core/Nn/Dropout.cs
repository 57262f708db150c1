namespace Gpu.Autograd.Nn;

/// <summary>
/// In training each element is 0 with probability p, else x/(1 − p), so that the mean stays; outside of training y = x.
/// </summary>
public sealed class Dropout : Module
{
    private readonly double p;
    private readonly Generator generator;

    /// <summary>A layer that drops with probability p.</summary>
    /// <param name="p">From 0 (nothing) to 1 (everything).</param>
    /// <param name="generator">Where the random numbers come from; by default from a seed that is new each time.</param>
    /// <exception cref="ArgumentOutOfRangeException">p is not a probability.</exception>
    public Dropout(double p = 0.5, Generator? generator = null)
    {
        if (!(p is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(null, FormattableString.Invariant($"Dropout: {p} is no probability from 0 to 1."));
        }

        this.p = p;
        this.generator = generator ?? new Generator((ulong)Random.Shared.NextInt64());
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Training ? x.Dropout(p, generator) : x;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"Dropout({p})");
}
