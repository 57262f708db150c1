using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Functions of matrices, which are the last two axes, and products of tensors.</summary>
public sealed partial class Tensor
{
    /// <summary>
    /// The exponential of each N×N, Σ xᵏ/k!; NaN where an element is not finite. The host reads the norms, which say how often each is squared.
    /// </summary>
    /// <exception cref="ArgumentException">The matrices are not square, or the elements not real.</exception>
    public Tensor MatrixExp()
    {
        RequireSquare("MatrixExp");
        return Engine.Apply(Exponential.Shared, this);
    }

    /// <summary>
    /// The product of n times each N×N; of −n times its inverse for n &lt; 0, where the host reads what it reads for <see cref="Inverse"/>, and the
    /// unit matrix for n = 0.
    /// </summary>
    /// <exception cref="ArgumentException">The matrices are not square, or the elements not real.</exception>
    public Tensor MatrixPower(int n)
    {
        RequireSquare("MatrixPower");
        if (n == 0)
        {
            return Eye(Shape[-1], DType, Device).BroadcastTo(Shape);
        }

        var square = n < 0 ? Inverse() : this;
        Tensor? power = null;
        for (uint rest = (uint)Math.Abs((long)n); ; square = square.MatMul(square))
        {
            power = (rest & 1) == 0 ? power : power is null ? square : power.MatMul(square);
            rest >>= 1;
            if (rest == 0)
            {
                return power!;
            }
        }
    }

    /// <summary>
    /// Kronecker's product: each element of M×N times the whole of the other, P×R, as blocks of (M·P)×(N·R). Axes before the last two are
    /// batches and broadcast.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, or shapes, dtypes or devices do not fit.</exception>
    public Tensor Kron(Tensor other)
    {
        RequireMatrix("Kron");
        other.RequireMatrix("Kron");
        Check.Number(this, "Kron");
        Check.Alike(this, other, "Kron");
        var (a, b) = (Shape, other.Shape);
        var y = Reshape([.. a.Lengths[..^2], a[-2], 1, a[-1], 1]) * other.Reshape([.. b.Lengths[..^2], 1, b[-2], 1, b[-1]]);
        return y.Reshape([.. y.Shape.Lengths[..^4], a[-2] * b[-2], a[-1] * b[-1]]);
    }

    /// <summary>
    /// Sums products over the last so many axes of this and the first so many of the other: y[i…, j…] = Σ a[i…, k…]·b[k…, j…]. 0 is every
    /// product of two elements, 1 a product of matrices.
    /// </summary>
    /// <exception cref="ArgumentException">There are not so many axes, or lengths, dtypes or devices differ.</exception>
    public Tensor TensorDot(Tensor other, int axes = 2) => axes >= 0 && axes <= Math.Min(Rank, other.Rank)
        ? TensorDot(other, [.. Enumerable.Range(Rank - axes, axes)], [.. Enumerable.Range(0, axes)])
        : throw new ArgumentException($"TensorDot: {Shape} and {other.Shape} do not both have {axes} axes.");

    /// <summary>Sums products over axes of this and of the other, one with one; the axes that are left follow each other.</summary>
    /// <exception cref="ArgumentException">The axes are not as many, or named twice, or lengths, dtypes or devices differ.</exception>
    public Tensor TensorDot(Tensor other, ReadOnlySpan<int> axes, ReadOnlySpan<int> otherAxes)
    {
        Check.Number(this, "TensorDot");
        Check.Alike(this, other, "TensorDot");
        int[] a = Named(this, axes);
        int[] b = Named(other, otherAxes);
        if (a.Length != b.Length || a.Where((axis, k) => Shape[axis] != other.Shape[b[k]]).Any())
        {
            throw new ArgumentException(
                $"TensorDot: the axes {Shape.Text(a)} of {Shape} and {Shape.Text(b)} of {other.Shape} do not have the same lengths.");
        }

        int[] keptA = [.. Enumerable.Range(0, Rank).Except(a)];
        int[] keptB = [.. Enumerable.Range(0, other.Rank).Except(b)];
        int[] lengths = [.. keptA.Select(axis => Shape[axis]), .. keptB.Select(axis => other.Shape[axis])];
        int inner = a.Aggregate(1, (product, axis) => product * Shape[axis]);
        int rows = keptA.Aggregate(1, (product, axis) => product * Shape[axis]);
        int columns = keptB.Aggregate(1, (product, axis) => product * other.Shape[axis]);
        var left = Permute([.. keptA, .. a]).Reshape(rows, inner);
        return left.MatMul(other.Permute([.. b, .. keptB]).Reshape(inner, columns)).Reshape(lengths);

        static int[] Named(Tensor x, ReadOnlySpan<int> axes)
        {
            var named = new int[axes.Length];
            for (int k = 0; k < named.Length; k++)
            {
                named[k] = x.Shape.Axis(axes[k], "TensorDot");
            }

            return named.Distinct().Count() == named.Length
                ? named
                : throw new ArgumentException($"TensorDot: the axes {Shape.Text(axes)} of {x.Shape} name one twice.");
        }
    }

    /// <summary>
    /// The partial trace: the sum of a diagonal of two axes, which the result lacks. Of a Kronecker product as [m, p, m, p],
    /// <c>Trace(0, 2)</c> leaves p×p.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such axis, or it is one axis twice, or the elements are truth values.</exception>
    public Tensor Trace(int axis1, int axis2, int offset = 0)
    {
        Check.Number(this, "Trace");
        (axis1, axis2) = (Shape.Axis(axis1, "Trace"), Shape.Axis(axis2, "Trace"));
        if (axis1 == axis2)
        {
            throw new ArgumentException($"Trace: axis {axis1} of {Shape} is named twice.");
        }

        return Diagonal(offset, axis1, axis2).Sum(-1);
    }
}
