using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// Ops that are linear in their first operand (a second one is data, such as an index). They come in adjoint pairs: jvp is the op itself
/// on the tangent, vjp is the adjoint, and the adjoint's adjoint is the op again.
/// </summary>
internal abstract class Linear : Primitive
{
    /// <summary>The transpose of this op as a linear map.</summary>
    public abstract Linear Adjoint { get; }

    /// <summary>A shape with one axis more, the first.</summary>
    protected static Shape Longer(int size, Shape shape) => [size, .. shape.Lengths];

    /// <summary>Numbers, one an axis, with one more for the first axis.</summary>
    protected static int[] Prepend(int first, int[] numbers) => [first, .. numbers];

    public override Dependence In(ReadOnlySpan<bool> moving) =>
        moving[1..].Contains(true) ? Dependence.Nonlinear : Dependence.Linear;

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => t[0] is { } t0 ? Engine.Apply(this, t0) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Engine.Apply(Adjoint, g);
}

/// <summary>Inserts axes of length 1 (from → kept) and stretches them (kept → to). A view.</summary>
internal sealed class Broadcast(Shape from, Shape kept, Shape to) : Linear
{
    public override string Name => "BroadcastTo";

    /// <summary>A sum; where only axes of length 1 were inserted, each has one summand.</summary>
    public override Linear Adjoint => kept.Size == to.Size ? new Reshape(to, from) : new SumOver(to, kept, from);

    public override Primitive Batched(int size) => new Broadcast(Longer(size, from), Longer(size, kept), Longer(size, to));

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.TryReshape(kept)!.BroadcastTo(to));
}

/// <summary>Sums the axes that are longer in from than in kept, and drops axes of length 1 (kept → to).</summary>
internal sealed class SumOver(Shape from, Shape kept, Shape to) : Linear
{
    public override string Name => "Sum";

    public override Linear Adjoint => new Broadcast(to, kept, from);

    public override Primitive Batched(int size) => new SumOver(Longer(size, from), Longer(size, kept), Longer(size, to));

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(kept, x[0].DType, x[0].Device);
        Launch.Into(y, static (backend, x, y) => backend.Reduce(default(Ops.Sum), x, y), x[0]);
        return y.View(Layout.RowMajor(to));
    }
}

/// <summary>The same elements in the same order under another shape: a view where the layout allows it.</summary>
internal sealed class Reshape(Shape from, Shape to) : Linear
{
    public override string Name => "Reshape";

    public override Linear Adjoint => new Reshape(to, from);

    public override Primitive Batched(int size) => new Reshape(Longer(size, from), Longer(size, to));

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        x[0].Layout.TryReshape(to) is { } layout ? x[0].View(layout) : x[0].Dense().View(Layout.RowMajor(to));
}

/// <summary>The axes in another order. A view.</summary>
internal sealed class Permute(int[] order) : Linear
{
    public override string Name => "Permute";

    public override Linear Adjoint
    {
        get
        {
            var inverse = new int[order.Length];
            for (int i = 0; i < order.Length; i++)
            {
                inverse[order[i]] = i;
            }

            return new Permute(inverse);
        }
    }

    public override Primitive Batched(int size) => new Permute(Prepend(0, [.. order.Select(axis => axis + 1)]));

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.Permuted(order));
}

/// <summary>The last two axes swapped. A view.</summary>
internal sealed class Transposition : Linear
{
    public static Transposition Shared { get; } = new();

    public override string Name => "Permute";

    public override Linear Adjoint => this;

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.Transposed);
}

/// <summary>Every step-th element from start along each axis. A view.</summary>
internal sealed class Slice(Shape from, int[] start, int[] step, Shape to) : Linear
{
    public override string Name => "Slice";

    public override Linear Adjoint => new Unslice(to, start, step, from);

    public override Primitive Batched(int size) => new Slice(Longer(size, from), Prepend(0, start), Prepend(1, step), Longer(size, to));

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.Sliced(start, step, to));
}

/// <summary>Zeros, but for the elements that a slice would take: padding, between the elements too.</summary>
internal sealed class Unslice(Shape from, int[] start, int[] step, Shape to) : Linear
{
    public override string Name => "Pad";

    public override Linear Adjoint => new Slice(to, start, step, from);

    public override Primitive Batched(int size) => new Unslice(Longer(size, from), Prepend(0, start), Prepend(1, step), Longer(size, to));

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        if (from.Size > 0 && Array.TrueForAll(step, distance => distance == 1))
        {
            var padded = Tensor.Empty(to, x[0].DType, x[0].Device);
            Launch.Pad(x[0], start, padded);
            return padded;
        }

        var y = Tensor.Zeros(to, x[0].DType, x[0].Device);
        if (from.Size > 0)
        {
            Launch.Into(y.View(y.Layout.Sliced(start, step, from)), static (backend, x, y) => backend.Copy(x, y), x[0]);
        }

        return y;
    }
}

