using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>log |det| of 10,000 4×4 matrices, and its gradient: what a flow pays for its Jacobian determinants.</summary>
public class LinearAlgebra : OnDevice
{
    private Tensor x = null!;

    [Params(DType.Float32, DType.Float64)]
    public DType Elements { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        x = new Generator(0).Normal([10_000, 4, 4], dtype: Elements, device: On);
        x.RequiresGrad = true;
    }

    [Benchmark(Baseline = true)]
    public Tensor LogAbsDet() => Done(x.Detach().LogAbsDet());

    [Benchmark]
    public Tensor Inverse() => Done(x.Detach().Inverse());

    /// <summary>Forward and backward.</summary>
    [Benchmark]
    public Tensor WithGradient()
    {
        x.Grad = null;
        x.LogAbsDet().Sum().Backward();
        return Done(x.Grad!);
    }
}

/// <summary>One large system: factors, solution and inverse.</summary>
public class LargeSystem : OnDevice
{
    private Tensor a = null!;
    private Tensor b = null!;

    [Params(64, 512)]
    public int N { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var generator = new Generator(0);
        a = generator.Normal([N, N], dtype: DType.Float64, device: On);
        b = generator.Normal([N], dtype: DType.Float64, device: On);
    }

    [Benchmark(Baseline = true)]
    public Tensor LogAbsDet() => Done(a.LogAbsDet());

    [Benchmark]
    public Tensor Solve() => Done(a.Solve(b));

    [Benchmark]
    public Tensor Inverse() => Done(a.Inverse());
}
