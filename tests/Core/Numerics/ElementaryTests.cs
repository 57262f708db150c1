using Gpu.Autograd.Numerics;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>The error of every elementary function, on scalars and on the lanes of all widths, and its values at the edges.</summary>
public class ElementaryTests(ITestOutputHelper output)
{
    // Every so many of the 2³² floats are tried; a prime, so that all patterns of low bits occur.
    private const int Stride = 997;

    public static TheoryData<string> Names { get; } = [.. Subjects.All.Select(subject => subject.Name)];

    public static IEnumerable<object[]> Edges { get; } =
        [.. Subjects.All.SelectMany(subject => subject.Edges.Select(edge => new object[] { subject.Name, edge.X, edge.Y }))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Float32_is_within_2_ulp(string function) => AssertWithin(Subjects.Named(function).Ulps32, Subjects.Named(function), Stride);

    [Theory]
    [MemberData(nameof(Names))]
    public void Float64_is_within_4_ulp(string function) => AssertWithin(Subjects.Named(function).Ulps64, Subjects.Named(function));

    /// <summary>All 2³² numbers: a minute or two a function.</summary>
    [RequestedTheory("GPU_AUTOGRAD_EVERY_FLOAT")]
    [MemberData(nameof(Names))]
    public void Every_float32_is_within_2_ulp(string function) => AssertWithin(Subjects.Named(function).Ulps32, Subjects.Named(function), 1);

    [Fact]
    public void Sin_and_cos_are_within_2_ulp_next_to_every_quarter_turn_in_float32()
    {
        float[] x = new float[1 << 16];
        for (int k = 1; k <= 63661; k++)
        {
            x[k] = (float)(k * (Math.PI / 2));
        }

        Report(2, Worse(Worse(default, Subjects.Named("sin"), x, x.Length), Subjects.Named("cos"), x, x.Length), "sin and cos");
    }

    [Fact]
    public void A_small_error_is_noticed_in_float32() =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertWithin(2, WrongExp.Subject, Stride));

