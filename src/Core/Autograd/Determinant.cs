namespace Gpu.Autograd.Autograd;

/// <summary>det of each matrix of B…×N×N. d det x = tr(adj x·dx), with the adjugate, which every matrix has.</summary>
internal sealed class Determinant : Primitive
{
    public static Determinant Shared { get; } = new();

    public override string Name => "Det";

    public override uint Reads => Bit(0) | Bit(ResultBit);

    /// <summary>Columns of what the back end gives: det, its sign, log |det|.</summary>
    public static Tensor Columns(Tensor x, int first, int count)
    {
        var batch = Matrices.Batch(x);
        var y = Tensor.Empty([batch.Size, 3], x.DType, x.Device);
        Launch.Into(y, static (backend, x, y) => backend.Determinant(x, y), MatrixProduct.Flat(x));
        int[] strides = new Layout([.. batch, 3]).Strides.ToArray();
        return count == 1
            ? y.View(new Layout(batch, strides[..^1], y.Layout.Offset + first))
            : y.View(new Layout([.. batch, count], strides, y.Layout.Offset + first));
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Columns(x[0], 0, 1);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? (Adjugate.Of(x[0], y).Transpose() * t0).Sum([-2, -1]) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        Adjugate.Of(x[0], y).Transpose() * Matrices.Scalars(g);
}

/// <summary>log |det| of each matrix of B…×N×N. d log |det x| = tr(x⁻¹·dx).</summary>
internal sealed class LogAbsDeterminant : Primitive
{
    public static LogAbsDeterminant Shared { get; } = new();

    public override string Name => "LogAbsDet";

    public override uint Reads => Bit(0);

    /// <summary>The gradient for g = 1: x⁻ᵀ. Not that of xᵀ, whose pivots are others: they need not be 0 where those of x are.</summary>
    public static Tensor Slope(Tensor x) => Engine.Apply(MatrixInverse.Shared, x).Transpose();

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Determinant.Columns(x[0], 2, 1);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? (Slope(x[0]) * t0).Sum([-2, -1]) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Slope(x[0]) * Matrices.Scalars(g);
}

/// <summary>The sign of det, which is a step, and log |det|, as one axis more, the last.</summary>
internal sealed class SignAndLog : Primitive
{
    public static SignAndLog Shared { get; } = new();

    public override string Name => "Slogdet";

    public override uint Reads => Bit(0);

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Determinant.Columns(x[0], 1, 2);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        if (t[0] is not { } t0)
        {
            return null;
        }

        var log = (LogAbsDeterminant.Slope(x[0]) * t0).Sum([-2, -1]).Unsqueeze(-1);
        return Tensor.Concat([Tensor.Zeros(log.Shape, log.DType, log.Device), log], -1);
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        LogAbsDeterminant.Slope(x[0]) * Matrices.Block(g.Unsqueeze(-2), 0, 1, 1, 1);
}
