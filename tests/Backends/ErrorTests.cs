namespace Gpu.Autograd.Tests;

/// <summary>What is asked for wrongly is told in one sentence, with the op, the shapes and the values. The sentences are in full.</summary>
public class ErrorTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor X(Device device) => Tensor.From<double>([1, 2, 3], device: device);

    private static string Message<T>(Func<object?> body)
        where T : Exception => Assert.Throws<T>(() => body()).Message;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Only_a_scalar_has_a_gradient(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        const string Rest = "the result has shape [3]; only a scalar has a gradient. Sum it, or ask for a Vjp or the Jacobian.";
        Assert.Equal($"Grad: {Rest}", Message<InvalidOperationException>(() => Autodiff.Grad(x => 2 * x)(X(device))));
        Assert.Equal($"Grad: {Rest}", Message<InvalidOperationException>(() => Autodiff.Hessian(x => 2 * x, X(device))));
        Assert.Equal($"Backward: {Rest}", Message<InvalidOperationException>(() =>
        {
            (2 * Leaf(device)).Backward();
            return null;
        }));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_integer_has_no_gradient(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var labels = Tensor.From<long>([1, 2], device: device);
        const string Rest = ", int64 [2], has no gradient; only float32 and float64 have.";
        Assert.Equal($"Grad: the argument{Rest}", Message<ArgumentException>(() => Autodiff.Grad(a => a.Sum())(labels)));
        Assert.Equal(
            $"Grad: argument 1{Rest} Let the function capture it, or differentiate along another argument (argument: 0).",
            Message<ArgumentException>(() => Autodiff.Grad((a, b) => a.Sum())(X(device), labels)));
        string inside = $"the argument's .Item2{Rest} Let the function capture it.";
        Assert.Equal($"Vjp: {inside}", Message<ArgumentException>(() => Autodiff.Vjp(x => x.A, (A: X(device), B: labels))));
        Assert.Equal($"Jvp: {inside}", Message<ArgumentException>(() => Autodiff.Jvp(x => x.A, (A: X(device), B: labels), (A: X(device), B: labels))));
        Assert.Equal(
            "RequiresGrad: int64 [2] has no gradient; only float32 and float64 have.",
            Message<InvalidOperationException>(() => labels.RequiresGrad = true));
        Assert.Equal(
            "Tanh: the elements of [2] are int64, not float32 or float64; convert with To(DType) first.",
            Message<ArgumentException>(() => labels.Tanh()));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_op_without_a_derivative_is_named(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Assert.Equal(
            "Backward: the result, int64 [], comes from ArgMax, which has no derivative; only float32 and float64 have gradients.",
            Message<InvalidOperationException>(() => Backward(device, x => x.ArgMax())));
        Assert.Equal(
            "Backward: float32 [] was computed from the result of ArgMax, which has no derivative, and of nothing else that has RequiresGrad set.",
            Message<InvalidOperationException>(() => Backward(device, x => 2 * x.ArgMax().To(DType.Float32))));
        Assert.Equal(
            "Grad: the result, int64 [], has no gradient; only float32 and float64 have gradients.",
            Message<InvalidOperationException>(() => Autodiff.Grad(x => x.ArgMax())(X(device))));
        Assert.Equal(
            "Backward: nothing that float64 [] was computed from has RequiresGrad set.",
            Message<InvalidOperationException>(() => Backward(device, _ => X(device).Sum())));
        Assert.Equal(
            "Backward: nothing that float64 [] was computed from has RequiresGrad set.",
            Message<InvalidOperationException>(() => Backward(device, x => Tensor.NoGrad(() => x.Sum()))));

        // Beside a way that has a derivative it is no error: the gradient is that way's.
        var x = Leaf(device);
        x.Gather(x.ArgMax().Reshape(1)).Sum().Backward();
        Assert.Equal([0.0, 0, 1], Close.Values(x.Grad!));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Dtypes_and_devices_are_not_mixed(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        string here = device.Name;
        string there = here == "cpu" ? "host" : "cpu";
        var (single, other) = (Tensor.Ones([3], device: device), Tensor.Ones([3], DType.Float64).To(Device.Parse(there)));
        Assert.Equal(
            "Add: dtypes differ: float64 [3] and float32 [3]; convert with To(DType).", Message<ArgumentException>(() => X(device) + single));
        Assert.Equal(
            $"MatMul: devices differ: [3] is on {here}, [3] on {there}; move with To(Device).", Message<ArgumentException>(() => X(device).MatMul(other)));
        Assert.Equal(
            "Gather: the index [3] is float32, not int32 or int64.", Message<ArgumentException>(() => X(device).Gather(single)));
        var (_, pullback) = Autodiff.Vjp(x => x.Tanh(), X(device));
        Assert.Equal(
            $"Vjp: the gradient, float32 [3] on {here}, is not like the result, float64 [3] on {here}.",
            Message<ArgumentException>(() => pullback(single)));
        Assert.Equal(
            $"Vjp: the gradient, float64 [3] on {there}, is not like the result, float64 [3] on {here}.",
            Message<ArgumentException>(() => pullback(other)));
        Assert.Equal(
            $"Jvp: the tangent, float32 [3] on {here}, is not like the argument, float64 [3] on {here}.",
            Message<ArgumentException>(() => Autodiff.Jvp(x => x.Tanh(), X(device), single)));
        Assert.Equal(
            $"Jvp: the tangent, float64 [3] on {there}, is not like the argument, float64 [3] on {here}.",
            Message<ArgumentException>(() => Autodiff.Jvp(x => x.Tanh(), X(device), other)));
        Assert.Equal(
            "Assign: float32 [3] does not fit into float64 [3].", Message<ArgumentException>(() =>
            {
                X(device).Assign(single);
                return null;
            }));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_axis_that_is_not_there(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.Zeros([2, 3], device: device);
        foreach (var (op, body) in new (string, Func<Tensor>)[]
        {
            ("Sum", () => x.Sum(2)), ("Mean", () => x.Mean(2)), ("ArgMax", () => x.ArgMax(2)), ("Max", () => x.Max(2)),
            ("MoveAxis", () => x.MoveAxis(0, 2)), ("Gather", () => x.Gather(Tensor.From<long>([0], device: device), 2)), ("Permute", () => x.Permute(0, 2)),
            ("Concat", () => Tensor.Concat([x, x], 2)), ("Vmap", () => Autodiff.Vmap(v => v, inAxis: 2)(x)),
            ("Vmap", () => Autodiff.Vmap(v => v, outAxis: 2)(x)),
        })
        {
            Assert.Equal(
                $"{op}: there is no axis 2 in shape [2, 3] (rank 2).", Message<ArgumentOutOfRangeException>(body));
        }

        Assert.Equal("Sum: axis 1 is named twice in [1, -1].", Message<ArgumentException>(() => x.Sum([1, -1])));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void No_host_read_under_vmap(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.Zeros([3, 2], device: device);
        const string Expected = "Host read: under Vmap this float32 [] stands for 3 values at once, and there is no one value to read; " +
            "use Where() instead of a test, or return the value.";
        Assert.Equal(Expected, Message<InvalidOperationException>(() => Autodiff.Vmap(v => v.Sum().Item() > 0 ? v : -v)(x)));
        Assert.Equal(Expected, Message<InvalidOperationException>(() => Autodiff.Vmap(v => v * v.Sum().ToArray<float>()[0])(x)));
        Assert.Equal(Expected, Message<InvalidOperationException>(() => Autodiff.Vmap(v => Autodiff.Grad(w => w.Sum() * w.Sum().Item())(v))(x)));

        // Under Grad alone there is one value, and it may be read.
        Assert.Equal([1.0, 1, 1], Close.Values(Autodiff.Grad(v => v.Sum().Item() > 0 ? v.Sum() : -v.Sum())(X(device))));
    }

    /// <summary>The op named is the one that was called, and not the one that it is made of.</summary>
    [Fact]
    public void Ops_speak_in_their_own_name()
    {
        var x = X(Device.Cpu);
        var empty = Tensor.Zeros([0, 3]);
        Assert.Equal("Max: axis 0 of [0, 3] is empty.", Message<ArgumentException>(() => empty.Max(0)));
        Assert.Equal("Min: axis 0 of [0, 3] is empty.", Message<ArgumentException>(() => empty.Min(0)));
        Assert.Equal("ArgMin: axis 0 of [0, 3] is empty.", Message<ArgumentException>(() => empty.ArgMin(0)));
        Assert.Equal(
            "Slice: ^2147483647 is outside of axis 0 of [3] (length 3).", Message<ArgumentOutOfRangeException>(() => x[int.MinValue]));
        Assert.Equal(
            "Permutation: the count is -1; it must not be negative.", Message<ArgumentException>(() => new Generator(1).Permutation(-1)));
        Assert.Equal(
            "Arange: 0 to 1000000000000 in steps of 1 are 1000000000000 numbers, more than fit in a tensor.",
            Message<ArgumentException>(() => Tensor.Arange(0.0, 1e12)));
        Assert.Equal([true, true], new Generator(1).Bernoulli([2], 1, DType.Bool).ToArray<bool>());
    }

    private static Tensor Leaf(Device device)
    {
        var x = X(device);
        x.RequiresGrad = true;
        return x;
    }

    private static object? Backward(Device device, Func<Tensor, Tensor> f)
    {
        f(Leaf(device)).Backward();
        return null;
    }
}
