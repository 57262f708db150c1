using Gpu.Autograd.Capturing;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// The only calls of the back end's maps and products: each makes the result, launches, and keeps the operands' memory from being
/// recycled until the launch is made.
/// </summary>
internal static class Launch
{
    public static Tensor Map<TOp>(TOp op, Tensor x)
        where TOp : struct, IMap1
    {
        var y = Tensor.Empty(x.Shape, x.DType, x.Device);
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, x.Operand, y.Operand);
            GC.KeepAlive(x);
        }

        return y;
    }

    public static Tensor Map<TOp>(TOp op, Tensor a, Tensor b)
        where TOp : struct, IMap2
    {
        var y = Tensor.Empty(a.Shape, a.DType, a.Device);
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, a.Operand, b.Operand, y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(b);
        }

        return y;
    }

    public static Tensor Map<TOp>(TOp op, Tensor a, Tensor b, Tensor c)
        where TOp : struct, IMap3
    {
        var y = Tensor.Empty(a.Shape, a.DType, a.Device);
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, a.Operand, b.Operand, c.Operand, y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
        }

        return y;
    }

    public static Tensor Map<TOp>(TOp op, Tensor a, Tensor b, Tensor c, Tensor d)
        where TOp : struct, IMap4
    {
        var y = Tensor.Empty(a.Shape, a.DType, a.Device);
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, a.Operand, b.Operand, c.Operand, d.Operand, y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
            GC.KeepAlive(d);
        }

        return y;
    }

    /// <summary>y = op(x) into memory that is there already, and may be the operand's: for optimizers. The tape notices.</summary>
    public static void Overwrite<TOp>(Tensor y, TOp op, Tensor x)
        where TOp : struct, IMap1
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, x.Operand, y.Operand);
            y.Storage.Touch();
            GC.KeepAlive(x);
            GC.KeepAlive(y);
        }
    }

    /// <summary>The same for two operands, each of y's shape.</summary>
    public static void Overwrite<TOp>(Tensor y, TOp op, Tensor a, Tensor b)
        where TOp : struct, IMap2
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, a.Operand, b.Operand, y.Operand);
            y.Storage.Touch();
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(y);
        }
    }

    /// <summary>The same for three operands, each of y's shape.</summary>
    public static void Overwrite<TOp>(Tensor y, TOp op, Tensor a, Tensor b, Tensor c)
        where TOp : struct, IMap3
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, a.Operand, b.Operand, c.Operand, y.Operand);
            y.Storage.Touch();
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
            GC.KeepAlive(y);
        }
    }

    /// <summary>The same for four operands, each of y's shape.</summary>
    public static void Overwrite<TOp>(Tensor y, TOp op, Tensor a, Tensor b, Tensor c, Tensor d)
        where TOp : struct, IMap4
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(y.Count);
            y.Device.Backend.Map(op, a.Operand, b.Operand, c.Operand, d.Operand, y.Operand);
            y.Storage.Touch();
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
            GC.KeepAlive(d);
            GC.KeepAlive(y);
        }
    }

    /// <summary>y = a·b, each a batch of matrices under the layout given.</summary>
    public static void MatMul(Tensor a, Layout ofA, Tensor b, Layout ofB, Tensor y, Layout ofY)
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(2L * y.Count * ofA.Shape.Lengths[2]);
            y.Device.Backend.MatMul(new(a.Storage, ofA, a.DType), new(b.Storage, ofB, b.DType), new(y.Storage, ofY, y.DType));
            GC.KeepAlive(a);
            GC.KeepAlive(b);
        }
    }

    /// <summary>y = Σ a·b over the summed axes, each under the layout given: <see cref="Backend.Contract(int, int, Operand, Operand, Operand)"/>.</summary>
    public static void Contract(int batch, int summed, Tensor a, Layout ofA, Tensor b, Layout ofB, Tensor y)
    {
        if (y.Count > 0)
        {
            long terms = new Shape(ofA.Shape.Lengths[^summed..]).Size;
            Work.Current?.Add(2L * y.Count * terms);
            y.Device.Backend.Contract(batch, summed, new(a.Storage, ofA, a.DType), new(b.Storage, ofB, b.DType), y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(b);
        }
    }

    /// <summary>y = Σ a·c over the summed axes, + b, which has y's shape.</summary>
    public static void Contract(int batch, int summed, Tensor a, Layout ofA, Tensor c, Layout ofC, Tensor b, Tensor y)
    {
        var backend = y.Device.Backend;
        if (y.Count > 0 && backend.AddsInProducts)
        {
            Work.Current?.Add((2L * y.Count * new Shape(ofA.Shape.Lengths[^summed..]).Size) + y.Count);
            backend.Contract(default(Ops.Add), batch, summed, new(a.Storage, ofA, a.DType), new(c.Storage, ofC, c.DType), b.Operand, y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(c);
            GC.KeepAlive(b);
        }
        else
        {
            var product = Tensor.Empty(y.Layout, y.DType, y.Device);
            Contract(batch, summed, a, ofA, c, ofC, product);
            Overwrite(y, default(Ops.Add), product, b);
            Release(product);
        }
    }

    /// <summary>y = x with zeros around it: <see cref="Backend.Pad"/>.</summary>
    public static void Pad(Tensor x, int[] before, Tensor y)
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(x.Count);
            y.Device.Backend.Pad(x.Operand, before, y.Operand);
            GC.KeepAlive(x);
        }
    }

    /// <summary>Gives back the memory of a tensor that only the engine has seen; a recorded step still has calls that use it.</summary>
    public static void Release(Tensor x)
    {
        if (Recorder.Noting is null)
        {
            x.Storage.Release();
        }
    }

    /// <summary>Copies the elements of a dense tensor to one on another device.</summary>
    public static Tensor Transfer(Tensor x, Tensor y)
    {
        if (y.Count > 0)
        {
            var transfer = new TransferCall(x.Operand, y.Operand);
            if (Recorder.Noting is { } recorder)
            {
                recorder.Add(transfer);
            }
            else
            {
                transfer.Run();
            }

            GC.KeepAlive(x);
        }

        return y;
    }

    /// <summary>Runs any other call of the back end: the operands x, the result y.</summary>
    public static Tensor Into(Tensor y, Action<Backend, Operand, Operand> call, Tensor x)
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(Math.Max(x.Count, y.Count));
            call(y.Device.Backend, x.Operand, y.Operand);
            GC.KeepAlive(x);
        }

        return y;
    }

    /// <summary>The same for two operands.</summary>
    /// <param name="y">The result.</param>
    /// <param name="call">The call.</param>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="work">The operations on numbers, where they are not one for each element of the result.</param>
    public static Tensor Into(Tensor y, Action<Backend, Operand, Operand, Operand> call, Tensor a, Tensor b, long? work = null)
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(work ?? y.Count);
            call(y.Device.Backend, a.Operand, b.Operand, y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(b);
        }

        return y;
    }

    /// <summary>The same for three operands.</summary>
    public static Tensor Into(
        Tensor y, Action<Backend, Operand, Operand, Operand, Operand> call, Tensor a, Tensor b, Tensor c, long? work = null)
    {
        if (y.Count > 0)
        {
            Work.Current?.Add(work ?? y.Count);
            call(y.Device.Backend, a.Operand, b.Operand, c.Operand, y.Operand);
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
        }

        return y;
    }
}
