using System.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <content>The error function, and the logarithm of the gamma function with its derivatives, of negative arguments, too.</content>
internal static partial class Exact
{
    // From here on the asymptotic series of the gamma function are good to 190 bits.
    private const int Far = 24;

    public static BigInteger Erf(BigInteger x)
    {
        if (BigInteger.Abs(x) > 4 * one)
        {
            return x.Sign * (one - Value(Erfc(BigInteger.Abs(x))));
        }

        // 2/√π Σ (−x²)ᵏ·x / (k!·(2k + 1))
        BigInteger square = -Times(x, x);
        BigInteger sum = 0;
        for (int k = 0; !x.IsZero; k++)
        {
            sum += x / (2 * k + 1);
            x = Times(x, square) / (k + 1);
        }

        return Quotient(2 * sum, Constants.RootPi);
    }

    /// <summary>erfc x as m·2ⁿ.</summary>
    public static (BigInteger M, int N) Erfc(BigInteger x)
    {
        if (x <= 4 * one)
        {
            return (one - Erf(x), 0);
        }

        // The integral of exp(−x²·(1 + t²)) / (1 + t²) by the trapezoidal rule in steps of h = ⅛ of x·t, which is as good as e^(−π²/h²).
        BigInteger square = Times(x, x);
        BigInteger sum = Quotient(one, 2 * square);
        for (int k = 1; k < Constants.Gaussian.Length; k++)
        {
            sum += Quotient(Constants.Gaussian[k], (k * k * one >> 6) + square);
        }

        (BigInteger m, int n) = Exp(-square);
        return (Quotient(Times(Times(m, x), sum), 4 * Pi), n);
    }

    /// <summary>log |Γ(x)|.</summary>
    public static BigInteger Lgamma(BigInteger x)
    {
        BigInteger product = one;
        for (; x < Far * one; x += one)
        {
            product = Times(product, x);
        }

        BigInteger sum = Times(x - (one >> 1), Log(x)) - x + (Log(2 * Pi) >> 1) - Log(BigInteger.Abs(product));
        BigInteger power = Quotient(one, x);
        BigInteger square = Times(power, power);
        for (int k = 1; k < Constants.Bernoulli.Length; k++)
        {
            sum += Times(power, Constants.Bernoulli[k]) / (2 * k * (2 * k - 1));
            power = Times(power, square);
        }

        return sum;
    }

    /// <summary>The derivative of order <paramref name="n"/> ≥ 0 of the digamma function.</summary>
    public static BigInteger Polygamma(int n, BigInteger x)
    {
        // Up to the sign (−1)ⁿ⁺¹.
        BigInteger sum = 0;
        for (; x < Far * one; x += one)
        {
            sum += Factorial(n) * Power(Quotient(one, x), n + 1);
        }

        BigInteger i = Quotient(one, x);
        BigInteger square = Times(i, i);
        BigInteger power = Power(i, n);
        sum += n == 0 ? -Log(x) : Factorial(n - 1) * power;
        power = Factorial(n) * Times(power, i);
        sum += power / 2;

        // n!/xⁿ⁺¹ becomes (2k + n − 1)!/(2k)!/x²ᵏ⁺ⁿ.
        power = Times(power, i) * (n + 1) / 2;
        for (int k = 1; k < Constants.Bernoulli.Length; k++)
        {
            sum += Times(power, Constants.Bernoulli[k]);
            power = Times(power, square) * ((2 * k + n) * (2 * k + n + 1)) / ((2 * k + 1) * (2 * k + 2));
        }

        return n % 2 == 0 ? -sum : sum;
    }

    private static BigInteger Power(BigInteger x, int n) => Enumerable.Repeat(x, n).Aggregate(one, Times);

    /// <summary>Riemann's ζ(k).</summary>
    public static double Zeta(int k) => Nearest(BigInteger.Abs(Polygamma(k - 1, one)) / Factorial(k - 1));

    private static BigInteger Factorial(int n) => Enumerable.Range(1, n).Aggregate(BigInteger.One, (product, k) => product * k);

    private static BigInteger Value((BigInteger M, int N) x) => Shift(x.M, x.N);

    // B₂ₖ from the tangent numbers, which are integers.
    private static BigInteger[] Bernoulli(int count)
    {
        var tangent = new BigInteger[count + 1];
        tangent[1] = 1;
        for (int k = 2; k <= count; k++)
        {
            tangent[k] = (k - 1) * tangent[k - 1];
        }

        for (int k = 2; k <= count; k++)
        {
            for (int j = k; j <= count; j++)
            {
                tangent[j] = (j - k) * tangent[j - 1] + (j - k + 2) * tangent[j];
            }
        }

        return
        [
            one,
            .. Enumerable.Range(1, count).Select(k =>
                (k % 2 == 0 ? -1 : 1) * (2 * k * tangent[k] << Bits) / ((BigInteger.One << 4 * k) - (BigInteger.One << 2 * k))),
        ];
    }

    // A class of its own: it waits for the constants of the other files.
    private static class Constants
    {
        public static readonly BigInteger RootPi = Sqrt(Pi);

        // exp(−k²/64)
        public static readonly BigInteger[] Gaussian = [.. Enumerable.Range(0, 140).Select(k => Value(Exp(-(k * k * one >> 6))))];

        public static readonly BigInteger[] Bernoulli = Exact.Bernoulli(40);
    }
}
