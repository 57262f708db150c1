using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

public class CarrierTests
{
    private static readonly double[] points = [-3.7, -0.9, -0.31, 0.02, 0.4, 1.3, 2.9];

    [Fact]
    public void Lanes_of_128_and_512_bits_agree_bit_for_bit()
    {
        AssertEqual<Lane128<float>, Lane512<float>, float>(k => (float)Math.Sin(k) * k, float.Abs);
        AssertEqual<Lane256<float>, Lane512<float>, float>(k => (float)Math.Sin(k) * k, float.Abs);
        AssertEqual<Lane128<double>, Lane512<double>, double>(k => Math.Sin(k) * k, double.Abs);
        AssertEqual<Lane256<double>, Lane512<double>, double>(k => Math.Sin(k) * k, double.Abs);
    }

    [Fact]
    public void Scalars_agree_with_lanes_bit_for_bit_in_bit_operations_and_arithmetic()
    {
        float[] x = [.. Enumerable.Range(1, 64).Select(k => MathF.Sin(k) * MathF.ScaleB(1, k - 32))];
        float[] scalar = new float[x.Length];
        float[] lanes = new float[x.Length];
        foreach (Probe probe in Enum.GetValues<Probe>())
        {
            for (int i = 0; i < x.Length; i++)
            {
                scalar[i] = Apply(probe, new F32(x[i])).Value;
            }

            for (int i = 0; i < x.Length; i += Lane256<float>.Count)
            {
                Apply(probe, Lane256<float>.Load(ref x[i])).Store(ref lanes[i]);
            }

            Assert.Equal(scalar, lanes);
        }
    }

    [Fact]
    public void Float64_scalars_agree_with_lanes_bit_for_bit_in_bit_operations_and_arithmetic()
    {
        double[] x = [.. Enumerable.Range(1, 64).Select(k => Math.Sin(k) * Math.ScaleB(1, 8 * k - 256))];
        double[] scalar = new double[x.Length];
        double[] lanes = new double[x.Length];
        foreach (Probe probe in Enum.GetValues<Probe>())
        {
            for (int i = 0; i < x.Length; i++)
            {
                scalar[i] = Apply(probe, new F64(x[i])).Value;
            }

            for (int i = 0; i < x.Length; i += Lane512<double>.Count)
            {
                Apply(probe, Lane512<double>.Load(ref x[i])).Store(ref lanes[i]);
            }

            Assert.Equal(scalar, lanes);
        }
    }

    [Theory]
    [InlineData(1.5, 0, 1.5)]
    [InlineData(1.4, 0, 1.4)]
    [InlineData(1.42, 1, 0.71)]
    [InlineData(0.7, -1, 1.4)]
    [InlineData(0.71, 0, 0.71)]
    [InlineData(3072, 12, 0.75)]
    public void A_number_splits_into_mantissa_and_exponent(double x, double exponent, double mantissa)
    {
        if (mantissa == 1.5)
        {
            (exponent, mantissa) = (1, 0.75);
        }

        Assert.Equal(exponent, F64.Exponent(new(x)).Value);
        Assert.Equal(mantissa, F64.Mantissa(new(x)).Value);
        Assert.Equal((float)exponent, F32.Exponent(new((float)x)).Value);
        Assert.Equal((float)mantissa, F32.Mantissa(new((float)x)).Value);
    }

    [Theory]
    [InlineData(-3, true, false)]
    [InlineData(-2, false, true)]
    [InlineData(-1, true, true)]
    [InlineData(0, false, false)]
    [InlineData(1, true, false)]
    [InlineData(2, false, true)]
    [InlineData(4194303, true, true)]
    public void Integers_are_odd_or_even_and_so_are_their_halves(double n, bool isOdd, bool isHalfOdd)
    {
        Assert.Equal(isOdd ? 5 : 7, F32.IfOdd(new((float)n), new(5), new(7)).Value);
        Assert.Equal(isOdd ? 5 : 7, F64.IfOdd(new(n), new(5), new(7)).Value);
        Assert.Equal(isHalfOdd ? -5 : 5, F32.TurnHalf(new(5), new((float)n)).Value);
        Assert.Equal(isHalfOdd ? -5 : 5, F64.TurnHalf(new(5), new(n)).Value);
    }

