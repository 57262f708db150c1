using System.Globalization;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>What is timed: a run, and numbers by which both sides show that they compute the same.</summary>
/// <param name="Run">One run.</param>
/// <param name="Result">The numbers; computed once, before the first run.</param>
internal sealed record Work(Action Run, Func<double[]> Result)
{
    /// <summary>The captured step that a run is; null where it is none.</summary>
    public CapturedStep? Step { get; init; }
}

/// <summary>A work by its name, with what is asked of it and what it takes at the least.</summary>
/// <param name="Name">The name, the same on both sides.</param>
/// <param name="Target">The ratio of the times, theirs to ours, that is aimed at; null where none is.</param>
/// <param name="Bytes">The bytes that are read and written at the least.</param>
/// <param name="Operations">The multiplications and additions.</param>
/// <param name="Begin">Makes it ready.</param>
internal sealed record Entry(string Name, double? Target, double Bytes, double Operations, Func<Work> Begin)
{
    /// <summary>Other ways to do the same in .NET.</summary>
    public IReadOnlyList<Rival> Rivals { get; init; } = [];

    /// <summary>How many times the bound the work may take; null where nothing is asked.</summary>
    public double? MostOfBound { get; init; }

    /// <summary>What one turn takes at least, so that the clock is fine enough.</summary>
    public double TurnSeconds { get; init; } = 0.04;
}

/// <summary>Another way to do a work in .NET, in the same process.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Target">The ratio of the times, its to ours, that is aimed at; null where none is.</param>
/// <param name="Begin">Makes it ready; its numbers are those of the work.</param>
internal sealed record Rival(string Name, double? Target, Func<Work> Begin);

/// <summary>All works.</summary>
internal static class Works
{
    private const int Million4 = 4 << 20;

    public static IReadOnlyList<Entry> All { get; } =
    [
        Step("mlp-tiny-captured", 30, [2, 16, 16, 1], 32, captured: true, classes: false) with { Rivals = [ByHand([2, 16, 16, 1], 32, false)] },
        Step("mlp-tiny-eager", 5, [2, 16, 16, 1], 32, captured: false, classes: false),
        Step("mlp-small-captured", 8, [64, 64, 10], 64) with { Rivals = [ByHand([64, 64, 10], 64, true)] },
        Step("mlp-digits-sgd", 2.5, [784, 128, 10], 64) with { MostOfBound = 1.5 },
        Step("mlp-digits-adam", 4, [784, 128, 10], 64, adam: true) with { MostOfBound = 1.5 },
        Step("mlp-wide", 1.5, [784, 512, 512, 10], 256) with { MostOfBound = 1.5 },
        new("fashion-epoch", 4, 469 * (BytesOf([784, 128, 10], 128, adam: true) + (4.0 * 128 * 784)), 469 * OperationsOf([784, 128, 10], 128), Fashion),
        Product(512) with { Rivals = [Rivals.MathNet(512)] },
        Product(1024) with { Rivals = [Rivals.MathNet(1024)] },
        Product(2048),
        Convolution("conv-3x3", back: false),
        Convolution("conv-3x3-back", back: true),
        Depthwise("conv-depthwise", back: false),
        Depthwise("conv-depthwise-back", back: true),
        new("chain-4m", 4, 8.0 * Million4, 0, Chain) { Rivals = [Rivals.Copy(Million4)] },
        Curvature("jacobian-64", 10, second: false, captured: true),
        Curvature("jacobian-64-eager", null, second: false, captured: false),
        Curvature("hessian-64", 10, second: true, captured: true),
        Curvature("hessian-64-eager", null, second: true, captured: false),
        new("logabsdet-10k", 1, 0, 0, Determinants),
        new("sum-4m", 1, 4.0 * Million4, Million4, Total),
        PerSample("per-sample-grads", 10, captured: true),
        PerSample("per-sample-grads-eager", null, captured: false),
        .. Elementwise.Works,
    ];

    /// <summary>The work of a name: one of all, or a training step of any size, <see cref="Sized"/>.</summary>
    public static Entry Named(string name) => All.FirstOrDefault(entry => entry.Name == name) ?? OfSize(name);

    /// <summary>
    /// The name of a training step (tanh, cross-entropy, SGD): <c>step-captured/784-128-10/64</c> is an MLP of these widths with a batch of 64.
    /// </summary>
    public static string Sized(bool captured, IEnumerable<int> widths, int batch) =>
        $"step-{(captured ? "captured" : "eager")}/{string.Join('-', widths)}/{batch}";

    /// <summary>Numbers that the other side makes too: uniform on [−½, ½), exact in float32.</summary>
    public static float[] Numbers(int count, uint seed, float scale = 1)
    {
        var numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            uint word = (uint)(((ulong)i * 2654435761) + ((ulong)seed * 40503 * 65537));
            word = (word * 2246822519) + 374761393;
            numbers[i] = (float)(((word >> 8) / 16777216.0) - 0.5) * scale;
        }

