using BenchmarkDotNet.Attributes;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Bench;

/// <summary>One step of Adam on an MLP 784-128-10 with a batch of 64: forward, backward and update.</summary>
public class Training : OnDevice
{
    private Tensor x = null!;
    private Tensor labels = null!;
    private Module net = null!;
    private Adam optimizer = null!;
    private CapturedStep<Tensor> captured = null!;

    [GlobalSetup]
    public void Setup()
    {
        var generator = new Generator(0);
        net = new Sequential(new Linear(784, 128, generator: generator), new Relu(), new Linear(128, 10, generator: generator)).To(On);
        optimizer = new Adam(net.Parameters);
        x = generator.Uniform([64, 784], device: On);
        labels = Tensor.From<long>([.. Enumerable.Range(0, 64).Select(row => row % 10L)], device: On);
        captured = Gpu.Autograd.Step.Capture(Body);
    }

    [Benchmark(Baseline = true)]
    public Tensor Step() => Done(Body());

    /// <summary>The same, recorded once and replayed.</summary>
    [Benchmark]
    public Tensor Captured() => Done(captured.Run());

    private Tensor Body()
    {
        optimizer.ZeroGrad();
        var loss = net.Forward(x).CrossEntropy(labels);
        loss.Backward();
        optimizer.Step();
        return loss;
    }
}
