using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Backends;

/// <summary>
/// What a body of <see cref="Softmaxes"/> works on, as registers: those of one row, one after another, or those of as many rows as a register
/// has places for, a register a class.
/// </summary>
internal unsafe struct Tile
{
    /// <summary>The first operand: x, or the gradient of the result.</summary>
    public byte* X;

    /// <summary>The second one, where there is one: the result.</summary>
    public byte* Y;

    /// <summary>What is computed.</summary>
    public byte* To;

    /// <summary>The elements from one register to the next.</summary>
    public nint StepX, StepY, StepTo;

    /// <summary>The number of registers.</summary>
    public nint Count;

    /// <summary>The elements of the last register, where it is not full: else 0.</summary>
    public nint Tail;

    /// <summary>A register that is −1 in the places of the tail and 0 in the others.</summary>
    public byte* Live;

    /// <summary>A register of what each row has one of: the gradient that came in, or the result.</summary>
    public byte* OfRow;

    /// <summary>A register of the elements that the labels say; null where there are none.</summary>
    public byte* Picked;

    /// <summary>Whether the registers are those of one row.</summary>
    public bool IsRow;

    /// <summary>Whether it is the logarithm that is computed.</summary>
    public bool IsLog;
}

/// <summary>The loops of softmax and its relatives over the registers of a <see cref="Tile"/>.</summary>
internal static unsafe class SoftmaxBodies
{
    /// <summary>To = exp(X)/Σ exp(X), or its logarithm.</summary>
    public static readonly LoopForms Softmax = new(
        (nint)(delegate*<Tile*, void>)&Normalize<Lane128<float>, float>,
        (nint)(delegate*<Tile*, void>)&Normalize<Lane128<double>, double>,
        (nint)(delegate*<Tile*, void>)&Normalize<Lane256<float>, float>,
        (nint)(delegate*<Tile*, void>)&Normalize<Lane256<double>, double>,
        (nint)(delegate*<Tile*, void>)&Normalize<Lane512<float>, float>,
        (nint)(delegate*<Tile*, void>)&Normalize<Lane512<double>, double>,
        0,
        0);

    /// <summary>To = Y·(X − Σ X·Y), or X − exp(Y)·Σ X of the logarithm.</summary>
    public static readonly LoopForms SoftmaxGradient = new(
        (nint)(delegate*<Tile*, void>)&TurnBack<Lane128<float>, float>,
        (nint)(delegate*<Tile*, void>)&TurnBack<Lane128<double>, double>,
        (nint)(delegate*<Tile*, void>)&TurnBack<Lane256<float>, float>,
        (nint)(delegate*<Tile*, void>)&TurnBack<Lane256<double>, double>,
        (nint)(delegate*<Tile*, void>)&TurnBack<Lane512<float>, float>,
        (nint)(delegate*<Tile*, void>)&TurnBack<Lane512<double>, double>,
        0,
        0);

    /// <summary>OfRow = log Σ exp(X), less what is picked.</summary>
    public static readonly LoopForms Entropy = new(
        (nint)(delegate*<Tile*, void>)&Entropies<Lane128<float>, float>,
        (nint)(delegate*<Tile*, void>)&Entropies<Lane128<double>, double>,
        (nint)(delegate*<Tile*, void>)&Entropies<Lane256<float>, float>,
        (nint)(delegate*<Tile*, void>)&Entropies<Lane256<double>, double>,
        (nint)(delegate*<Tile*, void>)&Entropies<Lane512<float>, float>,
        (nint)(delegate*<Tile*, void>)&Entropies<Lane512<double>, double>,
        0,
        0);

    /// <summary>To = OfRow·exp(X)/Σ exp(X), and 0 where every element is −∞.</summary>
    public static readonly LoopForms EntropyGradient = new(
        (nint)(delegate*<Tile*, void>)&Weigh<Lane128<float>, float>,
        (nint)(delegate*<Tile*, void>)&Weigh<Lane128<double>, double>,
        (nint)(delegate*<Tile*, void>)&Weigh<Lane256<float>, float>,
        (nint)(delegate*<Tile*, void>)&Weigh<Lane256<double>, double>,
        (nint)(delegate*<Tile*, void>)&Weigh<Lane512<float>, float>,
        (nint)(delegate*<Tile*, void>)&Weigh<Lane512<double>, double>,
        0,
        0);

    /// <summary>Registers whose sum is taken in one go: longer chains of roundings are cut.</summary>
    private const int Piece = 64;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalize<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var shift = Shift<TLane, E>(t);
        if (t->IsLog)
        {
            var less = TLane.Log(SumExp<TLane, E>(t, shift, stores: false));
            for (nint k = 0; k < t->Count; k++)
            {
                // Not x − (shift + log Σ), which would round to the digits of the shift.
                Store<TLane, E>(t, k, TLane.Load(in ((E*)t->X)[k * t->StepX]) - shift - less);
            }

            return;
        }

