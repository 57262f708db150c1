using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;
using Gpu.Autograd.Tests.Ops;

namespace Gpu.Autograd.Tests;

/// <summary>Gradcheck passes what is right, and finds and names what is wrong.</summary>
public class GradcheckTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor X => new Generator(3).Uniform([5], -2, 2, DType.Float64);

    /// <summary>tanh with a slope that is 0.1 % too large where x &gt; 1.</summary>
    private readonly struct WrongTanh : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Tanh(x);

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.One, x, T.Const(1.001), T.One) * (T.One - (y * y));
    }

    /// <summary>A product that forgets a little of its second slope.</summary>
    private readonly struct WrongMul : IBinary
    {
        public T Value<T>(T a, T b)
            where T : IReal<T> => a * b;

        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => b;

        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => T.Const(0.999) * a;
    }

    private sealed record Layer(Tensor Weight, Tensor Bias, string Name);

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_is_right_passes(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        Gradcheck.Assert(v => v.Tanh() * v.Exp(), x);
        var generator = new Generator(1);
        var layer = new Layer(
            generator.Normal([3, 2], dtype: DType.Float64).To(device), generator.Normal([2], dtype: DType.Float64).To(device), "a name");
        var input = generator.Normal([4, 3], dtype: DType.Float64).To(device);
        var report = Gradcheck.Check(l => input.MatMul(l.Weight).Softplus() + l.Bias, layer);
        Assert.True(report.Passed, report.ToString());
        Assert.Equal("Gradcheck: passed.", report.ToString());
    }

    public static TheoryData<string> Rows => [.. OpTable.Rows.Where(row => row.Order > 0).Select(row => row.Name)];

    /// <summary>Every op that has a derivative, of all its operands at once, at every sample shape.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Every_op_passes(string name)
    {
        var row = OpTableTests.Row(name);
        Assert.All(row.Shapes, shapes => Gradcheck.Assert(row.Apply, OpSamples.Operands(row, shapes, DType.Float64, Device.Cpu)));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Structures_in_and_out_selections_and_scalars_pass(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (a, b) = (X.To(device), X.Exp().To(device));
        Gradcheck.Assert(x => (x.A * x.B.Log(), Largest: x.A.ArgMax(), Sum: x.B.Sum(), Note: "text"), (A: a, B: b));
        Gradcheck.Assert(x => x["w"].MatMul(x["v"]), new Dictionary<string, Tensor> { ["w"] = a, ["v"] = b });
        Gradcheck.Assert(x => x.Sin(), Tensor.Scalar(0.4, DType.Float64, device));
        var labels = Tensor.From<long>([1, 0], device: device);
        Gradcheck.Assert(x => x.CrossEntropy(labels), new Generator(4).Normal([2, 3], dtype: DType.Float64).To(device));
        Gradcheck.Assert(x => x + (0 * x.Detach()), Tensor.Zeros([0], DType.Float64, device));
    }

    /// <summary>Points far from 1 and values far from 1, to either side: what is right passes, and a factor of 1.001 does not.</summary>
    [Theory]
    [InlineData(1e-6, 1)]
    [InlineData(1e3, 1)]
    [InlineData(1e9, 1)]
    [InlineData(1, 1e8)]
    [InlineData(1, 1e-9)]
    [InlineData(1e-9, 1e-15)]
    [InlineData(1e9, 1e9)]
    public void Scales_do_not_matter(double scale, double factor)
    {
        var x = new Generator(5).Uniform([4], 1.1 * scale, 2 * scale, DType.Float64);
        Gradcheck.Assert(v => factor * v.Log() * (v / scale), x);
        Assert.False(Gradcheck.Check(v => factor * (v / scale).Map<WrongTanh>() * (v / scale), x).Passed);
    }

    /// <summary>Small results and arguments are not lost beside large ones, in no mode.</summary>
    [Fact]
    public void Small_beside_large()
    {
        var x = new Generator(5).Uniform([4], 1.1, 2, DType.Float64);
        Gradcheck.Assert(v => (1e9 * v.Exp(), 1e-9 * v.Tanh()), x);
        Gradcheck.Assert(v => v.A.Exp() + (1e-9 * v.B.Tanh()), (A: x, B: x + 1));
        var results = Gradcheck.Check(v => (1e9 * v.Exp(), 1e-9 * v.Map<WrongTanh>()), x);
        Assert.Equal(["forward", "reverse"], results.Failures.Select(failure => failure.Mode).Distinct());
        var arguments = Gradcheck.Check(v => v.A.Exp() + (1e-4 * v.B.Map<WrongTanh>()), (A: x, B: x + 0.5));
        Assert.Equal(["forward", "reverse"], arguments.Failures.Select(failure => failure.Mode).Distinct());
        Assert.All(arguments.Failures, failure => Assert.Equal(1, failure.Argument));
    }

    /// <summary>Values that are rounded more than they look, and derivatives that are nothing but rounding.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Rounding_is_no_error(ulong seed)
    {
        var x = new Generator(seed).Uniform([3, 4], 0.1, 2, DType.Float64);
        Gradcheck.Assert(v => 1e9 + v.Square(), x, seed: seed);
        Gradcheck.Assert(v => ((1e8 + v) - 1e8).Square(), x, seed: seed);
        Gradcheck.Assert(v => v.Softmax().Sum(), x, seed: seed);
        Gradcheck.Assert(v => (v / v).Log(), x, seed: seed);
        Assert.False(Gradcheck.Check(v => 1e9 + (v + 1).Map<WrongTanh>(), x, seed: seed).Passed);
    }

    /// <summary>A step that is too long is refined: what is right passes, and what is wrong is not taken for a kink.</summary>
    [Theory]
    [InlineData(1e-4, 1e4)]
    [InlineData(0.1, 20)]
    [InlineData(10, 1e3)]
    public void A_coarse_step_is_refined(double step, double frequency)
    {
        Gradcheck.Assert(v => (v * frequency).Sin(), X, step: step);
        var report = Gradcheck.Check(v => ((v * frequency).Sin() * 2) - (v * frequency).Sin().Detach(), X, step: step);
        Assert.Equal(["forward", "reverse"], report.Failures.Select(failure => failure.Mode).Distinct());
        Assert.All(report.Failures, failure =>
        {
            Assert.Null(failure.Note);
            Assert.Equal(2, failure.Got / failure.Expected, 1e-4);
        });
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_op_wrong_by_a_tenth_of_a_per_cent_fails_and_op_line_and_element_are_named(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From<double>([0.5, -0.3, 0.1, 1.2], [2, 2], device);
        string line = "";
        Tensor F(Tensor v)
        {
            var y = v * 3 / 3;
            line = AnomalyTests.Line(1, nameof(GradcheckTests));
            y = y.Map<WrongTanh>();
            return y + 1;
        }

        var report = Gradcheck.Check(F, x);
        Assert.Equal(["forward", "reverse"], report.Failures.Select(failure => failure.Mode).Distinct());
        Assert.All(report.Failures, failure =>
        {
            Assert.Equal(0, failure.Argument);
            Assert.Equal([1, 1], failure.Index!);
            Assert.Equal(1.001, failure.Got / failure.Expected, 1e-6);
            Assert.True(failure.Error > failure.Tolerance);
            Assert.Null(failure.Note);
            Assert.Equal("WrongTanh", failure.Op);
            Assert.EndsWith(line, failure.Line);
        });
        Assert.Equal("the result [1, 1]", report.Failures[0].Of);
        double slope = 1 - Math.Pow(Math.Tanh(1.2), 2);
        Assert.Equal(slope, report.Failures[0].Expected, 1e-9);
        var e = Assert.Throws<GradcheckException>(() => Gradcheck.Assert(F, x));
        Assert.Equal(report.ToString(), e.Message);
        Assert.Matches(
            @"^Gradcheck: 2 failed:\n  forward: the result \[1, 1\] along argument 0 \[1, 1\]: expected 0\.3050\d+, got 0\.3053\d+ " +
            @"\(off by 3\.05E-4, allowed 3\.05E-7\); in WrongTanh, run at \S.*GradcheckTests\.cs:line \d+\n  reverse: ", e.Message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_argument_is_named(string deviceName)
    {
        var x = X.To(TestDevices.Require(deviceName));
        var report = Gradcheck.Check(x => Tensor.Map(default(WrongMul), x[0], x[1]), new[] { x, x.Exp() });
        Assert.False(report.Passed);
        Assert.All(report.Failures, failure => Assert.Equal((1, "WrongMul"), (failure.Argument, failure.Op)));
        Assert.Equal(5, report.Failures.Count(failure => failure.Mode == "forward"));
        Assert.Contains(" along [1] [", report.ToString());
        var named = Gradcheck.Check(
            x => Tensor.Map(default(WrongMul), x["w1"], x["w2"]), new Dictionary<string, Tensor> { ["w1"] = x, ["w2"] = x.Exp() });
        Assert.Contains(" along [\"w2\"] [", named.ToString());
        Assert.StartsWith(
            "Gradcheck: the argument's .Item2 is float32",
            Assert.Throws<ArgumentException>(() => Gradcheck.Check(x => x.A, (A: x, B: x.To(DType.Float32)))).Message);
    }

    /// <summary>z² + 2z(x − z) at z = x is x², and its slope is 2x; but its second derivative is 0 and not 2.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_wrong_second_derivative_fails_though_the_first_is_right(string deviceName)
    {
        static Tensor Tangent(Tensor x)
        {
            var z = x.Detach();
            return z.Square() + (2 * z * (x - z));
        }

        var x = X.To(TestDevices.Require(deviceName));
        Assert.True(Gradcheck.Check(Tangent, x, order: 1).Passed);
        var report = Gradcheck.Check(Tangent, x);
        Assert.Equal(
            ["forward over reverse", "reverse over reverse", "reverse over forward", "forward over forward"],
            report.Failures.Select(failure => failure.Mode).Distinct());
        Assert.All(report.Failures, failure => Assert.Equal((0, null), (failure.Got, failure.Op)));
        Assert.Contains(report.Failures, failure => failure is { Argument: 0, Of: "the gradient [3]" } && failure.Index![0] == 3);
    }

    [Fact]
    public void One_mode_alone_is_found()
    {
        // The value depends on the mode: under forward mode there is a factor more.
        static Tensor Inconsistent(Tensor x) => x.Box is Autograd.Dual ? x * 1.001 : x * 1.0;
        var report = Gradcheck.Check(Inconsistent, X);
        Assert.Equal(["forward"], report.Failures.Select(failure => failure.Mode).Distinct());
        Assert.True(Gradcheck.Check(Inconsistent, X, order: 1, forward: false).Passed);
    }

    /// <summary>A rule for reverse mode alone: forward mode is told to be what cannot be run, and can be left out.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Forward_mode_can_be_left_out(string deviceName)
    {
        var x = X.To(TestDevices.Require(deviceName));
        Func<Tensor, Tensor> Cube(double factor) => Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            v => v * v * v, v => (v * v * v, v), (v, g) => factor * g * v * v);
        var right = Cube(3);
        var report = Gradcheck.Check(v => right(v).Sin(), x);
        var failure = Assert.Single(report.Failures);
        Assert.Equal(("forward", "CustomVjp"), (failure.Mode, failure.Op));
        Assert.Contains(
            "  forward: cannot be run: CustomVjp: this function has a rule for reverse mode only; forward mode (Jvp, Hvp or Hessian around it) " +
            "cannot pass through it. Give its rule by CustomJvp, which serves both; in CustomVjp, run at ", report.ToString());
        Assert.EndsWith("; forward: false leaves out forward mode of f", report.ToString());
        Assert.IsType<InvalidOperationException>(Assert.Throws<GradcheckException>(() => Gradcheck.Assert(right, x)).InnerException);

        Gradcheck.Assert(v => right(v).Sin(), x, forward: false);
        var wrong = Gradcheck.Check(v => Cube(3.001)(v).Sin(), x, forward: false).Failures;
        Assert.All(wrong, found => Assert.Equal(("reverse", "CustomVjp"), (found.Mode, found.Op)));
        Assert.NotEmpty(wrong);

        // A gradient that cannot itself be differentiated.
        var once = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * v * v, v => (v * v * v, v.Detach()), (v, g) => 3 * g * v * v);
        Gradcheck.Assert(once, x, order: 1, forward: false);
        Assert.Equal(
            ["forward over reverse", "reverse over reverse"],
            Gradcheck.Check(once, x, forward: false).Failures.Select(found => found.Mode).Distinct());
    }

    /// <summary>A second derivative that throws is told as one, with how to leave it out.</summary>
    [Fact]
    public void The_second_order_can_be_left_out()
    {
        static Tensor Once(Tensor x) => x.Box?.Inner.Box is null ? x.Sin() : throw new NotSupportedException("Once: once only.");
        Gradcheck.Assert(Once, X, order: 1);
        var report = Gradcheck.Check(Once, X);
        Assert.Equal(4, report.Failures.Count);
        Assert.Contains(
            "  reverse over reverse: cannot be run: Once: once only; order: 1 leaves out second derivatives\n", report.ToString());
    }

    /// <summary>A tangent that is clipped, or its size: right where it is not clipped, and no derivative.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_forward_rule_that_is_not_linear_is_named(string deviceName)
    {
        var x = X.To(TestDevices.Require(deviceName));
        foreach (var tangent in new Func<Tensor, Tensor>[] { t => t.Abs(), t => t * t, t => t + 1, t => Tensor.Where(t < 1000, t, 1000) })
        {
            var rule = Autodiff.CustomJvp<Tensor, Tensor>(v => v.Sin(), (v, t) => (v.Sin(), v.Cos() * tangent(t)));
            string line = AnomalyTests.Line(1, nameof(GradcheckTests));
            var failure = Assert.Single(Gradcheck.Check(v => rule(2 * v).Exp(), x).Failures);
            Assert.Equal(("linearity", "CustomJvp"), (failure.Mode, failure.Op));
            Assert.EndsWith(line, failure.Line);
            Assert.StartsWith("linearity: the tangent of its result [", failure.ToString());
            Assert.EndsWith("the rule of a CustomJvp must be linear in t", failure.ToString());
        }

        Gradcheck.Assert(Autodiff.CustomJvp<Tensor, Tensor>(v => v.Sin(), (v, t) => (v.Sin(), v.Cos() * t)), x);
        var wrong = Gradcheck.Check(Autodiff.CustomJvp<Tensor, Tensor>(v => v.Sin(), (v, t) => (v.Sin(), 1.001 * v.Cos() * t)), x).Failures;
        Assert.All(wrong, found => Assert.Equal("CustomJvp", found.Op));
        Assert.Equal(["forward", "reverse"], wrong.Select(found => found.Mode).Distinct());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_function_that_is_not_deterministic_is_told(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        var generator = new Generator(1);
        var failure = Assert.Single(Gradcheck.Check(x => x * generator.Uniform(x.Shape, dtype: DType.Float64, device: device), x).Failures);
        Assert.Equal("determinism", failure.Mode);
        Assert.Contains("Generator", failure.Note);
        Gradcheck.Assert(x => x * new Generator(1).Uniform(x.Shape, dtype: DType.Float64, device: device), x);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_kink_at_the_point_is_told_from_a_wrong_rule(string deviceName)
    {
        var x = Tensor.From<double>([0.5, 0, -1], device: TestDevices.Require(deviceName));
        var report = Gradcheck.Check(v => (v.Relu() * 3) + v, x, order: 1);
        Assert.All(report.Failures, failure =>
        {
            Assert.Equal([1], failure.Index!);
            Assert.Contains("kink", failure.Note);
            Assert.Equal("Relu", failure.Op);
        });
        Assert.Equal("forward", report.Failures[0].Mode);
        Assert.Contains("to one side is 1, to the other 4", report.Failures[0].Note);
        Assert.Contains("edge", Gradcheck.Check(v => v.Sqrt(), x.Relu(), order: 1).Failures[0].Note);
        var jump = Gradcheck.Check(v => v + (v < 0).To(DType.Float64), x);
        Assert.All(jump.Failures, failure => Assert.Equal("f jumps at this point", failure.Note));
        Assert.Equal([1], jump.Failures[0].Index!);
    }

    /// <summary>A kink that is only near, within the step, does not matter; and does not hide what is wrong there.</summary>
    [Fact]
    public void A_kink_beside_the_point_is_stepped_around()
    {
        var x = Tensor.From<double>([5e-5, -3e-5, 1, -3e-7]);
        Gradcheck.Assert(v => v.Relu() * v.Abs(), x);
        Gradcheck.Assert(v => v.Relu() + v.Abs(), x, step: 0.01);
        var report = Gradcheck.Check(v => (1.001 * v.Relu()) - (0.001 * v.Relu().Detach()), x);
        Assert.All(report.Failures, failure => Assert.Null(failure.Note));
        Assert.Equal([0, 2], report.Failures.Where(failure => failure.Mode == "forward").Select(failure => failure.Index![0]));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_is_not_finite_is_told(string deviceName)
    {
        var x = Tensor.From<double>([1, -1], device: TestDevices.Require(deviceName));
        var failure = Assert.Single(Gradcheck.Check(v => (2 * v).Log().Exp(), x).Failures);
        Assert.Equal(("value", "the result [1]", "Log"), (failure.Mode, failure.Of, failure.Op));
        Assert.StartsWith("value: the result [1] is NaN; in Log, run at ", failure.ToString());
    }

    [Fact]
    public void Clear_errors()
    {
        string Message(Action check) => Assert.ThrowsAny<ArgumentException>(check).Message;
        Assert.Contains("argument 0 is float32 [2]", Message(() => Gradcheck.Check(v => v.Sin(), Tensor.Ones([2]))));
        Assert.Contains("float64", Message(() => Gradcheck.Check(v => v.Sin(), Tensor.Ones([2]))));
        Assert.Contains("result 0 is float32 [5]", Message(() => Gradcheck.Check(v => v.To(DType.Float32), X)));
        Assert.Contains("int64 [1]", Message(() => Gradcheck.Check(v => v[0], new[] { X, Tensor.From<long>([1]) })));
        Assert.Contains("no tensor", Message(() => Gradcheck.Check(v => X, 1.5)));
        Assert.Contains("no real tensor", Message(() => Gradcheck.Check(v => v.ArgMax(), X)));
        Assert.Contains("the step 0 or", Message(() => Gradcheck.Check(v => v.Sin(), X, step: 0)));
        Assert.Contains("order of 3", Message(() => Gradcheck.Check(v => v.Sin(), X, order: 3)));
    }
}
