using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>Hyperbolic functions and their inverses.</content>
public static partial class Elementary
{
    /// <summary>The hyperbolic sine: ±0 at ±0, ±∞ from about ±89.42 (±710.48) on. Error: 1.44 (1.74) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sinh<T>(T x)
        where T : IBits<T>
    {
        // With q = (e^|x| − 1)/4, which does not overflow where sinh does not: sinh |x| = 2·(q + q/(4q + 1)).
        T magnitude = T.Abs(x);
        T a = Bounded(magnitude, Pick<T>(89.6, 710.6));
        T n = Binades(a);
        T power = T.Scale(T.One, n - T.Const(2));
        T q = T.MulAdd(power, Expm1Reduced(a, n), power - T.Const(0.25));
        T y = q + (q / T.MulAdd(q, T.Const(4), T.One));
        y = y + y;
        if (!T.IsDouble)
        {
            T z = a * a;
            y = T.IfLess(a, T.One, T.MulAdd(a * z, SinhTail(z), a), y);
        }

        return T.IfLess(magnitude, Tiny<T>(), x, T.CopySign(y, x));
    }

    /// <summary>The hyperbolic cosine: 1 at ±0, +∞ from about ±89.42 (±710.48) on. Error: 1.51 (1.29) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Cosh<T>(T x)
        where T : IBits<T>
    {
        // With q = e^|x|/4: cosh x = 2·(q + 1/(16q)).
        T a = Bounded(T.Abs(x), Pick<T>(89.6, 710.6));
        T n = Binades(a);
        T q = T.Scale(ExpReduced(a, n), n - T.Const(2));
        T y = q + (T.Const(0.0625) / q);
        return y + y;
    }

    /// <summary>The hyperbolic tangent: ±0 at ±0, ±1 from about ±9.01 (±19.06) on. Error: 1.52 (2.18) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x)
        where T : IBits<T>
    {
        // At the limit tanh rounds to 1.
        T limit = Pick<T>(-20, -40);
        T a = T.Abs(x);
        T power = T.Const(-2) * a;
        power = T.IfLess(power, limit, limit, power);
        T n = Binades(power);
        if (T.IsDouble)
        {
            T e = T.Scale(T.One, n);
            e = T.MulAdd(e, Expm1Reduced(power, n), e - T.One);
            return T.CopySign(e / (e + T.Const(2)), x);
        }

        // 1 − 2E / (E + 1) with E = exp(−2|x|), and below the tanh of about ½ a polynomial.
        T exp = T.Scale(ExpReduced(power, n), n);
        T z = a * a;
        T near = T.MulAdd(a * z, TanhTail(z), a);
        T far = T.One - (exp + exp) / (exp + T.One);
        return T.CopySign(T.IfLess(a, T.Const(0.55), near, far), x);
    }

    /// <summary>The inverse of the hyperbolic sine: ±0 at ±0, ±∞ at ±∞. Error: 1.26 (1.09) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Asinh<T>(T x)
        where T : IBits<T>
    {
        // log(1 + a + d) with d = √(a² + 1) − 1 = a²/(1 + √(a² + 1)).
        T a = T.Abs(x);
        T z = a * a;
        T y = LogOfSum(a, z / (T.One + T.Sqrt(z + T.One)));
        return T.IfLess(a, Tiny<T>(), x, T.CopySign(FiniteOr(a, y), x));
    }

    /// <summary>The inverse of the hyperbolic cosine, at least 0: 0 at 1, NaN below, +∞ at +∞. Error: 1.90 (1.46) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Acosh<T>(T x)
        where T : IBits<T>
    {
        // log(1 + z + √(z² + 2z)) with z = x − 1. The sum of two is rounded once where z is small, the product z·(z + 2) twice.
        T z = x - T.One;
        T y = LogOfSum(z, T.Sqrt(T.MulAdd(z, z, z + z)));
        return FiniteOr(x, T.IfLess(x, T.One, T.Const(double.NaN), y));
    }

