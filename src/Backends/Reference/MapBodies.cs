using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

// The op's body stands once in each loop: the last register is computed whole, and only what is wanted of it is stored. So an element's
// bits do not depend on where it lies. Operands that repeat one element stand still on a register full of it.

/// <summary>The loop y = op(x).</summary>
internal static unsafe class MapBody1<TOp>
    where TOp : struct, IMap1
{
    public static readonly LoopForms Forms = new(
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I32, int>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I64, long>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<B8, byte>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TLane, E>(void* op, Stream* streams, nint count)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var f = Unsafe.AsRef<TOp>(op);
        E* x = (E*)streams[0].At;
        nint stepX = streams[0].Repeats ? 0 : TLane.Count;
        E* y = (E*)streams[1].At;
        TLane value;
        while (true)
        {
            value = f.Value(TLane.Load(in *x));
            if (count < TLane.Count)
            {
                break;
            }

            value.Store(ref *y);
            x += stepX;
            y += TLane.Count;
            count -= TLane.Count;
            if (count == 0)
            {
                return;
            }
        }

        MapLoops.StoreTail(value, y, count);
    }
}

/// <summary>The loop y = op(a, b).</summary>
internal static unsafe class MapBody2<TOp>
    where TOp : struct, IMap2
{
    public static readonly LoopForms Forms = new(
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I32, int>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I64, long>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<B8, byte>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TLane, E>(void* op, Stream* streams, nint count)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var f = Unsafe.AsRef<TOp>(op);
        E* a = (E*)streams[0].At;
        E* b = (E*)streams[1].At;
        nint stepA = streams[0].Repeats ? 0 : TLane.Count;
        nint stepB = streams[1].Repeats ? 0 : TLane.Count;
        E* y = (E*)streams[2].At;
        TLane value;
        while (true)
        {
            value = f.Value(TLane.Load(in *a), TLane.Load(in *b));
            if (count < TLane.Count)
            {
                break;
            }

            value.Store(ref *y);
            a += stepA;
            b += stepB;
            y += TLane.Count;
            count -= TLane.Count;
            if (count == 0)
            {
                return;
            }
        }

        MapLoops.StoreTail(value, y, count);
    }
}

/// <summary>The loop y = op(a, b, c).</summary>
internal static unsafe class MapBody3<TOp>
    where TOp : struct, IMap3
{
    public static readonly LoopForms Forms = new(
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I32, int>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I64, long>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<B8, byte>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TLane, E>(void* op, Stream* streams, nint count)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var f = Unsafe.AsRef<TOp>(op);
        E* a = (E*)streams[0].At;
        E* b = (E*)streams[1].At;
        E* c = (E*)streams[2].At;
        nint stepA = streams[0].Repeats ? 0 : TLane.Count;
        nint stepB = streams[1].Repeats ? 0 : TLane.Count;
        nint stepC = streams[2].Repeats ? 0 : TLane.Count;
        E* y = (E*)streams[3].At;
        TLane value;
        while (true)
        {
            value = f.Value(TLane.Load(in *a), TLane.Load(in *b), TLane.Load(in *c));
            if (count < TLane.Count)
            {
                break;
            }

            value.Store(ref *y);
            a += stepA;
            b += stepB;
            c += stepC;
            y += TLane.Count;
            count -= TLane.Count;
            if (count == 0)
            {
                return;
            }
        }

        MapLoops.StoreTail(value, y, count);
    }
}

/// <summary>The loop y = op(a, b, c, d).</summary>
internal static unsafe class MapBody4<TOp>
    where TOp : struct, IMap4
{
    public static readonly LoopForms Forms = new(
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane128<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane256<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<float>, float>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<Lane512<double>, double>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I32, int>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<I64, long>,
        (nint)(delegate*<void*, Stream*, nint, void>)&Run<B8, byte>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TLane, E>(void* op, Stream* streams, nint count)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var f = Unsafe.AsRef<TOp>(op);
        E* a = (E*)streams[0].At;
        E* b = (E*)streams[1].At;
        E* c = (E*)streams[2].At;
        E* d = (E*)streams[3].At;
        nint stepA = streams[0].Repeats ? 0 : TLane.Count;
        nint stepB = streams[1].Repeats ? 0 : TLane.Count;
        nint stepC = streams[2].Repeats ? 0 : TLane.Count;
        nint stepD = streams[3].Repeats ? 0 : TLane.Count;
        E* y = (E*)streams[4].At;
        TLane value;
        while (true)
        {
            value = f.Value(TLane.Load(in *a), TLane.Load(in *b), TLane.Load(in *c), TLane.Load(in *d));
            if (count < TLane.Count)
            {
                break;
            }

            value.Store(ref *y);
            a += stepA;
            b += stepB;
            c += stepC;
            d += stepD;
            y += TLane.Count;
            count -= TLane.Count;
            if (count == 0)
            {
                return;
            }
        }

        MapLoops.StoreTail(value, y, count);
    }
}
