using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// The elementary functions, each written once for every machine number: float32 and float64, scalar and SIMD, CPU and GPU.
/// </summary>
/// <remarks>
/// There are no tables, and no branches on values but to what few numbers need: there all lanes take one path, and kernels meet such branches
/// in sine, cosine, tangent and the remainders of large numbers only. The error is at most 2 ulp in float32 and 4 ulp in
/// float64, whether or not <see cref="IBits{T}.MulAdd"/> is fused. Beside each function stands the greatest that was seen: in float32 over
/// every number from 1/32 to 128, of both signs, and every 37th of all (a million pairs for a power), in parentheses in float64, over samples.
/// The polynomials are near to minimax fits of the relative error.
/// </remarks>
public static partial class Elementary
{
    /// <summary>eˣ: +∞ from 88.73 (709.79) on, subnormal and then 0 below −87.3 (−708.4). Error: 1.05 (0.93) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : IBits<T>
    {
        x = Within(x, Pick<T>(-104, -746), Pick<T>(89, 710));
        T n = Binades(x);
        return T.ScaleFar(ExpReduced(x, n), n);
    }

    /// <summary>eˣ − 1: ±0 at ±0, −1 at −∞. Error: 1.68 (1.04) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Expm1<T>(T x)
        where T : IBits<T>
    {
        T bounded = Within(x, Pick<T>(-18, -38), Pick<T>(89, 710));
        T n = Binades(bounded);
        T power = T.Scale(T.One, n - T.One);
        T half = T.MulAdd(power, Expm1Reduced(bounded, n), power - T.Const(0.5));
        return T.IfLess(T.Abs(x), Tiny<T>(), x, half + half);
    }

    /// <summary>1/(1 + e⁻ˣ): 0 at −∞, 1 at +∞, subnormal and then 0 below −87.3 (−708.4). Error: 1.52 (1.55) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x)
        where T : IBits<T>
    {
        // With E = exp(−|x|) = 2ⁿ·y, which cannot overflow: E/(1 + E) below 0, else 1/(1 + E).
        T a = -T.Abs(x);
        bool isFar = !T.IsFused || T.AnyLess(a, Pick<T>(-87, -708));
        if (isFar)
        {
            a = Within(a, Pick<T>(-104, -746), T.Zero);
        }

        T n = Binades(a);
        T less1 = ExpLess1(a, n);
        T y = T.One + less1;
        T least = Pick<T>(-126, -1022);
        T e = T.Scale(y, isFar ? T.IfLess(n, least, least, n) : n);
        T sum = T.One + e;
        T q = T.IfLess(x, T.Zero, isFar ? y : e, T.One) / sum;
        if (!T.IsDouble)
        {
            // What the roundings of the sum and of y have lost, to first order; lines are near enough to 1/y and 1/sum.
            T lost = e - (sum - T.One);
            T gained = T.IfLess(x, T.Zero, (less1 - (y - T.One)) * (T.Const(2) - y), T.Zero);
            q = T.MulAdd(q * T.MulAdd(sum, T.Const(-0.5), T.Const(1.457)), gained - lost, q);
        }

        return isFar ? T.ScaleFar(q, T.IfLess(x, T.Zero, n, T.Zero)) : q;
    }

    /// <summary>sin x: ±0 at ±0, NaN at ±∞. Error: 1.58 (1.53) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sin<T>(T x)
        where T : IBits<T>
    {
        // Every two quarter turns change the sign; an odd one turns sine into cosine.
        (T n, T r, T low) = LessQuarters(x);
        T z = r * r;
        T y = T.TurnHalf(T.IfOdd(n, CosNearZero(z), SinNearZero(r, z, low)), n);
        return T.IfLess(T.Abs(x), Pick<T>(2.44140625e-4, 1.4901161193847656e-8), x, y);
    }

