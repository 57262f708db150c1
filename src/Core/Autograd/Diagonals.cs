namespace Gpu.Autograd.Autograd;

/// <summary>Where the diagonal of the last two axes lies, so many columns to the right of the main one.</summary>
internal readonly struct DiagonalPlace(int offset)
{
    /// <summary>The number of its elements in rows × columns.</summary>
    public int Length(int rows, int columns) => Math.Max(0, Math.Min(rows - Math.Max(-offset, 0), columns - Math.Max(offset, 0)));

    /// <summary>The diagonal as the last axis of a view.</summary>
    public Layout Of(Layout layout)
    {
        var (down, right) = (layout.Strides[^2], layout.Strides[^1]);
        int length = Length(layout.Shape[-2], layout.Shape[-1]);
        int start = layout.Offset + (Math.Max(-offset, 0) * down) + (Math.Max(offset, 0) * right);
        return new Layout(
            [.. layout.Shape.Lengths[..^2], length], [.. layout.Strides[..^2], down + right], length == 0 ? layout.Offset : start);
    }
}

/// <summary>A diagonal of the last two axes, as the last axis. A view.</summary>
internal sealed class TakeDiagonal(Shape from, int offset) : Linear
{
    public override string Name => "Diagonal";

    public override Linear Adjoint => new PutDiagonal(from, offset);

    public override Primitive Batched(int size) => new TakeDiagonal(Longer(size, from), offset);

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(new DiagonalPlace(offset).Of(x[0].Layout));
}

/// <summary>Zeros, but for a diagonal of the last two axes, which is the last axis of the operand.</summary>
internal sealed class PutDiagonal(Shape to, int offset) : Linear
{
    public override string Name => "Diag";

    public override Linear Adjoint => new TakeDiagonal(to, offset);

    public override Primitive Batched(int size) => new PutDiagonal(Longer(size, to), offset);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Zeros(to, x[0].DType, x[0].Device);
        if (x[0].Count > 0)
        {
            Launch.Into(y.View(new DiagonalPlace(offset).Of(y.Layout)), static (backend, x, y) => backend.Copy(x, y), x[0]);
        }

        return y;
    }
}

/// <summary>The last two axes with zeros above a diagonal (lower) or below it (upper). It is its own adjoint.</summary>
internal sealed class Triangle(bool isLower, int offset) : Linear
{
    public override string Name => isLower ? "Tril" : "Triu";

    public override Linear Adjoint => this;

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var shape = x[0].Shape;
        var rows = Numbers(shape[-2], x[0]);
        var columns = Numbers(shape[-1], x[0]);
        return Launch.Map(
            new KeepSide(isLower ? 1 : -1, offset),
            rows.View(new Layout([shape[-2], 1]).BroadcastTo(shape)),
            columns.View(columns.Layout.BroadcastTo(shape)),
            x[0]);
    }

    /// <summary>0, 1, …, count − 1, of the dtype and on the device of another tensor.</summary>
    private static Tensor Numbers(int count, Tensor like) => Tensor.Arange(count, like.DType, like.Device);
}

/// <summary>x on one side of a diagonal and on it, 0 on the other: the side where sign·(row + offset − column) ≥ 0.</summary>
internal readonly struct KeepSide(Number sign, Number offset) : IMap3, IWhole
{
    /// <inheritdoc/>
    public T Value<T>(T row, T column, T x)
        where T : IReal<T> => T.IfLess(T.Param(sign) * (row + T.Param(offset) - column), T.Zero, T.Zero, x);
}
