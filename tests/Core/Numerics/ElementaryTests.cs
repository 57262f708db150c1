using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

public class ElementaryTests
{
    // Every so many of the 2³² floats are tried; a prime, so that all patterns of low bits occur.
    private const int Stride = 997;

    [Fact]
    public void Exp_is_within_2_ulp_in_float32() => AssertWithin(2, default(ExpFunction));

    [Fact]
    public void Expm1_is_within_2_ulp_in_float32() => AssertWithin(2, default(Expm1Function));

    [Fact]
    public void Log_is_within_2_ulp_in_float32() => AssertWithin(2, default(LogFunction));

    [Fact]
    public void Log1p_is_within_2_ulp_in_float32() => AssertWithin(2, default(Log1pFunction));

    [Fact]
    public void Sin_is_within_2_ulp_in_float32() => AssertWithin(2, default(SinFunction), 1e5f);

    [Fact]
    public void Cos_is_within_2_ulp_in_float32() => AssertWithin(2, default(CosFunction), 1e5f);

    [Fact]
    public void Sin_and_cos_are_within_2_ulp_next_to_every_quarter_turn_in_float32()
    {
        float[] x = new float[1 << 16];
        for (int k = 1; k <= 63661; k++)
        {
            x[k] = (float)(k * (Math.PI / 2));
        }

        Worst worst = Worse(Worse(default, default(SinFunction), x, x.Length), default(CosFunction), x, x.Length);
        Assert.True(worst.Ulps <= 2, $"{worst.Ulps} ulp at {worst.X:R}");
    }

    [Fact]
    public void Tanh_is_within_2_ulp_in_float32() => AssertWithin(2, default(TanhFunction));

    [Fact]
    public void Exp_is_within_4_ulp_in_float64() => AssertWithin(4, default(ExpFunction), -745, 709.7, Thresholds(0.5 * Math.Log(2)));

    [Fact]
    public void Expm1_is_within_4_ulp_in_float64() => AssertWithin(4, default(Expm1Function), -745, 709.7, Thresholds(0.5 * Math.Log(2)));

    [Fact]
    public void Log_is_within_4_ulp_in_float64() =>
        AssertWithin(4, default(LogFunction), 0, double.MaxValue, [.. Around(1), .. Around(Math.Sqrt(2)), .. Around(Math.Sqrt(0.5))]);

    [Fact]
    public void Log1p_is_within_4_ulp_in_float64() =>
        AssertWithin(
            4, default(Log1pFunction), -1, double.MaxValue, [.. Around(-1), .. Around(Math.Sqrt(2) - 1), .. Around(Math.Sqrt(0.5) - 1)]);

    [Fact]
    public void Sin_is_within_4_ulp_in_float64() => AssertWithin(4, default(SinFunction), -1e9, 1e9, QuarterTurns());

    [Fact]
    public void Cos_is_within_4_ulp_in_float64() => AssertWithin(4, default(CosFunction), -1e9, 1e9, QuarterTurns());

    [Fact]
    public void Tanh_is_within_4_ulp_in_float64() => AssertWithin(4, default(TanhFunction), -700, 700, Thresholds(0.25 * Math.Log(2)));

