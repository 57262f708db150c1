using System.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>
/// The elementary functions in 400-bit fixed-point arithmetic, by their series: an oracle for float64, for |x| from 2⁻⁶⁰ on. A number
/// is an integer times 2⁻⁴⁰⁰.
/// </summary>
internal static partial class Exact
{
    private const int Bits = 400;

    private static readonly BigInteger one = BigInteger.One << Bits;
    private static readonly BigInteger ln2 = 2 * Atanh(one / 3);

    // Machin: π/4 = 4 atan(1/5) − atan(1/239).
    private static readonly BigInteger halfPi = 2 * (4 * Atan(one / 5) - Atan(one / 239));

    // More bits, so that π/2 is known to 400 of them after the greatest double.
    private const int FarBits = 1100;
    private static readonly BigInteger farHalfPi =
        2 * (4 * OddSeries((one << FarBits) / 5, -1, Bits + FarBits) - OddSeries((one << FarBits) / 239, -1, Bits + FarBits));

    public static BigInteger Of(double x)
    {
        (BigInteger mantissa, int exponent) = Split(x);
        return Shift(mantissa, exponent + Bits);
    }

    /// <summary>About the double nearest to x.</summary>
    public static double Nearest(BigInteger x)
    {
        int shift = Math.Max((int)BigInteger.Abs(x).GetBitLength() - 80, 0);
        return Math.ScaleB((double)(x >> shift), shift - Bits);
    }

    /// <summary>The distance of <paramref name="y"/> from <paramref name="exact"/>·2ˢᶜᵃˡᵉ in units of the latter's last place.</summary>
    public static double Ulps(double y, BigInteger exact, int scale = 0)
    {
        int last = Math.Max((int)BigInteger.Abs(exact).GetBitLength() - 1 - Bits + scale, -1022) - 52;
        (BigInteger mantissa, int exponent) = Split(y);

        // In units of 2⁻⁶⁰ of the last place, so that the difference keeps its digits as a double.
        BigInteger difference = Shift(mantissa, exponent - last + 60) - Shift(exact, scale - Bits - last + 60);
        return Math.ScaleB((double)BigInteger.Abs(difference), -60);
    }

    /// <summary>eˣ as m·2ⁿ.</summary>
    public static (BigInteger M, int N) Exp(BigInteger x)
    {
        int n = (int)Divide(x, ln2);
        BigInteger r = (x - n * ln2) >> 16;
        BigInteger sum = one;
        BigInteger term = one;
        for (int k = 1; !term.IsZero; k++)
        {
            term = Times(term, r) / k;
            sum += term;
        }

        for (int k = 0; k < 16; k++)
        {
            sum = Times(sum, sum);
        }

        return (sum, n);
    }

    /// <summary>2ˣ as m·2ⁿ.</summary>
    public static (BigInteger M, int N) Exp2(BigInteger x)
    {
        BigInteger n = Divide(x, one);
        (BigInteger m, int k) = Exp(Times(x - n * one, ln2));
        return (m, k + (int)n);
    }

    public static BigInteger Expm1(BigInteger x)
    {
        (BigInteger m, int n) = Exp(x);
        return Shift(m, n) - one;
    }

    public static BigInteger Log(BigInteger x)
    {
        int e = (int)x.GetBitLength() - 1 - Bits;
        BigInteger m = Shift(x, -e);
        return e * ln2 + 2 * Atanh(((m - one) << Bits) / (m + one));
    }

    public static BigInteger Log1p(BigInteger x) => Log(one + x);

    public static BigInteger Sin(BigInteger x) => Turn(x, 0);

    public static BigInteger Cos(BigInteger x) => Turn(x, 1);

    public static BigInteger Tanh(BigInteger x)
    {
        (BigInteger m, int n) = Exp(-2 * BigInteger.Abs(x));
        BigInteger e = Shift(m, n);
        return x.Sign * (((one - e) << Bits) / (one + e));
    }

    /// <summary>The double nearest to k·π/2: the hardest arguments of sine and cosine.</summary>
    public static double QuarterTurns(long k) => Math.ScaleB((double)((k * halfPi) >> (Bits - 80)), -80);

    private static BigInteger Turn(BigInteger x, int quarters)
    {
        BigInteger n = Divide(x << FarBits, farHalfPi);
        BigInteger r = ((x << FarBits) - n * farHalfPi) >> FarBits;
        int quarter = (int)((n + quarters) & 3);
        BigInteger term = (quarter & 1) == 0 ? r : one;
        BigInteger square = Times(r, r);
        BigInteger sum = 0;
        for (int k = (quarter & 1) == 0 ? 1 : 0; !term.IsZero; k += 2)
        {
            sum += term;
            term = -Times(term, square) / ((k + 1) * (k + 2));
        }

        return quarter < 2 ? sum : -sum;
    }

    private static BigInteger Atanh(BigInteger s) => OddSeries(s, 1);

    private static BigInteger Atan(BigInteger s) => OddSeries(s, -1);

    // s ± s³/3 + s⁵/5 ± …
    private static BigInteger OddSeries(BigInteger s, int sign, int bits = Bits)
    {
        BigInteger unit = BigInteger.One << bits;
        BigInteger square = sign * s * s / unit;
        BigInteger sum = 0;
        for (int k = 1; !s.IsZero; k += 2)
        {
            sum += s / k;
            s = s * square / unit;
        }

        return sum;
    }

    // Toward 0, so that a term of a series reaches it.
    private static BigInteger Times(BigInteger a, BigInteger b) => a * b / one;

    // a / b to the nearest integer.
    private static BigInteger Divide(BigInteger a, BigInteger b)
    {
        BigInteger twice = 2 * a + b;
        BigInteger quotient = BigInteger.DivRem(twice, 2 * b, out BigInteger rest);
        return rest.Sign < 0 ? quotient - 1 : quotient;
    }

    private static BigInteger Shift(BigInteger a, int left) => left >= 0 ? a << left : a >> -left;

    // x = mantissa·2^exponent.
    private static (BigInteger Mantissa, int Exponent) Split(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        return (bits < 0 ? -mantissa : mantissa, Math.Max(exponent, 1) - 1075);
    }
}
