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

/// <summary>The indices of the elements in order along the last axis. No derivative.</summary>
internal sealed class OrderAlong(bool descending) : Primitive
{
    public override string Name => "ArgSort";

    public override bool IsDifferentiable => false;

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        Launch.Into(Tensor.Empty(x[0].Shape, DType.Int64, x[0].Device), (backend, x, y) => backend.ArgSort(descending, x, y), x[0]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => null;
}

/// <summary>An index along an axis of a shape, its negative numbers counted from the end, as one without. No derivative.</summary>
internal sealed class FromStart(Shape shape, int axis) : Primitive
{
    public override string Name => "Slice";

    public override bool IsDifferentiable => false;

    public override bool IsElementwise => true;

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        int length = shape[axis];
        return x[0].FirstOnHost(place => place < -length || place >= length) is { } wrong
            ? throw new IndexOutOfRangeException($"Slice: index {wrong} is outside of axis {axis} of {shape} (length {length}).")
            : Launch.Map(new Ops.CountFromStart(length), x[0]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => null;
}

/// <summary>
/// The greatest or least element over the axes that are longer in from than in kept (kept → to). Its slope is 1/n at each of the n
/// elements that are equal to the result: they share the gradient.
/// </summary>
internal sealed class ExtremeOver<TMonoid>(Shape from, Shape kept, Shape to) : Primitive
    where TMonoid : struct, IMonoid
{
    public override string Name => typeof(TMonoid) == typeof(Ops.Greatest) ? "Amax" : "Amin";

    public override uint Reads => Bit(0) | Bit(ResultBit);

    public override Primitive Batched(int size) => new ExtremeOver<TMonoid>([size, .. from], [size, .. kept], [size, .. to]);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(kept, x[0].DType, x[0].Device);
        Launch.Into(y, static (backend, x, y) => backend.Reduce(default(TMonoid), x, y), x[0]);
        return y.View(new Layout(to));
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? Engine.Apply(new SumOver(from, kept, to), Rule.Times(t0, Slope(x[0], y), Masking.Constant)) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        Rule.Times(Engine.Apply(new Broadcast(to, kept, from), g), Slope(x[0], y), Masking.Constant);

    private Tensor Slope(Tensor x, Tensor y)
    {
        var isResult = Tensor.Map(default(Ops.Equal), x, Engine.Apply(new Broadcast(to, kept, from), y));
        return isResult / Engine.Apply(new SumOver(from, kept, kept), isResult);
    }
}
