using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using Parameters = System.Collections.Generic.Dictionary<string, Gpu.Autograd.Tensor>;

namespace Gpu.Autograd.Tests;

/// <summary>A module as a function of its parameters, under every transform.</summary>
public class FunctionalTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>The gradient of every sample's own loss: mapped, by the loop, and by the tape one sample at a time.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Per_sample_gradients_are_the_loop(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        const int Samples = 256;
        int hidden = deviceName == "cpu" ? 32 : 4;
        var module = Mlp(1, 8, hidden, 3);
        module.To(device);
        var x = new Generator(2).Normal([Samples, 8], device: device);
        var labels = Tensor.From<long>([.. Enumerable.Range(0, Samples).Select(i => (long)(i * 7 % 3))], device: device);
        var net = new Functional(module);
        Tensor Loss(Parameters p, Tensor sample, Tensor label) => net.Call(p, sample.Reshape(1, 8)).CrossEntropy(label.Reshape(1));
        Parameters Gradient(Parameters p, Tensor sample, Tensor label) => Autodiff.Grad<Parameters>(q => Loss(q, sample, label))(p);
        var mapped = Autodiff.Vmap<Parameters, Tensor, Tensor, Parameters>(Gradient, null, 0, 0)(net.Parameters, x, labels);
        foreach (int i in deviceName == "cpu" ? Enumerable.Range(0, Samples) : [0, 1, 100, Samples - 1])
        {
            var (sample, label) = (x[i..(i + 1)], labels[i..(i + 1)]);
            var alone = Gradient(net.Parameters, sample.Reshape(8), label.Reshape([]));
            foreach (var parameter in module.Parameters)
            {
                parameter.Grad = null;
            }

            module.Forward(sample).CrossEntropy(label).Backward();
            foreach (var (name, tensor) in module.State())
            {
                var own = mapped[name][i..(i + 1)].Reshape([.. tensor.Shape.Lengths]);
                Close.Assert(tensor.Grad!, own, 1e-5, $"{name} of sample {i} on {deviceName}, against the tape");
                Close.Assert(alone[name], own, 1e-5, $"{name} of sample {i} on {deviceName}, against Grad alone");
            }
        }

        Assert.Equal(module.State().Keys.Order(), mapped.Keys.Order());
    }

    /// <summary>Four networks trained as one batch become what each becomes alone.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_ensemble_trains_like_its_members(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        int steps = deviceName == "cpu" ? 25 : 3;
        Sequential[] modules = [.. Enumerable.Range(1, 4).Select(seed => Mlp((ulong)seed, 2, 6, 1))];
        Array.ForEach(modules, module => module.To(device));
        var net = new Functional(modules[0]);
        var x = new Generator(7).Normal([10, 2], device: device);
        var target = x[.., 0..1] * x[.., 1..2];
        var step = Autodiff.Vmap<Parameters, Parameters>(p =>
        {
            var g = Autodiff.Grad<Parameters>(q => net.Call(q, x).MeanSquaredError(target))(p);
            return p.ToDictionary(named => named.Key, named => named.Value - (0.1 * g[named.Key]));
        });
        var together = Functional.Stack(modules);
        for (int k = 0; k < steps; k++)
        {
            together = step(together);
        }

        foreach (var (k, module) in modules.Index())
        {
            var before = module.Parameters[0].ToArray<float>();
            var sgd = new Sgd(module.Parameters, 0.1);
            for (int i = 0; i < steps; i++)
            {
                sgd.ZeroGrad();
                module.Forward(x).MeanSquaredError(target).Backward();
                sgd.Step();
            }

            Assert.NotEqual(before, module.Parameters[0].ToArray<float>());
            foreach (var (name, tensor) in module.State())
            {
                Close.Assert(
                    tensor, together[name][k..(k + 1)].Reshape([.. tensor.Shape.Lengths]), 1e-5, $"{name} of net {k} on {deviceName}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Hvp_over_all_parameters_is_the_difference_of_gradients(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var module = Mlp(3, 4, 5, 2, DType.Float64).To(device);
        var net = new Functional(module);
        var x = new Generator(4).Normal([6, 4], dtype: DType.Float64, device: device);
        var target = new Generator(5).Normal([6, 2], dtype: DType.Float64, device: device);
        Tensor Loss(Parameters p) => net.Call(p, x).MeanSquaredError(target);
        var p = net.Parameters;
        var v = p.ToDictionary(named => named.Key, named => new Generator(6).Normal(named.Value.Shape, dtype: DType.Float64, device: device));
        var product = Autodiff.Hvp(Loss, p, v);
        Parameters At(double h) => Autodiff.Grad<Parameters>(Loss)(
            p.ToDictionary(named => named.Key, named => named.Value + (h * v[named.Key])));
        const double H = 1e-5;
        var (above, below) = (At(H), At(-H));
        foreach (string name in p.Keys)
        {
            Close.Assert((above[name] - below[name]) / (2 * H), product[name], 1e-8, name);
        }

        Assert.Contains(product.Values, t => t.Abs().Sum().Item() > 1e-3);
    }

    /// <summary>Calls within calls, parameters swapped, returned, detached and given as they are; the module is the same afterwards.</summary>
    [Fact]
    public void Calls_nest_and_leave_the_module_alone()
    {
        var module = new Pair(2, 3);
        var net = new Functional(module);
        var x = Tensor.Scalar(5, DType.Float64);
        Assert.Equal((2 * 5) + 3, module.Forward(x).Item());
        Assert.Equal((7 * 5) + 11, net.Call(Of(7, 11), x).Item());

        // Its own objects, swapped.
        var swapped = new Parameters { ["a"] = module.B, ["b"] = module.A };
        Assert.Equal((3 * 5) + 2, net.Call(swapped, x).Item());
        net.Call(swapped, x).Backward();
        Assert.Equal((1.0, 5.0), (module.A.Grad!.Item(), module.B.Grad!.Item()));

        // In a call, the module's own tensors are what they stand for, also as arguments of transforms and of further calls.
        var own = new Parameters { ["a"] = module.A, ["b"] = module.B };
        Assert.Equal((7 * 5) + 11, net.Call(Of(7, 11), () => net.Call(own, x)).Item());
        Assert.Equal(7 * 2, net.Call(Of(7, 11), () => Autodiff.Grad(a => a * a)(module.A)).Item());
        Assert.Equal(7, net.Call(Of(7, 11), () => module.A).Item());
        Assert.Equal(1, Autodiff.Grad<Parameters>(p => net.Call(p, () => module.A))(net.Parameters)["a"].Item());
        Assert.Equal(5, Autodiff.Grad<Parameters>(p => net.Call(p, () => module.A.Detach() * module.B))(Of(5, 3))["b"].Item());
        Assert.Equal(0, Autodiff.Grad<Parameters>(p => net.Call(p, () => module.A.Detach() * module.B))(Of(5, 3))["a"].Item());
        Assert.Equal(7, net.Call(Of(7, 11), () => Tensor.Scalar(module.A.Item())).Item());

        // d/dq [q · d/dp (p·q)] with both levels through the module: 2q.
        double nested = Autodiff.Grad(q => q * Autodiff.Grad<Parameters>(p => net.Call(p, q))(net.Parameters)["a"])(x).Item();
        Assert.Equal(2 * 5, nested);

        // The transform's arguments are the module's own objects; the module's rule runs a transform itself.
        Assert.Equal(5, Autodiff.Grad<Parameters>(p => net.Call(p, x))(own)["a"].Item());
        Assert.Equal(2 * 2 * 5, Autodiff.Grad<Parameters>(
            p => net.Call(p, () => Autodiff.Grad(a => a * a * x)(module.A) * module.A / 2))(own)["a"].Item(), 1e-12);

        // A rule of one's own is run on the values below, which are the module's own objects too.
        var times = Autodiff.CustomVjp<(Tensor A, Tensor B), Tensor, (Tensor A, Tensor B)>(
            v => v.A * v.B, v => (v.A * v.B, v), (r, g) => (g * r.B, g * r.A));
        var gradients = Autodiff.Grad<Parameters>(p => net.Call(p, () => times((module.A, module.B * x))))(own);
        Assert.Equal((3 * 5, 2 * 5), (gradients["a"].Item(), gradients["b"].Item()));
        Assert.Equal((2 * 5) + 3, module.Forward(x).Item());
    }

    [Fact]
    public void Dropout_differs_along_the_batch()
    {
        var module = new Sequential(Mlp(1, 3, 16, 16), new Dropout(0.5, new Generator(9)));
        var net = new Functional(module);
        var x = new Generator(2).Normal([3]).BroadcastTo([4, 3]);
        var y = Autodiff.Vmap<Parameters, Tensor, Tensor>((p, sample) => net.Call(p, sample), null, 0)(net.Parameters, x).ToArray<float>();
        Assert.NotEqual(y[..16], y[16..32]);
    }

    [Fact]
    public void Threads_do_not_disturb_each_other()
    {
        var module = new Pair(2, 3);
        var net = new Functional(module);
        Parallel.For(0, 16, i =>
        {
            for (int k = 0; k < 20; k++)
            {
                var x = Tensor.Scalar(k, DType.Float64);
                Assert.Equal((i * k) + 1, net.Call(Of(i, 1), x).Item());
                Assert.Equal((2 * k) + 3, module.Forward(x).Item());
                Assert.Equal(k, Autodiff.Grad<Parameters>(p => net.Call(p, x))(Of(i, 1))["a"].Item());
            }
        });
    }

    [Fact]
    public void Clear_errors()
    {
        var module = new Pair(2, 3);
        var net = new Functional(module);
        var x = Tensor.Scalar(5, DType.Float64);
        var wrong = new Parameters { ["a"] = Tensor.Ones([2], DType.Float64), ["c"] = x };
        Assert.Equal(
            "Functional: the parameters do not fit Pair: missing: b; unexpected: c; a is [2], not [].",
            Assert.Throws<ArgumentException>(() => net.Call(wrong, x)).Message);
        var single = new Parameters { ["a"] = Tensor.Scalar(1), ["b"] = x };
        Assert.Contains("a is float32 on cpu, not float64", Assert.Throws<ArgumentException>(() => net.Call(single, x)).Message);
        Assert.Contains("no modules", Assert.Throws<ArgumentException>(() => Functional.Stack()).Message);
        Assert.Contains(
            "Functional",
            Assert.Throws<InvalidOperationException>(() => net.Call(Of(1, 1), () =>
            {
                module.A.Assign(x);
                return x;
            })).Message);

        // After an error the module's parameters are its own again.
        Assert.Equal(2, (module.A * 1).Item());
    }

    private static Parameters Of(double a, double b) =>
        new() { ["a"] = Tensor.Scalar(a, DType.Float64), ["b"] = Tensor.Scalar(b, DType.Float64) };

    private static Sequential Mlp(ulong seed, int inputs, int hidden, int outputs, DType dtype = DType.Float32)
    {
        var generator = new Generator(seed);
        return new Sequential(
            new Linear(inputs, hidden, generator: generator, dtype: dtype), new Tanh(),
            new Linear(hidden, outputs, generator: generator, dtype: dtype));
    }

    /// <summary>y = a·x + b.</summary>
    private sealed class Pair : Module
    {
        public Pair(double a, double b)
        {
            A = Tensor.Scalar(a, DType.Float64);
            B = Tensor.Scalar(b, DType.Float64);
            A.RequiresGrad = B.RequiresGrad = true;
        }

        public Tensor A { get; }

        public Tensor B { get; }

        public override Tensor Forward(Tensor x) => (A * x) + B;
    }
}
