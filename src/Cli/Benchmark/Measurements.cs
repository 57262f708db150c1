using Gpu.Autograd.Cli.Training;
using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Cli.Benchmark;

/// <summary>All that is measured on a device: products, memory, launches, training.</summary>
/// <param name="device">The device.</param>
/// <param name="quick">Whether small sizes and short turns do.</param>
/// <param name="tiny">Whether the device is one that takes milliseconds a thread: a debugger.</param>
internal sealed class Measurements(Device device, bool quick, bool tiny)
{
    /// <summary>A captured step whose outputs are read goes layer by layer.</summary>
    private const string ByLayers = "captured";

    /// <summary>Without them that of a small net becomes two launches on a GPU.</summary>
    private const string Fused = "captured, fused where it can be";

    private readonly Clock clock = quick ? Clock.Quick : Clock.Full;
    private readonly Generator generator = new(0);

    /// <summary>The measurements, in their order; each makes what it needs when it is run.</summary>
    public IEnumerable<Measurement> All =>
    [
        .. from dtype in (DType[])[DType.Float32, DType.Float64]
           from n in tiny ? (int[])[16] : quick ? [256] : [256, 512, 1024, 2048]
           select Product(n, dtype),
        Transfer("copy from the host", x => () => Tensor.From<float>(x, device: device)),
        Transfer("copy to the host", x =>
        {
            var source = Tensor.From<float>(x, device: device);
            return () => source.CopyTo<float>(x);
        }),
        Pass("copy", 2, (x, y) => () => y.Assign(x)),
        Pass("x + y, captured", 3, (x, y) => Captured(() => x + y)),
        Pass("tanh(x·x + 1), captured", 2, (x, _) => Captured(() => ((x * x) + 1).Tanh())),
        Pass("sum", 1, (x, _) => () => x.Sum()),
        Pass("sum of the rows of a matrix", 1, (x, _) =>
        {
            var rows = x.Reshape(-1, 1024);
            return () => rows.Sum(-1);
        }),
        Launch("an op on one element", wait: false),
        Launch("an op on one element, waited for", wait: true),
        .. from way in (string[])["eager", ByLayers, Fused]
           from net in tiny ? (int[][])[[8, 8, 10]] : [[64, 64, 10], [784, 128, 10]]
           select Steps(net, way),
        .. tiny ? [] : (Measurement[])[Uploading(false), Uploading(true), Training()],
    ];

    private int Elements => tiny ? 1 << 10 : quick ? 1 << 20 : 1 << 24;

    private int Batch => tiny ? 4 : 64;

    private string Count => Elements >= 1 << 20 ? $"{Elements >> 20}M" : $"{Elements >> 10}K";

    private Measurement Product(int n, DType dtype) => new($"product of {n} × {n}, {dtype.Name()}", "GFLOP/s", () =>
    {
        var (a, b) = (Normal([n, n], dtype), Normal([n, n], dtype));
        double seconds = clock.Seconds(() => a.MatMul(b), device);
        return (seconds, 2.0 * n * n * n / seconds / 1e9);
    })
    {
        By = () => device.LibraryOfProducts((long)n * n * n) ?? "our kernel",
    };

    /// <summary>A pass over memory; its bytes are those of so many arrays.</summary>
    private Measurement Pass(string name, int arrays, Func<Tensor, Tensor, Action> make) =>
        new($"{name}, {Count} float32", "GB/s", () =>
        {
            double seconds = clock.Seconds(make(Normal([Elements]), Normal([Elements])), device);
            return (seconds, arrays * 4.0 * Elements / seconds / 1e9);
        });

    private Measurement Transfer(string name, Func<float[], Action> make) =>
        new($"{name}, {Count} float32", "GB/s", () =>
        {
            double seconds = clock.Seconds(make(new float[Elements]), device);
            return (seconds, 4.0 * Elements / seconds / 1e9);
        });

