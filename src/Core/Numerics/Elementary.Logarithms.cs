using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>Logarithms.</content>
public static partial class Elementary
{
    /// <summary>The natural logarithm: −∞ at ±0, NaN below 0, exact at 1; subnormals included. Error: 0.87 (0.83) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log<T>(T x)
        where T : IBits<T>
    {
        (T e, T f, bool areNormal) = Binary(x);
        T y = LogOf(e, f);
        return areNormal ? y : LogEdges(x, y);
    }

    /// <summary>
    /// The logarithm to base 2: exact at powers of 2, −∞ at ±0, NaN below 0; subnormals included. Error: 1.25 (1.00) ulp.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log2<T>(T x)
        where T : IBits<T>
    {
        (T e, T f, bool areNormal) = Binary(x);
        T scale = T.Const(1.4426950408889634);
        T y = e + ExactTimes(
            f,
            scale,
            Pick<T>(1.9259629911266175e-08, 2.0355273740931033e-17),
            Pick<T>(1.4423828125, 1.4426950216293335),
            Pick<T>(0.00031222839606925845, 1.9259629911266175e-08),
            LogRest(f, T.Zero) * scale);
        return areNormal ? y : LogEdges(x, y);
    }

    /// <summary>The logarithm to base 10: −∞ at ±0, NaN below 0, exact at 1; subnormals included. Error: 1.16 (0.89) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log10<T>(T x)
        where T : IBits<T>
    {
        (T e, T f, bool areNormal) = Binary(x);
        T scale = T.Const(0.4342944819032518);

        // log 2 to base 10 in two parts; the first has so few bits that its product with e is exact.
        T rest = T.MulAdd(LogRest(f, T.Zero), scale, e * Pick<T>(4.605038981195214e-06, 2.8363394551044964e-14));
        T y = ExactTimes(
            f,
            scale,
            Pick<T>(-1.0103050052231683e-08, 1.098319650216765e-17),
            Pick<T>(0.4342041015625, 0.4342944771051407),
            Pick<T>(9.038033749675378e-05, 4.798111141615973e-09),
            rest);
        y = T.MulAdd(e, Pick<T>(0.301025390625, 0.30102999566395283), y);
        return areNormal ? y : LogEdges(x, y);
    }

    /// <summary>log(1 + x): ±0 at ±0, −∞ at −1, NaN below. Error: 1.43 (1.24) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log1p<T>(T x)
        where T : IBits<T>
    {
        T sum = T.One + x;
        T e = T.Exponent(sum);

        // 1 + x = 2ᵉ·(1 + f), with f rounded once. The scale is 4·2⁻ᵉ, which is normal for every e.
        T scale = T.Scale(T.One, T.Const(2) - e);
        T f = T.MulAdd(scale, x, scale - T.Const(4)) * T.Const(0.25);
        T y = T.IfLess(T.Abs(x), Tiny<T>(), x, LogOf(e, f));
        if (T.AreNormal(sum))
        {
            return y;
        }

        T outside = T.IfLess(x, -T.One, T.Const(double.NaN), T.Const(double.NegativeInfinity));
        return FiniteOr(x, T.IfLess(-T.One, x, y, outside));
    }

    // The e and f of x = 2ᵉ·(1 + f) with f in [√½ − 1, √2 − 1], and whether this holds for all lanes as far as they were asked.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T E, T F, bool AreNormal) Binary<T>(T x)
        where T : IBits<T>
    {
        if (T.AreNormal(x))
        {
            return (T.Exponent(x), T.Mantissa(x) - T.One, true);
        }

        T z = Normal(x);
        return (T.Exponent(z) - Lifted(x), T.Mantissa(z) - T.One, false);
    }

    // x where it is normal, else a normal number 2^Lifted times x.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Normal<T>(T x)
        where T : IBits<T> => T.IfLess(x, Smallest<T>(), x * Pick<T>(16777216, 18014398509481984), x);

    // A multiple of 3, for the cube root.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Lifted<T>(T x)
        where T : IBits<T> => T.IfLess(x, Smallest<T>(), Pick<T>(24, 54), T.Zero);

    // The smallest normal number.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Smallest<T>()
        where T : IBits<T> => Pick<T>(1.17549435e-38, 2.2250738585072014e-308);

    // The logarithm y of x, where x is positive and finite.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogEdges<T>(T x, T y)
        where T : IBits<T>
    {
        T outside = T.IfLess(x, T.Zero, T.Const(double.NaN), T.Const(double.NegativeInfinity));
        return FiniteOr(x, T.IfLess(T.Zero, x, y, outside));
    }

    // f·(high + low) + rest, rounded as if once; scale + missing is high + low to the last place and some more, and high has few bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T ExactTimes<T>(T f, T scale, T missing, T high, T low, T rest)
        where T : IBits<T>
    {
        if (T.IsFused)
        {
            return T.MulAdd(f, scale, T.MulAdd(f, missing, rest));
        }

        T leading = T.High(f);
        return T.MulAdd(leading, high, T.MulAdd(f - leading, scale, T.MulAdd(leading, low, rest)));
    }

    // log(2ᵉ·(1 + f)) for f in [√½ − 1, √2 − 1].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogOf<T>(T e, T f)
        where T : IBits<T> => T.MulAdd(e, Ln2High<T>(), f + LogRest(f, e * Ln2Low<T>()));

    // log(1 + f) − f + low for f in [√½ − 1, √2 − 1].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogRest<T>(T f, T low)
        where T : IBits<T>
    {
        T square = T.Const(0.5) * f * f;
        if (T.IsDouble)
        {
            T s = f / (f + T.Const(2));
            T z = s * s;
            return T.MulAdd(s, T.MulAdd(z, AtanhTail(z), square), low) - square;
        }

        return T.MulAdd(f * f, f * LogTail(f), low) - square;
    }

    // (log(1 + f) − f + ½f²) / f³ for f in [√½ − 1, √2 − 1], for float32, where it costs less than a division.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogTail<T>(T f)
        where T : IBits<T>
    {
        T p = T.Const(-0.07634491473436356);
        p = T.MulAdd(p, f, T.Const(0.1276196390390396));
        p = T.MulAdd(p, f, T.Const(-0.13160362839698792));
        p = T.MulAdd(p, f, T.Const(0.1420171856880188));
        p = T.MulAdd(p, f, T.Const(-0.1662333607673645));
        p = T.MulAdd(p, f, T.Const(0.20001228153705597));
        p = T.MulAdd(p, f, T.Const(-0.250008225440979));
        return T.MulAdd(p, f, T.Const(0.3333333134651184));
    }

    // (2 atanh s − 2s) / s³ with z = s², for |s| ≤ 3 − 2√2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T AtanhTail<T>(T z)
        where T : IBits<T>
    {
        T p = T.Const(0.14797765929979814);
        p = T.MulAdd(p, z, T.Const(0.15313878813831383));
        p = T.MulAdd(p, z, T.Const(0.18183570638509647));
        p = T.MulAdd(p, z, T.Const(0.2222219845983491));
        p = T.MulAdd(p, z, T.Const(0.28571428743408267));
        p = T.MulAdd(p, z, T.Const(0.39999999999410496));
        return T.MulAdd(p, z, T.Const(0.6666666666666735));
    }
}
