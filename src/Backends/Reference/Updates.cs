using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>Where an update finds its arrays: those of one parameter, or from some element of it on.</summary>
internal unsafe struct UpdatePart
{
    public byte* X;
    public byte* M;
    public byte* V;
    public byte* G;
    public byte* Rate;
    public byte* Count;

    /// <summary>The same arrays, so many bytes on.</summary>
    public readonly UpdatePart Moved(nint bytes) =>
        new() { X = X + bytes, M = M + bytes, V = V + bytes, G = G + bytes, Rate = Rate, Count = Count };
}

/// <summary>The steps of optimizers: all arrays of all parameters in one loop, which the threads share.</summary>
internal static unsafe class Updates
{
    private const int PerParameter = 4;

    /// <summary>Eight arrays pass by: less than in a map is worth another thread.</summary>
    private const int Grain = 16 << 10;

    public static void Run<TOp>(TOp op, in Operand rate, in Operand count, ReadOnlySpan<Operand> parts, int bits, Workers workers)
        where TOp : struct, IUpdate
    {
        var body = (delegate*<void*, UpdatePart*, nint, void>)UpdateBody<TOp>.Forms[bits, rate.DType];
        int size = rate.DType.Size();
        int parameters = parts.Length / PerParameter;
        var arrays = new UpdatePart[parameters];
        nint[] ends = new nint[parameters];
        nint all = 0;
        for (int k = 0; k < parameters; k++)
        {
            var part = parts.Slice(k * PerParameter, PerParameter);
            all += part[0].Shape.Size;
            ends[k] = all;
            arrays[k] = new UpdatePart
            {
                X = CpuBlock.StartOf(part[0]),
                M = CpuBlock.StartOf(part[1]),
                V = CpuBlock.StartOf(part[2]),
                G = CpuBlock.StartOf(part[3]),
                Rate = CpuBlock.StartOf(rate),
                Count = CpuBlock.StartOf(count),
            };
        }

        void* held = workers.Hold(ref op);
        workers.Range(all, Grain, (from, to) =>
        {
            nint first = 0;
            for (int k = 0; first < to; first = ends[k++])
            {
                nint begin = Math.Max(from, first);
                nint end = Math.Min(to, ends[k]);
                if (begin < end)
                {
                    var part = arrays[k].Moved((begin - first) * size);
                    body(held, &part, end - begin);
                }
            }
        });
    }
}

/// <summary>The loop of an update. Registers that reach beyond the end are computed whole, and stored in part.</summary>
internal static unsafe class UpdateBody<TOp>
    where TOp : struct, IUpdate
{
    public static readonly LoopForms Forms = new(
        (nint)(delegate*<void*, UpdatePart*, nint, void>)&Run<Lane128<float>, float>,
        (nint)(delegate*<void*, UpdatePart*, nint, void>)&Run<Lane128<double>, double>,
        (nint)(delegate*<void*, UpdatePart*, nint, void>)&Run<Lane256<float>, float>,
        (nint)(delegate*<void*, UpdatePart*, nint, void>)&Run<Lane256<double>, double>,
        (nint)(delegate*<void*, UpdatePart*, nint, void>)&Run<Lane512<float>, float>,
        (nint)(delegate*<void*, UpdatePart*, nint, void>)&Run<Lane512<double>, double>,
        0,
        0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TLane, E>(void* op, UpdatePart* part, nint count)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var f = Unsafe.AsRef<TOp>(op);
        E* x = (E*)part->X;
        E* m = (E*)part->M;
        E* v = (E*)part->V;
        E* g = (E*)part->G;
        var rate = TLane.Broadcast(*(E*)part->Rate);
        f.Begin(TLane.Broadcast(*(E*)part->Count), out var p, out var q);
        TLane a, b, c;
        while (true)
        {
            a = TLane.Load(in *x);
            b = TOp.Arrays > 1 ? TLane.Load(in *m) : a;
            c = TOp.Arrays > 2 ? TLane.Load(in *v) : a;
            f.Apply(ref a, ref b, ref c, TLane.Load(in *g), rate, p, q);
            if (count < TLane.Count)
            {
                break;
            }

            a.Store(ref *x);
            x += TLane.Count;
            g += TLane.Count;
            if (TOp.Arrays > 1)
            {
                b.Store(ref *m);
                m += TLane.Count;
            }

            if (TOp.Arrays > 2)
            {
                c.Store(ref *v);
                v += TLane.Count;
            }

            count -= TLane.Count;
            if (count == 0)
            {
                return;
            }
        }

        MapLoops.StoreTail(a, x, count);
        if (TOp.Arrays > 1)
        {
            MapLoops.StoreTail(b, m, count);
        }

        if (TOp.Arrays > 2)
        {
            MapLoops.StoreTail(c, v, count);
        }
    }
}
