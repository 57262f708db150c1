using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>A square matrix reduced in each direction: what one read of memory costs.</summary>
public class Reductions : OnDevice
{
    private Tensor x = null!;

    [Params(64, 1024, 2048)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup() => x = new Generator(0).Normal([Size, Size], device: On);

    [Benchmark(Baseline = true)]
    public Tensor SumOfAll() => Done(x.Sum());

    [Benchmark]
    public Tensor SumOfRows() => Done(x.Sum(-1));

    [Benchmark]
    public Tensor SumOfColumns() => Done(x.Sum(0));

    [Benchmark]
    public Tensor MaxOfRows() => Done(x.Max(-1));

    [Benchmark]
    public Tensor Softmax() => Done(x.Softmax(-1));
}
