using System.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <content>Powers, roots, and what is made of exponentials and logarithms.</content>
internal static partial class Exact
{
    public static BigInteger Log2(BigInteger x) => Quotient(Log(x), Log(2 * one));

    public static BigInteger Log10(BigInteger x) => Quotient(Log(x), Log(10 * one));

    /// <summary>xʸ as m·2ⁿ, for x above 0.</summary>
    public static (BigInteger M, int N) Pow(BigInteger x, BigInteger y) => Exp(Times(y, Log(x)));

    public static (BigInteger M, int N) Cbrt(BigInteger x)
    {
        (BigInteger m, int n) = Exp(Log(BigInteger.Abs(x)) / 3);
        return (x.Sign * m, n);
    }

    public static BigInteger Rsqrt(BigInteger x) => Quotient(one, Sqrt(x));

    public static BigInteger Sinh(BigInteger x) => (Expm1(x) - Expm1(-x)) / 2;

    public static BigInteger Cosh(BigInteger x) => one + (Expm1(x) + Expm1(-x)) / 2;

    public static BigInteger Asinh(BigInteger x)
    {
        BigInteger a = BigInteger.Abs(x);
        return x.Sign * Log(a + Sqrt(Times(a, a) + one));
    }

    public static BigInteger Acosh(BigInteger x) => Log(x + Sqrt(Times(x, x) - one));

    public static BigInteger Atanh2(BigInteger x) => (Log(one + x) - Log(one - x)) / 2;

    /// <summary>1/(1 + e⁻ˣ) as m·2ⁿ; far below 0 it is eˣ, to more digits than are asked for.</summary>
    public static (BigInteger M, int N) Sigmoid(BigInteger x) => x < -100 * one ? Exp(x) : (Quotient(one, one + one + Expm1(-x)), 0);

    /// <summary>log(1 + eˣ) as m·2ⁿ; far below 0 it is eˣ.</summary>
    public static (BigInteger M, int N) Softplus(BigInteger x) => x < -100 * one ? Exp(x) : (Log(one + one + Expm1(x)), 0);

    private static BigInteger Quotient(BigInteger a, BigInteger b) => (a << Bits) / b;

    // Newton's method from above: it falls until it is there.
    private static BigInteger Sqrt(BigInteger x)
    {
        if (x.IsZero)
        {
            return 0;
        }

        BigInteger square = x << Bits;
        BigInteger root = BigInteger.One << ((int)square.GetBitLength() / 2 + 1);
        while (true)
        {
            BigInteger next = (root + square / root) >> 1;
            if (next >= root)
            {
                return root;
            }

            root = next;
        }
    }
}
