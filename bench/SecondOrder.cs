using BenchmarkDotNet.Attributes;

namespace Gpu.Autograd.Bench;

/// <summary>The loss of an MLP 8-16-1 as a function of its 144 weights: gradient, and Hessian times vector (forward over reverse).</summary>
public class SecondOrder : OnDevice
{
    private Tensor x = null!;
    private Tensor target = null!;
    private Tensor weights = null!;
    private Tensor v = null!;

    [GlobalSetup]
    public void Setup()
    {
        var generator = new Generator(0);
        x = generator.Normal([32, 8], device: On);
        target = generator.Normal([32, 1], device: On);
        weights = generator.Normal([144], device: On);
        v = generator.Normal([144], device: On);
    }

    [Benchmark(Baseline = true)]
    public Tensor Gradient() => Done(Autodiff.Grad(Loss)(weights));

    [Benchmark]
    public Tensor Hvp() => Done(Autodiff.Hvp(Loss, weights, v));

    private Tensor Loss(Tensor w) => x.MatMul(w[..128].Reshape(8, 16)).Tanh().MatMul(w[128..].Reshape(16, 1)).MeanSquaredError(target);
}
