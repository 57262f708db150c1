namespace Gpu.Autograd.Nn;

/// <summary>A table of vectors: an index (int32 or int64) of any shape → the vectors that it names, [… , width].</summary>
public sealed class Embedding : Module
{
    private readonly int? paddingIndex;

    /// <summary>A table of so many vectors, normal with mean 0 and variance 1.</summary>
    /// <param name="count">The number of vectors.</param>
    /// <param name="width">Their length.</param>
    /// <param name="paddingIndex">A vector that is zeros and stays so, as it gets no gradient; negative numbers count from the end.</param>
    /// <param name="generator">Where the random numbers come from; by default from a seed that is new each time.</param>
    /// <param name="dtype">float32 or float64.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no vectors, they have no elements, or there is no such one for padding.</exception>
    public Embedding(int count, int width, int? paddingIndex = null, Generator? generator = null, DType dtype = DType.Float32)
    {
        if (count < 1 || width < 1 || paddingIndex < -count || paddingIndex >= count)
        {
            throw new ArgumentOutOfRangeException(
                null, $"Embedding: {count} vectors of length {width}" + (paddingIndex is { } at ? $" with padding {at}" : "") + " make no table.");
        }

        this.paddingIndex = paddingIndex;
        Weight = (generator ?? new Generator((ulong)Random.Shared.NextInt64())).Normal([count, width], dtype: dtype);
        if (paddingIndex is { } padding)
        {
            int row = padding < 0 ? padding + count : padding;
            Weight[row..(row + 1)].Assign(Tensor.Zeros([1, width], dtype));
        }

        Weight.RequiresGrad = true;
    }

    /// <summary>The table: [count, width].</summary>
    public Tensor Weight { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x is no index.</exception>
    public override Tensor Forward(Tensor x) => Weight.Embedding(x, paddingIndex);

    /// <inheritdoc/>
    public override string ToString() => $"Embedding({Weight.Shape[0]}, {Weight.Shape[1]})";
}