    /// <summary>cos x: NaN at ±∞. Error: 1.58 (1.54) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Cos<T>(T x)
        where T : IBits<T>
    {
        (T n, T r, T low) = LessQuarters(x);
        T z = r * r;
        return T.TurnHalf(T.IfOdd(n, SinNearZero(r, z, low), CosNearZero(z)), n + T.One);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Pick<T>(double single, double precise)
        where T : IBits<T> => T.Const(T.IsDouble ? precise : single);

    // Written so that a NaN passes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Within<T>(T x, T low, T high)
        where T : IBits<T>
    {
        x = T.IfLess(high, x, high, x);
        return T.IfLess(x, low, low, x);
    }

    // +∞ and NaN are their own logarithms.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T FiniteOr<T>(T x, T y)
        where T : IBits<T> => T.IfLess(x, T.Const(double.PositiveInfinity), y, x);

    // Below this, expm1 and log1p are x to the last bit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Tiny<T>()
        where T : IBits<T> => Pick<T>(5.9604644775390625e-8, 1.1102230246251565e-16);

    // log 2 in two parts; the first has so few bits that its product with an exponent is exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Ln2High<T>()
        where T : IBits<T> => Pick<T>(0.693145751953125, 0.6931471805601177);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Ln2Low<T>()
        where T : IBits<T> => Pick<T>(1.428606765330187e-06, -1.7239444525614835e-13);

    // The n of x = n·log 2 + r with |r| ≤ ½ log 2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Binades<T>(T x)
        where T : IBits<T> => T.RoundToInteger(x * T.Const(1.4426950408889634));

    // exp(x − n·log 2).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpReduced<T>(T x, T n)
        where T : IBits<T> => T.One + ExpLess1(x, n);

    // exp(x − n·log 2) − 1, to about the last place of 1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpLess1<T>(T x, T n)
        where T : IBits<T>
    {
        T r = T.MulAdd(n, -Ln2Low<T>(), T.MulAdd(n, -Ln2High<T>(), x));
        return T.MulAdd(r * r, ExpTail(r), r);
    }

    // exp(x − n·log 2) − 1. What the rounding of r loses is carried along.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Expm1Reduced<T>(T x, T n)
        where T : IBits<T>
    {
        T high = T.MulAdd(n, -Ln2High<T>(), x);
        T low = n * Ln2Low<T>();
        T r = high - low;
        return high + T.MulAdd(r * r, ExpTail(r), -low);
    }

    // (eʳ − 1 − r) / r² for |r| ≤ ½ log 2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExpTail<T>(T r)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(2.5053779620534563e-08);
            p = T.MulAdd(p, r, T.Const(2.7626161324654994e-07));
            p = T.MulAdd(p, r, T.Const(2.755740785526283e-06));
            p = T.MulAdd(p, r, T.Const(2.4801504979152585e-05));
            p = T.MulAdd(p, r, T.Const(0.00019841269718352746));
            p = T.MulAdd(p, r, T.Const(0.0013888888931794748));
            p = T.MulAdd(p, r, T.Const(0.008333333333389955));
            p = T.MulAdd(p, r, T.Const(0.04166666666657611));
            p = T.MulAdd(p, r, T.Const(0.16666666666666588));
            return T.MulAdd(p, r, T.Const(0.5000000000000006));
        }

