namespace Gpu.Autograd.Tests.Numerics;

/// <summary>The special functions in double, to some 1e-14 of themselves: near enough for float32, and fast.</summary>
internal static class Reference
{
    private const double EulerGamma = 0.57721566490153286;

    // ζ(k) − 1.
    private static readonly double[] zeta =
        [.. Enumerable.Range(0, 60).Select(k => k < 2 ? 0 : Exact.Zeta(k) - 1)];

    public static double Erf(double x) => Math.Abs(x) < 2 ? ErfSeries(x) : double.IsNaN(x) ? x : Math.Sign(x) * (1 - Erfc(Math.Abs(x)));

    public static double Erfc(double x)
    {
        if (x < 0)
        {
            return 2 - Erfc(-x);
        }

        if (x < 1.5)
        {
            return 1 - ErfSeries(x);
        }

        // By the trapezoidal rule in steps of ¼.
        double sum = 0.5 / (x * x);
        for (int k = 1; k < 28; k++)
        {
            sum += Math.Exp(-k * k / 16.0) / (k * k / 16.0 + x * x);
        }

        return x > 28 ? 0 : 0.5 * x * Math.Exp(-x * x) / Math.PI * sum;
    }

    public static double Lgamma(double x)
    {
        if (x < 0)
        {
            return Math.Log(Math.PI / Math.Abs(x * double.SinPi(x))) - Lgamma(-x);
        }

        if (x <= 3)
        {
            // log Γ(2 + t), and log Γ(1 + t) = log Γ(2 + t) − log(1 + t).
            double t = x < 1.5 ? x - 1 : x - 2;
            double sum = 0;
            for (int k = zeta.Length - 1; k > 1; k--)
            {
                sum = (sum + (k % 2 == 0 ? zeta[k] : -zeta[k]) / k) * t;
            }

            return (sum + 1 - EulerGamma) * t - (x < 1.5 ? Math.Log(x) : 0);
        }

        double product = 1;
        for (; x < 12; x++)
        {
            product *= x;
        }

        double i = 1 / (x * x);
        double tail = (1 / 12.0 - i * (1 / 360.0 - i * (1 / 1260.0 - i * (1 / 1680.0 - i * (1 / 1188.0 - i * (691 / 360360.0)))))) / x;
        return double.IsInfinity(x) ? x : (x - 0.5) * (Math.Log(x) - 1) - 0.5 + 0.5 * Math.Log(2 * Math.PI) + tail - Math.Log(product);
    }

    public static double Digamma(double x)
    {
        if (x < 0)
        {
            return Digamma(1 - x) - Math.PI / double.TanPi(x);
        }

        // Taylor's series about the zero.
        double z = x - 1.4616321449683622 - 9.5499954e-17;
        if (Math.Abs(z) < 1e-3)
        {
            return z * (0.96767224544762117 + z * (-0.4427631689835921 + z * (0.25849976095565101 - z * 0.16394270544240653)));
        }

        if (x <= 3)
        {
            double t = x < 1.5 ? x - 1 : x - 2;
            double sum = 0;
            for (int k = zeta.Length - 1; k > 1; k--)
            {
                sum = sum * t + (k % 2 == 0 ? zeta[k] : -zeta[k]);
            }

            return sum * t + 1 - EulerGamma - (x < 1.5 ? 1 / x : 0);
        }

        double shift = 0;
        for (; x < 12; x++)
        {
            shift += 1 / x;
        }

        double i = 1 / (x * x);
        double tail = i * (1 / 12.0 - i * (1 / 120.0 - i * (1 / 252.0 - i * (1 / 240.0 - i * (1 / 132.0 - i * (691 / 32760.0))))));
        return Math.Log(x) - 0.5 / x - tail - shift;
    }

    /// <summary>The derivative of order n of the digamma function, for x ≥ 0.</summary>
    public static double Polygamma(int n, double x)
    {
        double factorial = 1;
        for (int k = 2; k <= n; k++)
        {
            factorial *= k;
        }

        // Fourteen terms and Euler's and Maclaurin's series.
        double sum = 0;
        for (int k = 0; k < 14; k++)
        {
            sum += factorial / Math.Pow(x + k, n + 1);
        }

        double w = x + 14;
        double head = factorial / n / Math.Pow(w, n);
        double term = factorial / Math.Pow(w, n + 2);
        double[] bernoulli = [1 / 6.0, -1 / 30.0, 1 / 42.0, -1 / 30.0, 5 / 66.0];
        sum += head + factorial / (2 * Math.Pow(w, n + 1));
        term *= (n + 1) / 2.0;
        for (int k = 1; k <= bernoulli.Length; k++)
        {
            sum += bernoulli[k - 1] * term;
            term *= (n + 2 * k) * (n + 2.0 * k + 1) / ((2 * k + 1) * (2 * k + 2) * w * w);
        }

        return n % 2 == 0 ? -sum : sum;
    }

    private static double ErfSeries(double x)
    {
        double term = x * 2 / Math.Sqrt(Math.PI);
        double sum = 0;
        for (int k = 0; k < 60; k++)
        {
            sum += term / (2 * k + 1);
            term *= -x * x / (k + 1);
        }

        return sum;
    }
}