    /// <summary>The inverse of the hyperbolic tangent: ±0 at ±0, ±∞ at ±1, NaN beyond. Error: 1.37 (1.61) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Atanh<T>(T x)
        where T : IBits<T>
    {
        // atanh a = ½·log((1 + a)/(1 − a)) = ½·e·log 2 + atanh s, where 2ᵉ is the power of 2 next to that quotient, and
        // s = (1 + a − 2ᵉ·(1 − a))/(1 + a + 2ᵉ·(1 − a)) is small; what 1 + a and 1 − a lose by rounding joins the difference. In float32 e stays
        // 0, and s is a, for a bit longer.
        T a = T.Abs(x);
        T up = T.One + a;
        T down = T.One - a;
        T e = T.IfLess(a, Pick<T>(0.35, 0), T.Zero, T.Exponent(up / down));
        T power = T.Scale(T.One, e);

        // Not 1 − down − a: compilers of kernels have taken 1 − (1 − a) for a.
        T low = a - (up - T.One) + (power * (down - T.One + a));
        T difference = up - (power * down) + low;
        T s = difference / T.MulAdd(power, down, up);
        T z = s * s;
        T half = e * T.Const(0.5);
        T tail = T.IsDouble ? T.Const(0.5) * AtanhTail(z) : ShortAtanhTail(z);
        T y = T.MulAdd(half, Ln2High<T>(), s + T.MulAdd(s * z, tail, half * Ln2Low<T>()));
        T outside = a * T.IfLess(T.One, a, T.Const(double.NaN), T.Const(double.PositiveInfinity));
        return T.IfLess(a, Tiny<T>(), x, T.CopySign(T.IfLess(a, T.One, y, outside), x));
    }

    // At most the limit; a NaN passes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Bounded<T>(T x, T limit)
        where T : IBits<T> => T.IfLess(limit, x, limit, x);

    // log(1 + a + d) for a ≥ 0 and 0 ≤ d, d about a where a is large.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogOfSum<T>(T a, T d)
        where T : IBits<T>
    {
        // Where 1 is too small to count, the sum is 2a, and might overflow: log a + log 2.
        T large = Pick<T>(67108864, 1e17);
        d = T.IfLess(a, large, d, T.Zero);
        T sum = a + d;
        T low = T.IfLess(a, d, a - (sum - d), d - (sum - a));
        T e = T.Exponent(T.One + sum);
        T scale = T.Scale(T.One, T.Const(2) - e);
        T product = scale * sum;
        T offset = scale - T.Const(4);
        T f = product + offset;

        // What the sums have lost: the slope of the logarithm, 1/(1 + f), is near enough to 1 − f for it.
        T added = f - product;
        low = T.MulAdd(scale, low, product - (f - added) + (offset - added)) * T.MulAdd(f, T.Const(-0.0625), T.Const(0.25));
        f = f * T.Const(0.25);
        e = e + T.IfLess(a, large, T.Zero, T.One);
        return T.MulAdd(e, Ln2High<T>(), f + LogRest(f, T.MulAdd(e, Ln2Low<T>(), low)));
    }

    // (atanh s − s) / s³ with z = s², for |s| ≤ 0.35, for float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ShortAtanhTail<T>(T z)
        where T : IBits<T>
    {
        T p = T.Const(0.12536945939064026);
        p = T.MulAdd(p, z, T.Const(0.10614486783742905));
        p = T.MulAdd(p, z, T.Const(0.143171489238739));
        p = T.MulAdd(p, z, T.Const(0.19999141991138458));
        return T.MulAdd(p, z, T.Const(0.33333340287208557));
    }

    // (sinh a − a) / a³ with z = a², for |a| ≤ 1, for float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SinhTail<T>(T z)
        where T : IBits<T>
    {
        T p = T.Const(2.816953610818018e-06);
        p = T.MulAdd(p, z, T.Const(0.0001983615948120132));
        p = T.MulAdd(p, z, T.Const(0.008333349600434303));
        return T.MulAdd(p, z, T.Const(0.1666666716337204));
    }

    // (tanh a − a) / a³ with z = a², for |a| ≤ 0.55, for float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T TanhTail<T>(T z)
        where T : IBits<T>
    {
        T p = T.Const(-0.0062742396257817745);
        p = T.MulAdd(p, z, T.Const(0.021071679890155792));
        p = T.MulAdd(p, z, T.Const(-0.05385230854153633));
        p = T.MulAdd(p, z, T.Const(0.13332585990428925));
        return T.MulAdd(p, z, T.Const(-0.33333316445350647));
    }
}
