using Gpu.Autograd.Capturing;
using Gpu.Autograd.Kernels;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>Captured steps of small nets, whose calls are put together in few kernels, do what the calls do one by one.</summary>
public sealed class CapturedNetTests
{
    [Theory]
    [MemberData(nameof(TestDevices.Trained), MemberType = typeof(TestDevices))]
    public void A_small_net_learns_the_same(string name) =>
        AssertSame(Device.Parse(name), [5, 7, 3], batch: 20, DType.Float32, name: name);

    /// <summary>A layer whose gradient is too large to be worth writing.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void A_wide_net_learns_the_same(string name)
    {
        var device = TestDevices.Require(name);
        AssertSame(device, [300, 110, 5], batch: 18, DType.Float32, name: name);
    }

    /// <summary>A parameter's step where its gradient is computed: for each optimizer, in tiles of all kinds, and not where it may not be.</summary>
    [Theory]
    [InlineData("sgd", 300, 110, 9)]
    [InlineData("momentum", 300, 110, 9)]
    [InlineData("adam", 301, 109, 9)]
    [InlineData("adam", 256, 128, 40)]
    [InlineData("adam", 3000, 11, 17)]
    [InlineData("adam", 11, 3000, 3)]
    [InlineData("clipped", 300, 110, 9)]
    [InlineData("twice", 182, 182, 9)]
    [InlineData("shared", 182, 182, 9)]
    public void Large_gradients_are_what_products_give(string kind, int wide, int narrow, int batch)
    {
        bool isOwn = kind is not ("clipped" or "twice" or "shared");
        double[] expected = Train(Device.Cpu, captured: false), actual = Train(Device.Parse("host"), captured: true);
        Close.Assert(expected, actual, 1e-10, kind);

        double[] Train(Device device, bool captured)
        {
            var generator = new Generator(4);
            var w = (generator.Normal([narrow, wide]) / Math.Sqrt(wide)).To(DType.Float64).To(device);
            var b = generator.Normal([narrow]).To(DType.Float64).To(device);
            (w.RequiresGrad, b.RequiresGrad) = (true, true);
            Optimizer optimizer = kind == "sgd" ? new Sgd([w, b], 0.1) : kind == "momentum" ? new Sgd([w, b], 0.1, momentum: 0.9) : new Adam([w, b], 0.01);
            Func<Tensor, Tensor> body = x =>
            {
                optimizer.ZeroGrad();
                var y = x.Linear(w, b).Tanh();
                y = kind == "twice" ? y.Linear(w) : y;
                var loss = (y * y).Mean();
                loss.Backward();
                if (kind == "shared")
                {
                    b.Grad = w.Grad![0];
                }

                if (kind == "clipped")
                {
                    Clip.GradientNorm([w, b], 0.01);
                }

                optimizer.Step();
                return loss;
            };
            var step = Step.Capture(body);
            var losses = new List<double>();
            for (int run = 0; run < 4; run++)
            {
                var x = generator.Normal([batch, wide]).To(DType.Float64).To(device);
                losses.Add((captured ? step.Run(x) : body(x)).Item());
            }

            if (captured)
            {
                Assert.Equal(isOwn ? 1 : 2, step.LatestPlan!.Calls.OfType<UpdateCall>().Single().Parameters);
            }

            return [.. losses, .. w.Detach().To(Device.Cpu).ToArray<double>()];
        }
    }

    /// <summary>Batches that are no multiple of anything, one or two tiles wide, one or many groups high.</summary>
    [Theory]
    [InlineData(new[] { 8, 8, 8, 8 }, 1)]
    [InlineData(new[] { 6, 9, 4 }, 2)]
    [InlineData(new[] { 6, 8, 4 }, 16)]
    [InlineData(new[] { 3, 70, 5 }, 37)]
    [InlineData(new[] { 12, 5, 6, 7, 8, 3 }, 33)]
    [InlineData(new[] { 140, 20, 10, 4 }, 50)]
    public void Odd_sizes_learn_the_same(int[] widths, int batch)
    {
        AssertSame(Device.Parse("host"), widths, batch, DType.Float32);
        AssertSame(Device.Parse("host"), widths, batch, DType.Float64, classifies: false, activation: x => x.Tanh());
    }

    [Fact]
    public void Activations_and_losses_learn_the_same()
    {
        foreach (var activation in (Func<Tensor, Tensor>[])[x => x.Sigmoid(), x => x * x.Sigmoid(), x => x.LogSoftmax(-1), x => x.Exp() - 1])
        {
            AssertSame(Device.Parse("host"), [5, 8, 6, 4], 21, DType.Float64, activation: activation);
            AssertSame(Device.Parse("host"), [5, 8, 6, 4], 21, DType.Float32, classifies: false, activation: activation);
        }
    }

    /// <summary>Every access of every thread is watched, and no thread may count on being before another.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_thread_of_a_captured_step_races(int seed)
    {
        // What is no step of a small net as a whole: its activation is not element by element.
        AssertSame(new Device("watched", new HostBackend(seed)), [6, 9, 4], batch: 21, DType.Float32, activation: x => x.LogSoftmax(-1));
        AssertSame(
            new Device("watched", new HostBackend(seed)), [3, 5, 2], batch: 19, DType.Float64, classifies: false, activation: x => x.Tanh());
    }

    /// <summary>A kernel that was put together may be too much for a compiler; then its parts are launched.</summary>
    [Fact]
    public void What_cannot_be_compiled_together_is_launched_apart()
    {
        var backend = new PoorCompiler();
        AssertSame(new Device("poor", backend), [6, 9, 4], batch: 21, DType.Float32);
        Assert.True(backend.Refused > 1);
    }

    private static void AssertSame(
        Device device, int[] widths, int batch, DType dtype, bool classifies = true, Func<Tensor, Tensor>? activation = null, string name = "")
    {
        double[] expected = new SmallNet(Device.Cpu, widths, batch, dtype, classifies, activation).Train(5, captured: false);
        double[] actual = new SmallNet(device, widths, batch, dtype, classifies, activation).Train(5, captured: true);
        Close.Assert(expected, actual, dtype == DType.Float32 ? 2e-5 : 1e-12, $"{string.Join('-', widths)} of {batch} {name}");
    }

    /// <summary>Compiles nothing that was put together.</summary>
    private sealed class PoorCompiler : HostBackend
    {
        internal int Refused { get; private set; }

        protected override Action ReadyGroups<K>(System.Runtime.CompilerServices.StrongBox<K> kernel, int groups, int size)
        {
            if (typeof(K).Name.Split('`')[0] is "Along" or "Beside" or "InFirst" or "Whole")
            {
                Refused++;
                throw new NotSupportedException("poor: the kernel is too much.");
            }

            return base.ReadyGroups(kernel, groups, size);
        }
    }
}
