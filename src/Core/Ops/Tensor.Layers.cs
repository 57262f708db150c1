using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Lookups and noise.</content>
public sealed partial class Tensor
{
    /// <summary>The affine map x·Wᵀ + b of this tensor's rows: [..., inputs] → [..., outputs].</summary>
    /// <param name="weight">W: [outputs, inputs].</param>
    /// <param name="bias">b: [outputs]; null where there is none.</param>
    /// <exception cref="ArgumentException">The shapes, dtypes or devices do not fit.</exception>
    public Tensor Linear(Tensor weight, Tensor? bias = null)
    {
        if (weight.Rank != 2)
        {
            throw new ArgumentException($"Linear: the weights {weight.Shape} are not [outputs, inputs].");
        }

        var (outputs, inputs) = (weight.Shape[0], weight.Shape[1]);
        if (Rank == 0 || Shape[-1] != inputs)
        {
            throw new ArgumentException(
                $"Linear: the last axis of {Shape} does not have the {inputs} elements that the weights {weight.Shape} take.");
        }

        if (bias is not null && bias.Shape != new Shape(outputs))
        {
            throw new ArgumentException($"Linear: the bias {bias.Shape} does not have the {outputs} elements that the weights {weight.Shape} give.");
        }

        Check.Number(this, "Linear");
        Check.Alike(this, weight, "Linear");
        Check.Alike(this, bias ?? this, "Linear");

        // Batches of any rank are one tall matrix, so that the weights are not stretched over them.
        var rows = Rank == 2 ? this : Reshape(Product(Shape.Lengths[..^1]), inputs);
        var y = bias is null ? Engine.Apply(Autograd.Affine.Shared, rows, weight) : Engine.Apply(Autograd.Affine.Shared, rows, weight, bias);
        return Rank == 2 ? y : y.Reshape([.. Shape.Lengths[..^1], outputs]);
    }

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