    [Fact]
    public void A_small_error_is_noticed_in_float64() =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertWithin(4, WrongExp.Subject));

    [Fact]
    public void Every_function_of_one_operand_is_tried()
    {
        var functions = typeof(IFunction).Assembly.GetTypes().Where(type => type.IsValueType && type.IsAssignableTo(typeof(IFunction)));

        // The roundings are held to the last bit, on every device, by the tests of the back ends.
        Type[] exact = [typeof(Ops.Round), typeof(Ops.Floor), typeof(Ops.Ceil), typeof(Ops.Trunc)];
        Assert.Empty(functions.Except(exact).Except(Subjects.All.Select(subject => subject.GetType().GetGenericArguments()[0])));
    }

    [Theory]
    [MemberData(nameof(Edges))]
    public void Edges_are_right(string function, double x, double y)
    {
        AssertSameBits(y, Subjects.Named(function).On(x));
        AssertSameBits((float)y, Subjects.Named(function).On((float)x));
    }

    /// <summary>A lane at an edge sends all of them a longer way, where its neighbours are what they are without it.</summary>
    [Theory]
    [MemberData(nameof(Edges))]
    public void Edges_are_right_beside_ordinary_numbers_in_lanes(string function, double x, double y)
    {
        Subject subject = Subjects.Named(function);
        double[] ordinary = [.. Enumerable.Range(0, 16).Select(k => 0.3 + k / 32.0)];
        double[] edge = [.. ordinary];
        edge[5] = x;
        double[] expected = new double[16];
        double[] actual = new double[16];
        subject.Widest(ordinary, expected);
        subject.Widest(edge, actual);
        expected[5] = actual[5];
        Assert.Equal(expected, actual);
        AssertSameBits(y, actual[5]);

        float[] single = new float[16];
        subject.Widest([.. edge.Select(v => (float)v)], single);
        AssertSameBits((float)y, single[5]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nan_gives_nan(string function)
    {
        Assert.True(double.IsNaN(Subjects.Named(function).On(double.NaN)));
        Assert.True(float.IsNaN(Subjects.Named(function).On(float.NaN)));
    }

    [Theory]
    [InlineData(-87.4f)]
    [InlineData(-95f)]
    [InlineData(-103.2f)]
    public void Exp_underflows_gradually(float x) => Assert.Equal((float)Math.Exp(x), Subjects.Named("exp").On(x), 1.5e-45f);

    /// <summary>The framework's functions are near enough to tell: a subnormal argument has few digits, or the result does.</summary>
    [Theory]
    [InlineData("log")]
    [InlineData("log2")]
    [InlineData("log10")]
    [InlineData("cbrt")]
    [InlineData("rsqrt")]
    [InlineData("sinh")]
    [InlineData("asinh")]
    [InlineData("atanh")]
    public void Subnormal_arguments_are_no_different_in_float64(string function)
    {
        Subject subject = Subjects.Named(function);
        double[] x = [.. Enumerable.Range(0, 1024).Select(k => BitConverter.Int64BitsToDouble((1L << (k / 20)) * 3 - 2 + k % 7))];
        double[] scalar = new double[x.Length];
        double[] lanes = new double[x.Length];
        subject.Scalars(x, scalar);
        subject.Widest(x, lanes);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = subject.Expected(x[i]);
            double tolerance = Math.Abs(expected) < 1e-300 ? 0 : 5e-16 * Math.Abs(expected);
            Assert.True(Math.Abs(scalar[i] - expected) <= tolerance, $"{function}({x[i]:R}) is {scalar[i]:R}, not {expected:R}");
            Assert.True(Math.Abs(lanes[i] - expected) <= tolerance, $"{function}({x[i]:R}) is {lanes[i]:R}, not {expected:R}");
        }
    }

    /// <summary>Against values of a multiple-precision library.</summary>
    [Theory]
    [InlineData(100000000, 0.931639027109726, -0.3633850893556905, -2.5637789067283774)]
    [InlineData(16367173 * 4722366482869645213696.0, 1, -1.6147697982476211e-09, -619283318.9506139)]
    [InlineData(340282346638528859811704183484516925440.0, -0.5218765233336585, 0.8530210398303042, -0.6117979498342481)]
    [InlineData(1e22, -0.8522008497671888, 0.523214785395139, -1.6287782256068988)]
    [InlineData(5.319372648326541e+255, 1, -4.687165924254628e-19, -2.133485385753704e+18)]
    [InlineData(double.MaxValue, 0.004961954789184062, -0.9999876894265599, -0.004962015874444895)]
    public void Sin_cos_and_tan_of_large_arguments_are_right(double x, double sin, double cos, double tan)
    {
        foreach (var (name, y) in new[] { ("sin", sin), ("cos", cos), ("tan", tan) })
        {
            Assert.Equal(y, Subjects.Named(name).On(x), 4e-16 * Math.Abs(y));
            if ((float)x == x)
            {
                Assert.Equal((float)y, Subjects.Named(name).On((float)x), 2e-7 * Math.Abs(y));
            }
        }
    }

    /// <summary>In one register, with what is not a number beside them.</summary>
    [Fact]
    public void Large_arguments_change_nothing_for_the_others()
    {
        Subject sin = Subjects.Named("sin");
        double[] x = [1, 1e300, -0.0, double.NaN, double.PositiveInfinity, -1e-300, -1e22, 3, 1, 2, -0.0, 4, 5, -1e-300, 7, 3];
        double[] y = new double[x.Length];
        sin.Widest(x, y);
        Assert.Equal([y[8], double.NaN, double.NaN, y[13], 0.8522008497671888, y[15]], [y[0], y[3], y[4], y[5], y[6], y[7]]);
        AssertSameBits(-0.0, y[2]);
        Assert.Equal(sin.On(1e300), y[1]);
        float[] x32 = [.. x.Select(v => (float)v)];
        float[] y32 = new float[x.Length];
        sin.Widest(x32, y32);
        Assert.Equal([y32[8], float.NaN, float.NaN, float.NaN, sin.On(-1e22f), y32[15]], [y32[0], y32[1], y32[3], y32[4], y32[6], y32[7]]);
        AssertSameBits(-0.0, y32[2]);
    }

    private readonly record struct Worst(double Ulps, double X);

    private static void AssertSameBits(double expected, double actual)
    {
        Assert.Equal(expected, actual);
        Assert.Equal(double.IsNegative(expected) && !double.IsNaN(expected), double.IsNegative(actual) && !double.IsNaN(actual));
    }

    private void Report(double ulps, Worst worst, string what)
    {
        output.WriteLine($"{what}: {worst.Ulps:0.00} ulp at {worst.X:R}");
        Assert.True(worst.Ulps <= ulps, $"{what}: {worst.Ulps} ulp at {worst.X:R}");
    }

    /// <summary>Over the floats of magnitude up to the subject's limit.</summary>
    private void AssertWithin(double ulps, Subject subject, int stride)
    {
        const long Part = 1L << 26;
        var parts = new Worst[(int)((uint.MaxValue + 1L) / Part)];
        Parallel.For(0, parts.Length, part =>
        {
            float[] x = new float[4096];
            long end = (part + 1) * Part;
            long pattern = part * Part + (stride - part * Part % stride) % stride;
            while (pattern < end)
            {
                int count = 0;
                for (; count < x.Length && pattern < end; pattern += stride)
                {
                    x[count] = BitConverter.UInt32BitsToSingle((uint)pattern);
                    count += MathF.Abs(x[count]) <= subject.Limit && !(subject.Positive && x[count] < 0) ? 1 : 0;
                }

                parts[part] = Worse(parts[part], subject, x, count);
            }
        });
        Report(ulps, parts.MaxBy(worst => worst.Ulps), $"{subject}, float32");
    }

    private static Worst Worse(Worst worst, Subject subject, float[] x, int count)
    {
        float[] scalar = new float[x.Length];
        float[] lanes = new float[x.Length];
        subject.Scalars(x, scalar);
        subject.Widest(x, lanes);
        for (int i = 0; i < count; i++)
        {
            double exact = subject.Expected(x[i]);
            double error = Math.Max(Ulps(scalar[i], exact), Ulps(lanes[i], exact));
            worst = error > worst.Ulps ? new(error, x[i]) : worst;
        }

        return worst;
    }

    /// <summary>Over random arguments between the subject's bounds, and the hard ones.</summary>
    private void AssertWithin(double ulps, Subject subject)
    {
        Random random = new(1);
        double span = Math.Log(Math.Min(Math.Max(-subject.Low, subject.High), 1e18) / 1e-17);
        double[] x = new double[2048 + subject.Hard.Length & ~7];
        subject.Hard.CopyTo(x, 0);
        for (int i = subject.Hard.Length; i < x.Length; i++)
        {
            do
            {
                x[i] = Math.Exp(Math.Log(1e-17) + span * random.NextDouble()) * (random.Next(2) * 2 - 1);
            }
            while (!(subject.Low < x[i] && x[i] < subject.High));
        }

        double[] scalar = new double[x.Length];
        double[] lanes = new double[x.Length];
        subject.Scalars(x, scalar);
        subject.Widest(x, lanes);
        Worst worst = default;
        for (int i = 0; i < x.Length; i++)
        {
            (var m, int n) = subject.Exact(Exact.Of(x[i]));
            double error = Math.Max(Exact.Ulps(scalar[i], m, n), Exact.Ulps(lanes[i], m, n));
            worst = error > worst.Ulps ? new(error, x[i]) : worst;
        }

        Report(ulps, worst, $"{subject}, float64");
    }

    /// <summary>
    /// The distance in units of float32's last place at the exact value; +∞ where one is NaN or infinite and the other is not.
    /// </summary>
    internal static double Ulps(float y, double exact)
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

    /// <summary>The exponential with an error of one part in 2²¹ in float32 and 2⁵⁰ in float64, which the tests must notice.</summary>
    private readonly struct WrongExp : IUnary
    {
        public static Subject Subject { get; } =
            new Subject<WrongExp> { Name = "wrong exp", Expected = Math.Exp, Exact = Exact.Exp, Low = -745, High = 709.7 };

        public T Value<T>(T x)
            where T : IReal<T>
        {
            // One as the machine sees it is told from float64's by whether 2⁻⁴⁰ is lost.
            T grain = T.IfLess(T.One, T.One + T.Const(1.0 / (1L << 40)), T.Const(1.0 / (1L << 50)), T.Const(1.0 / (1L << 21)));
            return T.Exp(x) * (T.One + grain);
        }

        public T Slope<T>(T x, T y)
            where T : IReal<T> => y;
    }
}

/// <summary>A theory that takes minutes: it runs where the environment variable is 1, and says so where it is not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RequestedTheoryAttribute : TheoryAttribute
{
    public RequestedTheoryAttribute(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) != "1")
        {
            Skip = $"It takes minutes; set {variable}=1 to run it.";
        }
    }
}
