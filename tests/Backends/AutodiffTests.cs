namespace Gpu.Autograd.Tests;

/// <summary>What the modes promise beyond the rules of single ops.</summary>
public class AutodiffTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor Point => Tensor.From<double>([0.3, -0.7, 1.1]);

    /// <summary>d/dx [x · d/dy (x + y)] = 1: the inner derivative does not see the outer variable as its own.</summary>
    [Fact]
    public void Nested_levels_are_not_confused()
    {
        var one = Tensor.Scalar(1, DType.Float64);
        Tensor InnerForward(Tensor x) => x * Autodiff.Jvp(y => x + y, one, one).Tangent;
        Tensor InnerReverse(Tensor x) => x * Autodiff.Grad(y => x + y)(one);
        var x = Tensor.Scalar(3, DType.Float64);
        Assert.Equal(1, Autodiff.Jvp(InnerForward, x, one).Tangent.Item());
        Assert.Equal(1, Autodiff.Jvp(InnerReverse, x, one).Tangent.Item());
        Assert.Equal(1, Autodiff.Grad(InnerForward)(x).Item());
        Assert.Equal(1, Autodiff.Grad(InnerReverse)(x).Item());

        // d/dx [x · d/dy (x·y)] = d/dx x² = 2x.
        Assert.Equal(6, Autodiff.Grad(v => v * Autodiff.Grad(y => v * y)(one))(x).Item());
        Assert.Equal(6, Autodiff.Jvp(v => v * Autodiff.Jvp(y => v * y, one, one).Tangent, x, one).Tangent.Item());
    }

    /// <summary>Forward over reverse of tanh²: the fused backward kernel must not hide the derivative from the outer level.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Forward_over_reverse_sees_through_the_fused_rule(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double a = 0.6;
        double t = Math.Tanh(a);
        double expected = 2 * (1 - (t * t)) * (1 - (3 * t * t));
        var x = Tensor.Scalar(a, DType.Float64, device);
        var v = Tensor.Scalar(1, DType.Float64, device);
        Assert.Equal(expected, Autodiff.Hvp(z => z.Tanh().Square(), x, v).Item(), 1e-12);
    }

    /// <summary>The sixth derivative of tanh, in several mixtures of modes.</summary>
    [Theory]
    [InlineData("rrrrrr")]
    [InlineData("ffffff")]
    [InlineData("frfrfr")]
    [InlineData("rrrfff")]
    public void Sixth_derivative_of_tanh(string modes)
    {
        double a = 0.4;
        double t = Math.Tanh(a);
        double s = 1 - (t * t);

        // From t' = s = 1 − t²: the fifth is s·(16 − 120t² + 120t⁴), and the sixth s times the derivative of that along t.
        double expected = s * t * (-272 + (960 * t * t) - (720 * Math.Pow(t, 4)));
        Func<Tensor, Tensor> f = x => x.Tanh();
        foreach (char mode in modes)
        {
            var inner = f;
            f = mode == 'r' ? Autodiff.Grad(inner) : x => Autodiff.Jvp(inner, x, Tensor.Ones([], DType.Float64)).Tangent;
        }

        Assert.Equal(expected, f(Tensor.Scalar(a, DType.Float64)).Item(), 1e-9);
    }

    [Fact]
    public void A_gradient_of_a_gradient_by_the_tape()
    {
        var x = Point;
        x.RequiresGrad = true;
        (x * x * x).Sum().Backward(createGraph: true);
        var first = x.Grad!;
        x.Grad = null;
        first.Sum().Backward();
        Close.Assert([.. Close.Values(Point).Select(p => 6 * p)], Close.Values(x.Grad!), 1e-12, "6x");
    }

    [Fact]
    public void Gradients_add_up_and_can_be_cleared()
    {
        var x = Point;
        x.RequiresGrad = true;
        (2 * x).Sum().Backward();
        (3 * x).Sum().Backward();
        Assert.Equal([5.0, 5.0, 5.0], Close.Values(x.Grad!));
    }

    [Fact]
    public void No_grad_records_nothing_and_detach_cuts()
    {
        var x = Point;
        x.RequiresGrad = true;
        Assert.False(Tensor.NoGrad(() => (2 * x).Sum()).RequiresGrad);
        (x * x.Detach()).Sum().Backward();
        Assert.Equal(Close.Values(Point), Close.Values(x.Grad!));
        Assert.Equal(0, Autodiff.Grad(v => v.Detach().Sum())(Point).Sum().Item());
    }

    [Fact]
    public void A_graph_is_used_once()
    {
        var x = Point;
        x.RequiresGrad = true;
        var y = x.Square().Sum();
        y.Backward(retainGraph: true);
        y.Backward();
        Close.Assert([.. Close.Values(Point).Select(p => 4 * p)], Close.Values(x.Grad!), 1e-12, "4x");
        var e = Assert.Throws<InvalidOperationException>(() => y.Backward());
        Assert.Contains("used before", e.Message);
    }

    [Fact]
    public void A_value_changed_underneath_is_an_error()
    {
        var x = Point;
        x.RequiresGrad = true;
        var y = x.Square().Sum();
        x.Assign(Tensor.Zeros([3], DType.Float64));
        var e = Assert.Throws<InvalidOperationException>(() => y.Backward());
        Assert.Contains("Square", e.Message);
        Assert.Null(x.Grad);

        // A rule that does not read the operand does not mind.
        var z = (3 * x).Sum();
        x.Assign(Tensor.Ones([3], DType.Float64));
        z.Backward();
        Assert.Equal([3.0, 3.0, 3.0], Close.Values(x.Grad!));
    }

    [Fact]
    public void Clear_errors()
    {
        var x = Point;
        Assert.Contains("[3]", Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v => v * 2)(x)).Message);
        Assert.Contains("int64", Assert.Throws<ArgumentException>(() => Autodiff.Grad(v => v.Sum())(Tensor.From<long>([1]))).Message);
        Assert.Contains("RequiresGrad", Assert.Throws<InvalidOperationException>(() => x.Sum().Backward()).Message);
        Assert.Contains("[2]", Assert.Throws<ArgumentException>(() => Autodiff.Jvp(v => v, x, Tensor.Ones([2], DType.Float64))).Message);
        Assert.Contains("[2]", Assert.Throws<ArgumentException>(() => Autodiff.Vjp(v => v, x).Pullback(Tensor.Ones([2], DType.Float64))).Message);
        Tensor? escaped = null;
        Autodiff.Grad(v => (escaped = v).Sum())(x);
        Assert.Contains("Grad had returned", Assert.Throws<InvalidOperationException>(() => escaped! + 1).Message);
        Assert.Contains("[3] and [2]", Assert.Throws<ArgumentException>(() => x + Tensor.Ones([2], DType.Float64)).Message);
        Assert.Contains("float32", Assert.Throws<ArgumentException>(() => x + Tensor.Ones([3])).Message);
        Assert.Equal(
            "MatMul: inner dimensions differ: [32, 784] × [512, 10] (784 ≠ 512).",
            Assert.Throws<ArgumentException>(() => Tensor.Zeros([32, 784]).MatMul(Tensor.Zeros([512, 10]))).Message);
        Assert.Contains("host", Assert.Throws<ArgumentException>(() => x + x.To(Device.Parse("host"))).Message);
    }

    /// <summary>Several threads at once: levels and grad mode are each thread's own.</summary>
    [Fact]
    public void Threads_do_not_disturb_each_other() =>
        Parallel.For(0, 16, i =>
        {
            for (int k = 0; k < 20; k++)
            {
                var x = Tensor.Scalar(i + 1, DType.Float64);
                Assert.Equal(6.0 * (i + 1), Autodiff.Hvp(z => z * z * z, x, Tensor.Ones([], DType.Float64)).Item(), 1e-12);
                Tensor.NoGrad(() => x + 1);
            }
        });
}
