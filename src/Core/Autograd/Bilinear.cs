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

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var (a, b) = (x[0], x[1]);
        int[] to = a.Shape.ToArray();
        to[^1] = b.Shape[-1];
        var y = Tensor.Empty(new Shape(to), a.DType, a.Device);
        if (a.Shape[-1] == 0)
        {
            return Tensor.Zeros(y.Shape, y.DType, y.Device);
        }

        var (rows, columns) = (Flat(a), Flat(b));
        if (columns.Layout.Strides[0] == 0 && rows.Layout.TryReshape([1, rows.Shape[0] * rows.Shape[1], rows.Shape[2]]) is { } stacked)
        {
            // One matrix on the right for the whole batch: the rows of all batches are the rows of one product.
            (rows, columns) = (rows.View(stacked), columns.View(new Layout([1, b.Shape[-2], b.Shape[-1]], [0, .. columns.Layout.Strides[1..]], columns.Layout.Offset)));
        }

        var flat = y.View(new Layout([rows.Shape[0], rows.Shape[1], columns.Shape[2]]));
        Launch.Into(flat, static (backend, a, b, y) => backend.MatMul(a, b, y), rows, columns, 2L * flat.Count * a.Shape[-1]);
        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(t[0] is { } ta ? Engine.Apply(this, ta, x[1]) : null, t[1] is { } tb ? Engine.Apply(this, x[0], tb) : null);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        // The gradient of an operand that lies by columns is computed as its transpose, so that it lies as the operand does: weights that were
        // transposed for the product get a gradient by rows without a copy.
        bool byColumns = LiesByColumns(x[k].Innermost.Layout);
        return (k, byColumns) switch
        {
            (0, false) => Engine.Apply(this, g, x[1].Transpose()),
            (0, true) => Engine.Apply(this, x[1], g.Transpose()).Transpose(),
            (_, false) => Engine.Apply(this, x[0].Transpose(), g),
            (_, true) => Engine.Apply(this, g.Transpose(), x[0]).Transpose(),
        };
    }

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
        var layout = x.Layout;
        var (rows, columns) = (layout.Shape[-2], layout.Shape[-1]);
        var batch = new Layout(
            new Shape(layout.Shape.Lengths[..^2]), [.. layout.Strides[..^2]], layout.Offset);
        var loops = LoopNest.Of(batch);
        if (loops.Rank > 1)
        {
            x = x.Dense();
            return x.View(x.Layout.TryReshape(Flat(x.Shape))!);
        }

        return x.View(new Layout(
            new Shape(batch.Shape.Size, rows, columns), [loops.Strides(0)[0], layout.Strides[^2], layout.Strides[^1]], layout.Offset));
    }

    private static Shape Flat(Shape shape)
    {
        int batch = 1;
        foreach (int length in shape.Lengths[..^2])
        {
            batch *= length;
        }

        return new Shape(batch, shape[-2], shape[-1]);
    }
}