    [Fact]
    public void Lanes_are_normal_if_all_are_positive_normal_and_finite()
    {
        float[] normal = [.. Enumerable.Repeat(1.17549435e-38f, 8), .. Enumerable.Repeat(float.MaxValue, 8)];
        Assert.True(Lane512<float>.AreNormal(Lane512<float>.Load(in normal[0])));
        foreach (float x in new[] { 0, -0f, 1.1754942e-38f, -1, float.PositiveInfinity, float.NegativeInfinity, float.NaN, -float.NaN })
        {
            float[] other = [.. normal];
            other[3] = x;
            Assert.False(Lane512<float>.AreNormal(Lane512<float>.Load(in other[0])));
            Assert.False(Lane128<double>.AreNormal(Lane128<double>.Broadcast(double.IsSubnormal(x) || x > 0 && x < 1 ? 2e-308 : x)));
        }

        Assert.True(Lane128<double>.AreNormal(Lane128<double>.Broadcast(double.MaxValue)));
        Assert.True(Lane128<double>.AreNormal(Lane128<double>.Broadcast(2.2250738585072014e-308)));
    }

    [Fact]
    public void Nan_compares_as_not_less()
    {
        F32 nan = new(float.NaN);
        Assert.Equal(2, F32.IfLess(nan, F32.One, F32.One, new(2)).Value);
        Assert.Equal(2, F32.IfLess(F32.One, nan, F32.One, new(2)).Value);
        Lane256<float> one = Lane256<float>.One;
        Assert.Equal(2, Lane256<float>.IfLess(Lane256<float>.Broadcast(float.NaN), one, one, one + one)[3]);
    }

    [Fact]
    public void Tangent_slopes_agree_with_central_differences()
    {
        Subject mixture = new Subject<Mixture> { Name = "mixture", Expected = _ => double.NaN, Exact = x => (x, 0) };
        foreach (Subject subject in Subjects.All.Append(mixture))
        {
            foreach (double x in points)
            {
                double h = 1e-4 * Math.Clamp(Math.Abs(x), 0.1, 1);
                double difference = (8 * Across(subject, x, h) - Across(subject, x, 2 * h)) / (12 * h);
                if (!double.IsNaN(difference))
                {
                    Assert.Equal(difference, subject.Slope(x), 1e-8 * Math.Max(1, Math.Abs(difference)));
                }
            }
        }

        static double Across(Subject f, double x, double h) => f.On(x + h) - f.On(x - h);
    }

    [Fact]
    public void Tangent_of_a_map_uses_the_slope_of_the_op()
    {
        // Value 3x with the slope 5 that is not its own: only the op's word counts.
        Tangent<F64> y = Tangent<F64>.Map(default(Liar), Tangent<F64>.Variable(new(2)));
        Assert.Equal(6, y.Value.Value);
        Assert.Equal(5, y.Slope.Value);
    }

    [Fact]
    public void Tangent_of_a_power_does_not_mind_a_base_below_0_where_the_exponent_rests()
    {
        // The slope along the exponent, log −2 and more, is NaN; it counts where the exponent moves.
        Tangent<F64> x = Tangent<F64>.Variable(new(-2));
        Assert.Equal(12, default(Pow).Value(x, Tangent<F64>.Const(3)).Slope.Value);
        Assert.True(double.IsNaN(default(Pow).Value(Tangent<F64>.Const(-2), x).Slope.Value));
        Assert.Equal(8 * Math.Log(2), default(Pow).Value(Tangent<F64>.Const(2), Tangent<F64>.Variable(new(3))).Slope.Value, 1e-14);
    }

    [Fact]
    public void Tangents_nest()
    {
        Tangent<Tangent<F64>> x = new(Tangent<F64>.Variable(new(0.5)), Tangent<F64>.One);
        double y = Math.Tanh(0.5);
        Assert.Equal(-2 * y * (1 - y * y), Tangent<Tangent<F64>>.Tanh(x).Slope.Slope.Value, 1e-14);
    }

    [Fact]
    public void The_slope_of_abs_at_0_is_0() => Assert.Equal(0, Tangent<F64>.Abs(Tangent<F64>.Variable(new(0))).Slope.Value);

    [Fact]
    public void Tangent_moves_with_the_branch_taken()
    {
        Tangent<F64> x = Tangent<F64>.Variable(new(-2));
        Assert.Equal(0.1, new LeakyRelu(0.1).Value(x).Slope.Value);
        Assert.Equal(1, new LeakyRelu(0.1).Value(-x - Tangent<F64>.One).Slope.Value * -1);
    }

