using System.Numerics;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>
/// The functions of the gamma family for negative arguments, where they have zeros between the poles: the error is measured in units in the
/// last place of the greatest of the value and what it is a difference of, the same function of 1 − x and, midway between two poles, their
/// terms n!·2ⁿ⁺¹.
/// </summary>
public class GammaTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("lgamma", 0, 5)]
    [InlineData("digamma", 0, 6)]
    [InlineData("polygamma 1", 1, 6)]
    [InlineData("polygamma 2", 2, 6)]
    [InlineData("polygamma 3", 3, 6)]
    public void Of_negative_arguments_the_error_is_small_beside_the_larger_term(string function, int order, double ulps)
    {
        var subject = Subjects.Named(function);
        (double Error, double X) worst32 = default;
        (double Error, double X) worst64 = default;
        foreach (double x in Arguments())
        {
            worst32 = Max(worst32, (Error(subject.On((float)x), (float)x, -23), (float)x));
            worst64 = Max(worst64, (Error(subject.On(x), x, -52), x));
        }

        output.WriteLine($"{function} below 0: {worst32.Error:0.00} at {worst32.X:R} in float32, {worst64.Error:0.00} at {worst64.X:R} in float64");
        Assert.True(worst32.Error <= ulps, $"{worst32.Error} at {worst32.X:R} in float32");
        Assert.True(worst64.Error <= ulps, $"{worst64.Error} at {worst64.X:R} in float64");

        double Error(double y, double x, int grain)
        {
            (BigInteger exact, BigInteger other) = function == "lgamma"
                ? (Exact.Lgamma(Exact.Of(x)), Exact.Lgamma(Exact.Of(1) - Exact.Of(x)))
                : (Exact.Polygamma(order, Exact.Of(x)), Exact.Polygamma(order, Exact.Of(1) - Exact.Of(x)));
            double poles = order switch { 1 => 4, 2 => 16, 3 => 96, _ => 0 };
            double greatest = Math.Max(Exact.Nearest(BigInteger.Max(BigInteger.Abs(exact), BigInteger.Abs(other))), poles);
            int last = Math.ILogB(greatest) + grain;
            return Math.ScaleB(Math.Abs(Exact.Nearest(Exact.Of(y) - exact)), -last);
        }
    }

    [Fact]
    public void Between_the_largest_numbers_with_halves_the_poles_alternate_with_numbers()
    {
        foreach (string function in new[] { "lgamma", "digamma" })
        {
            Assert.True(double.IsFinite(Subjects.Named(function).On(-4503599627370495.5)));
            Assert.True(float.IsFinite(Subjects.Named(function).On(-8388607.5f)));
            Assert.False(double.IsFinite(Subjects.Named(function).On(-4503599627370495.0)));
            Assert.False(float.IsFinite(Subjects.Named(function).On(-8388607f)));
        }
    }

    private static IEnumerable<double> Arguments()
    {
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            yield return -Math.Pow(2, 30 * random.NextDouble() - 26);
            yield return -6 * random.NextDouble();
            yield return -(i + 0.5) / 256;
        }

        // Zeros of log |Γ|, and of the digamma function.
        foreach (double zero in new[] { -2.4570247382208006, -2.7476826467274127, -3.1435808883499798, -0.5040830082644554, -1.573498473162391 })
        {
            for (int k = -20; k <= 20; k++)
            {
                yield return zero * (1 + k * 1e-4);
                yield return zero * (1 + k * 1e-8);
            }
        }
    }

    private static (double Error, double X) Max((double Error, double X) a, (double Error, double X) b) => b.Error > a.Error ? b : a;
}
