using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Lookups and noise.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The rows of this table [V, D] that an index (int32 or int64) of any shape names: [… , D]. The row <paramref name="paddingIndex"/>
    /// gets no gradient from it; negative numbers count from the end there.
    /// </summary>
    /// <exception cref="ArgumentException">This is no table, the index no index, or there is no such row for padding.</exception>
    /// <exception cref="IndexOutOfRangeException">An index is not of 0..V−1 (on a device: NaN instead).</exception>
    public Tensor Embedding(Tensor index, int? paddingIndex = null)
    {
        if (Rank != 2)
        {
            throw new ArgumentException($"Embedding: the table {Shape} is not [rows, columns].");
        }

        Check.Index(this, index, "Embedding");
        var y = Gather(index, 0, 0, "Embedding");
        if (paddingIndex is not { } padding)
        {
            return y;
        }

        if (padding < -Shape[0] || padding >= Shape[0])
        {
            throw new ArgumentException($"Embedding: there is no row {padding} for padding in the table {Shape}.");
        }

        var isPadding = Equal(index, padding < 0 ? padding + Shape[0] : padding);
        return Where(isPadding.Reshape([.. index.Shape, 1]), y.Detach(), y);
    }

    /// <summary>Each element 0 with probability p, else x/(1 − p), so that the mean stays. Which ones is the same in every dtype.</summary>
    /// <param name="p">From 0 (nothing) to 1 (everything).</param>
    /// <param name="generator">Where the random numbers come from.</param>
    /// <exception cref="ArgumentOutOfRangeException">p is not a probability.</exception>
    public Tensor Dropout(double p, Generator generator)
    {
        Check.Real(this, "Dropout");
        if (!(p is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(null, FormattableString.Invariant($"Dropout: {p} is no probability from 0 to 1."));
        }

        if (p == 0)
        {
            return this;
        }

        var dropped = generator.Uniform(Shape, device: Device) < p;
        return Where(dropped, 0, this * (p < 1 ? 1 / (1 - p) : 0));
    }
}
