namespace Gpu.Autograd.Autograd;

/// <summary>
/// Ops that are linear in their first operand (a second one is data, such as an index). They come in adjoint pairs: jvp is the op itself
/// on the tangent, vjp is the adjoint, and the adjoint's adjoint is the op again.
/// </summary>
internal abstract class Linear : Primitive
{
    /// <summary>The transpose of this op as a linear map.</summary>
    public abstract Linear Adjoint { get; }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => t[0] is { } t0 ? Engine.Apply(this, t0) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Engine.Apply(Adjoint, g);
}

/// <summary>Inserts axes of length 1 (from → kept) and stretches them (kept → to). A view.</summary>
internal sealed class Broadcast(Shape from, Shape kept, Shape to) : Linear
{
    public override string Name => "BroadcastTo";

    public override Linear Adjoint => new SumOver(to, kept, from);

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.TryReshape(kept)!.BroadcastTo(to));
}

/// <summary>Sums the axes that are longer in from than in kept, and drops axes of length 1 (kept → to).</summary>
internal sealed class SumOver(Shape from, Shape kept, Shape to) : Linear
{
    public override string Name => "Sum";

    public override Linear Adjoint => new Broadcast(to, kept, from);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(kept, x[0].DType, x[0].Device);
        Launch.Into(y, static (backend, x, y) => backend.Reduce(default(Ops.Sum), x, y), x[0]);
        return y.View(new Layout(to));
    }
}

/// <summary>The same elements in the same order under another shape: a view where the layout allows it.</summary>
internal sealed class Reshape(Shape from, Shape to) : Linear
{
    public override string Name => "Reshape";

    public override Linear Adjoint => new Reshape(to, from);

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        x[0].Layout.TryReshape(to) is { } layout ? x[0].View(layout) : x[0].Dense().View(new Layout(to));
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

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.Permuted(order));
}

/// <summary>Every step-th element from start along each axis. A view.</summary>
internal sealed class Slice(Shape from, int[] start, int[] step, Shape to) : Linear
{
    public override string Name => "Slice";

    public override Linear Adjoint => new Unslice(to, start, step, from);

    public override Tensor Value(ReadOnlySpan<Tensor> x) => x[0].View(x[0].Layout.Sliced(start, step, to));
}

/// <summary>Zeros, but for the elements that a slice would take: padding, between the elements too.</summary>
internal sealed class Unslice(Shape from, int[] start, int[] step, Shape to) : Linear
{
    public override string Name => "Pad";

    public override Linear Adjoint => new Slice(to, start, step, from);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
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
            var source = y.Dense();
            var bytes = new byte[source.Count * type.Size()];
            source.Device.Backend.Download(source.Storage, (long)source.Layout.Offset * type.Size(), bytes);
            GC.KeepAlive(source);
            y = Tensor.Empty(y.Shape, type, device);
            device.Backend.Upload(bytes, y.Storage);
        }

        return y;
    }
}

/// <summary>y[b, j, r] = x[b, index[b, j], r]; the index is the second operand.</summary>
internal sealed class GatherAlong(int length) : Linear
{
    public override string Name => "Gather";

    public override uint Reads => Bit(1);

    public override Linear Adjoint => new ScatterAlong(length);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty([x[0].Shape[0], x[1].Shape[1], x[0].Shape[2]], x[0].DType, x[0].Device);
        return Launch.Into(y, static (backend, x, index, y) => backend.Gather(x, index, y), x[0], x[1]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? Engine.Apply(this, t0, x[1]) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Engine.Apply(Adjoint, g, x[1]);
}

/// <summary>y[b, index[b, j], r] += x[b, j, r] from zeros of the given length; the index is the second operand.</summary>
internal sealed class ScatterAlong(int length) : Linear
{
    public override string Name => "ScatterAdd";

    public override uint Reads => Bit(1);

    public override Linear Adjoint => new GatherAlong(length);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty([x[0].Shape[0], length, x[0].Shape[2]], x[0].DType, x[0].Device);
        return Launch.Into(y, static (backend, g, index, y) => backend.ScatterAdd(g, index, y), x[0], x[1]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? Engine.Apply(this, t0, x[1]) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Engine.Apply(Adjoint, g, x[1]);
}

/// <summary>Any number of tensors one after another along an axis.</summary>
internal sealed class Concatenation(int axis, int[] lengths, Shape to) : Primitive
{
    public override string Name => "Concat";

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
