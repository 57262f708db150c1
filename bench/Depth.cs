using BenchmarkDotNet.Attributes;
using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Bench;

/// <summary>An MLP of so many layers 64-64: the time of a forward pass, and of a forward and a backward pass.</summary>
public class Depth : OnDevice
{
    private Tensor x = null!;
    private Module net = null!;

    [Params(10, 20, 40)]
    public int Layers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var generator = new Generator(0);
        net = new Sequential(
            [.. Enumerable.Range(0, Layers).SelectMany(_ => new Module[] { new Linear(64, 64, generator: generator), new Tanh() })]).To(On);
        x = generator.Normal([64, 64], device: On);
    }

    [Benchmark(Baseline = true)]
    public Tensor Forward() => Done(Loss());

    [Benchmark]
    public Tensor ForwardAndBackward()
    {
        foreach (var parameter in net.Parameters)
        {
            parameter.Grad = null;
        }

        var loss = Loss();
        loss.Backward();
        return Done(loss);
    }

    private Tensor Loss() => net.Forward(x).Square().Mean();
}
