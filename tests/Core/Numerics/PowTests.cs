using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>The general power: its error on scalars and on lanes, and every special case of C and IEEE 754.</summary>
public class PowTests(ITestOutputHelper output)
{
    private const double Inf = double.PositiveInfinity;

    [Fact]
    public void Pow_is_within_2_ulp_in_float32()
    {
        Random random = new(1);
        float[] x = new float[1 << 20];
        float[] y = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            (double a, double b) = Sample(random, i, 1.2e-7, 149, 128);
            (x[i], y[i]) = ((float)a, (float)b);
        }

        float[] scalar = new float[x.Length];
        float[] lanes = new float[x.Length];
        Scalars(x, y, scalar);
        Widest(x, y, lanes);
        var worst = Enumerable.Range(0, x.Length).AsParallel()
            .Select(i => (Error: Math.Max(Error(scalar, i), Error(lanes, i)), X: x[i], Y: y[i]))
            .Max();
        output.WriteLine($"pow, float32: {worst.Error:0.00} ulp at {worst.X:R}, {worst.Y:R}");
        Assert.True(worst.Error <= 2, $"{worst.Error} ulp at {worst.X:R}, {worst.Y:R}");

        double Error(float[] z, int i) => ElementaryTests.Ulps(z[i], Math.Pow(x[i], y[i]));
    }

    [Fact]
    public void Pow_is_within_4_ulp_in_float64()
    {
        Random random = new(2);
        double[] x = new double[4096];
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            (x[i], y[i]) = Sample(random, i, 2.3e-16, 350, 1023.9);
        }

        double[] scalar = new double[x.Length];
        double[] lanes = new double[x.Length];
        Scalars(x, y, scalar);
        Widest(x, y, lanes);
        (double Error, double X, double Y) worst = default;
        for (int i = 0; i < x.Length; i++)
        {
            (var m, int n) = Exact.Pow(Exact.Of(x[i]), Exact.Of(y[i]));
            double error = Math.Max(Exact.Ulps(scalar[i], m, n), Exact.Ulps(lanes[i], m, n));
            worst = error > worst.Error ? (error, x[i], y[i]) : worst;
        }

        output.WriteLine($"pow, float64: {worst.Error:0.00} ulp at {worst.X:R}, {worst.Y:R}");
        Assert.True(worst.Error <= 4, $"{worst.Error} ulp at {worst.X:R}, {worst.Y:R}");
    }

    [Fact]
    public void Lanes_of_all_widths_agree_bit_for_bit()
    {
        Check<float>(v => (float)v);
        Check<double>(v => v);

        static void Check<E>(Func<double, E> of)
            where E : unmanaged
        {
            Random random = new(3);
            (double X, double Y)[] samples = [.. Enumerable.Range(0, 1024).Select(i => Sample(random, i, 1e-6, 100, 120))];
            E[] x = [.. samples.Select(sample => of(sample.X))];
            E[] y = [.. samples.Select(sample => of(sample.Y))];
            var (narrow, middle, wide) = (new E[x.Length], new E[x.Length], new E[x.Length]);
            Lanes<Lane128<E>, E>(x, y, narrow);
            Lanes<Lane256<E>, E>(x, y, middle);
            Lanes<Lane512<E>, E>(x, y, wide);
            Assert.Equal(wide, narrow);
            Assert.Equal(wide, middle);
        }
    }

    [Theory]
    [InlineData(double.NaN, 0, 1)]
    [InlineData(double.NaN, -0.0, 1)]
    [InlineData(1, double.NaN, 1)]
    [InlineData(1, Inf, 1)]
    [InlineData(-1, Inf, 1)]
    [InlineData(-1, -Inf, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(Inf, 0, 1)]
    [InlineData(-8, 0, 1)]
    [InlineData(double.NaN, 2, double.NaN)]
    [InlineData(2, double.NaN, double.NaN)]
    [InlineData(-1, double.NaN, double.NaN)]
    [InlineData(0, double.NaN, double.NaN)]
    [InlineData(Inf, double.NaN, double.NaN)]
    [InlineData(double.NaN, Inf, double.NaN)]
    [InlineData(-2, 3, -8)]
    [InlineData(-2, 4, 16)]
    [InlineData(-2, -3, -0.125)]
    [InlineData(-2, 0.5, double.NaN)]
    [InlineData(-2, -1e-40, double.NaN)]
    [InlineData(-1, 8388607, -1)]
    [InlineData(-1, 16777216, 1)]
    [InlineData(-1, 4194304.5, double.NaN)]
    [InlineData(0, 3, 0)]
    [InlineData(-0.0, 3, -0.0)]
    [InlineData(-0.0, 2, 0)]
    [InlineData(-0.0, 2.5, 0)]
    [InlineData(0, -3, Inf)]
    [InlineData(-0.0, -3, -Inf)]
    [InlineData(-0.0, -2, Inf)]
    [InlineData(-0.0, -2.5, Inf)]
    [InlineData(0, Inf, 0)]
    [InlineData(0, -Inf, Inf)]
    [InlineData(0.5, Inf, 0)]
    [InlineData(-0.5, Inf, 0)]
    [InlineData(0.5, -Inf, Inf)]
    [InlineData(2, Inf, Inf)]
    [InlineData(-2, Inf, Inf)]
    [InlineData(2, -Inf, 0)]
    [InlineData(Inf, 0.1, Inf)]
    [InlineData(Inf, -0.1, 0)]
    [InlineData(-Inf, 3, -Inf)]
    [InlineData(-Inf, 2, Inf)]
    [InlineData(-Inf, 0.5, Inf)]
    [InlineData(-Inf, -3, -0.0)]
    [InlineData(-Inf, -2, 0)]
    [InlineData(Inf, Inf, Inf)]
    [InlineData(Inf, -Inf, 0)]
    [InlineData(10, 1e30, Inf)]
    [InlineData(-10, 1e30, Inf)]
    [InlineData(10, -1e30, 0)]
    [InlineData(3, 4, 81)]
    [InlineData(9, 0.5, 3)]
    [InlineData(7, 1, 7)]
    [InlineData(7, -1, 1.0 / 7)]
    [InlineData(0.5, 10, 0.0009765625)]
    public void Special_cases(double x, double y, double expected)
    {
        AssertSame(expected, On(x, y), x, y);
        AssertSame((float)expected, On((float)x, (float)y), x, y);
    }

    [Fact]
    public void Edges_are_those_of_C()
    {
        double[] edges =
        [
            0, 0.25, 0.5, 1, 1.5, 2, 3, 1e-320, 5e-324, 1e-40, 1e40, 8388607, 8388608, 16777215, 16777217, 4503599627370495, 4503599627370496,
            4503599627370497, 9007199254740991, 9007199254740992, 2251799813685248.5, 4503599627370495.5, 1e300, double.MaxValue, Inf, double.NaN,
        ];
        foreach (double x in edges.SelectMany(v => new[] { v, -v }))
        {
            foreach (double y in edges.SelectMany(v => new[] { v, -v }))
            {
                AssertSame(Math.Pow(x, y), On(x, y), x, y);
                AssertSame((float)Math.Pow((float)x, (float)y), On((float)x, (float)y), x, y);
            }
        }
    }

    // Bases close to 1 with exponents so large that the result spreads over all binades, and both at random.
    private static (double X, double Y) Sample(Random random, int i, double grain, double binades, double reach)
    {
        double x = i % 4 == 0
            ? 1 + (random.Next(2) * 2 - 1) * grain * Math.Exp(random.NextDouble() * 12)
            : Math.Pow(2, binades * (random.NextDouble() * 2 - 1) / (i % 4 == 1 ? 1 : 100));
        return (x, reach * (random.NextDouble() * 2 - 1) / Math.Log2(x));
    }

    private static void AssertSame(double expected, double actual, double x, double y)
    {
        bool same = actual.Equals(expected) && (double.IsNaN(expected) || double.IsNegative(expected) == double.IsNegative(actual));

        // Of what is neither exact nor at an edge, only the nearness is asked here.
        bool near = double.IsFinite(expected) && expected != 0 && Math.Abs(actual - expected) <= Math.Max(4e-16 * Math.Abs(expected), 1e-323);
        Assert.True(same || near, $"({x:R})^({y:R}) is {actual:R}, not {expected:R}");
    }

    private static void AssertSame(float expected, float actual, double x, double y)
    {
        bool same = actual.Equals(expected) && (float.IsNaN(expected) || float.IsNegative(expected) == float.IsNegative(actual));
        bool near = float.IsFinite(expected) && expected != 0 && Math.Abs(actual - expected) <= Math.Max(2e-7f * Math.Abs(expected), 3e-45f);
        Assert.True(same || near, $"({x:R})^({y:R}) is {actual:R} in float32, not {expected:R}");
    }

    private static double On(double x, double y) => default(Pow).Value(new F64(x), new F64(y)).Value;

    private static float On(float x, float y) => default(Pow).Value(new F32(x), new F32(y)).Value;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Scalars(float[] x, float[] y, float[] z)
    {
        for (int i = 0; i < x.Length; i++)
        {
            z[i] = default(Pow).Value(new F32(x[i]), new F32(y[i])).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Scalars(double[] x, double[] y, double[] z)
    {
        for (int i = 0; i < x.Length; i++)
        {
            z[i] = default(Pow).Value(new F64(x[i]), new F64(y[i])).Value;
        }
    }

    private static void Widest<E>(E[] x, E[] y, E[] z)
        where E : unmanaged
    {
        if (Lane512<E>.IsAccelerated)
        {
            Lanes<Lane512<E>, E>(x, y, z);
        }
        else
        {
            Lanes<Lane256<E>, E>(x, y, z);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Lanes<L, E>(E[] x, E[] y, E[] z)
        where L : struct, ILane<L, E>
        where E : unmanaged
    {
        for (int i = 0; i + L.Count <= x.Length; i += L.Count)
        {
            default(Pow).Value(L.Load(ref x[i]), L.Load(ref y[i])).Store(ref z[i]);
        }
    }
}
