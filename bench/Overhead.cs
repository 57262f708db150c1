using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>Ops on one element: what an op costs beside its numbers, in time and in memory.</summary>
public class Overhead : OnDevice
{
    private const int Ops = 100;
    private Tensor x = null!;
    private Tensor matrix = null!;
    private Tensor leaf = null!;

    [GlobalSetup]
    public void Setup()
    {
        x = Tensor.Full([1], 0.5, device: On);
        matrix = Tensor.Full([1, 1], 0.5, device: On);
        leaf = Tensor.Full([1], 0.5, device: On);
        leaf.RequiresGrad = true;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Ops)]
    public Tensor Unary() => Done(Chain(x, static (y, _) => y.Tanh()));

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor Binary() => Done(Chain(x, static (y, x) => y * x));

    /// <summary>With a plain number in place of an operand.</summary>
    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor Number() => Done(Chain(x, static (y, _) => y * 0.5));

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor Sum() => Done(Chain(matrix, static (y, _) => y.Sum(0, keepDims: true)));

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor Product() => Done(Chain(matrix, static (y, x) => y.MatMul(x)));

    /// <summary>A view: no memory, no launch.</summary>
    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor View() => Done(Chain(matrix, static (y, _) => y.Transpose()));

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor Recorded() => Done(Chain(leaf, static (y, _) => y.Tanh()));

    /// <summary>Forward and backward, an op of each at a time.</summary>
    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor WithBackward()
    {
        leaf.Grad = null;
        Chain(leaf, static (y, _) => y.Tanh()).Backward();
        return Done(leaf.Grad!);
    }

    [Benchmark(OperationsPerInvoke = Ops)]
    public Tensor WithTangent() => Done(Autodiff.Jvp(x => Chain(x, static (y, _) => y.Tanh()), x, x).Tangent);

    private static Tensor Chain(Tensor x, Func<Tensor, Tensor, Tensor> op)
    {
        var y = x;
        for (int i = 0; i < Ops; i++)
        {
            y = op(y, x);
        }

        return y;
    }
}