    [Fact]
    public void Uses_tells_what_a_slope_reads()
    {
        Uses x = Uses.Operand(0);
        Uses y = Uses.Operand(1);
        Assert.Equal(1, new LeakyRelu(0.1).Slope(x, y).Mask);
        Assert.Equal(0, new LeakyRelu(1).Slope(x, y).Mask);
        Assert.Equal(1.0, new LeakyRelu(1).Slope(x, y).Constant);
        Assert.Equal(2, (Uses.One - y * y).Mask);
        Assert.Equal(3, Uses.Exp(x / y).Mask);
        Assert.Equal(2, default(Asinh).Value(y).Mask);
        Assert.Equal(3, default(Pow).Value(x, y).Mask);
        Assert.Equal(1, new BindB<Pow>(default, 2.5).Slope(x, y).Mask);
        Assert.Equal(0.0, new BindB<Pow>(default, 0).Slope(x, y).Constant);
    }

    [Fact]
    public void Uses_folds_constants()
    {
        Uses x = Uses.Operand(0);
        Assert.Equal(Uses.Zero, Uses.Zero * x);
        Assert.Equal(Uses.Zero, x * Uses.Param(0));
        Assert.Equal(x, x + Uses.Zero);
        Assert.Equal(x, Uses.One * x);
        Assert.Equal(7, (Uses.Const(1) + Uses.Param(2) * Uses.Const(3)).Constant);
        Assert.Equal(-0.5, (-Uses.One / Uses.Const(2)).Constant);
        Assert.Equal(Math.Tanh(2), Uses.Tanh(Uses.Const(2)).Constant!.Value, 1e-15);
        Assert.Equal(32.0, default(Exp2).Value(Uses.Const(5)).Constant);
        Assert.Equal(81.0, default(Pow).Value(Uses.Const(3), Uses.Const(4)).Constant);
        Assert.Equal(x, Uses.IfLess(Uses.Zero, Uses.One, x, Uses.Operand(1)));
        Assert.Equal(3, Uses.IfLess(x, Uses.Operand(1), Uses.One, Uses.Zero).Mask);
    }

    [Fact]
    public void Dependent_tells_what_is_linear()
    {
        var (t, x) = (Dependent.Operand(moves: true), Dependent.Operand(moves: false));
        var (zero, two) = (Dependent.Zero, Dependent.Param(2));
        void All(Dependence kind, params Dependent[] formulas) => Assert.All(formulas, formula => Assert.Equal(kind, formula.Kind));
        All(Dependence.Fixed, x, two * x, zero * t, zero / t, Dependent.Exp(x), Dependent.IfLess(t, x, two, two));
        All(Dependence.Linear, t, -t, t + t, t - t, two * t, t * x, t / x, t + zero, zero - t, Dependent.IfLess(x, two, t, zero));
        All(Dependence.Linear, Dependent.IfLess(zero, two, t, Dependent.Exp(t)), new LeakyRelu(1).Value(t) * zero + t);
        All(Dependence.Affine, t + two, x - t, two * (t + x), (t + x) / x, Dependent.IfLess(x, two, t, x), (t + x) - x);
        All(Dependence.Nonlinear, t * t, x / t, t / t, Dependent.Exp(t), Dependent.Abs(t), Dependent.IfLess(t, x, t, zero));
        All(Dependence.Nonlinear, new LeakyRelu(0.1).Value(t), t + Dependent.Sin(t), Dependent.IfLess(x, two, t, t * t));
        Assert.Equal(0, (two - two).Constant);
        Assert.Equal(-0.5, (-Dependent.One / two).Constant);
    }

