using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>Ops on one element: what the engine costs, per op.</summary>
public class Overhead : OnDevice
{
    private const int Ops = 100;
    private Tensor x = null!;
    private Tensor leaf = null!;

    [GlobalSetup]
    public void Setup()
    {
        x = Tensor.Full([1], 0.5, device: On);
        leaf = Tensor.Full([1], 0.5, device: On);
        leaf.RequiresGrad = true;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Ops)]
    public Tensor Plain() => Done(Chain(x));

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor Recorded() => Done(Chain(leaf));

    /// <summary>Forward and backward.</summary>
    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor WithBackward()
    {
        leaf.Grad = null;
        Chain(leaf).Backward();
        return Done(leaf.Grad!);
    }

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor WithTangent() => Done(Autodiff.Jvp(Chain, x, x).Tangent);

    private static Tensor Chain(Tensor x)
    {
        var y = x;
        for (int i = 0; i < Ops; i++)
        {
            y *= x;
        }

        return y;
    }
}
