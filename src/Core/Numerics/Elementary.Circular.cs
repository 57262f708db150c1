using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>The tangent, and the inverses of sine, cosine and tangent.</content>
public static partial class Elementary
{
    /// <summary>tan x: ±0 at ±0, NaN at ±∞. Error: 1.99 (1.62) ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tan<T>(T x)
        where T : IBits<T>
    {
        (T n, T r, T low) = LessQuarters(x, isRounded: false);
        T z = r * r;
        T t = r + T.MulAdd(r * z, TanTail(z), T.MulAdd(low, z, low));

        // After an odd number of quarter turns it is −1 / tan r.
        T y = T.IfOdd(n, T.Const(-1) / t, t);
        return T.IfLess(T.Abs(x), Pick<T>(2.44140625e-4, 1.4901161193847656e-8), x, y);
    }

    /// <summary>asin x: ±0 at ±0, NaN outside [−1, 1]. The error is at most 1.6 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Asin<T>(T x)
        where T : IBits<T>
    {
        // Above ½ it is π/2 − 2 asin √((1 − |x|)/2).
        T a = T.Abs(x);
        T s = HalfAngle(a);
        T rest = AsinRest(s);
        T far = HalfPi<T>() - (s + s + T.MulAdd(T.Const(2), rest, -HalfPiRest<T>()));
        return T.CopySign(T.IfLess(T.Const(0.5), a, far, s + rest), x);
    }

    /// <summary>acos x: 0 at 1, π at −1, NaN outside [−1, 1]. The error is at most 1.1 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Acos<T>(T x)
        where T : IBits<T>
    {
        T a = T.Abs(x);
        T s = HalfAngle(a);
        T rest = AsinRest(s);
        T near = HalfPi<T>() - (T.CopySign(s, x) + (T.CopySign(rest, x) - HalfPiRest<T>()));
        T acute = s + rest;
        T obtuse = HalfPi<T>() - (s + (rest - HalfPiRest<T>()));
        T far = T.IfLess(x, T.Zero, obtuse, acute);
        return T.IfLess(T.Const(0.5), a, far + far, near);
    }

    /// <summary>atan x: ±0 at ±0, ±π/2 at ±∞. The error is at most 1.5 ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Atan<T>(T x)
        where T : IBits<T>
    {
        // atan a = k·π/2 + atan t with t = a, (a − 1)/(a + 1) or −1/a, so that |t| ≤ ½ and the difference is exact.
        T low = T.Const(0.5);
        T high = T.Const(2);
        T a = T.Abs(x);
        T num = T.IfLess(a, low, a, T.IfLess(a, high, a - T.One, T.Const(-1)));
        T den = T.IfLess(a, low, T.One, T.IfLess(a, high, a + T.One, a));
        T k = T.IfLess(a, low, T.Zero, T.IfLess(a, high, low, T.One));
        return T.CopySign(Angle(k, num / den), x);
    }

    /// <summary>
    /// The angle of the point (x, y) from the x axis, in [−π, π]: of signed zeros and infinities as in C, ±π for y = ±0 and x below 0 or
    /// −0, ±¾π for y = ±∞ and x = −∞. The error is at most 1.6 ulp.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Atan2<T>(T y, T x)
        where T : IBits<T>
    {
        T a = T.Abs(y);
        T b = T.Abs(x);

        // Two infinities are as two ones; beside a zero, zero is as one. The additions let a NaN pass.
        T greatest = Pick<T>(3.4028234663852886e38, 1.7976931348623157e308);
        T both = T.IfLess(greatest, a, b, a);
        a = T.IfLess(greatest, both, T.One, a);
        b = T.IfLess(greatest, both, T.One, b);
        b += T.IfLess(T.Zero, a + b, T.Zero, T.One);

        // A power of two keeps the sum below from overflow, and quotients of subnormals exact.
        T large = T.IfLess(b, a, a, b);
        T scale = T.IfLess(
            Pick<T>(1e30, 1e300), large, T.Const(0.25), T.IfLess(large, Pick<T>(1e-30, 1e-290), T.Const(18446744073709551616.0), T.One));
        a *= scale;
        b *= scale;

        // As atan, of a/b; a negative x turns k and t around.
        T low = T.Const(0.5) * b;
        T high = b + b;
        T num = T.IfLess(a, low, a, T.IfLess(a, high, a - b, -b));
        T den = T.IfLess(a, low, b, T.IfLess(a, high, a + b, a));
        T side = T.CopySign(T.One, x);
        T t = num / den * side;
        T k = T.IfLess(a, low, T.Zero, T.IfLess(a, high, T.Const(0.5), T.One));
        k = T.IfLess(side, T.Zero, T.Const(2) - k, k);
        return T.CopySign(Angle(k, t), y);
    }

    // k·π/2 + atan t, for |t| ≤ ½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Angle<T>(T k, T t)
        where T : IBits<T>
    {
        T z = t * t;
        T rest = T.MulAdd(t * z, AtanTail(z), k * HalfPiRest<T>());
        return (k * HalfPi<T>()) + (t + rest);
    }

    // Of so few bits that ½, 1, 1½ and 2 times it are exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T HalfPi<T>()
        where T : IBits<T> => Pick<T>(1.5707962512969971, 1.5707963267948966);

