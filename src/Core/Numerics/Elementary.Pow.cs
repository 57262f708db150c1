using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>The general power.</content>
public static partial class Elementary
{
    /// <summary>
    /// xʸ, as C and IEEE 754 have it: 1 where y is ±0 or x is 1, whatever the other; for x below 0 and finite NaN unless y is an integer,
    /// and negative where it is odd; 0 and ∞ with the sign that a negative or odd y gives; 1 for x = −1, y = ±∞. Error: 1.18 (1.03) ulp.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Pow<T>(T x, T y)
        where T : IBits<T>
    {
        // Beyond this |y| the result is 1, 0 or ∞.
        T most = Pick<T>(4294967296, 18446744073709551616.0);
        T a = T.Abs(x);
        T size = T.Abs(y);
        T result = PowPositive(a, Within(y, -most, most));
        T limit = T.Const(double.PositiveInfinity);
        T extreme = T.IfLess(T.IfLess(a, T.One, -y, y), T.Zero, T.Zero, limit);
        result = T.IfLess(T.Zero, a, T.IfLess(a, limit, result, extreme), extreme);

        // The distance of |y|/2 from the nearest integer: 0 for an even y, ½ for an odd one, else between. Beyond 2²³ (2⁵²) the half is less by
        // an integer, so that it can be rounded; beyond 2²⁴ (2⁵³) every number is even.
        T half = size * T.Const(0.5);
        T granular = Pick<T>(4194304, 2251799813685248);
        half = T.IfLess(half, granular, half, half - granular);
        half = T.IfLess(half, granular, half, T.Zero);
        half = T.IfLess(size, T.One, T.Const(0.25), half);
        T parity = T.Abs(half - T.RoundToInteger(half));
        T odd = T.Const(0.5);
        result = T.IfLess(parity, odd, result, T.CopySign(result, x));
        T fraction = T.IfLess(T.Zero, parity, T.IfLess(parity, odd, T.Const(double.NaN), result), result);
        result = T.IfLess(x, T.Zero, T.IfLess(T.Zero, a, T.IfLess(a, limit, fraction, result), result), result);

        // A sum that is NaN where x or y is; then the two cases where that does not matter.
        T sum = a + size;
        result = T.IfLess(sum, limit, result, T.IfLess(T.One, sum, result, sum));
        T least = Pick<T>(1.401298464324817e-45, 4.9406564584124654e-324);
        return T.IfLess(size, least, T.One, T.IfLess(T.Abs(x - T.One), least, T.One, result));
    }

    // aʸ = 2^(y·log₂ a) for a positive, finite a, with log₂ a in two parts of which the first has so few bits that its products are exact:
    // there is no rounding that the machine could fuse into something else.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T PowPositive<T>(T a, T y)
        where T : IBits<T>
    {
        // m − 1 = s·(m + 1), s in two parts.
        T normal = Normal(a);
        T m = T.Mantissa(normal);
        T f = m - T.One;
        T divisor = m + T.One;
        T inverse = T.One / divisor;
        T s1 = T.High(f * inverse);
        T d1 = T.High(divisor);
        T s2 = (f - (s1 * d1) - (s1 * (m - (d1 - T.One)))) * inverse;
        T s = s1 + s2;

        // v = z/3 + z²/5 + … in two parts, with z = s²; log m = 2s·(1 + v).
        T square = s1 * s1;
        T z2 = s2 * (s + s1);
        T z = square + z2;
        T z1 = T.High(z);
        z2 = square - z1 + z2;
        T tail = z * PowTail(z);
        T third = Pick<T>(0.3333333432674408, 0.3333333333333333);
        T w = third + tail;
        T w1 = T.High(w);
        T w2 = third - w1 + tail + Pick<T>(-9.934107758624577e-09, 1.850371707708594e-17);
        T v1 = z1 * w1;
        T v2 = T.MulAdd(z1, w2, z2 * w);
        T v = v1 + v2;
        T vHigh = T.High(v);
        v2 = v1 - vHigh + v2;

        // log₂ a = e + (2/log 2)·(s + s·v).
        T p = s1 * vHigh;
        T l = s1 + p;
        T l2 = p - (l - s1) + T.MulAdd(s1, v2, T.MulAdd(s2, v, s2));
        T l1 = T.High(l);
        l2 = l - l1 + l2;
        T g = l1 * Pick<T>(2.884765625, 2.885390043258667);
        T g2 = T.MulAdd(l1, Pick<T>(0.0006244567921385169, 3.851925982253235e-08), l2 * T.Const(2.8853900817779268));
        T e = T.Exponent(normal) - Lifted(a);
        T t = e + g;
        T t1 = T.High(t);
        T t2 = g - (t - e) + g2 + (t - t1);

        // 2 to the integer n next to the product, and to what is left.
        T y1 = T.High(y);
        T product = y1 * t1;
        T product2 = T.MulAdd(y1, t2, (y - y1) * (t1 + t2));
        T n = Within(product + product2, Pick<T>(-152, -1080), Pick<T>(130, 1030));
        n = T.RoundToInteger(n);
        T r = product - n + product2;
        r = T.IfLess(T.Abs(r), T.One, r, T.Zero);
        return T.ScaleFar(T.MulAdd(r, Exp2Tail(r), T.One), n);
    }

    // (atanh s − s − s³/3) / s⁵ with z = s², for |s| ≤ 3 − 2√2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T PowTail<T>(T z)
        where T : IBits<T>
    {
        if (T.IsDouble)
        {
            T p = T.Const(0.055634343135246941);
            p = T.MulAdd(p, z, T.Const(0.058845251188463656));
            p = T.MulAdd(p, z, T.Const(0.066660953661299704));
            p = T.MulAdd(p, z, T.Const(0.076923246716190635));
            p = T.MulAdd(p, z, T.Const(0.090909088736207483));
            p = T.MulAdd(p, z, T.Const(0.11111111112375571));
            p = T.MulAdd(p, z, T.Const(0.14285714285711495));
            return T.MulAdd(p, z, T.Const(0.20000000000000001));
        }

        T q = T.Const(0.11524971574544907);
        q = T.MulAdd(q, z, T.Const(0.1428108662366867));
        return T.MulAdd(q, z, T.Const(0.2000000774860382));
    }
}
