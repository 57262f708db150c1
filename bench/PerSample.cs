using BenchmarkDotNet.Attributes;
using Gpu.Autograd.Nn;
using Parameters = System.Collections.Generic.Dictionary<string, Gpu.Autograd.Tensor>;

namespace Gpu.Autograd.Bench;

/// <summary>The gradients of 256 samples' own losses, of an MLP with one hidden layer: as one batch, and in a loop over the samples.</summary>
public class PerSample : OnDevice
{
    private const int Samples = 256;

    private Functional net = null!;
    private Parameters parameters = null!;
    private Tensor x = null!;
    private Tensor target = null!;
    private Func<Parameters, Tensor, Tensor, Parameters> batched = null!;

    [Params("16-16-4", "64-32-10", "784-128-10")]
    public string Widths { get; set; } = "64-32-10";

    [GlobalSetup]
    public void Setup()
    {
        int[] widths = Array.ConvertAll(Widths.Split('-'), int.Parse);
        var generator = new Generator(0);
        var module = new Sequential(
            new Linear(widths[0], widths[1], generator: generator), new Tanh(), new Linear(widths[1], widths[2], generator: generator));
        module.To(On);
        net = new Functional(module);
        parameters = net.Parameters;
        x = generator.Normal([Samples, widths[0]], device: On);
        target = generator.Normal([Samples, widths[2]], device: On);
        batched = Autodiff.Vmap<Parameters, Tensor, Tensor, Parameters>(Gradient, null, 0, 0);
    }

    [Benchmark(Baseline = true)]
    public Tensor Loop()
    {
        Parameters? last = null;
        for (int i = 0; i < Samples; i++)
        {
            last = Gradient(parameters, x[i..(i + 1)], target[i..(i + 1)]);
        }

        return Done(last!.Values.First());
    }

    [Benchmark]
    public Tensor Batch() => Done(batched(parameters, x, target).Values.First());

    private Parameters Gradient(Parameters p, Tensor sample, Tensor label) =>
        Autodiff.Grad<Parameters>(q => net.Call(q, sample).MeanSquaredError(label))(p);
}
