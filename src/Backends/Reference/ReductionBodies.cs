using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>The loops of a reduction: along consecutive elements, across rows, and over the elements of one register.</summary>
internal static unsafe class ReductionBodies<TMonoid>
    where TMonoid : struct, IMonoid
{
    /// <summary>(monoid, x, count, y): the first register of y = the combination of count consecutive elements, register by register.</summary>
    public static readonly LoopForms Along = new(
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<Lane128<float>, float>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<Lane128<double>, double>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<Lane256<float>, float>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<Lane256<double>, double>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<Lane512<float>, float>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<Lane512<double>, double>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<I32, int>,
        (nint)(delegate*<void*, byte*, nint, byte*, void>)&AlongRow<I64, long>);

    /// <summary>(monoid, x, rows, stride, count, y): y[j] = y[j] ∘ x[0][j] ∘ x[1][j] ∘ …, in whole registers.</summary>
    public static readonly LoopForms Across = new(
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<Lane128<float>, float>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<Lane128<double>, double>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<Lane256<float>, float>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<Lane256<double>, double>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<Lane512<float>, float>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<Lane512<double>, double>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<I32, int>,
        (nint)(delegate*<void*, byte*, nint, nint, nint, byte*, void>)&AcrossRows<I64, long>);

    /// <summary>(monoid, y): the first element of y = the combination of its first register. There is room for two registers.</summary>
    public static readonly LoopForms Collapse = new(
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<Lane128<float>, float>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<Lane128<double>, double>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<Lane256<float>, float>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<Lane256<double>, double>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<Lane512<float>, float>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<Lane512<double>, double>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<I32, int>,
        (nint)(delegate*<void*, byte*, void>)&CollapseRegister<I64, long>);

    /// <summary>(monoid, y): the first register of y is the identity.</summary>
    public static readonly LoopForms Identity = new(
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<Lane128<float>, float>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<Lane128<double>, double>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<Lane256<float>, float>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<Lane256<double>, double>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<Lane512<float>, float>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<Lane512<double>, double>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<I32, int>,
        (nint)(delegate*<void*, byte*, void>)&StoreIdentity<I64, long>);

    // Eight accumulators hide the latency of the operation and that of the outer caches, and shorten the chains of roundings.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AlongRow<TLane, E>(void* monoid, byte* x, nint count, byte* y)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var m = Unsafe.AsRef<TMonoid>(monoid);
        E* at = (E*)x;
        var s0 = m.Identity<TLane>();
        var (s1, s2, s3, s4, s5, s6, s7) = (s0, s0, s0, s0, s0, s0, s0);
        for (; count >= 8 * TLane.Count; count -= 8 * TLane.Count)
        {
            s0 = m.Combine(s0, TLane.Load(in *at));
            s1 = m.Combine(s1, TLane.Load(in at[TLane.Count]));
            s2 = m.Combine(s2, TLane.Load(in at[2 * TLane.Count]));
            s3 = m.Combine(s3, TLane.Load(in at[3 * TLane.Count]));
            s4 = m.Combine(s4, TLane.Load(in at[4 * TLane.Count]));
            s5 = m.Combine(s5, TLane.Load(in at[5 * TLane.Count]));
            s6 = m.Combine(s6, TLane.Load(in at[6 * TLane.Count]));
            s7 = m.Combine(s7, TLane.Load(in at[7 * TLane.Count]));
            at += 8 * TLane.Count;
        }

        for (; count >= TLane.Count; count -= TLane.Count)
        {
            s0 = m.Combine(s0, TLane.Load(in *at));
            at += TLane.Count;
        }

        if (count > 0)
        {
            var tail = m.Identity<TLane>();
            E* elements = (E*)Unsafe.AsPointer(ref tail);
            for (nint i = 0; i < count; i++)
            {
                elements[i] = at[i];
            }

            s1 = m.Combine(s1, tail);
        }

        s0 = m.Combine(m.Combine(s0, s1), m.Combine(s2, s3));
        m.Combine(s0, m.Combine(m.Combine(s4, s5), m.Combine(s6, s7))).Store(ref *(E*)y);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AcrossRows<TLane, E>(void* monoid, byte* x, nint rows, nint stride, nint count, byte* y)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var m = Unsafe.AsRef<TMonoid>(monoid);
        E* sum = (E*)y;
        for (nint row = 0; row < rows; row++)
        {
            E* at = (E*)x + (row * stride);
            for (nint j = 0; j < count; j += TLane.Count)
            {
                m.Combine(TLane.Load(in sum[j]), TLane.Load(in at[j])).Store(ref sum[j]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CollapseRegister<TLane, E>(void* monoid, byte* y)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        var m = Unsafe.AsRef<TMonoid>(monoid);
        E* elements = (E*)y;
        var value = TLane.Load(in *elements);
        for (nint half = TLane.Count / 2; half > 0; half /= 2)
        {
            value = m.Combine(value, TLane.Load(in elements[half]));
            value.Store(ref *elements);
        }
    }

    private static void StoreIdentity<TLane, E>(void* monoid, byte* y)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged => Unsafe.AsRef<TMonoid>(monoid).Identity<TLane>().Store(ref *(E*)y);
}
