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
