using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <content>Rounding to integers, and what is left over. All of it is exact but for the remainders of quotients from 2²⁴ (2⁵³) on, and,
/// where a product and a sum are not fused, of quotients next to a whole number.</content>
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

    /// <summary>a − b·trunc(a/b), with the sign of a. NaN for b = 0, a = ±∞ and where a/b overflows; a for b = ±∞.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Fmod<T>(T a, T b)
        where T : IBits<T>
    {
        T m = T.Abs(a);
        T n = T.Abs(b);
        T r = T.MulAdd(-Floor(m / n), n, m);

        // The quotient may have been rounded across an integer.
        r = T.IfLess(r, T.Zero, r + n, r);
        r = T.IfLess(r, n, r, r - n);
        return T.CopySign(T.IfLess(m, n, m, r), a);
    }

    /// <summary>a − b·floor(a/b), with the sign of b. NaN for b = 0, a = ±∞ and where a/b overflows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Remainder<T>(T a, T b)
        where T : IBits<T>
    {
        T r = Fmod(a, b);
        T other = r + b;
        return T.IfLess(r, T.Zero, T.IfLess(T.Zero, b, other, r), T.IfLess(T.Zero, r, T.IfLess(b, T.Zero, other, r), r));
    }
}
