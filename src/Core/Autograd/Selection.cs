namespace Gpu.Autograd.Autograd;

/// <summary>The index of the greatest element along the last axis. No derivative.</summary>
internal sealed class ArgGreatest : Primitive
{
    public static ArgGreatest Shared { get; } = new();

    public override string Name => "ArgMax";

    public override bool IsDifferentiable => false;

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        Launch.Into(
            Tensor.Empty(new Shape(x[0].Shape.Lengths[..^1]), DType.Int64, x[0].Device),
            static (backend, x, y) => backend.ArgMax(x, y),
            x[0]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => null;
}