    [Fact]
    public void Text_has_only_the_parentheses_it_needs()
    {
        Text x = Text.Named("x");
        Text y = Text.Named("y");
        Assert.Equal("0 < x ? 1 : 0.1", $"{new LeakyRelu(0.1).Slope(x, y)}");
        Assert.Equal("0 < x ? x : 0.1·x", $"{new LeakyRelu(0.1).Value(x)}");
        Assert.Equal("1 − y²", $"{Text.One - y * y}");
        Assert.Equal("x + y·x", $"{x + y * x}");
        Assert.Equal("(x + y)·x", $"{(x + y) * x}");
        Assert.Equal("x − (y + 1)", $"{x - (y + Text.One)}");
        Assert.Equal("x − y − 1", $"{x - y - Text.One}");
        Assert.Equal("x/(x·y)", $"{x / (x * y)}");
        Assert.Equal("x·y/x", $"{x * y / x}");
        Assert.Equal("1/x²", $"{Text.One / (x * x)}");
        Assert.Equal("(x + 1)²", $"{(x + Text.One) * (x + Text.One)}");
        Assert.Equal("(√x)²", $"{Text.Sqrt(x) * Text.Sqrt(x)}");
        Assert.Equal("√(x + 1)", $"{Text.Sqrt(x + Text.One)}");
        Assert.Equal("−(x + y)", $"{-(x + y)}");
        Assert.Equal("−x·y", $"{-x * y}");
        Assert.Equal("x·(−y)", $"{x * -y}");
        Assert.Equal("x − (−y)", $"{x - -y}");
        Assert.Equal("x − y", $"{x + -y}");
        Assert.Equal("exp(−x) + |x + 1| + log1p(tanh(x))", $"{Text.Exp(-x) + Text.Abs(x + Text.One) + Text.Log1p(Text.Tanh(x))}");
        Assert.Equal("(0 < x ? 1 : 0.1)·y", $"{new LeakyRelu(0.1).Slope(x, y) * y}");
        Assert.Equal("x·liar(x)", $"{x * Text.Map(default(Liar), x)}");
        Assert.Equal("asinh(x + 1)²", $"{default(Square).Value(default(Asinh).Value(x + Text.One))}");
        Assert.Equal("pow(x, 2.5)", $"{new BindB<Pow>(default, 2.5).Value(x)}");
        Assert.Equal("y·log2(pow(x, y))", $"{y * Text.Map(default(Log2), default(Pow).Value(x, y))}");
    }

    private enum Probe
    {
        Exponent,
        Mantissa,
        CopySign,
        Round,
        Scale,
        Select,
        Quotient,
        Root,
        High,
        Far,
        Odd,
        Half,
    }

    private static T Apply<T>(Probe probe, T x)
        where T : IBits<T> => probe switch
        {
            Probe.Exponent => T.Exponent(T.Abs(x)),
            Probe.Mantissa => T.Mantissa(T.Abs(x)),
            Probe.CopySign => T.CopySign(T.Const(3), x),
            Probe.Round => T.RoundToInteger(T.Mantissa(T.Abs(x)) * T.Const(1000)),
            Probe.Scale => T.Scale(x, T.Const(-7)),
            Probe.Select => T.IfLess(x, T.Param(0.1), -x, T.One + x),
            Probe.High => T.High(x),
            Probe.Far => T.ScaleFar(T.ScaleFar(x, T.Const(200)), T.Const(-170)),
            Probe.Odd => T.IfOdd(T.RoundToInteger(T.Mantissa(T.Abs(x)) * T.Const(1000)), x, -x),
            Probe.Half => T.TurnHalf(x, T.CopySign(T.RoundToInteger(T.Mantissa(T.Abs(x)) * T.Const(1000)), x)),
            Probe.Quotient => (x - T.Const(2)) / (x * x + T.One),
            _ => T.Sqrt(T.Abs(x)),
        };

    private static void AssertEqual<L, W, E>(Func<int, E> at, Func<E, E> abs)
        where L : struct, ILane<L, E>
        where W : struct, ILane<W, E>
        where E : unmanaged
    {
        E[] x = [.. Enumerable.Range(0, 256).Select(k => at(k))];
        foreach (Subject subject in Subjects.All)
        {
            E[] operands = subject.Low >= -1 ? [.. x.Select(abs)] : x;
            E[] narrow = new E[x.Length];
            E[] wide = new E[x.Length];
            subject.Lanes<L, E>(operands, narrow);
            subject.Lanes<W, E>(operands, wide);
            Assert.Equal(wide, narrow);
        }
    }

    /// <summary>Leaky rectifier: y = x above 0, s·x elsewhere.</summary>
    private readonly struct LeakyRelu(double s) : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, x, T.Param(s) * x);

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Zero, x, T.One, T.Param(s));
    }

    private readonly struct Liar : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Const(3) * x;

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(5);
    }

    private readonly struct Mixture : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => (T.Sqrt(T.One + x * x) - T.Abs(x)) / (T.Const(2) + T.Sin(x)) * -T.Exp(x / T.Const(3));

        public T Slope<T>(T x, T y)
            where T : IReal<T> => throw new NotSupportedException("Only the value is asked.");
    }
}
