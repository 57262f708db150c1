using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Tests;

/// <summary>Optimizers against the textbook's formulas on plain arrays of doubles.</summary>
public sealed class NnOptimTests
{
    private const int Size = 5;
    private const int Steps = 12;

    /// <summary>Every variant: its optimizer, and its update of one number x by the gradient g in step n (from 1) with two memories.</summary>
    private static readonly Dictionary<string, (Func<Tensor[], double, Optimizer> Create, Update Update)> Variants = new()
    {
        ["sgd"] = ((p, rate) => new Sgd(p, rate), (x, g, n, rate, memory) => x - (rate * g)),
        ["sgd decay"] = ((p, rate) => new Sgd(p, rate, weightDecay: 0.1), (x, g, n, rate, memory) => x - (rate * (g + (0.1 * x)))),
        ["momentum"] = ((p, rate) => new Sgd(p, rate, momentum: 0.9, weightDecay: 0.1), ByMomentum),
        ["nesterov"] = ((p, rate) => new Sgd(p, rate, momentum: 0.9, weightDecay: 0.1, nesterov: true), ByNesterov),
        ["adam"] = ((p, rate) => new Adam(p, rate), (x, g, n, rate, memory) => ByAdam(x, g, n, rate, memory, 0.9, 0.999, 1e-8)),
        ["adam decay"] = (
            (p, rate) => new Adam(p, rate, 0.8, 0.95, 1e-3, weightDecay: 0.1),
            (x, g, n, rate, memory) => ByAdam(x, g + (0.1 * x), n, rate, memory, 0.8, 0.95, 1e-3)),
        ["adam without memory"] = (
            (p, rate) => new Adam(p, rate, 0, 0.95, 1e-3), (x, g, n, rate, memory) => ByAdam(x, g, n, rate, memory, 0, 0.95, 1e-3)),
        ["adamw"] = (
            (p, rate) => new AdamW(p, rate, weightDecay: 0.1),
            (x, g, n, rate, memory) => ByAdam(x * (1 - (rate * 0.1)), g, n, rate, memory, 0.9, 0.999, 1e-8)),
    };

