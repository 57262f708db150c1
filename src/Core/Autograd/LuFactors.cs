namespace Gpu.Autograd.Autograd;

/// <summary>
/// L and U of each matrix of B…×M×N in one, and the order of the rows as one column more (<see cref="Backend.Lu"/>). With P·L·U = x, and F =
/// L⁻¹·Pᵀ·dx·U⁻¹ of the square blocks: dL = L·(F below the diagonal), dU = (F on it and above)·U.
/// </summary>
internal sealed class LuFactors : Primitive
{
    public static LuFactors Shared { get; } = new();

    public override string Name => "Lu";

    public override uint Reads => Bit(ResultBit);

    /// <summary>The permutation, as a matrix.</summary>
    public static Tensor Order(Tensor y)
    {
        var (m, n) = (y.Shape[-2], y.Shape[-1] - 1);
        var order = Matrices.Block(y, 0, m, n, 1).Detach().Transpose();
        Shape shape = [.. y.Shape.Lengths[..^2], m, m];
        var rows = Tensor.Arange(m, y.DType, y.Device).Reshape(m, 1);
        return Tensor.Map(default(Ops.Equal), rows.BroadcastTo(shape), order.BroadcastTo(shape)).Detach();
    }

    /// <summary>L, with ones on its diagonal.</summary>
    public static Tensor Lower(Tensor y)
    {
        var (m, r) = (y.Shape[-2], Math.Min(y.Shape[-2], y.Shape[-1] - 1));
        return Matrices.Block(y, 0, m, 0, r).Tril(-1) + Tensor.Eye(m, r, 0, y.DType, y.Device);
    }

    /// <summary>U.</summary>
    public static Tensor Upper(Tensor y)
    {
        var (n, r) = (y.Shape[-1] - 1, Math.Min(y.Shape[-2], y.Shape[-1] - 1));
        return Matrices.Block(y, 0, r, 0, n).Triu();
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty([.. x[0].Shape.Lengths[..^1], x[0].Shape[-1] + 1], x[0].DType, x[0].Device);
        return y.Count == 0
            ? y
            : Launch.Into(Matrices.Flat(y), static (backend, x, y) => backend.Lu(x, y), MatrixProduct.Flat(x[0])).View(y.Layout);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        if (t[0] is not { } t0)
        {
            return null;
        }

        var (m, n, r) = Sizes(y);
        var moved = Order(y).Transpose().MatMul(t0);
        var (first, square) = (Matrices.Block(moved, 0, r, 0, r), Matrices.Block(y, 0, r, 0, r));
        var f = Matrices.DivideRight(Matrices.Divide(square, first, upper: false, unit: true), square, upper: true);
        var (below, above) = (f.Tril(-1), f.Triu());
        var d = Unit(square).MatMul(below) + above.MatMul(square.Triu());
        if (m > n)
        {
            // L₂ = x₂·U⁻¹, below the square.
            var l2 = Matrices.DivideRight(Matrices.Block(moved, r, m - r, 0, r), square, upper: true) -
                Matrices.Block(y, r, m - r, 0, r).MatMul(above);
            d = Tensor.Concat([d, l2], -2);
        }
        else if (n > m)
        {
            // U₂ = L⁻¹·x₂, to the right of the square.
            var u2 = Matrices.Divide(square, Matrices.Block(moved, 0, r, r, n - r), upper: false, unit: true) -
                below.MatMul(Matrices.Block(y, 0, r, r, n - r));
            d = Tensor.Concat([d, u2], -1);
        }

        return Tensor.Concat([d, Tensor.Zeros([.. d.Shape.Lengths[..^1], 1], d.DType, d.Device)], -1);
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var (m, n, r) = Sizes(y);
        var square = Matrices.Block(y, 0, r, 0, r);
        var g1 = Matrices.Block(g, 0, r, 0, r);
        var below = Unit(square).Transpose().MatMul(g1.Tril(-1));
        var above = g1.Triu().MatMul(square.Triu().Transpose());
        Tensor? rest = null;
        if (m > n)
        {
            var g2 = Matrices.Block(g, r, m - r, 0, r);
            above -= Matrices.Block(y, r, m - r, 0, r).Transpose().MatMul(g2);
            rest = Matrices.DivideRightTransposed(g2, square, upper: true);
        }
        else if (n > m)
        {
            var g2 = Matrices.Block(g, 0, r, r, n - r);
            below -= g2.MatMul(Matrices.Block(y, 0, r, r, n - r).Transpose());
            rest = Matrices.DivideTransposed(square, g2, upper: false, unit: true);
        }

        var inner = below.Tril(-1) + above.Triu();
        var d = Matrices.DivideTransposed(
            square, Matrices.DivideRightTransposed(inner, square, upper: true), upper: false, unit: true);
        if (rest is not null)
        {
            d = Tensor.Concat([d, rest], m > n ? -2 : -1);
        }

        return Order(y).MatMul(d);
    }

    private static (int Rows, int Columns, int Both) Sizes(Tensor y) =>
        (y.Shape[-2], y.Shape[-1] - 1, Math.Min(y.Shape[-2], y.Shape[-1] - 1));

    private static Tensor Unit(Tensor square) => square.Tril(-1) + Tensor.Eye(square.Shape[-1], square.DType, square.Device);
}