        return numbers;
    }

    public static Tensor Of(Shape shape, uint seed, double scale = 1) => Tensor.From<float>(Numbers(shape.Size, seed, (float)scale), shape);

    private static Entry OfSize(string name)
    {
        string[] parts = name.Split('/');
        return Step(
            name, null, [.. parts[1].Split('-').Select(int.Parse)], int.Parse(parts[2], CultureInfo.InvariantCulture), captured: parts[0] == "step-captured");
    }

    private static Rival ByHand(int[] widths, int batch, bool classes) => new("by hand", 0.9, () =>
    {
        var net = new HandWritten(widths, batch, classes, 1e-2f);
        return new Work(() => net.Step(), () => [.. Enumerable.Range(0, 6).Select(_ => (double)net.Step())]);
    });

    private static Entry Step(
        string name, double? target, int[] widths, int batch, bool captured = true, bool classes = true, bool adam = false) =>
        new(name, target, BytesOf(widths, batch, adam), OperationsOf(widths, batch), () => Training(widths, batch, captured, classes, adam));

    private static Entry Product(int n) => new($"gemm-{n}", 1, 12.0 * n * n, 2.0 * n * n * n, () =>
    {
        var (a, b) = (Of([n, n], 1), Of([n, n], 2));
        return new Work(() => a.MatMul(b), () => Samples(a.MatMul(b)));
    });

    /// <summary>A convolution of 3 × 3 from 32 to 64 channels, and with it the gradients of x, weights and bias.</summary>
    private static Entry Convolution(string name, bool back) => Convolution(name, back, channels: 32, outputs: 64, groups: 1);

    /// <summary>The same of 128 channels, each for itself.</summary>
    private static Entry Depthwise(string name, bool back) => Convolution(name, back, channels: 128, outputs: 128, groups: 128);

    private static Entry Convolution(string name, bool back, int channels, int outputs, int groups)
    {
        double products = 2.0 * 32 * outputs * 28 * 28 * channels / groups * 9;
        double bytes = 4.0 * 32 * 28 * 28 * (channels + outputs);
        return new(name, 1, back ? 2 * bytes : bytes, back ? 3 * products : products, () =>
        {
            var (x, w, b) = (Of([32, channels, 28, 28], 1), Of([outputs, channels / groups, 3, 3], 2), Of([outputs], 3));
            if (!back)
            {
                return new Work(() => x.Conv2d(w, b, padding: 1, groups: groups), () => Samples(x.Conv2d(w, b, padding: 1, groups: groups)));
            }

            var g = Of([32, outputs, 28, 28], 4);
            var run = () => Autodiff.Vjp(
                ((Tensor X, Tensor W, Tensor B) at) => at.X.Conv2d(at.W, at.B, padding: 1, groups: groups), (x, w, b)).Pullback(g);
            return new Work(() => run(), () => [.. Tree.Flatten(run()).SelectMany(Samples)]);
        });
    }

    /// <summary>The parameters are read twice and written once, the optimizer's averages read and written; x is read twice.</summary>
    private static double BytesOf(int[] widths, int batch, bool adam)
    {
        double parameters = widths.Zip(widths.Skip(1), (a, b) => (a + 1.0) * b).Sum();
        return 4 * ((parameters * (adam ? 7 : 3)) + (2.0 * batch * widths[0]));
    }

    /// <summary>Three products a layer, but for the gradient of the input.</summary>
    private static double OperationsOf(int[] widths, int batch) =>
        widths.Zip(widths.Skip(1), (a, b) => 6.0 * batch * a * b).Sum() - (2.0 * batch * widths[0] * widths[1]);

    private static Sequential Net(int[] widths, Func<Module> activation)
    {
        var layers = new List<Module>();
        for (int k = 0; k + 1 < widths.Length; k++)
        {
            var layer = new Linear(widths[k], widths[k + 1], generator: new Generator(0));
            double scale = 2 / Math.Sqrt(widths[k]);
            layer.Weight.Assign(Of(layer.Weight.Shape, 10 + (uint)k, scale));
            layer.Bias!.Assign(Of(layer.Bias.Shape, 20 + (uint)k, scale));
            layers.Add(layer);
            if (k + 2 < widths.Length)
            {
                layers.Add(activation());
            }
        }

        return new Sequential([.. layers]);
    }

    private static Work Training(int[] widths, int batch, bool captured, bool classes, bool adam)
    {
        var net = Net(widths, () => new Tanh());
        Optimizer optimizer = adam ? new Adam(net.Parameters, 1e-3) : new Sgd(net.Parameters, 1e-2);
        var x = Of([batch, widths[0]], 1);
        var y = classes ? Tensor.From<long>([.. Enumerable.Range(0, batch).Select(i => (long)(i % widths[^1]))]) : Of([batch, widths[^1]], 2);
        Func<Tensor, Tensor, Tensor> body = (x, y) =>
        {
            optimizer.ZeroGrad();
            var z = net.Forward(x);
            var loss = classes ? z.CrossEntropy(y) : z.MeanSquaredError(y);
            loss.Backward();
            optimizer.Step();
            return loss;
        };
        var step = Gpu.Autograd.Step.Capture(body);
        Func<Tensor> run = captured ? () => step.Run(x, y) : () => body(x, y);
        return new Work(() => run(), () => [.. Enumerable.Range(0, 6).Select(_ => run().Item())]) { Step = captured ? step : null };
    }

    private static Work Fashion()
    {
        var data = Of([60000, 784], 1);
        var labels = Tensor.From<long>([.. Enumerable.Range(0, 60000).Select(i => (long)(i % 10))]);
        var net = Net([784, 128, 10], () => new Relu());
        var optimizer = new Adam(net.Parameters, 1e-3);
        var generator = new Generator(1);
        var step = Gpu.Autograd.Step.Capture(batch =>
        {
            optimizer.ZeroGrad();
            var loss = net.Forward(data[batch]).CrossEntropy(labels[batch]);
            loss.Backward();
            optimizer.Step();
            return loss;
        });
        return new Work(() => Steps(generator.Permutation(60000), 469), () => [Steps([.. Enumerable.Range(0, 60000)], 4).Item()]);

        Tensor Steps(int[] order, int count)
        {
            Tensor? loss = null;
            for (int k = 0; k < count; k++)
            {
                loss = step.Run(Tensor.From<int>(order.AsSpan(128 * k, Math.Min(128, order.Length - (128 * k)))));
            }

            return loss!;
        }
    }

    private static Work Chain()
    {
        var x = Of([Million4], 1, 4);
        var step = Gpu.Autograd.Step.Capture(() => ((x * x) + 1).Tanh());
        return new Work(() => step.Run(), () => Samples(step.Run()));
    }

    private static Work Total()
    {
        var x = Of([Million4], 1, 4);
        return new Work(() => x.Sum(), () => [x.To(DType.Float64).Square().Sum().Item(), x[..4096].Sum().Item()]);
    }

    private static Entry Curvature(string name, double? target, bool second, bool captured) => new(name, target, 8.0 * 64 * 64, 0, () =>
    {
        var (w, x) = (Of([64, 64], 1, 0.25), Of([64], 2));
        Func<Tensor, Tensor> eager = second
            ? x => Autodiff.Hessian(v => w.MatMul(v).Tanh().Square().Sum(), x)
            : x => Autodiff.Jacobian(v => w.MatMul(v).Tanh(), x);
        var step = Gpu.Autograd.Step.Capture(eager);
        Func<Tensor> run = captured ? () => step.Run(x) : () => eager(x);
        return new Work(() => run(), () => Samples(run())) { Step = captured ? step : null };
    });

    /// <summary>log |det| of 10,000 4×4 matrices, none of them near a singular one, and its gradient.</summary>
    private static Work Determinants()
    {
        var x = Of([10_000, 4, 4], 1) + (2 * Tensor.Eye(4));
        var gradient = Autodiff.ValueAndGrad(x => x.LogAbsDet().Sum());
        return new Work(() => gradient(x), () => [gradient(x).Value.Item(), .. Samples(gradient(x).Gradient)]);
    }

    private static Entry PerSample(string name, double? target, bool captured) => new(
        name, target, 4.0 * 256 * ((64 * 65) + (65 * 10)), 256 * OperationsOf([64, 64, 10], 1), () =>
    {
        var net = Net([64, 64, 10], () => new Tanh());
        var (x, y) = (Of([256, 64], 1), Tensor.From<long>([.. Enumerable.Range(0, 256).Select(i => (long)(i % 10))]));
        var all = Autodiff.Vmap((Tensor x, Tensor y) =>
            Autodiff.Grad((Sequential net) => net.Forward(x.Unsqueeze(0)).CrossEntropy(y.Unsqueeze(0)))(net));
        var step = Gpu.Autograd.Step.Capture((Tensor x, Tensor y) => all(x, y));
        var run = captured ? step.Run : all;
        return new Work(
            () => run(x, y), () => [.. Tree.Flatten(run(x, y)).Select(part => part.To(DType.Float64).Square().Sum().Item())])
        {
            Step = captured ? step : null,
        };
    });

    /// <summary>Some elements of a result, and the sum of all without their signs.</summary>
    public static double[] Samples(Tensor y)
    {
        var flat = y.To(DType.Float64).Reshape(-1);
        return [flat[0].Item(), flat[flat.Count / 2].Item(), flat[-1].Item(), flat.Abs().Sum().Item()];
    }
}
