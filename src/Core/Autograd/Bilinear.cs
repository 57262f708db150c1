using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// The batched matrix product of B…×M×K with B…×K×N (equal batch axes). jvp is the product rule; vjp is two products: g·bᵀ and aᵀ·g. A
/// transpose is a view, so no copy is made.
/// </summary>
internal sealed class MatrixProduct : Primitive
{
    public static MatrixProduct Shared { get; } = new();

    public override string Name => "MatMul";

    public override uint Reads => Bit(0) | Bit(1);

    /// <summary>
    /// The product with axes before the last two broadcast. Where one operand is a single matrix and the other's rows (or columns) can be put
    /// together without a copy, that is a product of two matrices, and so are its derivatives: the gradient of a weight is summed over a
    /// batch inside of the product.
    /// </summary>
    public static Tensor Of(Tensor a, Tensor b)
    {
        if (b.Rank == 2 && a.Rank > 2 && Stacked(a) is { } rows)
        {
            return Engine.Apply(Shared, a.Reshape(rows.Lengths), b).Reshape([.. a.Shape.Lengths[..^1], b.Shape[-1]]);
        }

        if (a.Rank == 2 && b.Rank > 2 && b.Transpose() is var columns && Stacked(columns) is not null)
        {
            return Of(columns, a.Transpose()).Transpose();
        }

        var batch = Shape.Broadcast(new Shape(a.Shape.Lengths[..^2]), new Shape(b.Shape.Lengths[..^2]), "MatMul");
        return Engine.Apply(
            Shared, a.Stretch([.. batch, a.Shape[-2], a.Shape[-1]]), b.Stretch([.. batch, b.Shape[-2], b.Shape[-1]]));
    }

    /// <summary>A matrix that all of the batch share is one operand of one product.</summary>
    public override Tensor OverBatch(int size, Tensor[] x, bool[] mapped) =>
        mapped.Contains(false) && x[0].Rank + x[1].Rank == 5 ? Of(x[0], x[1]) : base.OverBatch(size, x, mapped);

    public override Dependence In(ReadOnlySpan<bool> moving) => moving.Contains(false) ? Dependence.Linear : Dependence.Nonlinear;

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Product(x[0], x[0].Layout, x[1], x[1].Layout);

    /// <summary>The product of concrete tensors under the layouts given.</summary>
    public static Tensor Product(Tensor a, Layout ofA, Tensor b, Layout ofB)
    {
        var lengths = ofA.Shape.Lengths;
        Span<int> to = lengths.Length <= 16 ? stackalloc int[lengths.Length] : new int[lengths.Length];
        lengths.CopyTo(to);
        to[^1] = ofB.Shape.Lengths[^1];
        var y = Tensor.Empty(Layout.RowMajor(to), a.DType, a.Device);
        int terms = lengths[^1];
        if (terms == 0)
        {
            return Tensor.Zeros(y.Shape, y.DType, y.Device);
        }

        var (rows, columns) = (ofA.Matrices, ofB.Matrices);
        if (rows is null)
        {
            a = a.View(ofA).Copy();
            rows = a.Layout.Matrices!;
        }

        if (columns is null)
        {
            b = b.View(ofB).Copy();
            columns = b.Layout.Matrices!;
        }

        if (columns.Shape.Lengths[0] > 1 && columns.Strides[0] == 0 && columns.Shape.Lengths[0] == rows.Shape.Lengths[0]
            && rows.TryReshape([1, rows.Shape[0] * rows.Shape[1], rows.Shape[2]]) is { } stacked)
        {
            // One matrix on the right for the whole batch: the rows of all batches are the rows of one product.
            (rows, columns) = (stacked, new Layout([1, .. columns.Shape.Lengths[1..]], [0, .. columns.Strides[1..]], columns.Offset));
        }

        ReadOnlySpan<int> matrices = [rows.Shape.Lengths[0], rows.Shape.Lengths[1], columns.Shape.Lengths[2]];
        Launch.MatMul(a, rows, b, columns, y, Layout.RowMajor(matrices));
        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(t[0] is { } ta ? Engine.Apply(this, ta, x[1]) : null, t[1] is { } tb ? Engine.Apply(this, x[0], tb) : null);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        k == 0 ? Gradient(x[0], g, x[1].Transpose()) : Gradient(x[1], x[0].Transpose(), g);

    /// <summary>
    /// The gradient a·b of an operand. Of one that lies by columns it is computed as its transpose, so that it lies as the operand does:
    /// weights that were transposed for the product get a gradient by rows without a copy.
    /// </summary>
    public static Tensor Gradient(Tensor of, Tensor a, Tensor b) => LiesByColumns(of.Innermost.Layout)
        ? Engine.Apply(Shared, b.Transpose(), a.Transpose()).Transpose()
        : Engine.Apply(Shared, a, b);

    /// <summary>The shape of the rows of all matrices as one; null where they do not lie so.</summary>
    private static Shape? Stacked(Tensor x)
    {
        // A box's value has axes in front of x's own.
        var layout = x.Innermost.Layout;
        var lengths = layout.Shape.Lengths;
        int rows = 1;
        foreach (int length in lengths[^x.Rank..^1])
        {
            rows *= length;
        }

        return layout.TryReshape([.. lengths[..^x.Rank], rows, lengths[^1]]) is null ? null : new Shape(rows, lengths[^1]);
    }

    private static bool LiesByColumns(Layout layout) => layout.Strides[^2] == 1 && layout.Strides[^1] != 1 && layout.Shape[-2] > 1;

    /// <summary>With all batch axes as one; a view where their strides allow it (always for dense, broadcast or no batches).</summary>
    internal static Tensor Flat(Tensor x)
    {
        if (x.Layout.Matrices is { } matrices)
        {
            return x.View(matrices);
        }

        x = x.Dense();
        return x.View(x.Layout.Matrices!);
    }
}