    private delegate double Update(double x, double g, int n, double rate, double[] memory);

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string variant in Variants.Keys)
                {
                    all.Add(device, variant);
                }
            }

            return all;
        }
    }

    public static TheoryData<string> VariantNames => [.. Variants.Keys];

    /// <summary>The rate changes on the way, one parameter begins late, and one is skipped for a while: its count stands still.</summary>
    [SkippableTheory]
    [MemberData(nameof(All))]
    public void StepsAreThoseOfTheFormula(string deviceName, string variant)
    {
        var device = TestDevices.Require(deviceName);
        var parameters = Parameters(device, DType.Float64);
        var expected = new Expected(variant, parameters);
        var optimizer = Variants[variant].Create(parameters, 0.05);
        var gradients = new Generator(2);
        for (int step = 0; step < Steps; step++)
        {
            double rate = step < 6 ? 0.05 : 0.02;
            optimizer.LearningRate = rate;
            SetGradients(parameters, gradients, step);
            expected.Step(parameters, rate);
            optimizer.Step();
            expected.Check(parameters, 1e-13, $"step {step}");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(All))]
    public void Float32KeepsItsDigitsThroughManySteps(string deviceName, string variant)
    {
        var device = TestDevices.Require(deviceName);
        var parameters = Parameters(device, DType.Float32);
        var expected = new Expected(variant, parameters);
        var optimizer = Variants[variant].Create(parameters, 0.01);
        var gradients = new Generator(2);
        for (int step = 0; step < 100; step++)
        {
            SetGradients(parameters, gradients, step);
            expected.Step(parameters, 0.01);
            optimizer.Step();
        }

        // 100 roundings of 6e-8 each, should all go one way.
        expected.Check(parameters, 100 * 6e-8, "100 steps");
    }

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void ASavedStateGoesOnAsIfNothingHadHappened(string variant)
    {
        var (straight, resumed) = (Parameters(Device.Cpu, DType.Float32), Parameters(Device.Cpu, DType.Float32));
        var optimizer = Variants[variant].Create(straight, 0.05);
        string path = Path.GetTempFileName();
        for (int step = 0; step < 5; step++)
        {
            SetGradients(straight, new Generator((ulong)step), step);
            optimizer.Step();
        }

        Safetensors.Save(path, optimizer.State());
        var other = Variants[variant].Create(resumed, 0.3);
        SetGradients(resumed, new Generator(99), 4);
        other.Step();
        foreach (var (from, to) in straight.Zip(resumed))
        {
            to.Assign(from);
        }

        other.Load(Safetensors.Load(path).Tensors);
        File.Delete(path);
        Assert.Equal(0.05, other.LearningRate);
        for (int step = 5; step < 10; step++)
        {
            SetGradients(straight, new Generator((ulong)step), step);
            SetGradients(resumed, new Generator((ulong)step), step);
            optimizer.Step();
            other.Step();
        }

        Assert.All(straight.Zip(resumed), pair => Assert.Equal(pair.First.ToArray<float>(), pair.Second.ToArray<float>()));
    }

    [Fact]
    public void StateHasNamesAndAStrangeOneIsRefused()
    {
        var parameters = Parameters(Device.Cpu, DType.Float32);
        var optimizer = new Adam(parameters);
        Assert.Equal(["learning_rate"], optimizer.State().Keys);
        SetGradients(parameters, new Generator(1), 0);
        optimizer.Step();

        // The third parameter has had no gradient yet.
        Assert.Equal(
            ["learning_rate", "0.mean", "0.square", "0.step", "1.mean", "1.square", "1.step"], optimizer.State().Keys);
        var state = new Dictionary<string, Tensor>(optimizer.State()) { ["1.mean"] = Tensor.Zeros([2]) };
        state.Remove("0.step");
        var error = Assert.Throws<InvalidDataException>(() => optimizer.Load(state));
        Assert.Equal($"Load: the state does not fit the optimizer (Adam): missing: 0.step; 1.mean is [2], not [{Size}].", error.Message);
        Assert.Throws<InvalidDataException>(() => new Sgd(parameters, 0.1).Load(optimizer.State()));
    }

    /// <summary>Optimizer first, device later, and once more in the middle of training.</summary>
    [Fact]
    public void StateFollowsItsParametersToAnotherDevice()
    {
        var generator = new Generator(1);
        var moving = new Linear(3, 2, generator: generator, dtype: DType.Float64);
        var staying = new Linear(3, 2, dtype: DType.Float64);
        staying.Load(moving.State());
        var optimizers = new[] { moving, staying }.Select(layer => new Adam(layer.Parameters, 0.1)).ToArray();
        for (int step = 0; step < 6; step++)
        {
            moving.To(Device.Parse(step % 4 < 2 ? "host" : "cpu"));
            var x = generator.Normal([4, 3], dtype: DType.Float64);
            foreach (var (layer, optimizer) in new[] { moving, staying }.Zip(optimizers))
            {
                optimizer.ZeroGrad();
                layer.Forward(x.To(layer.Weight.Device)).Square().Mean().Backward();
                optimizer.Step();
            }
        }

        Close.Assert(staying.Weight, moving.Weight.To(Device.Cpu), 1e-14, "W");
        Close.Assert(staying.Bias!, moving.Bias!.To(Device.Cpu), 1e-14, "b");
    }

    [Fact]
    public void AGraphThatReadsAnOldParameterIsRefused()
    {
        var layer = new Linear(2, 2);
        var optimizer = new Sgd(layer.Parameters, 0.1);
        var loss = layer.Forward(layer.Forward(Tensor.Ones([1, 2]))).Sum();
        loss.Backward(retainGraph: true);
        optimizer.Step();

        Assert.Contains("overwritten", Assert.Throws<InvalidOperationException>(() => loss.Backward()).Message);
    }

    [Fact]
    public void StepsOverwriteTheParametersInPlace()
    {
        var parameters = Parameters(Device.Cpu, DType.Float32);
        var optimizer = new Adam(parameters);
        SetGradients(parameters, new Generator(1), 4);
        optimizer.Step();
        var storages = parameters.Select(parameter => parameter.Storage).ToArray();
        var versions = storages.Select(storage => storage.Version).ToArray();
        for (int step = 0; step < 100; step++)
        {
            optimizer.Step();
        }

        Assert.All(parameters.Zip(storages), pair => Assert.Same(pair.Second, pair.First.Storage));
        Assert.All(storages.Zip(versions), pair => Assert.Equal(pair.Second + 100, pair.First.Version));
    }

    [Fact]
    public void ImpossibleArgumentsAreNamed()
    {
        var parameters = Parameters(Device.Cpu, DType.Float32);
        Assert.Contains("-1", Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd(parameters, -1)).Message);
        Assert.Contains("NaN", Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd(parameters, double.NaN)).Message);
        Assert.Contains("β₂", Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(parameters, beta2: 1)).Message);
        Assert.Contains("momentum", Assert.Throws<ArgumentException>(() => new Sgd(parameters, 1, nesterov: true)).Message);
        Assert.Contains("no parameters", Assert.Throws<ArgumentException>(() => new Sgd([], 1)).Message);
        Assert.Contains("RequiresGrad", Assert.Throws<ArgumentException>(() => new Sgd([Tensor.Ones([2])], 1)).Message);
        Assert.Contains("twice", Assert.Throws<ArgumentException>(() => new Sgd([parameters[0], parameters[0]], 1)).Message);
        parameters[0].Grad = Tensor.Ones([Size + 1]);
        Assert.Contains("[6]", Assert.Throws<InvalidOperationException>(() => new Sgd(parameters, 1).Step()).Message);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ClippingScalesAllGradientsByOneFactor(string name)
    {
        var device = TestDevices.Require(name);
        var parameters = Parameters(device, DType.Float64);
        parameters[0].Grad = Tensor.Full([Size], 2, DType.Float64, device);
        parameters[1].Grad = Tensor.Full([Size], -4, DType.Float64, device);
        double norm = Math.Sqrt((4 * Size) + (16 * Size));

        Assert.Equal(norm, Clip.GradientNorm(parameters, 2.5).Item(), 1e-12);

        double factor = 2.5 / (norm + 1e-6);
        Close.Assert(Enumerable.Repeat(2 * factor, Size).ToArray(), Close.Values(parameters[0].Grad!), 1e-14, "first");
        Close.Assert(Enumerable.Repeat(-4 * factor, Size).ToArray(), Close.Values(parameters[1].Grad!), 1e-14, "second");
        Assert.Null(parameters[2].Grad);

        // Within the limit nothing changes.
        Assert.Equal(2.5, Clip.GradientNorm(parameters, 100).Item(), 1e-6);
        Close.Assert(Enumerable.Repeat(2 * factor, Size).ToArray(), Close.Values(parameters[0].Grad!), 0, "first again");
        Assert.Equal(0, Clip.GradientNorm([], 1).Item());
        Assert.Throws<ArgumentOutOfRangeException>(() => Clip.GradientNorm(parameters, 0));
    }

    [Fact]
    public void SchedulesFall()
    {
        Assert.Equal(0.1, Schedule.Cosine(0.1, 0, 100), 1e-15);
        Assert.Equal(0.055, Schedule.Cosine(0.1, 50, 100, final: 0.01), 1e-15);
        Assert.Equal(0.01, Schedule.Cosine(0.1, 100, 100, final: 0.01), 1e-15);
        Assert.Equal(0.01, Schedule.Cosine(0.1, 200, 100, final: 0.01), 1e-15);
        Assert.Equal(0.1, Schedule.Stairs(0.1, 29, 30), 1e-15);
        Assert.Equal(0.025, Schedule.Stairs(0.1, 60, 30, factor: 0.5), 1e-15);
    }

    private static double ByMomentum(double x, double g, int n, double rate, double[] memory)
    {
        g += 0.1 * x;
        memory[0] = n == 1 ? g : (0.9 * memory[0]) + g;
        return x - (rate * memory[0]);
    }

    private static double ByNesterov(double x, double g, int n, double rate, double[] memory)
    {
        g += 0.1 * x;
        memory[0] = n == 1 ? g : (0.9 * memory[0]) + g;
        return x - (rate * (g + (0.9 * memory[0])));
    }

    private static double ByAdam(
        double x, double g, int n, double rate, double[] memory, double beta1, double beta2, double epsilon)
    {
        memory[0] = (beta1 * memory[0]) + ((1 - beta1) * g);
        memory[1] = (beta2 * memory[1]) + ((1 - beta2) * g * g);
        double mean = memory[0] / (1 - Math.Pow(beta1, n));
        double square = memory[1] / (1 - Math.Pow(beta2, n));
        return x - (rate * mean / (Math.Sqrt(square) + epsilon));
    }

    private static Tensor[] Parameters(Device device, DType dtype)
    {
        var generator = new Generator(1);
        return
        [
            .. Enumerable.Range(0, 3).Select(_ =>
            {
                var parameter = generator.Normal([Size], dtype: dtype).To(device);
                parameter.RequiresGrad = true;
                return parameter;
            }),
        ];
    }

    /// <summary>The first always has a gradient, the second not in steps 5 to 7, the third only from step 3 on.</summary>
    private static void SetGradients(Tensor[] parameters, Generator generator, int step)
    {
        for (int k = 0; k < parameters.Length; k++)
        {
            var g = generator.Normal([Size], mean: 0.5, dtype: parameters[k].DType).To(parameters[k].Device);
            parameters[k].Grad = (k == 1 && step is >= 5 and <= 7) || (k == 2 && step < 3) ? null : g;
        }
    }

    /// <summary>What the parameters should be.</summary>
    private sealed class Expected(string variant, Tensor[] parameters)
    {
        private readonly double[][] values = [.. parameters.Select(Close.Values)];
        private readonly double[][][] memories =
            [.. parameters.Select(_ => Enumerable.Range(0, Size).Select(_ => new double[2]).ToArray())];

        private readonly int[] counts = new int[parameters.Length];

        public void Step(Tensor[] current, double rate)
        {
            for (int k = 0; k < current.Length; k++)
            {
                if (current[k].Grad is not { } gradient)
                {
                    continue;
                }

                counts[k]++;
                double[] g = Close.Values(gradient);
                for (int i = 0; i < Size; i++)
                {
                    values[k][i] = Variants[variant].Update(values[k][i], g[i], counts[k], rate, memories[k][i]);
                }
            }
        }

        public void Check(Tensor[] current, double tolerance, string when)
        {
            for (int k = 0; k < current.Length; k++)
            {
                Close.Assert(values[k], Close.Values(current[k]), tolerance, $"{variant}, parameter {k}, {when}");
            }
        }
    }
}