    [Fact]
    public void A_small_error_is_noticed_in_float32() =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertWithin(2, default(WrongExpFunction)));

    [Fact]
    public void A_small_error_is_noticed_in_float64() =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertWithin(4, default(WrongExpFunction), -745, 709.7, []));

    [Theory]
    [InlineData("exp", 0, 1)]
    [InlineData("exp", double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData("exp", double.NegativeInfinity, 0)]
    [InlineData("exp", 1000, double.PositiveInfinity)]
    [InlineData("exp", -1000, 0)]
    [InlineData("expm1", 0, 0)]
    [InlineData("expm1", -0.0, -0.0)]
    [InlineData("expm1", 1e-40, 1e-40)]
    [InlineData("expm1", double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData("expm1", double.NegativeInfinity, -1)]
    [InlineData("expm1", -1000, -1)]
    [InlineData("log", 1, 0)]
    [InlineData("log", 0, double.NegativeInfinity)]
    [InlineData("log", -0.0, double.NegativeInfinity)]
    [InlineData("log", -1e-40, double.NaN)]
    [InlineData("log", -1, double.NaN)]
    [InlineData("log", double.NegativeInfinity, double.NaN)]
    [InlineData("log", double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData("log1p", 0, 0)]
    [InlineData("log1p", -0.0, -0.0)]
    [InlineData("log1p", -1e-40, -1e-40)]
    [InlineData("log1p", -1, double.NegativeInfinity)]
    [InlineData("log1p", -2, double.NaN)]
    [InlineData("log1p", double.NegativeInfinity, double.NaN)]
    [InlineData("log1p", double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData("sin", 0, 0)]
    [InlineData("sin", -0.0, -0.0)]
    [InlineData("sin", -1e-40, -1e-40)]
    [InlineData("sin", double.PositiveInfinity, double.NaN)]
    [InlineData("sin", double.NegativeInfinity, double.NaN)]
    [InlineData("cos", 0, 1)]
    [InlineData("cos", -1e-40, 1)]
    [InlineData("cos", double.NegativeInfinity, double.NaN)]
    [InlineData("tanh", 0, 0)]
    [InlineData("tanh", -0.0, -0.0)]
    [InlineData("tanh", -1e-40, -1e-40)]
    [InlineData("tanh", 30, 1)]
    [InlineData("tanh", -30, -1)]
    [InlineData("tanh", double.PositiveInfinity, 1)]
    [InlineData("tanh", double.NegativeInfinity, -1)]
    public void Edges(string function, double x, double y)
    {
        AssertSameBits(y, OnDouble(function, x));
        AssertSameBits((float)y, OnSingle(function, (float)x));
    }

    [Theory]
    [InlineData("exp")]
    [InlineData("expm1")]
    [InlineData("log")]
    [InlineData("log1p")]
    [InlineData("sin")]
    [InlineData("cos")]
    [InlineData("tanh")]
    public void Nan_gives_nan(string function)
    {
        Assert.True(double.IsNaN(OnDouble(function, double.NaN)));
        Assert.True(float.IsNaN(OnSingle(function, float.NaN)));
    }

    [Theory]
    [InlineData(-87.4f)]
    [InlineData(-95f)]
    [InlineData(-103.2f)]
    public void Exp_underflows_gradually(float x) => Assert.Equal((float)Math.Exp(x), OnSingle("exp", x), 1.5e-45f);

    [Fact]
    public void Sin_and_cos_of_large_arguments_are_those_of_a_number_nearby()
    {
        for (float x = 1e5f; x < 1e38f; x *= 1.37f)
        {
            AssertNearby(Math.Sin(x), OnSingle("sin", x), Math.ScaleB(x, -20));
            AssertNearby(Math.Cos(x), OnSingle("cos", x), Math.ScaleB(x, -20));
        }

        for (double x = 1e9; x < 1e307; x *= 1.37)
        {
            AssertNearby(Math.Sin(x), OnDouble("sin", x), Math.ScaleB(x, -49));
            AssertNearby(Math.Cos(x), OnDouble("cos", x), Math.ScaleB(x, -49));
        }

        static void AssertNearby(double expected, double actual, double distance)
        {
            Assert.InRange(actual, -1, 1);
            Assert.InRange(Math.Abs(actual - expected), 0, distance);
        }
    }

    private readonly record struct Worst(double Ulps, double X);

    private static float OnSingle(string function, float x) => (float)On(function, new F32(x), static y => y.Value);

    private static double OnDouble(string function, double x) => On(function, new F64(x), static y => y.Value);

    private static double On<T>(string function, T x, Func<T, double> value)
        where T : IReal<T> =>
        value(function switch
        {
            "exp" => T.Exp(x),
            "expm1" => T.Expm1(x),
            "log" => T.Log(x),
            "log1p" => T.Log1p(x),
            "sin" => T.Sin(x),
            "cos" => T.Cos(x),
            "tanh" => T.Tanh(x),
            _ => throw new ArgumentException(function),
        });

    private static void AssertSameBits(double expected, double actual)
    {
        Assert.Equal(expected, actual);
        Assert.Equal(double.IsNegative(expected) && !double.IsNaN(expected), double.IsNegative(actual) && !double.IsNaN(actual));
    }

    /// <summary>Scalars and the widest lanes, over the floats of magnitude up to the limit.</summary>
    private static void AssertWithin<F>(double ulps, F f, float limit = float.PositiveInfinity)
        where F : struct, IFunction
    {
        float[] x = new float[4096];
        Worst worst = default;
        long pattern = 0;
        while (pattern <= uint.MaxValue)
        {
            int count = 0;
            for (; count < x.Length && pattern <= uint.MaxValue; pattern += Stride)
            {
                x[count] = BitConverter.UInt32BitsToSingle((uint)pattern);
                count += MathF.Abs(x[count]) <= limit ? 1 : 0;
            }

            worst = Worse(worst, f, x, count);
        }

        Assert.True(worst.Ulps <= ulps, $"{worst.Ulps} ulp at {worst.X:R}");
    }

    private static Worst Worse<F>(Worst worst, F f, float[] x, int count)
        where F : struct, IFunction
    {
        float[] scalar = new float[x.Length];
        float[] lanes = new float[x.Length];
        Loops.Scalar(f, x, scalar);
        Loops.Widest(f, x, lanes);
        for (int i = 0; i < count; i++)
        {
            double exact = f.Expected(x[i]);
            double error = Math.Max(Ulps(scalar[i], exact), Ulps(lanes[i], exact));
            worst = error > worst.Ulps ? new(error, x[i]) : worst;
        }

        return worst;
    }

    /// <summary>Scalars and the widest lanes, over random arguments between the limits and the given hard ones.</summary>
    private static void AssertWithin<F>(double ulps, F f, double low, double high, double[] hard)
        where F : struct, IFunction
    {
        Random random = new(1);
        double span = Math.Log(Math.Min(Math.Max(-low, high), 1e18) / 1e-17);
        double[] x = new double[2048 + hard.Length & ~7];
        hard.AsSpan(0, hard.Length).CopyTo(x);
        for (int i = hard.Length; i < x.Length; i++)
        {
            do
            {
                x[i] = Math.Exp(Math.Log(1e-17) + span * random.NextDouble()) * (random.Next(2) * 2 - 1);
            }
            while (!(low < x[i] && x[i] < high));
        }

        double[] scalar = new double[x.Length];
        double[] lanes = new double[x.Length];
        Loops.Scalar(f, x, scalar);
        Loops.Widest(f, x, lanes);
        Worst worst = default;
        for (int i = 0; i < x.Length; i++)
        {
            (var m, int n) = f.Exact(Exact.Of(x[i]));
            double error = Math.Max(Exact.Ulps(scalar[i], m, n), Exact.Ulps(lanes[i], m, n));
            worst = error > worst.Ulps ? new(error, x[i]) : worst;
        }

        Assert.True(worst.Ulps <= ulps, $"{worst.Ulps} ulp at {worst.X:R}");
    }

    // The distance in units of float32's last place at the exact value; +∞ where one is NaN or infinite and the other is not.
    private static double Ulps(float y, double exact)
    {
        float rounded = (float)exact;
        if (y.Equals(rounded) || (float.IsInfinity(rounded) && y == MathF.CopySign(float.MaxValue, rounded)))
        {
            return 0;
        }

        double ulp = Math.ScaleB(1, Math.Max(exact == 0 ? -126 : Math.ILogB(exact), -126) - 23);
        double error = Math.Abs(y - exact) / ulp;
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    // The neighbours of a number where a formula changes.
    private static double[] Around(double x) =>
        [
            .. Enumerable.Range(-20, 41)
                .SelectMany(k => new[] { x + k * Math.ScaleB(Math.Abs(x), -52), x * (1 + k * 1e-3) })
                .Where(v => v != 1 && v > -1),
        ];

    private static double[] Thresholds(double step) =>
        [.. Enumerable.Range(-120, 240).Select(k => (2 * k + 1) * step).SelectMany(v => new[] { v, Math.BitIncrement(v), v * (1 + 1e-9) })];

    private static double[] QuarterTurns() =>
        [
            .. Enumerable.Range(1, 500)
                .SelectMany(k => new[] { Exact.QuarterTurns(k), -Exact.QuarterTurns(k * 1_270_001L), Exact.QuarterTurns(k) + Math.PI / 4 }),
        ];
}

/// <summary>A function over an array, as a back end's loop does it.</summary>
internal static class Loops
{
    public static void Widest<F, E>(F f, E[] x, E[] y)
        where F : struct, IFunction
        where E : unmanaged
    {
        if (Lane512<E>.IsAccelerated)
        {
            Lanes<F, Lane512<E>, E>(f, x, y);
        }
        else if (Lane256<E>.IsAccelerated)
        {
            Lanes<F, Lane256<E>, E>(f, x, y);
        }
        else
        {
            Lanes<F, Lane128<E>, E>(f, x, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Lanes<F, L, E>(F f, E[] x, E[] y)
        where F : struct, IFunction
        where L : struct, ILane<L, E>
        where E : unmanaged
    {
        for (int i = 0; i + L.Count <= x.Length; i += L.Count)
        {
            f.Value(L.Load(ref x[i])).Store(ref y[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Scalar<F>(F f, float[] x, float[] y)
        where F : struct, IFunction
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = f.Value(new F32(x[i])).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Scalar<F>(F f, double[] x, double[] y)
        where F : struct, IFunction
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = f.Value(new F64(x[i])).Value;
        }
    }
}
