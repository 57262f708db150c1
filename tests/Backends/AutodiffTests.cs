namespace Gpu.Autograd.Tests;

/// <summary>What the modes promise beyond the rules of single ops.</summary>
public class AutodiffTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>r is reverse mode, f forward mode, the innermost first.</summary>
    public static TheoryData<string, string> SixModes
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string modes in (string[])["rrrrrr", "ffffff", "frfrfr", "rfrfrf", "rrrfff", "fffrrr", "rrffrr"])
                {
                    data.Add(modes, device);
                }
            }

            return data;
        }
    }

    private static Tensor Point => Tensor.From<double>([0.3, -0.7, 1.1]);

    /// <summary>d/dx [x · d/dy (x + y)] = 1: the inner derivative does not see the outer variable as its own.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Nested_levels_are_not_confused(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var one = Tensor.Scalar(1, DType.Float64, device);
        Tensor InnerForward(Tensor x) => x * Autodiff.Jvp(y => x + y, one, one).Tangent;
        Tensor InnerReverse(Tensor x) => x * Autodiff.Grad(y => x + y)(one);
        var x = Tensor.Scalar(3, DType.Float64, device);
        Assert.Equal(1, Autodiff.Jvp(InnerForward, x, one).Tangent.Item());
        Assert.Equal(1, Autodiff.Jvp(InnerReverse, x, one).Tangent.Item());
        Assert.Equal(1, Autodiff.Grad(InnerForward)(x).Item());
        Assert.Equal(1, Autodiff.Grad(InnerReverse)(x).Item());

        // d/dx [x · d/dy (x·y)] = d/dx x² = 2x.
        Assert.Equal(6, Autodiff.Grad(v => v * Autodiff.Grad(y => v * y)(one))(x).Item());
        Assert.Equal(6, Autodiff.Jvp(v => v * Autodiff.Jvp(y => v * y, one, one).Tangent, x, one).Tangent.Item());
    }

    /// <summary>The same with batches between the levels, outside of them, and of batches within batches.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Nested_levels_are_not_confused_with_batches(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var batch = Tensor.From<double>([1, 2, 5], device: device);
        var other = Tensor.From<double>([10, 20], device: device);
        var one = Tensor.Scalar(1, DType.Float64, device);
        var x = Tensor.Scalar(3, DType.Float64, device);

        // Σ over y of x · d/dy (x + y) is 3x, and of x · d/dy (x·y) is 3x².
        foreach (bool forward in new[] { false, true })
        {
            Tensor Slope(Func<Tensor, Tensor> f, Tensor at) => forward ? Autodiff.Jvp(f, at, one).Tangent : Autodiff.Grad(f)(at);
            Tensor Sum(Tensor v) => Autodiff.Vmap(y => v * Slope(z => v + z, y))(batch).Sum();
            Tensor Product(Tensor v) => Autodiff.Vmap(y => v * Slope(z => v * z, y))(batch).Sum();
            Assert.Equal(3, Autodiff.Grad(Sum)(x).Item());
            Assert.Equal(3, Autodiff.Jvp(Sum, x, one).Tangent.Item());
            Assert.Equal(18, Autodiff.Grad(Product)(x).Item());
            Assert.Equal(18, Autodiff.Jvp(Product, x, one).Tangent.Item());

            // d/dx [x · d/dy (x·y)] = 2x, the outermost level a batch's, or the one between.
            Tensor Twice(Tensor v) => v * Slope(y => v * y, one);
            Assert.Equal([2, 4, 10], Close.Values(Autodiff.Vmap(Autodiff.Grad(Twice))(batch)));
            Assert.Equal([2, 4, 10], Close.Values(Autodiff.Vmap(v => Autodiff.Jvp(Twice, v, one).Tangent)(batch)));
            Assert.Equal([2, 4, 10], Close.Values(Autodiff.Grad(b => Autodiff.Vmap(Twice)(b).Sum())(batch)));
            Assert.Equal([2, 4, 10], Close.Values(Autodiff.Jvp(Autodiff.Vmap(Twice), batch, Tensor.Ones([3], DType.Float64, device)).Tangent));
        }

        // The two batches are each their own axis, also where their lengths are equal and where a gradient is taken between them.
        Tensor Differences(Tensor a, Tensor b) => Autodiff.Vmap(v => Autodiff.Vmap(w => v - (2 * w))(b))(a);
        Close.Assert(batch.Reshape(3, 1) - (2 * other), Differences(batch, other), 0, "two batches");
        Close.Assert(batch.Reshape(3, 1) - (2 * batch), Differences(batch, batch), 0, "two batches of one length");
        Close.Assert(
            other * batch.Reshape(3, 1), Autodiff.Vmap(v => Autodiff.Grad(u => (Autodiff.Vmap(w => w * u)(other) * other).Sum())(v) * v / 500
                * other)(batch), 1e-14, "a gradient between two batches");
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
    [SkippableTheory]
    [MemberData(nameof(SixModes))]
    public void Sixth_derivative_of_tanh(string modes, string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double a = 0.4;
        double t = Math.Tanh(a);
        double s = 1 - (t * t);

        // From t' = s = 1 − t²: the fifth is s·(16 − 120t² + 120t⁴), and the sixth s times the derivative of that along t.
        double expected = s * t * (-272 + (960 * t * t) - (720 * Math.Pow(t, 4)));
        Func<Tensor, Tensor> f = x => x.Tanh();
        foreach (char mode in modes)
        {
            var inner = f;
            f = mode == 'r' ? Autodiff.Grad(inner) : x => Autodiff.Jvp(inner, x, Tensor.Ones([], DType.Float64, device)).Tangent;
        }

        Assert.Equal(expected, f(Tensor.Scalar(a, DType.Float64, device)).Item(), 1e-9);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_gradient_of_a_gradient_by_the_tape(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Point.To(device);
        x.RequiresGrad = true;
        (x * x * x).Sum().Backward(createGraph: true);
        var first = x.Grad!;
        x.Grad = null;
        first.Sum().Backward();
        Close.Assert([.. Close.Values(Point).Select(p => 6 * p)], Close.Values(x.Grad!), 1e-12, "6x");
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Gradients_add_up_and_can_be_cleared(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Point.To(device);
        x.RequiresGrad = true;
        (2 * x).Sum().Backward();
        (3 * x).Sum().Backward();
        Assert.Equal([5.0, 5.0, 5.0], Close.Values(x.Grad!));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void No_grad_records_nothing_and_detach_cuts(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Point.To(device);
        x.RequiresGrad = true;
        Assert.False(Tensor.NoGrad(() => (2 * x).Sum()).RequiresGrad);
        (x * x.Detach()).Sum().Backward();
        Assert.Equal(Close.Values(Point), Close.Values(x.Grad!));
        Assert.Equal(0, Autodiff.Grad(v => v.Detach().Sum())(Point.To(device)).Sum().Item());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_graph_is_used_once(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Point.To(device);
        x.RequiresGrad = true;
        var y = x.Square().Sum();
        y.Backward(retainGraph: true);
        y.Backward();
        Close.Assert([.. Close.Values(Point).Select(p => 4 * p)], Close.Values(x.Grad!), 1e-12, "4x");
        var e = Assert.Throws<InvalidOperationException>(() => y.Backward());
        Assert.Contains("used before", e.Message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_value_changed_underneath_is_an_error(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Point.To(device);
        x.RequiresGrad = true;
        var y = x.Square().Sum();
        x.Assign(Tensor.Zeros([3], DType.Float64, device));
        var e = Assert.Throws<InvalidOperationException>(() => y.Backward());
        Assert.Contains("Square", e.Message);
        Assert.Null(x.Grad);

        // A rule that does not read the operand does not mind.
        var z = (3 * x).Sum();
        x.Assign(Tensor.Ones([3], DType.Float64, device));
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

    /// <summary>Several threads at once, on one device: levels and grad mode are each thread's own.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Threads_do_not_disturb_each_other(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        int rounds = deviceName == "cpu" ? 20 : 3;
        var threads = Enumerable.Range(1, 8).Select(i => Task.Factory.StartNew(
            () =>
            {
                for (int k = 0; k < rounds; k++)
                {
                    var x = Tensor.Scalar(i, DType.Float64, device);
                    var one = Tensor.Ones([], DType.Float64, device);
                    Assert.Equal(6.0 * i, Autodiff.Hvp(z => z * z * z, x, one).Item(), 1e-12);
                    Assert.False(Tensor.NoGrad(() => x + 1).RequiresGrad);
                    x.RequiresGrad = true;
                    var y = x * x * x;
                    Assert.True(y.RequiresGrad);
                    y.Backward();
                    Assert.Equal(3.0 * i * i, x.Grad!.Item(), 1e-12);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        Task.WaitAll(threads);
    }
}