        T q = T.Const(0.0013882509665563703);
        q = T.MulAdd(q, r, T.Const(0.008366580121219158));
        q = T.MulAdd(q, r, T.Const(0.04166720062494278));
        q = T.MulAdd(q, r, T.Const(0.1666654348373413));
        return T.MulAdd(q, r, T.Const(0.4999999701976776));
    }

    // The n, r and low of x = n·π/2 + r + low, with n an integer (modulo 4 for large x), |r| ≤ π/4 or a little more, and low to the last
    // place of r. NaN for ±∞ and NaN. Where r may be rounded, low is only what r does not tell.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T N, T R, T Low) LessQuarters<T>(T x, bool isRounded = true)
        where T : IBits<T>
    {
        T n = T.RoundToInteger(x * T.Const(0.6366197723675814));
        (T r, T low) = QuartersOff(x, n, isRounded);
        T limit = Pick<T>(1e5, 1e9);
        T a = T.Abs(x);
        if (T.AnyLess(limit, a))
        {
            (T m, T high, T rest) = T.FarQuarters(x);
            (T sum, T lost) = HalfPiTimes(high, rest);
            sum = T.IfLess(a, T.Const(double.PositiveInfinity), sum, T.Const(double.NaN));
            n = T.IfLess(limit, a, T.IfLess(x, T.Zero, -m, m), n);
            r = T.IfLess(limit, a, T.IfLess(x, T.Zero, -sum, sum), r);
            low = T.IfLess(limit, a, T.IfLess(x, T.Zero, -lost, lost), low);
        }

        return (n, r, low);
    }

    // (high + rest)·π/2 as a sum, for a high part that is 0 or much greater than the rest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T Sum, T Low) HalfPiTimes<T>(T high, T rest)
        where T : IBits<T>
    {
        T leading = T.High(high);
        T great = leading * Pick<T>(1.5703125, 1.5707963109016418);
        T small = T.MulAdd(leading, Pick<T>(-4.371138828673793e-08, 6.123233995736766e-17), rest * T.Const(1.5707963267948966));
        small = T.MulAdd(high - leading, T.Const(1.5707963267948966), small);
        small = T.MulAdd(leading, Pick<T>(0.0004838705062866211, 1.5893254712295857e-08), small);
        T sum = great + small;
        return (sum, small - (sum - great));
    }

    // x − n·π/2 as a sum. Without fusing, all parts of π/2 but the last have so few bits that their products with n are exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T Sum, T Low) QuartersOff<T>(T x, T n, bool isRounded)
        where T : IBits<T>
    {
        if (T.IsFused)
        {
            // The first difference is exact.
            T first = T.MulAdd(n, Pick<T>(-1.5707963705062866, -1.5707963267948966), x);
            T second = Pick<T>(-4.371138828673793e-08, 6.123233995736766e-17);
            T third = Pick<T>(-1.7151245100058819e-15, -1.4973849048591698e-33);
            if (isRounded)
            {
                return (T.MulAdd(n, -second, first), n * -third);
            }

            T p = n * second;
            T r = first - p;
            return (r, first - r - p - T.MulAdd(n, third, T.MulAdd(n, second, -p)));
        }

        if (T.IsDouble)
        {
            T exact = T.MulAdd(n, T.Const(-7.549789415861596e-08), T.MulAdd(n, T.Const(-1.570796251296997), x));
            return Less(exact, n, T.Const(-5.390302529957765e-15), T.Const(-3.2820036682434026e-22), T.Const(1.2536990206932499e-29));
        }

        T h = T.MulAdd(n, T.Const(-0.000484466552734375), T.MulAdd(n, T.Const(-1.5703125), x));
        h = T.MulAdd(n, T.Const(6.556510925292969e-07), h);
        return Less(h, n, T.Const(-1.594889909029007e-08), T.Const(5.5706550483591855e-11), T.Const(-6.223371969669989e-14));
    }

    // h + n·a + n·b + n·c for a, b, c falling off steeply. A sum is exact where it cancels; where it is not, its error joins the next.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T Sum, T Low) Less<T>(T h, T n, T a, T b, T c)
        where T : IBits<T>
    {
        T high = T.MulAdd(n, a, h);
        T low = T.MulAdd(n, b, T.MulAdd(n, a, h - high));
        T sum = high + low;
        return (sum, T.MulAdd(n, c, low - (sum - high)));
    }

    // sin(r + low) for |r| ≤ π/4, z = r².
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SinNearZero<T>(T r, T z, T low)
        where T : IBits<T> => r + T.MulAdd(r * z, SinTail(z), low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SinTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(1.589606757181895e-10);
            p = T.MulAdd(p, z, T.Const(-2.5050745038808487e-08));
            p = T.MulAdd(p, z, T.Const(2.755731360453209e-06));
            p = T.MulAdd(p, z, T.Const(-0.0001984126982954262));
            p = T.MulAdd(p, z, T.Const(0.008333333333322063));
            return T.MulAdd(p, z, T.Const(-0.1666666666666663));
        }

        T q = T.Const(-0.00019514957966748625);
        q = T.MulAdd(q, z, T.Const(0.00833215843886137));
        return T.MulAdd(q, z, T.Const(-0.16666655242443085));
    }

    // cos r for |r| ≤ π/4, z = r².
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T CosNearZero<T>(T z)
        where T : IBits<T> => T.MulAdd(z * z, CosTail(z), T.MulAdd(z, T.Const(-0.5), T.One));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T CosTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(-1.1358423536416106e-11);
            p = T.MulAdd(p, z, T.Const(2.08756987089747e-09));
            p = T.MulAdd(p, z, T.Const(-2.755731416398056e-07));
            p = T.MulAdd(p, z, T.Const(2.4801587288800045e-05));
            p = T.MulAdd(p, z, T.Const(-0.0013888888888872975));
            return T.MulAdd(p, z, T.Const(0.041666666666666595));
        }

        T q = T.Const(2.4432785721728578e-05);
        q = T.MulAdd(q, z, T.Const(-0.0013887312961742282));
        return T.MulAdd(q, z, T.Const(0.04166664555668831));
    }
}
