using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>Powers and roots.</content>
public static partial class Elementary
{
    /// <summary>2ˣ: exact for integers, +∞ from 128 (1024) on, subnormal and then 0 below −126 (−1022). Error: 1.08 (0.88) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp2<T>(T x)
        where T : IBits<T>
    {
        x = Within(x, Pick<T>(-151, -1076), Pick<T>(129, 1025));
        T n = T.RoundToInteger(x);
        T r = x - n;
        return T.ScaleFar(T.MulAdd(r, Exp2Tail(r), T.One), n);
    }

    /// <summary>The cube root, of negative numbers too: ±0 at ±0, ±∞ at ±∞. Error: 0.96 (0.87) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Cbrt<T>(T x)
        where T : IBits<T>
    {
        // |x| = m·2³ⁿ with m in [√⅛, √8), and r = m^(−⅓) from a polynomial by one step of Newton's method.
        T a = T.Abs(x);
        T z = Normal(a);
        T e = T.Exponent(z);
        T n = T.RoundToInteger(e * T.Const(0.3333333333333333));
        T rest = e - (n * T.Const(3));
        T fraction = T.Mantissa(z);
        T m = T.Scale(fraction, rest);
        T r = InverseCubeRoot(fraction)
            * T.IfLess(rest, T.Const(-0.5), T.Const(1.2599210498948732), T.IfLess(T.Const(0.5), rest, T.Const(0.7937005259840998), T.One));
        T h = T.One - (m * r * r * r);
        T step = T.Const(0.3333333333333333);
        if (T.IsDouble)
        {
            step = T.MulAdd(h, T.MulAdd(h, T.Const(0.1728395061728395), T.Const(0.2222222222222222)), step);
        }

        r = T.MulAdd(r * h, step, r);

        // m·r² is the root but for the rounding; what is missing is taken from its cube.
        T square = r * r;
        T y = m * square;
        y = T.MulAdd((m - (y * y * y)) * square, T.Const(0.3333333333333333), y);
        y = T.Scale(y, n - T.IfLess(a, Smallest<T>(), Pick<T>(8, 18), T.Zero));
        return T.IfLess(T.Zero, a, T.CopySign(FiniteOr(a, y), x), x);
    }

    /// <summary>y·2ⁿ by two products: 2ⁿ itself may lie outside the normal numbers where y·2ⁿ does not, or is subnormal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T ScaleInSteps<T>(T y, T n)
        where T : IBits<T>
    {
        T half = T.RoundToInteger(n * T.Const(0.5));
        return T.Scale(T.Scale(y, half), n - half);
    }

    // (2ʳ − 1) / r for |r| ≤ ½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Exp2Tail<T>(T r)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(4.4398154728573041e-10);
            p = T.MulAdd(p, r, T.Const(7.0733072987233925e-09));
            p = T.MulAdd(p, r, T.Const(1.0178153977283203e-07));
            p = T.MulAdd(p, r, T.Const(1.3215438362171686e-06));
            p = T.MulAdd(p, r, T.Const(1.5252733647469008e-05));
            p = T.MulAdd(p, r, T.Const(0.00015403530450093465));
            p = T.MulAdd(p, r, T.Const(0.0013333558146534257));
            p = T.MulAdd(p, r, T.Const(0.0096181291076006536));
            p = T.MulAdd(p, r, T.Const(0.055504108664821757));
            p = T.MulAdd(p, r, T.Const(0.24022650695910111));
            return T.MulAdd(p, r, T.Const(0.69314718055994529));
        }

        T q = T.Const(0.00015328626614063978);
        q = T.MulAdd(q, r, T.Const(0.0013390971580520272));
        q = T.MulAdd(q, r, T.Const(0.009618501178920269));
        q = T.MulAdd(q, r, T.Const(0.05550359562039375));
        q = T.MulAdd(q, r, T.Const(0.24022647738456726));
        return T.MulAdd(q, r, T.Const(0.6931471824645996));
    }

    // m^(−⅓) for m in [√½, √2), to one part in 2¹⁷.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T InverseCubeRoot<T>(T m)
        where T : IBits<T>
    {
        T p = T.Const(-0.10803933686709732);
        p = T.MulAdd(p, m, T.Const(0.70060644611619338));
        p = T.MulAdd(p, m, T.Const(-1.897853963749097));
        p = T.MulAdd(p, m, T.Const(2.7919223289927912));
        p = T.MulAdd(p, m, T.Const(-2.4857727631355009));
        return T.MulAdd(p, m, T.Const(1.9991411291932721));
    }
}