    // What is missing there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T HalfPiRest<T>()
        where T : IBits<T> => Pick<T>(7.549789415861596e-08, 6.123233995736766e-17);

    // a up to ½, else sin ½acos a.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T HalfAngle<T>(T a)
        where T : IBits<T> => T.IfLess(T.Const(0.5), a, T.Sqrt(T.MulAdd(a, T.Const(-0.5), T.Const(0.5))), a);

    // asin s − s for |s| ≤ ½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T AsinRest<T>(T s)
        where T : IBits<T>
    {
        T z = s * s;
        return s * z * AsinTail(z);
    }

    // (tan r − r) / r³ with z = r², for |r| ≤ π/4.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T TanTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(2.0861059849314292e-05);
            p = T.MulAdd(p, z, T.Const(-4.4867234892213694e-05));
            p = T.MulAdd(p, z, T.Const(8.94346477346982e-05));
            p = T.MulAdd(p, z, T.Const(-2.636634006428761e-05));
            p = T.MulAdd(p, z, T.Const(0.00013651093396665492));
            p = T.MulAdd(p, z, T.Const(0.00022238725914351985));
            p = T.MulAdd(p, z, T.Const(0.0005950620546500279));
            p = T.MulAdd(p, z, T.Const(0.0014547586522154967));
            p = T.MulAdd(p, z, T.Const(0.0035922889581487794));
            p = T.MulAdd(p, z, T.Const(0.00886321917846391));
            p = T.MulAdd(p, z, T.Const(0.021869489607937814));
            p = T.MulAdd(p, z, T.Const(0.05396825392671422));
            p = T.MulAdd(p, z, T.Const(0.13333333333414524));
            return T.MulAdd(p, z, T.Const(0.33333333333332776));
        }

        T q = T.Const(0.004377106670290232);
        q = T.MulAdd(q, z, T.Const(8.812603482510895e-05));
        q = T.MulAdd(q, z, T.Const(0.01083667203783989));
        q = T.MulAdd(q, z, T.Const(0.02128196693956852));
        q = T.MulAdd(q, z, T.Const(0.05405993387103081));
        q = T.MulAdd(q, z, T.Const(0.13332663476467133));
        return T.MulAdd(q, z, T.Const(0.33333349227905273));
    }

    // (atan t − t) / t³ with z = t², for |t| ≤ ½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T AtanTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(-0.008344112046319394);
            p = T.MulAdd(p, z, T.Const(0.023620048628786056));
            p = T.MulAdd(p, z, T.Const(-0.037093667787005));
            p = T.MulAdd(p, z, T.Const(0.04588402424770505));
            p = T.MulAdd(p, z, T.Const(-0.052297320111351436));
            p = T.MulAdd(p, z, T.Const(0.05877756372221428));
            p = T.MulAdd(p, z, T.Const(-0.06666217256604395));
            p = T.MulAdd(p, z, T.Const(0.0769227694146012));
            p = T.MulAdd(p, z, T.Const(-0.09090907662449274));
            p = T.MulAdd(p, z, T.Const(0.11111111068319236));
            p = T.MulAdd(p, z, T.Const(-0.14285714284956164));
            p = T.MulAdd(p, z, T.Const(0.1999999999999322));
            return T.MulAdd(p, z, T.Const(-0.33333333333333315));
        }

        T q = T.Const(0.03870382159948349);
        q = T.MulAdd(q, z, T.Const(-0.07982758432626724));
        q = T.MulAdd(q, z, T.Const(0.10940659791231155));
        q = T.MulAdd(q, z, T.Const(-0.14272043108940125));
        q = T.MulAdd(q, z, T.Const(0.19999487698078156));
        return T.MulAdd(q, z, T.Const(-0.333333283662796));
    }

    // (asin s − s) / s³ with z = s², for |s| ≤ ½.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T AsinTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(0.03265429413390895);
            p = T.MulAdd(p, z, T.Const(-0.02103913334218282));
            p = T.MulAdd(p, z, T.Const(0.021735057833938504));
            p = T.MulAdd(p, z, T.Const(0.0036953569820499456));
            p = T.MulAdd(p, z, T.Const(0.01078309821120884));
            p = T.MulAdd(p, z, T.Const(0.01139841934291425));
            p = T.MulAdd(p, z, T.Const(0.013980878916520246));
            p = T.MulAdd(p, z, T.Const(0.017351607307515105));
            p = T.MulAdd(p, z, T.Const(0.02237221524007454));
            p = T.MulAdd(p, z, T.Const(0.0303819426991861));
            p = T.MulAdd(p, z, T.Const(0.04464285717478294));
            p = T.MulAdd(p, z, T.Const(0.0749999999997063));
            return T.MulAdd(p, z, T.Const(0.1666666666666676));
        }

        T q = T.Const(0.03752845898270607);
        q = T.MulAdd(q, z, T.Const(0.014430716633796692));
        q = T.MulAdd(q, z, T.Const(0.03180961310863495));
        q = T.MulAdd(q, z, T.Const(0.044516753405332565));
        q = T.MulAdd(q, z, T.Const(0.07500505447387695));
        return T.MulAdd(q, z, T.Const(0.16666659712791443));
    }
}
