using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>A multilayer perceptron, its optimizer and a batch: what captured steps are counted and compared on.</summary>
internal sealed class SmallNet
{
    private readonly Tensor[] parameters;
    private readonly Optimizer optimizer;
    private readonly Func<Tensor, Tensor> activation;

    internal SmallNet(
        Device device,
        int[] widths,
        int batch,
        DType dtype,
        bool classifies = true,
        Func<Tensor, Tensor>? activation = null,
        Func<Tensor[], Optimizer>? optimizer = null)
    {
        var generator = new Generator(1);
        this.activation = activation ?? (x => x.Relu());
        Classifies = classifies;
        var all = new List<Tensor>();
        for (int i = 1; i < widths.Length; i++)
        {
            var (w, b) = (generator.Normal([widths[i], widths[i - 1]]) / Math.Sqrt(widths[i - 1]), generator.Normal([widths[i]]) * 0.1);
            all.AddRange(w.To(dtype).To(device), b.To(dtype).To(device));
        }

        parameters = [.. all];
        foreach (var p in parameters)
        {
            p.RequiresGrad = true;
        }

        this.optimizer = optimizer?.Invoke(parameters) ?? new Adam(parameters, learningRate: 0.01);
        X = generator.Normal([batch, widths[0]]).To(dtype).To(device);
        Y = classifies
            ? Tensor.From(Enumerable.Range(0, batch).Select(i => (long)(i * 7 % widths[^1])).ToArray()).To(device)
            : generator.Normal([batch, widths[^1]]).To(dtype).To(device);
    }

    internal Tensor X { get; }

    internal Tensor Y { get; }

    internal int Count => parameters.Sum(p => p.Count);

    private bool Classifies { get; }

    internal Tensor Run(Tensor x, Tensor y)
    {
        optimizer.ZeroGrad();
        for (int i = 0; i < parameters.Length; i += 2)
        {
            x = x.Linear(parameters[i], parameters[i + 1]);
            x = i + 2 < parameters.Length ? activation(x) : x;
        }

        var loss = Classifies ? x.CrossEntropy(y) : (x - y).Square().Mean();
        loss.Backward();
        optimizer.Step();
        return loss;
    }

    /// <summary>The losses of some steps, and then the parameters.</summary>
    internal double[] Train(int steps, bool captured)
    {
        var step = Step.Capture(Run);
        var numbers = new List<double>();
        for (int i = 0; i < steps; i++)
        {
            numbers.Add((captured ? step.Run(X, Y) : Run(X, Y)).Item());
        }

        Assert.Equal(captured ? 1 : 0, step.Recordings);
        return [.. numbers, .. parameters.SelectMany(p => p.To(Device.Cpu).To(DType.Float64).ToArray<double>())];
    }
}
