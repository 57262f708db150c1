using Gpu.Autograd.Kernels;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>Training steps of small nets as a whole: in two launches, which do what the calls do one by one; and where they may not be.</summary>
public sealed class WholeTests
{
    private static readonly Func<Tensor, Tensor>[] Activations = [x => x.Relu(), x => x.Tanh(), x => x.Sigmoid(), x => x.Gelu(), x => x * x.Sigmoid()];

    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_small_net_learns_the_same(string name) =>
        AssertSame(TestDevices.Require(name), [7, 9, 4], batch: 21, DType.Float32, Activations[1], classifies: true, "adam");

    /// <summary>Widths to 128 and batches that come out even or not, nets of one to four layers.</summary>
    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 20)]
    [InlineData(3, 20)]
    public void Nets_drawn_at_random_learn_the_same(int seed, int rounds)
    {
        var random = new Random(seed);
        var backend = new Noticing();
        var device = new Device("noticing", backend);
        for (int round = 0; round < rounds; round++)
        {
            int layers = random.Next(1, 5), widest = new[] { 8, 20, 70, 129 }[random.Next(4)];
            int[] widths = [.. Enumerable.Range(0, layers + 1).Select(_ => random.Next(1, widest))];
            bool classifies = random.Next(2) == 0;
            var dtype = random.Next(2) == 0 ? DType.Float32 : DType.Float64;
            string optimizer = new[] { "sgd", "momentum", "adam", "adamw" }[random.Next(4)];
            AssertSame(device, widths, random.Next(2, 40), dtype, Activations[random.Next(Activations.Length)], classifies, optimizer);
        }

        // Deep and wide ones in float64 have no room.
        Assert.InRange(backend.Wholes, rounds * 3 / 4, rounds);
    }

    [Theory]
    [InlineData(new[] { 64, 64, 10 }, 300, DType.Float32)]
    [InlineData(new[] { 128, 128, 128, 10 }, 33, DType.Float32)]
    [InlineData(new[] { 127, 125, 3 }, 18, DType.Float32)]
    [InlineData(new[] { 64, 64, 10 }, 35, DType.Float64)]
    public void Sizes_at_the_edge_learn_the_same(int[] widths, int batch, DType dtype)
    {
        var backend = new Noticing();
        AssertSame(new Device("noticing", backend), widths, batch, dtype, Activations[1], classifies: true, "adam", steps: 4);
        Assert.Equal(1, backend.Wholes);
    }

    /// <summary>Every access of every thread is watched, and no thread may count on being before another.</summary>
    [Theory]
    [InlineData(1, new[] { 6, 9, 4 }, 21, true)]
    [InlineData(2, new[] { 70, 66, 3 }, 5, false)]
    [InlineData(3, new[] { 3, 4, 5, 2 }, 1030, true)]
    public void No_thread_races(int seed, int[] widths, int batch, bool classifies) =>
        AssertSame(new Device("watched", new HostBackend(seed)), widths, batch, DType.Float32, Activations[3], classifies, "momentum", steps: 4);

    /// <summary>A product that nothing follows reads only what is there, wherever its factor lies: forward and backward it is wider than that.</summary>
    [Theory]
    [InlineData(new[] { 2, 9, 1 })]
    [InlineData(new[] { 1, 128, 1 })]
    public void Layers_without_a_bias_learn_the_same(int[] widths)
    {
        Close.Assert(Losses(Device.Cpu, captured: false), Losses(new Device("watched", new HostBackend(5)), captured: true), 2e-5, string.Join('-', widths));

        double[] Losses(Device device, bool captured)
        {
            var generator = new Generator(3);
            Module[] layers = [.. widths.Zip(widths[1..]).Select(layer => new Linear(layer.First, layer.Second, bias: false, generator).To(device))];
            var optimizer = new Sgd(layers.SelectMany(layer => layer.Parameters), 0.05);
            var x = generator.Normal([17, widths[0]]).To(device);
            Func<Tensor, Tensor> body = x =>
            {
                optimizer.ZeroGrad();
                var loss = (layers.Aggregate(x, (y, layer) => layer.Forward(y)) - 1).Square().Mean();
                loss.Backward();
                optimizer.Step();
                return loss;
            };
            var step = Step.Capture(body);
            return [.. Enumerable.Range(0, 5).Select(_ => (captured ? step.Run(x) : body(x)).Item())];
        }
    }

    [Theory]
    [InlineData("plain", true)]
    [InlineData("two losses", true)]
    [InlineData("returned gradient", true)]
    [InlineData("returned outputs", false)]
    [InlineData("clipped", false)]
    [InlineData("normalised", false)]
    [InlineData("129 wide", false)]
    [InlineData("shared", false)]
    public void It_is_used_where_it_may_be(string kind, bool isWhole)
    {
        var backend = new Noticing();
        double[] expected = Train(Device.Cpu, captured: false), actual = Train(new Device("noticing", backend), captured: true);
        Close.Assert(expected, actual, 2e-5, kind);
        Assert.Equal(isWhole ? 1 : 0, backend.Wholes);

        double[] Train(Device device, bool captured)
        {
            var generator = new Generator(4);
            int hidden = kind == "129 wide" ? 129 : 6;
            var first = new Linear(6, hidden, generator: generator).To(device);
            var second = new Linear(hidden, 6, generator: generator).To(device);
            Tensor[] parameters = [.. first.Parameters, .. second.Parameters];
            var optimizer = new Adam(parameters, 0.01);
            Func<Tensor, (Tensor, Tensor)> body = x =>
            {
                optimizer.ZeroGrad();
                var h = first.Forward(x).Tanh();
                h = kind == "normalised" ? (h - h.Mean(1, keepDims: true)) : h;
                var y = second.Forward(h);
                y = kind == "shared" ? second.Forward(y) : y;
                var loss = kind == "two losses" ? y.Square().Mean() + y.Abs().Sum() : y.Square().Mean();
                loss.Backward();
                if (kind == "clipped")
                {
                    Clip.GradientNorm(parameters, 0.01);
                }

                optimizer.Step();
                return (loss, kind == "returned outputs" ? y : kind == "returned gradient" ? parameters[0].Grad! : loss);
            };
            var step = Step.Capture(body);
            var numbers = new List<double>();
            for (int run = 0; run < 5; run++)
            {
                var (loss, other) = captured ? step.Run(X()) : body(X());
                numbers.AddRange(loss.Item(), other.Sum().Item());
            }

            return [.. numbers, .. parameters.SelectMany(p => p.Detach().To(Device.Cpu).To(DType.Float64).ToArray<double>())];

            Tensor X() => generator.Normal([19, 6]).To(device);
        }
    }

    /// <summary>What a device's compiler refuses is made of the calls as they are.</summary>
    [Fact]
    public void What_cannot_be_compiled_is_made_otherwise()
    {
        var backend = new Noticing(refuses: true);
        AssertSame(new Device("poor", backend), [6, 9, 4], batch: 21, DType.Float32, Activations[0], classifies: true, "adam");
        Assert.Equal((0, true), (backend.Wholes, backend.Refused > 0));
    }

    private static void AssertSame(
        Device device, int[] widths, int batch, DType dtype, Func<Tensor, Tensor> activation, bool classifies, string optimizer, int steps = 5)
    {
        double[] expected = New(Device.Cpu).Train(steps, captured: false), actual = New(device).Train(steps, captured: true);
        Close.Assert(expected, actual, dtype == DType.Float32 ? 5e-5 : 1e-11, $"{string.Join('-', widths)} of {batch}, {dtype}, {classifies}, {optimizer}");

        SmallNet New(Device device) => new(device, widths, batch, dtype, classifies, activation, optimizer switch
        {
            "sgd" => x => new Sgd(x, 0.05),
            "momentum" => x => new Sgd(x, 0.05, momentum: 0.9),
            "adamw" => x => new AdamW(x, 0.01),
            _ => null,
        });
    }

    /// <summary>Counts the wholes that it makes ready, or refuses them.</summary>
    private sealed class Noticing(bool refuses = false) : HostBackend
    {
        internal int Wholes { get; private set; }

        internal int Refused { get; private set; }

        protected override Action ReadyGroups<K>(System.Runtime.CompilerServices.StrongBox<K> kernel, int groups, int size)
        {
            if ($"{typeof(K)}".Contains("Kernels.Whole`", StringComparison.Ordinal))
            {
                if (refuses)
                {
                    Refused++;
                    throw new NotSupportedException("poor: the kernel is too much.");
                }

                Wholes++;
            }

            return base.ReadyGroups(kernel, groups, size);
        }
    }
}