        var scale = TLane.One / SumExp<TLane, E>(t, shift, stores: true);
        Scale<TLane, E>(t, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnBack<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var sum = TLane.Zero;
        nint ragged = t->Tail == 0 ? -1 : t->Count - 1;
        for (nint first = 0; first < t->Count; first += Piece)
        {
            var part = TLane.Zero;
            nint end = Math.Min(first + Piece, t->Count);
            for (nint k = first; k < end; k++)
            {
                var g = TLane.Load(in ((E*)t->X)[k * t->StepX]);
                var term = t->IsLog ? g : g * TLane.Load(in ((E*)t->Y)[k * t->StepY]);
                part += k == ragged ? TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, term, TLane.Zero) : term;
            }

            sum += part;
        }

        sum = t->IsRow ? Everywhere<Sum, TLane, E>(sum) : sum;
        if (t->IsLog)
        {
            for (nint k = 0; k < t->Count; k++)
            {
                var y = TLane.Load(in ((E*)t->Y)[k * t->StepY]);
                Store<TLane, E>(t, k, TLane.Load(in ((E*)t->X)[k * t->StepX]) - (TLane.Exp(y) * sum));
            }
        }
        else
        {
            for (nint k = 0; k < t->Count; k++)
            {
                var y = TLane.Load(in ((E*)t->Y)[k * t->StepY]);
                Store<TLane, E>(t, k, y * (TLane.Load(in ((E*)t->X)[k * t->StepX]) - sum));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Entropies<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var shift = Shift<TLane, E>(t);
        var less = TLane.Log(SumExp<TLane, E>(t, shift, stores: false));
        var y = t->Picked == null ? less + shift : less - (TLane.Load(in *(E*)t->Picked) - shift);
        y.Store(ref *(E*)t->OfRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        // Only where every element is −∞ is the sum 0: the elements themselves are.
        var sum = SumExp<TLane, E>(t, Shift<TLane, E>(t), stores: true);
        sum = TLane.IfLess(TLane.Zero, sum, sum, sum + TLane.One);
        Scale<TLane, E>(t, TLane.Load(in *(E*)t->OfRow) / sum);
    }

    /// <summary>The greatest element of each row, or 0 where that is infinite: ∞ − ∞ would be NaN. A NaN will come out in the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Shift<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var least = TLane.Const(double.NegativeInfinity);
        var max = least;
        var other = least;
        E* x = (E*)t->X;
        nint full = t->Tail == 0 ? t->Count : t->Count - 1;
        nint k = 0;
        for (; k + 2 <= full; k += 2)
        {
            max = Greater(max, TLane.Load(in *x));
            other = Greater(other, TLane.Load(in x[t->StepX]));
            x += 2 * t->StepX;
        }

        if (k < full)
        {
            max = Greater(max, TLane.Load(in *x));
            x += t->StepX;
        }

        if (full < t->Count)
        {
            other = Greater(other, TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, TLane.Load(in *x), least));
        }

        max = Greater(max, other);
        max = t->IsRow ? Everywhere<Greatest, TLane, E>(max) : max;
        return TLane.IfLess(TLane.Abs(max), TLane.Const(double.PositiveInfinity), max, TLane.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Greater<TLane>(TLane max, TLane x)
        where TLane : struct, IReal<TLane> => TLane.IfLess(max, x, x, max);

    /// <summary>Σ exp(x − shift) of each row; the terms are stored if that is asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane SumExp<TLane, E>(Tile* t, TLane shift, bool stores)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var sum = TLane.Zero;
        nint ragged = t->Tail == 0 ? -1 : t->Count - 1;
        for (nint first = 0; first < t->Count; first += Piece)
        {
            var part = TLane.Zero;
            nint end = Math.Min(first + Piece, t->Count);
            for (nint k = first; k < end; k++)
            {
                var term = TLane.Exp(TLane.Load(in ((E*)t->X)[k * t->StepX]) - shift);
                if (stores)
                {
                    Store<TLane, E>(t, k, term);
                }

                part += k == ragged ? TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, term, TLane.Zero) : term;
            }

            sum += part;
        }

        return t->IsRow ? Everywhere<Sum, TLane, E>(sum) : sum;
    }

    /// <summary>To = To·scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale<TLane, E>(Tile* t, TLane scale)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        nint full = t->Tail == 0 ? t->Count : t->Count - 1;
        E* to = (E*)t->To;
        for (nint k = 0; k < full; k++)
        {
            (TLane.Load(in *to) * scale).Store(ref *to);
            to += t->StepTo;
        }

        if (full < t->Count)
        {
            MapLoops.StoreTail(TLane.Load(in *to) * scale, to, t->Tail);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLane, E>(Tile* t, nint k, TLane value)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        E* to = (E*)t->To + (k * t->StepTo);
        if (t->Tail != 0 && k == t->Count - 1)
        {
            MapLoops.StoreTail(value, to, t->Tail);
        }
        else
        {
            value.Store(ref *to);
        }
    }

    /// <summary>The combination of a register's elements, in each of its places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TLane Everywhere<TMonoid, TLane, E>(TLane value)
        where TMonoid : struct, IMonoid
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        E* elements = stackalloc E[2 * TLane.Count];
        value.Store(ref *elements);
        for (nint half = TLane.Count / 2; half > 0; half /= 2)
        {
            value = default(TMonoid).Combine(value, TLane.Load(in elements[half]));
            value.Store(ref *elements);
        }

        return TLane.Broadcast(*elements);
    }
}
