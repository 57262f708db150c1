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

    /// <summary>To = OfRow·exp(X)/Σ exp(X), and 0 where every element is −∞ and none is picked.</summary>
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

    // The fields of a tile are read before each loop: to the compiler, a store could change them.

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalize<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var shift = GreatestOf<TLane, E>(t);
        if (!t->IsLog)
        {
            Scale<TLane, E>(t, TLane.One / StoreExp<TLane, E>(t, shift));
            return;
        }

        // Not x − (shift + log Σ), which would round to the digits of the shift.
        var less = TLane.Log(SumExp<TLane, E>(t, shift));
        E* x = (E*)t->X;
        E* to = (E*)t->To;
        (nint stepX, nint stepTo) = (t->StepX, t->StepTo);
        for (nint k = Full(t); k > 0; k--)
        {
            (TLane.Load(in *x) - shift - less).Store(ref *to);
            x += stepX;
            to += stepTo;
        }

        if (t->Tail > 0)
        {
            MapLoops.StoreTail(TLane.Load(in *x) - shift - less, to, t->Tail);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnBack<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        bool isLog = t->IsLog;
        nint full = Full(t);
        E* x = (E*)t->X;
        E* y = (E*)t->Y;
        (nint stepX, nint stepY, nint stepTo) = (t->StepX, t->StepY, t->StepTo);
        var sum = TLane.Zero;
        for (nint left = full; left > 0;)
        {
            var part = TLane.Zero;
            nint end = Math.Max(left - Piece, 0);
            for (; left > end; left--)
            {
                var g = TLane.Load(in *x);
                part += isLog ? g : g * TLane.Load(in *y);
                x += stepX;
                y += stepY;
            }

            sum += part;
        }

        if (t->Tail > 0)
        {
            var g = TLane.Load(in *x);
            sum += TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, isLog ? g : g * TLane.Load(in *y), TLane.Zero);
        }

        sum = t->IsRow ? Everywhere<Sum, TLane, E>(sum) : sum;
        x = (E*)t->X;
        y = (E*)t->Y;
        E* to = (E*)t->To;
        for (nint k = full; k > 0; k--)
        {
            Turned<TLane, E>(x, y, sum, isLog).Store(ref *to);
            x += stepX;
            y += stepY;
            to += stepTo;
        }

        if (t->Tail > 0)
        {
            MapLoops.StoreTail(Turned<TLane, E>(x, y, sum, isLog), to, t->Tail);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Turned<TLane, E>(E* x, E* y, TLane sum, bool isLog)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var g = TLane.Load(in *x);
        var at = TLane.Load(in *y);
        return isLog ? g - (TLane.Exp(at) * sum) : at * (g - sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Entropies<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var shift = Shift<TLane, E>(t);
        var less = TLane.Log(SumExp<TLane, E>(t, shift));
        var y = t->Picked == null ? less + shift : less - (TLane.Load(in *(E*)t->Picked) - shift);
        y.Store(ref *(E*)t->OfRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var sum = StoreExp<TLane, E>(t, Shift<TLane, E>(t));
        if (t->Picked == null)
        {
            // Only where every element is −∞ is the sum 0: the elements themselves are.
            sum = TLane.IfLess(TLane.Zero, sum, sum, sum + TLane.One);
        }

        Scale<TLane, E>(t, TLane.Load(in *(E*)t->OfRow) / sum);
    }

    /// <summary>The registers that are full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Full(Tile* t) => t->Tail == 0 ? t->Count : t->Count - 1;

    /// <summary>
    /// The greatest element of each row. Where that is infinite a logarithm of Σ exp alone, which has a value there, is not shifted; a
    /// share of the sum has none, and is NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Shift<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var max = GreatestOf<TLane, E>(t);
        return t->Picked != null ? max : TLane.IfLess(TLane.Abs(max), TLane.Const(double.PositiveInfinity), max, TLane.Zero);
    }

    /// <summary>The greatest element of each row. A NaN will come out in the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TLane GreatestOf<TLane, E>(Tile* t)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        var least = TLane.Const(double.NegativeInfinity);
        var (a, b, c, d) = (least, least, least, least);
        E* x = (E*)t->X;
        nint step = t->StepX;
        nint left = Full(t);
        for (; left >= 4; left -= 4)
        {
            a = Greater(a, TLane.Load(in *x));
            b = Greater(b, TLane.Load(in x[step]));
            c = Greater(c, TLane.Load(in x[2 * step]));
            d = Greater(d, TLane.Load(in x[3 * step]));
            x += 4 * step;
        }

        for (; left > 0; left--)
        {
            a = Greater(a, TLane.Load(in *x));
            x += step;
        }

        if (t->Tail > 0)
        {
            b = Greater(b, TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, TLane.Load(in *x), least));
        }

        var max = Greater(Greater(a, b), Greater(c, d));
        return t->IsRow ? Everywhere<Greatest, TLane, E>(max) : max;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Greater<TLane>(TLane max, TLane x)
        where TLane : struct, IReal<TLane> => TLane.IfLess(max, x, x, max);

    /// <summary>Σ exp(x − shift) of each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TLane SumExp<TLane, E>(Tile* t, TLane shift)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        E* x = (E*)t->X;
        nint step = t->StepX;
        var sum = TLane.Zero;
        for (nint left = Full(t); left > 0;)
        {
            var part = TLane.Zero;
            nint end = Math.Max(left - Piece, 0);
            for (; left > end; left--)
            {
                part += TLane.Exp(TLane.Load(in *x) - shift);
                x += step;
            }

            sum += part;
        }

        if (t->Tail > 0)
        {
            sum += TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, TLane.Exp(TLane.Load(in *x) - shift), TLane.Zero);
        }

        return t->IsRow ? Everywhere<Sum, TLane, E>(sum) : sum;
    }

    /// <summary>The same, and To = exp(x − shift).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static TLane StoreExp<TLane, E>(Tile* t, TLane shift)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        E* x = (E*)t->X;
        E* to = (E*)t->To;
        (nint stepX, nint stepTo) = (t->StepX, t->StepTo);
        var sum = TLane.Zero;
        for (nint left = Full(t); left > 0;)
        {
            var part = TLane.Zero;
            nint end = Math.Max(left - Piece, 0);
            for (; left > end; left--)
            {
                var term = TLane.Exp(TLane.Load(in *x) - shift);
                term.Store(ref *to);
                part += term;
                x += stepX;
                to += stepTo;
            }

            sum += part;
        }

        if (t->Tail > 0)
        {
            var term = TLane.Exp(TLane.Load(in *x) - shift);
            MapLoops.StoreTail(term, to, t->Tail);
            sum += TLane.IfLess(TLane.Load(in *(E*)t->Live), TLane.Zero, term, TLane.Zero);
        }

        return t->IsRow ? Everywhere<Sum, TLane, E>(sum) : sum;
    }

    /// <summary>To = To·scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale<TLane, E>(Tile* t, TLane scale)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        E* to = (E*)t->To;
        nint step = t->StepTo;
        for (nint k = Full(t); k > 0; k--)
        {
            (TLane.Load(in *to) * scale).Store(ref *to);
            to += step;
        }

        if (t->Tail > 0)
        {
            MapLoops.StoreTail(TLane.Load(in *to) * scale, to, t->Tail);
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