/// <summary>The same values in another dtype or on another device.</summary>
internal sealed class Convert(DType fromType, Device fromDevice, DType type, Device device) : Linear
{
    public override string Name => "To";

    public override bool IsDifferentiable => fromType.IsReal() && type.IsReal();

    public override Linear Adjoint => new Convert(type, device, fromType, fromDevice);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = x[0];
        if (type != y.DType)
        {
            y = Launch.Into(Tensor.Empty(y.Shape, type, y.Device), static (backend, x, y) => backend.Copy(x, y), y);
        }

        if (device != y.Device)
        {
            y = Launch.Transfer(y.Dense(), Tensor.Empty(y.Shape, type, device));
        }

        return y;
    }
}

/// <summary>
/// Ops along an index, which is the second operand: the operand is […, N, R] and the index […, M], with equal axes in front, which are
/// walked together.
/// </summary>
internal abstract class AlongIndex(int length, string caller) : Linear
{
    /// <summary>The N of the tensor that is picked from or added to.</summary>
    protected int Length { get; } = length;

    /// <summary>The op that the user called: what a message begins with.</summary>
    protected string Caller { get; } = caller;

    public override uint Reads => Bit(1);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        int rows = Rows(x[1].Shape[-1]);
        var y = Tensor.Empty([.. x[0].Shape.Lengths[..^2], rows, x[0].Shape[-1]], x[0].DType, x[0].Device);
        var index = x[1].Dense();
        var (flat, flatIndex) = (MatrixProduct.Flat(x[0]), index.View(index.Layout.TryReshape([Batch(index), index.Shape[-1]])!));
        try
        {
            Launch.Into(y.View(new Layout([flat.Shape[0], rows, flat.Shape[2]])), Call, flat, flatIndex);
        }
        catch (IndexOutOfRangeException e) when (Caller != Name)
        {
            // A back end knows its own call alone.
            throw new IndexOutOfRangeException($"{Caller}{e.Message[e.Message.IndexOf(':', StringComparison.Ordinal)..]}");
        }

        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? Engine.Apply(this, t0, x[1]) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Engine.Apply(Adjoint, g, x[1]);

    /// <summary>The second-last length of the result, for an index of the given length.</summary>
    protected abstract int Rows(int picked);

    /// <summary>The back end's call for one batch axis.</summary>
    protected abstract void Call(Backend backend, Operand x, Operand index, Operand y);

    private static int Batch(Tensor index)
    {
        int batch = 1;
        foreach (int length in index.Shape.Lengths[..^1])
        {
            batch *= length;
        }

        return batch;
    }
}

/// <summary>y[b, j, r] = x[b, index[b, j], r].</summary>
internal sealed class GatherAlong(int length, string caller) : AlongIndex(length, caller)
{
    public override string Name => "Gather";

    public override Linear Adjoint => new ScatterAlong(Length, Caller);

    protected override int Rows(int picked) => picked;

    protected override void Call(Backend backend, Operand x, Operand index, Operand y) => backend.Gather(x, index, y);
}

/// <summary>y[b, index[b, j], r] += x[b, j, r] from zeros.</summary>
internal sealed class ScatterAlong(int length, string caller) : AlongIndex(length, caller)
{
    public override string Name => "ScatterAdd";

    public override Linear Adjoint => new GatherAlong(Length, Caller);

    protected override int Rows(int picked) => Length;

    protected override void Call(Backend backend, Operand x, Operand index, Operand y) => backend.ScatterAdd(x, index, y);
}

/// <summary>Any number of tensors one after another along an axis.</summary>
internal sealed class Concatenation(int axis, int[] lengths, Shape to) : Primitive
{
    public override string Name => "Concat";

    public override Dependence In(ReadOnlySpan<bool> moving) => moving.Contains(false) ? Dependence.Affine : Dependence.Linear;

    public override Primitive Batched(int size) => new Concatenation(axis + 1, lengths, [size, .. to.Lengths]);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(to, x[0].DType, x[0].Device);
        for (int k = 0; k < x.Length; k++)
        {
            if (x[k].Count > 0)
            {
                var (start, step) = Part(k);
                Launch.Into(y.View(y.Layout.Sliced(start, step, x[k].Shape)), static (backend, x, y) => backend.Copy(x, y), x[k]);
            }
        }

        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        var tangents = new Tensor[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            tangents[k] = t[k] ?? Tensor.Zeros(x[k].Shape, x[k].DType, x[k].Device);
        }

        return Engine.Apply(this, tangents);
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var (start, step) = Part(k);
        int[] part = to.ToArray();
        part[axis] = lengths[k];
        return Engine.Apply(new Slice(to, start, step, new Shape(part)), g);
    }

    private (int[] Start, int[] Step) Part(int k)
    {
        var start = new int[to.Rank];
        start[axis] = lengths.AsSpan(0, k).ToArray().Sum();
        var step = new int[to.Rank];
        Array.Fill(step, 1);
        return (start, step);
    }
}
