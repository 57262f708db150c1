using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Tests;

/// <summary>A checkpointed function is the function, under every mode and mixture of modes; only its memory differs.</summary>
[Collection(nameof(Alone))]
public class CheckpointTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    public static TheoryData<string, string> KindsOnDevices
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string kind in (string[])["argument", "captured", "both", "partly detached", "nested", "structure"])
                {
                    data.Add(kind, device);
                }
            }

            return data;
        }
    }

    private static Tensor W => new Generator(1).Normal([3, 3], dtype: DType.Float64);

    private static Tensor X => new Generator(2).Normal([2, 3], dtype: DType.Float64);

    private static Tensor V => new Generator(3).Normal([2, 3], dtype: DType.Float64);

    /// <summary>Gradients of arguments and of captured parameters by the tape, with random numbers drawn inside.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void By_the_tape_with_random_numbers(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] Gradients(bool checkpointed)
        {
            var (w, x) = (W.To(device), X.To(device));
            w.RequiresGrad = x.RequiresGrad = true;
            var generator = new Generator(4);
            int calls = 0;
            Tensor Block(Tensor h)
            {
                calls++;
                return (h.MatMul(w).Tanh() * generator.Uniform([2, 3], dtype: DType.Float64, device: device)) + w.Sum();
            }

            Func<Tensor, Tensor> block = checkpointed ? h => Autodiff.Checkpoint(Block, h) : Block;
            var loss = block(block(x)).Square().Sum();
            loss.Backward();
            Assert.Equal(checkpointed ? 4 : 2, calls);
            return [loss.Item(), .. Close.Values(w.Grad!), .. Close.Values(x.Grad!), .. Close.Values(generator.Uniform([2]))];
        }

        Close.Assert(Gradients(false), Gradients(true), 1e-13, $"loss, gradients and the next random numbers on {deviceName}");
    }

    /// <summary>Every mixture of modes, with the function of an argument, of what it captured, and of both.</summary>
    [SkippableTheory]
    [MemberData(nameof(KindsOnDevices))]
    public void Every_mixture_of_modes(string kind, string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Tensor F(Tensor x, bool checkpointed)
        {
            TOut Run<TIn, TOut>(Func<TIn, TOut> f, TIn a) => checkpointed ? Autodiff.Checkpoint(f, a) : f(a);
            return kind switch
            {
                "argument" => Run(h => h.MatMul(W.To(device)).Tanh() * h.Exp(), x) * x,
                "captured" => Run(h => (h * x).Sin().MatMul(W.To(device)) * x.Max(-1, true), W.To(device)[..2] * 1),
                "both" => Run(h => (h * x).Sin() * x, x.Square()),
                "partly detached" => Run(h => (h * x).Sin() * Tensor.NoGrad(() => x * h) * x.Detach(), x.Square()),
                "nested" => Run(h => Run(k => (k * x).Sin() * h, h.Exp()) * h.Square(), x),
                _ => Structured(Run(((Tensor A, int Power, Tensor[] B) s) => new[] { s.A * s.B[0].Tanh(), s.B[1].Exp(), s.A },
                    (A: x.Square(), Power: 2, B: new[] { x, x.Cos() }))),
            };
            static Tensor Structured(Tensor[] y) => (y[0] * y[2]) + y[1];
        }

        Tensor Loss(Tensor x, bool c) => F(x, c).Square().Sum();
        Tensor batch = new Generator(5).Normal([4, 2, 3], dtype: DType.Float64, device: device);
        var one = (bool c) => (Func<Tensor, Tensor>)(x => Loss(x, c));
        Same("value", c => F(X.To(device), c));
        Same("reverse", c => Autodiff.Grad(one(c))(X.To(device)));
        Same("forward", c => Autodiff.Jvp(x => F(x, c), X.To(device), V.To(device)).Tangent);
        Same("forward over reverse", c => Autodiff.Hvp(one(c), X.To(device), V.To(device)));
        Same("reverse over forward", c => Autodiff.Grad(x => Autodiff.Jvp(one(c), x, V.To(device)).Tangent)(X.To(device)));
        Same("reverse over reverse", c => Autodiff.Grad(x => (Autodiff.Grad(one(c))(x) * V.To(device)).Sum())(X.To(device)));
        Same("third order", c => Autodiff.Grad(x => (Autodiff.Hvp(one(c), x, V.To(device)) * V.To(device)).Sum())(X.To(device)));
        Same("third order, reverse alone", c => Autodiff.Grad(x => Autodiff.Grad(
            z => (Autodiff.Grad(one(c))(z) * V.To(device)).Sum())(x).Square().Sum())(X.To(device)));
        Same("Vmap of reverse", c => Autodiff.Vmap(Autodiff.Grad(one(c)))(batch));
        Same("reverse over Vmap", c => Autodiff.Grad(x => Autodiff.Vmap(one(c))(x).Square().Sum())(batch));
        Same("reverse over Vmap of reverse", c => Autodiff.Grad(
            x => Autodiff.Vmap(Autodiff.Grad(one(c)))(x).Square().Sum())(batch));
        Same("Jacobian by rows", c => Autodiff.JacobianReverse(x => F(x, c), X.To(device)));
        Same("Jacobian by columns", c => Autodiff.JacobianForward(x => F(x, c), X.To(device)));
        Same("Hessian", c => Autodiff.Hessian(one(c), X.To(device)));
        Same("tape", c =>
        {
            var x = X.To(device);
            x.RequiresGrad = true;
            Loss(x, c).Backward();
            return x.Grad!;
        });
        Same("tape twice", c =>
        {
            var x = X.To(device);
            x.RequiresGrad = true;
            Loss(x, c).Backward(createGraph: true);
            var g = x.Grad!;
            x.Grad = null;
            (g * V.To(device)).Sum().Backward();
            return x.Grad!;
        });
        Same("tape around reverse", c =>
        {
            var x = X.To(device);
            x.RequiresGrad = true;
            (Autodiff.Grad(z => Loss(z * x, c))(V.To(device)) * V.To(device)).Sum().Backward();
            return x.Grad!;
        });

        void Same(string mode, Func<bool, Tensor> f)
        {
            var plain = f(false);
            Assert.True(plain.Abs().Sum().Item() > 1e-3, mode);
            Close.Assert(plain, f(true), 1e-11, $"{kind}: {mode}");
        }
    }

    /// <summary>Masks drawn inside are the same in the gradient, for each sample its own; a Jacobian's rows see one and the same.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Random_numbers_under_a_batch(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var batch = new Generator(5).Normal([4, 3], dtype: DType.Float64, device: device);
        var w = Tensor.Ones([3], DType.Float64, device);
        Tensor F(Generator generator, Tensor x, bool checkpointed)
        {
            Func<Tensor, Tensor> f = h => h * h * generator.Uniform([3], dtype: DType.Float64, device: device);
            return checkpointed ? Autodiff.Checkpoint(f, x) : f(x);
        }

        Same("Vmap of reverse", (generator, c) => Autodiff.Vmap(Autodiff.Grad(x => F(generator, x, c).Sum()))(batch));
        Same("reverse over Vmap", (generator, c) => Autodiff.Grad(x => Autodiff.Vmap(z => F(generator, z, c))(x).Sum())(batch));
        Same("an argument outside of the batch", (generator, c) => Autodiff.Grad(
            v => Autodiff.Vmap(z => F(generator, v, c) * z)(batch).Sum())(w));
        Same("Vmap of reverse, an argument outside of the batch", (generator, c) => Autodiff.Vmap(
            z => Autodiff.Grad(v => (F(generator, v, c) * z).Sum())(w))(batch));
        Same("Jacobian", (generator, c) => Autodiff.JacobianReverse(x => F(generator, x, c), w));
        Same("Hessian", (generator, c) => Autodiff.Hessian(x => F(generator, x, c).Sum(), w));

        void Same(string mode, Func<Generator, bool, Tensor> f)
        {
            var (plain, checkpointed) = (new Generator(6), new Generator(6));
            var expected = f(plain, false);
            Assert.True(Close.Values(expected).Distinct().Count() > 2, mode);
            Close.Assert(expected, f(checkpointed, true), 1e-12, mode);
            Assert.Equal(plain.Counter, checkpointed.Counter);
        }
    }

    /// <summary>Modules with dropout, run with other parameters than their own.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Within_a_functional_module(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        // Gradients with respect to other parameters, or with respect to the module's own objects.
        Dictionary<string, Tensor> Gradient(bool checkpointed, bool own)
        {
            var block = new Sequential(
                new Linear(3, 3, generator: new Generator(7), dtype: DType.Float64), new Dropout(0.5, new Generator(8)), new Tanh());
            block.To(device);
            Module module = checkpointed ? new Checkpointed(block) : block;
            var net = new Functional(module);
            var p = own
                ? new Dictionary<string, Tensor>(module.State())
                : net.Parameters.ToDictionary(named => named.Key, named => named.Value * 2);
            return Autodiff.Grad<Dictionary<string, Tensor>>(q => net.Call(q, X.To(device)).Square().Sum())(p)
                .ToDictionary(named => named.Key.Replace("block.", ""), named => named.Value);
        }

        foreach (bool own in new[] { false, true })
        {
            var (plain, checkpointed) = (Gradient(false, own), Gradient(true, own));
            Assert.Equal(["0.bias", "0.weight"], checkpointed.Keys.Order());
            Assert.All(plain, named => Close.Assert(named.Value, checkpointed[named.Key], 1e-13, named.Key));
            Assert.NotEqual(0, plain["0.weight"].Abs().Sum().Item());
        }
    }

    /// <summary>A chain of 100 layers in parts of 10: the most that lives falls from 100 tensors to little more than 20.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Peak_memory_falls(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        int bytes = deviceName == "cpu" ? 1 << 18 : 1 << 14;
        long Peak(bool checkpointed)
        {
            long before = Live();
            long peak = 0;
            int looks = 0;
            var x = Tensor.Ones([bytes / sizeof(float)], device: device);
            x.RequiresGrad = true;
            var y = x;
            for (int part = 0; part < 10; part++)
            {
                y = checkpointed ? Autodiff.Checkpoint(Part, y) : Part(y);
            }

            y.Sum().Backward();
            Assert.True(x.Grad!.ToArray<float>()[^1] > 0);
            Assert.Equal(checkpointed ? 20 : 10, looks);
            return peak;

            // Looks when all of the part's own values are there, in the forward run and when it is run again.
            Tensor Part(Tensor h)
            {
                for (int i = 0; i < 10; i++)
                {
                    h = h.Tanh();
                }

                peak = Math.Max(peak, Live() - before);
                looks++;
                return h;
            }
        }

        long Live()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return device.Memory.LiveBytes;
        }

        var (plain, checkpointed) = (Peak(false), Peak(true));
        Assert.True(plain >= 100 * bytes, $"without: {(double)plain / bytes} tensors");
        Assert.True(checkpointed <= 25 * bytes, $"with: {(double)checkpointed / bytes} tensors; without: {(double)plain / bytes}");
    }

    [Fact]
    public void Clear_errors()
    {
        var x = X;
        x.RequiresGrad = true;
        Tensor? inside = null;
        var y = Autodiff.Checkpoint(h => (inside = h.Exp()).Sum(), x);
        Assert.Contains("Checkpoint", Assert.Throws<InvalidOperationException>(() => inside!.Sum().Backward()).Message);
        y.Backward();
        Assert.Contains("used before", Assert.Throws<InvalidOperationException>(() => y.Backward()).Message);

        var generator = new Generator(1);
        bool more = false;
        y = Autodiff.Checkpoint(h => (h * generator.Uniform(more ? [3, 1, 1] : [], dtype: DType.Float64)).Sum(), x);
        more = true;
        Assert.Contains("other random numbers", Assert.Throws<InvalidOperationException>(() => y.Backward()).Message);

        more = false;
        Tensor[] Returned(Tensor h) => more ? [h.Exp(), h] : [h.Exp().Sum()];
        y = Autodiff.Checkpoint(Returned, x)[0];
        more = true;
        Assert.Equal(
            "Checkpoint: run again, the function returned 2 tensors in the place of 1; it must do the same each time it is called.",
            Assert.Throws<InvalidOperationException>(() => y.Backward()).Message);
        more = false;
        y = Autodiff.Checkpoint(h => Returned(h)[0], x);
        more = true;
        Assert.Equal(
            $"Checkpoint: run again, the function returned float64 {x.Shape} on cpu in the place of float64 [] on cpu; it must do the same " +
            "each time it is called.",
            Assert.Throws<InvalidOperationException>(() => y.Backward()).Message);

        var w = W;
        w.RequiresGrad = true;
        y = Autodiff.Checkpoint(h => h.MatMul(w).Sum(), x);
        w.Assign(W * 2);
        Assert.Contains("overwritten", Assert.Throws<InvalidOperationException>(() => y.Backward()).Message);
        Assert.False(Tensor.NoGrad(() => Autodiff.Checkpoint(h => h * w.Sum(), x)).RequiresGrad);
    }

    private sealed class Checkpointed(Module block) : Module
    {
        public override Tensor Forward(Tensor x) => Autodiff.Checkpoint(block.Forward, x);
    }
}