    private Measurement Launch(string name, bool wait) => new(name, "µs", () =>
    {
        var x = Tensor.Ones([1], device: device);
        double seconds = clock.Seconds(
            () =>
            {
                _ = x + x;
                if (wait)
                {
                    device.Synchronize();
                }
            },
            device);
        return (seconds, seconds * 1e6);
    });

    /// <summary>A training step: forward, backward, SGD.</summary>
    private Measurement Steps(int[] widths, string way) =>
        new($"step of MLP {string.Join('-', widths)}, batch {Batch}, {way}", "steps/s", () =>
        {
            var net = new Sequential(
                new Linear(widths[0], widths[1], generator: generator), new Tanh(), new Linear(widths[1], widths[2], generator: generator)).To(device);
            var optimizer = new Sgd(net.Parameters, 0.01);
            var x = Normal([Batch, widths[0]]);
            var y = Tensor.From<long>([.. Enumerable.Range(0, Batch).Select(i => (long)(i % widths[^1]))]).To(device);
            Func<(Tensor Loss, Tensor Outputs)> body = () =>
            {
                optimizer.ZeroGrad();
                var outputs = net.Forward(x);
                var loss = outputs.CrossEntropy(y);
                loss.Backward();
                optimizer.Step();
                return (loss, outputs);
            };
            double seconds = clock.Seconds(
                way == "eager" ? () => body() : way == ByLayers ? Captured(body) : Captured(() => body().Loss), device);
            return (seconds, 1 / seconds);
        });

    /// <summary>Steps of one batch that lies on the device, or of batches that come from the host, made ready on a thread of their own.</summary>
    private Measurement Uploading(bool isUploaded) =>
        new($"step of MLP 784-128-10, batch 256, captured, {(isUploaded ? "each batch uploaded meanwhile" : "one batch")}", "steps/s", () =>
    {
        const int batch = 256;
        var data = new float[batch * 784];
        var net = new Sequential(new Linear(784, 128, generator: generator), new Tanh(), new Linear(128, 10, generator: generator)).To(device);
        var optimizer = new Sgd(net.Parameters, 0.01);
        var y = Tensor.From<long>([.. Enumerable.Range(0, batch).Select(i => (long)(i % 10))]).To(device);
        var step = Step.Capture((Tensor x) =>
        {
            optimizer.ZeroGrad();
            var loss = net.Forward(x).CrossEntropy(y);
            loss.Backward();
            optimizer.Step();
            return loss;
        });
        var there = Upload();
        using var batches = (isUploaded ? Uploads().Prefetch(ahead: 2) : Enumerable.Repeat(there, int.MaxValue)).GetEnumerator();
        double seconds = clock.Seconds(
            () =>
            {
                batches.MoveNext();
                step.Run(batches.Current);
            },
            device);
        return (seconds, 1 / seconds);

        Tensor Upload() => Tensor.From<float>(data, [batch, 784], device);

        IEnumerable<Tensor> Uploads()
        {
            for (; ; )
            {
                yield return Upload();
            }
        }
    });

    /// <summary>What <c>train</c> does: the digits, in batches of 32.</summary>
    private Measurement Training() => new("train on the digits, 64-128-10, Adam, batch 32", "samples/s", () =>
    {
        var parts = Digits.Load().Split(TrainingSettings.HeldOut, 0);
        Run(1);
        var result = Run(quick ? 1 : 20);
        return (result.Seconds / result.Steps, result.SamplesPerSecond);

        TrainingResult Run(int epochs)
        {
            string optimizer = TrainingSettings.Optimizers[0];
            var settings = new TrainingSettings(epochs, 32, TrainingSettings.DefaultRate(optimizer), 0, optimizer, 0);
            var model = new Classifier([64, 128, 10], "relu", generator);
            return new Trainer(model, parts, settings, generator, device).Run(_ => { }, CancellationToken.None);
        }
    });

    private Tensor Normal(Shape shape, DType dtype = DType.Float32) => generator.Normal(shape, dtype: dtype).To(device);

    private static Action Captured<T>(Func<T> body)
    {
        var step = Step.Capture(body);
        return () => step.Run();
    }
}
