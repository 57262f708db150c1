using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>
/// Rounding to integers, and what is left over. All of it is exact, but for the sum that turns a remainder of a to the sign of b.
/// </content>
public static partial class Elementary
{
    /// <summary>The nearest integer, of two the even one; ±0, ±∞ and NaN are their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Round<T>(T x)
        where T : IBits<T>
    {
        // From here on there are integers only; added to it, a smaller number has no bits left for a fraction.
        T big = Pick<T>(8388608, 4503599627370496);
        T a = T.Abs(x);
        return T.IfLess(a, big, T.CopySign(a + big - big, x), x);
    }

    /// <summary>The greatest integer that is not above x; ±0, ±∞ and NaN are their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Floor<T>(T x)
        where T : IBits<T>
    {
        T n = Round(x);
        return n - T.IfLess(x, n, T.One, T.Zero);
    }

    /// <summary>The integer part: x without its fraction; ±0, ±∞ and NaN are their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Trunc<T>(T x)
        where T : IBits<T> => T.CopySign(Floor(T.Abs(x)), x);

    /// <summary>
    /// a − b·trunc(a/b), with the sign of a, exact for all numbers. NaN for b = 0 and a = ±∞; a for b = ±∞.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Fmod<T>(T a, T b)
        where T : IBits<T>
    {
        T m = T.Abs(a);
        T n = T.Abs(b);

        // Near the largest number a multiple could overflow.
        T r = T.AnyLess(n * MostQuotient<T>(), m) || T.AnyLess(Pick<T>(1e38, 1e307), m) ? T.FarFmod(m, n) : NearFmod(m, n);
        return T.CopySign(T.IfLess(m, n, m, r), a);
    }

    /// <summary>m modulo n of numbers that are not negative, as long division, some twenty (fifty) bits of the quotient at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T FmodInSteps<T>(T m, T n)
        where T : IBits<T>
    {
        // NaN is less than nothing, and ends the division.
        T none = T.Const(double.NaN);
        n = T.IfLess(T.Zero, n, n, none);
        m = T.IfLess(m, T.Const(double.PositiveInfinity), m, none);
        T normal = Normal(n);
        T lifted = Lifted(n);
        T exponent = T.Exponent(normal) + Pick<T>(19, 48);
        while (T.AnyLess(n * MostQuotient<T>(), m))
        {
            // The divisor times a power of two, by so much that the quotient keeps its bits. What is large is quartered.
            T shift = T.Exponent(Normal(m)) - Lifted(m) - exponent;
            T d = T.IfLess(-lifted, shift, ScaleInSteps(normal, shift), n);
            T quarter = T.IfLess(T.One, m, T.Const(0.25), T.One);
            T r = NearFmod(m * quarter, d * quarter) / quarter;
            m = T.IfLess(n, m, r, m);
        }

        T scale = T.IfLess(T.One, m, T.Const(0.25), T.One);
        return NearFmod(m * scale, n * scale) / scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T MostQuotient<T>()
        where T : IBits<T> => Pick<T>(1048576, 562949953421312);

    // m modulo n for quotients below 2²⁰ (2⁴⁹). The nearest multiple leaves a rest that is a number, whatever way the quotient was rounded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T NearFmod<T>(T m, T n)
        where T : IBits<T>
    {
        T q = T.RoundToInteger(m / n);
        T r;
        if (T.IsFused)
        {
            r = T.MulAdd(-q, n, m);
        }
        else
        {
            // The product and what its rounding loses, from products of halves, which are exact.
            T product = q * n;
            T qh = T.High(q);
            T nh = T.High(n);
            T lost = product - (qh * nh) - (qh * (n - nh)) - ((q - qh) * nh) - ((q - qh) * (n - nh));
            r = m - product + lost;
        }

        return T.IfLess(r, T.Zero, r + n, r);
    }

    /// <summary>a − b·floor(a/b), with the sign of b. NaN for b = 0 and a = ±∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Remainder<T>(T a, T b)
        where T : IBits<T>
    {
        T r = Fmod(a, b);
        T other = r + b;
        return T.IfLess(r, T.Zero, T.IfLess(T.Zero, b, other, r), T.IfLess(T.Zero, r, T.IfLess(b, T.Zero, other, r), r));
    }
}
