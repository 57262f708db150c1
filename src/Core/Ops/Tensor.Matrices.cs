using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Products of matrices, which are the last two axes.</summary>
public sealed partial class Tensor
{
    /// <summary>
    /// The matrix product [M, K] × [K, N] → [M, N], by NumPy's rules: axes before the last two are batches and broadcast; a vector is a row
    /// on the left and a column on the right, and that axis is dropped from the result. Integers give integers of their dtype, exact but for
    /// what is beyond its range, which wraps.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit, or the elements are bool.</exception>
    public Tensor MatMul(Tensor other)
    {
        Check.Number(this, "MatMul");
        Check.Alike(this, other, "MatMul");
        if (Rank == 0 || other.Rank == 0)
        {
            throw new ArgumentException($"MatMul: {Shape} × {other.Shape}: a scalar is no matrix; use *.");
        }

        var a = Rank == 1 ? Reshape(1, Count) : this;
        var b = other.Rank == 1 ? other.Reshape(other.Count, 1) : other;
        if (a.Shape[-1] != b.Shape[-2])
        {
            throw new ArgumentException(
                $"MatMul: inner dimensions differ: {Shape} × {other.Shape} ({a.Shape[-1]} ≠ {b.Shape[-2]}).");
        }

        if (Rank == 2 && other.Rank == 2)
        {
            return Engine.Apply(MatrixProduct.Shared, a, b);
        }

        var y = MatrixProduct.Of(a, b);
        if (Rank > 1 && other.Rank > 1)
        {
            return y;
        }

        return y.Reshape(
            [.. y.Shape.Lengths[..^2], .. Rank > 1 ? [y.Shape[-2]] : Array.Empty<int>(), .. other.Rank > 1 ? [y.Shape[-1]] : Array.Empty<int>()]);
    }

    /// <summary>Every product of an element of this vector with one of the other: y[i, j] = a[i]·b[j].</summary>
    /// <exception cref="ArgumentException">They are not both vectors, or dtypes or devices differ.</exception>
    public Tensor Outer(Tensor other)
    {
        Check.Number(this, "Outer");
        Check.Alike(this, other, "Outer");
        return Rank == 1 && other.Rank == 1
            ? Reshape(Count, 1) * other
            : throw new ArgumentException($"Outer: {Shape} and {other.Shape} are not two vectors.");
    }

    /// <summary>
    /// Einstein's sum: subscripts name the axes of each operand, and what the result does not name is summed over. <c>"ij,jk->ik"</c> is the
    /// product of matrices, <c>"ii->i"</c> a diagonal, <c>"bij,bjk->bik"</c> a batch; <c>...</c> stands for axes without names, which
    /// broadcast. Without an arrow the result has the ellipsis and, by the alphabet, the subscripts that occur once. Integers give
    /// integers of their dtype.
    /// </summary>
    /// <exception cref="ArgumentException">Subscripts and shapes do not fit; the message names the subscript.</exception>
    public static Tensor Einsum(string equation, params ReadOnlySpan<Tensor> operands) => Ops.Einsum.Run(equation, operands);
}
