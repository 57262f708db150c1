using Gpu.Autograd.Ops;
using Gpu.Autograd.Tests.Ops;

namespace Gpu.Autograd.Tests;

/// <summary>Gradcheck passes what is right, and finds and names what is wrong.</summary>
public class GradcheckTests
{
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

    public static TheoryData<string> Devices => TestDevices.All;

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
        Assert.All(row.Shapes, shapes => Gradcheck.Assert(row.Apply, OpCheck.Operands(row, shapes, DType.Float64, Device.Cpu)));
    }

    [Fact]
    public void Structures_in_and_out_selections_and_scalars_pass()
    {
        var (a, b) = (X, X.Exp());
        Gradcheck.Assert(x => (x.A * x.B.Log(), Largest: x.A.ArgMax(), Sum: x.B.Sum(), Note: "text"), (A: a, B: b));
        Gradcheck.Assert(x => x["w"].MatMul(x["v"]), new Dictionary<string, Tensor> { ["w"] = a, ["v"] = b });
        Gradcheck.Assert(x => x.Sin(), Tensor.Scalar(0.4, DType.Float64));
        Gradcheck.Assert(x => x.CrossEntropy(Tensor.From<long>([1, 0])), new Generator(4).Normal([2, 3], dtype: DType.Float64));
        Gradcheck.Assert(x => x + (0 * x.Detach()), Tensor.Zeros([0], DType.Float64));
    }

    /// <summary>Points far from 1, and values far from 1, on either side.</summary>
    [Theory]
    [InlineData(1e-6, 1)]
    [InlineData(1e3, 1)]
    [InlineData(1, 1e8)]
    public void Scales_do_not_matter(double scale, double factor)
    {
        var x = new Generator(5).Uniform([4], 0.5 * scale, 2 * scale, DType.Float64);
        Gradcheck.Assert(v => factor * v.Log() * (v / scale), x);
        Assert.False(Gradcheck.Check(v => factor * (v / scale).Map<WrongTanh>() * (v / scale), x).Passed);
    }

    [Fact]
    public void An_op_wrong_by_a_tenth_of_a_per_cent_fails_and_the_element_is_named()
    {
        var x = Tensor.From<double>([0.5, -0.3, 0.1, 1.2], [2, 2]);
        var report = Gradcheck.Check(v => v.Map<WrongTanh>(), x);
        Assert.Equal(["forward", "reverse"], report.Failures.Select(failure => failure.Mode).Distinct());
        Assert.All(report.Failures, failure =>
        {
            Assert.Equal(0, failure.Argument);
            Assert.Equal([1, 1], failure.Index!);
            Assert.Equal(1.001, failure.Got / failure.Expected, 1e-6);
            Assert.True(failure.Error > failure.Tolerance);
            Assert.Null(failure.Note);
        });
        Assert.Equal("the result [1, 1]", report.Failures[0].Of);
        double slope = 1 - Math.Pow(Math.Tanh(1.2), 2);
        Assert.Equal(slope, report.Failures[0].Expected, 1e-9);
        var e = Assert.Throws<GradcheckException>(() => Gradcheck.Assert(v => v.Map<WrongTanh>(), x));
        Assert.Equal(report.ToString(), e.Message);
        Assert.Contains("forward: the result [1, 1] along argument 0 [1, 1]: expected 0.305", e.Message);
    }

    [Fact]
    public void The_argument_is_named()
    {
        var report = Gradcheck.Check(x => Tensor.Map(default(WrongMul), x[0], x[1]), new[] { X, X.Exp() });
        Assert.False(report.Passed);
        Assert.All(report.Failures, failure => Assert.Equal(1, failure.Argument));
        Assert.Equal(5, report.Failures.Count(failure => failure.Mode == "forward"));
    }

    /// <summary>z² + 2z(x − z) at z = x is x², and its slope is 2x; but its second derivative is 0 and not 2.</summary>
    [Fact]
    public void A_wrong_second_derivative_fails_though_the_first_is_right()
    {
        static Tensor Tangent(Tensor x)
        {
            var z = x.Detach();
            return z.Square() + (2 * z * (x - z));
        }

        Assert.True(Gradcheck.Check(Tangent, X, order: 1).Passed);
        var report = Gradcheck.Check(Tangent, X);
        Assert.Equal(
            ["forward over reverse", "reverse over reverse", "reverse over forward", "forward over forward"],
            report.Failures.Select(failure => failure.Mode).Distinct());
        Assert.All(report.Failures, failure => Assert.Equal(0, failure.Got));
        Assert.Contains(report.Failures, failure => failure is { Argument: 0, Of: "the gradient [3]" } && failure.Index![0] == 3);
    }

    [Fact]
    public void One_mode_alone_is_found()
    {
        // The value depends on the mode: under forward mode there is a factor more.
        static Tensor Inconsistent(Tensor x) => x.Box is Autograd.Dual ? x * 1.001 : x * 1.0;
        var report = Gradcheck.Check(Inconsistent, X);
        Assert.Equal(["forward"], report.Failures.Select(failure => failure.Mode).Distinct());
    }

    [Fact]
    public void A_function_that_is_not_deterministic_is_told()
    {
        var generator = new Generator(1);
        var failure = Assert.Single(Gradcheck.Check(x => x * generator.Uniform(x.Shape, dtype: DType.Float64), X).Failures);
        Assert.Equal("determinism", failure.Mode);
        Assert.Contains("Generator", failure.Note);
        Gradcheck.Assert(x => x * new Generator(1).Uniform(x.Shape, dtype: DType.Float64), X);
    }

    [Fact]
    public void A_kink_at_the_point_is_told_from_a_wrong_rule()
    {
        var x = Tensor.From<double>([0.5, 0, -1]);
        var report = Gradcheck.Check(v => v.Relu(), x, order: 1);
        Assert.All(report.Failures, failure =>
        {
            Assert.Equal([1], failure.Index!);
            Assert.Contains("kink", failure.Note);
        });
        Assert.Equal("forward", report.Failures[0].Mode);
        Assert.Contains("to one side is 0, to the other 1", report.Failures[0].Note);
        Assert.Contains("edge", Gradcheck.Check(v => v.Sqrt(), x.Relu(), order: 1).Failures[0].Note);
    }

    /// <summary>A kink that is only near, within the step, does not matter.</summary>
    [Fact]
    public void A_kink_beside_the_point_is_stepped_around() =>
        Gradcheck.Assert(v => v.Relu() * v.Abs(), Tensor.From<double>([5e-5, -3e-5, 1]));

    [Fact]
    public void What_is_not_finite_is_told()
    {
        var failure = Assert.Single(Gradcheck.Check(v => v.Log(), Tensor.From<double>([1, -1])).Failures);
        Assert.Equal(("value", "the result [1]"), (failure.Mode, failure.Of));
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
        Assert.Contains("order of 3", Message(() => Gradcheck.Check(v => v.Sin(), X, order: 3)));
    }
}
