using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>One op over many elements, and its gradient: what a pass over memory costs.</summary>
public class Elementwise : OnDevice
{
    private Tensor x = null!;
    private Tensor g = null!;
    private Func<Tensor, Tensor> pullback = null!;

    [Params(1, 1_000, 1_000_000, 4_000_000)]
    public int Elements { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var generator = new Generator(0);
        x = generator.Normal([Elements], device: On);
        g = generator.Normal([Elements], device: On);
        pullback = Autodiff.Vjp(v => v.Tanh(), x).Pullback;
    }

    [Benchmark]
    public Tensor Tanh() => Done(x.Tanh());

    /// <summary>g·(1 − y²), fused.</summary>
    [Benchmark]
    public Tensor TanhBackward() => Done(pullback(g));
}
