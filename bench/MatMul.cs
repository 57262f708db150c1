using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>The product of two square matrices: 2·N³ floating-point operations.</summary>
public class MatMul : OnDevice
{
    private Tensor a = null!;
    private Tensor b = null!;

    [Params(64, 128, 256, 512, 1024)]
    public int N { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var generator = new Generator(0);
        a = generator.Normal([N, N], device: On);
        b = generator.Normal([N, N], device: On);
    }

    [Benchmark]
    public Tensor Product() => Done(a.MatMul(b));
}
