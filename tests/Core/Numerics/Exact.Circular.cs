using System.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <content>The tangent, and the inverses of sine, cosine and tangent.</content>
internal static partial class Exact
{
    public static BigInteger Pi => 2 * halfPi;

    public static BigInteger Tan(BigInteger x) => Quotient(Sin(x), Cos(x));

    // tan ½φ = tan φ / (1 + √(1 + tan² φ)), until the series is fast.
    public static BigInteger Arctangent(BigInteger x)
    {
        if (BigInteger.Abs(x) > one)
        {
            return x.Sign * halfPi - Arctangent(Quotient(one, x));
        }

        for (int k = 0; k < 8; k++)
        {
            x = Quotient(x, one + Sqrt(one + Times(x, x)));
        }

        return Atan(x) << 8;
    }

    public static BigInteger Asin(BigInteger x)
    {
        BigInteger cosine = Sqrt(Times(one - x, one + x));
        return cosine.IsZero ? x.Sign * halfPi : Arctangent(Quotient(x, cosine));
    }

    public static BigInteger Acos(BigInteger x) => x == -one ? Pi : 2 * Arctangent(Sqrt(Quotient(one - x, one + x)));

    /// <summary>The angle of (x, y), neither of them 0.</summary>
    public static BigInteger Atan2(BigInteger y, BigInteger x) =>
        Arctangent(Quotient(y, x)) + (x.Sign > 0 ? 0 : y.Sign * Pi);
}
