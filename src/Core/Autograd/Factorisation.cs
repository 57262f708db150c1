namespace Gpu.Autograd.Autograd;

/// <summary>The inverse of each matrix of B…×N×N. With y = x⁻¹: dy = −y·dx·y.</summary>
internal sealed class MatrixInverse : Primitive
{
    public static MatrixInverse Shared { get; } = new();

    public override string Name => "Inverse";

    public override uint Reads => Bit(ResultBit);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(x[0].Shape, x[0].DType, x[0].Device);
        Launch.Into(
            y.View(new Layout(MatrixProduct.Flat(y).Shape)), static (backend, x, y) => backend.Inverse(x, y), MatrixProduct.Flat(x[0]));
        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? -y.MatMul(t0).MatMul(y) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var transposed = y.Transpose();
        return -transposed.MatMul(g).MatMul(transposed);
    }
}

/// <summary>log |det| of each matrix of B…×N×N. d log |det x| = tr(x⁻¹·dx).</summary>
internal sealed class LogAbsDeterminant : Primitive
{
    public static LogAbsDeterminant Shared { get; } = new();

    public override string Name => "LogAbsDet";

    public override uint Reads => Bit(0);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(new Shape(x[0].Shape.Lengths[..^2]), x[0].DType, x[0].Device);
        Launch.Into(
            y.View(new Layout(new Shape(y.Count))), static (backend, x, y) => backend.LogAbsDet(x, y), MatrixProduct.Flat(x[0]));
        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? (x[0].Inverse().Transpose() * t0).Sum([-2, -1]) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        x[0].Inverse().Transpose() * g.Reshape([.. g.Shape, 1, 1]);
}
