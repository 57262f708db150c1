using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>The angle of a point: its error on scalars and on lanes of all widths, and the special cases of C.</summary>
public class Atan2Tests(ITestOutputHelper output)
{
    private const double Inf = double.PositiveInfinity;

    private static readonly double[] edges =
        [0, 5e-324, 1e-320, 1e-45, 1e-40, 1e-38, 0.25, 1, 1.5, 1e30, 1e38, 3e38, 1e300, double.MaxValue, Inf, double.NaN];

    [Fact]
    public void Atan2_is_within_2_ulp_in_float32()
    {
        (double Y, double X)[] points = Samples(1 << 17, 30);
        float[] y = [.. points.Select(point => (float)point.Y)];
        float[] x = [.. points.Select(point => (float)point.X)];
        float[] lanes = OnLanes<float>(y, x);
        Report("float32", 2, Enumerable.Range(0, x.Length).Max(i =>
        {
            double exact = Math.Atan2(y[i], x[i]);
            return (Math.Max(ElementaryTests.Ulps(On(y[i], x[i]), exact), ElementaryTests.Ulps(lanes[i], exact)), y[i], x[i]);
        }));
    }

    [Fact]
    public void Atan2_is_within_4_ulp_in_float64()
    {
        (double Y, double X)[] points = Samples(1 << 12, 60);
        double[] y = [.. points.Select(point => point.Y)];
        double[] x = [.. points.Select(point => point.X)];
        double[] lanes = OnLanes<double>(y, x);
        Report("float64", 4, Enumerable.Range(0, x.Length).Max(i =>
        {
            var exact = Exact.Atan2(Exact.Of(y[i]), Exact.Of(x[i]));
            return (Math.Max(Exact.Ulps(On(y[i], x[i]), exact), Exact.Ulps(lanes[i], exact)), y[i], x[i]);
        }));
    }

    [Fact]
    public void Edges_are_those_of_C()
    {
        foreach (double y in edges.SelectMany(v => new[] { v, -v }))
        {
            foreach (double x in edges.SelectMany(v => new[] { v, -v }))
            {
                AssertNear(Math.Atan2(y, x), On(y, x), Math.ScaleB(1, -51), $"atan2({y:R}, {x:R})");
                AssertNear(Math.Atan2((float)y, (float)x), On((float)y, (float)x), Math.ScaleB(1, -22), $"atan2({y:R}, {x:R}) in float32");
            }
        }
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(-0.0, 1, -0.0)]
    [InlineData(0, 0, 0)]
    [InlineData(-0.0, 0, -0.0)]
    [InlineData(0, -0.0, Math.PI)]
    [InlineData(-0.0, -0.0, -Math.PI)]
    [InlineData(0, -1, Math.PI)]
    [InlineData(-0.0, -1, -Math.PI)]
    [InlineData(1, 0, Math.PI / 2)]
    [InlineData(-1, -0.0, -Math.PI / 2)]
    [InlineData(1, 1, Math.PI / 4)]
    [InlineData(1, -1, 3 * Math.PI / 4)]
    [InlineData(Inf, Inf, Math.PI / 4)]
    [InlineData(-Inf, -Inf, -3 * Math.PI / 4)]
    [InlineData(1, Inf, 0)]
    [InlineData(-1, Inf, -0.0)]
    [InlineData(-1, -Inf, -Math.PI)]
    [InlineData(Inf, -5, Math.PI / 2)]
    public void Special_cases_are_right_to_the_last_bit(double y, double x, double expected)
    {
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(On(y, x)));
        Assert.Equal(BitConverter.SingleToInt32Bits((float)expected), BitConverter.SingleToInt32Bits(On((float)y, (float)x)));
    }

    private void Report(string type, double ulps, (double Error, double Y, double X) worst)
    {
        output.WriteLine($"atan2, {type}: {worst.Error:0.00} ulp at {worst.Y:R}, {worst.X:R}");
        Assert.True(worst.Error <= ulps, $"{worst.Error} ulp at {worst.Y:R}, {worst.X:R}");
    }

    private static void AssertNear(double expected, double actual, double grain, string what)
    {
        // Of a subnormal result, one unit.
        double distance = Math.Max(grain * Math.Abs(expected), grain > 1e-10 ? 1.5e-45 : 5e-324);
        bool same = double.IsNaN(expected) ? double.IsNaN(actual) : double.IsNegative(expected) == double.IsNegative(actual);
        Assert.True(same && !(Math.Abs(actual - expected) > distance), $"{what} is {actual:R}, not {expected:R}");
    }

    // Points in all quadrants, with quotients over so many binades; half of them near to where the formula changes.
    private static (double Y, double X)[] Samples(int count, double binades)
    {
        Random random = new(1);
        double[] near = [0.5, 1, 2, 0.42];
        return
        [
            .. Enumerable.Range(0, count).Select(i =>
            {
                double x = Math.Pow(2, 20 * random.NextDouble() - 10);
                double quotient = i % 2 == 0
                    ? Math.Pow(2, binades * (2 * random.NextDouble() - 1))
                    : near[random.Next(4)] * (1 + 0.2 * (random.NextDouble() - 0.5));
                return (x * quotient * (random.Next(2) * 2 - 1), x * (random.Next(2) * 2 - 1));
            }),
        ];
    }

    private static double On(double y, double x) => default(Atan2).Value(new F64(y), new F64(x)).Value;

    private static float On(float y, float x) => default(Atan2).Value(new F32(y), new F32(x)).Value;

    // The lanes of all widths agree bit for bit.
    private static E[] OnLanes<E>(E[] y, E[] x)
        where E : unmanaged
    {
        var (narrow, middle, wide) = (new E[x.Length], new E[x.Length], new E[x.Length]);
        Lanes<Lane128<E>, E>(y, x, narrow);
        Lanes<Lane256<E>, E>(y, x, middle);
        Lanes<Lane512<E>, E>(y, x, wide);
        Assert.Equal(wide, narrow);
        Assert.Equal(wide, middle);
        return wide;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Lanes<L, E>(E[] y, E[] x, E[] z)
        where L : struct, ILane<L, E>
        where E : unmanaged
    {
        for (int i = 0; i + L.Count <= x.Length; i += L.Count)
        {
            default(Atan2).Value(L.Load(ref y[i]), L.Load(ref x[i])).Store(ref z[i]);
        }
    }
}
