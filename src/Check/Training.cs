using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Checking;

/// <summary>The main job in small: a multilayer perceptron 64-16-10 with dropout, trained by Adam on the handwritten digits.</summary>
public static class Training
{
    /// <summary>How far losses in float32 may be from each other after a hundred steps.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>The loss of each step: the same seed and the same order of samples wherever it runs.</summary>
    /// <param name="device">Where.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="dtype">float32 or float64.</param>
    /// <param name="captured">Whether the step is captured, and replayed from the fourth on.</param>
    public static double[] Losses(Device device, int steps, DType dtype = DType.Float32, bool captured = false)
    {
        var generator = new Generator(7);
        var net = new Sequential(
            new Linear(64, 16, generator: generator, dtype: dtype),
            new Tanh(),
            new Dropout(0.2, generator),
            new Linear(16, 10, generator: generator, dtype: dtype));
        net.To(device);
        var digits = Digits.Load();
        var batches = new Batches(digits.Scaled(1 / digits.MaxAbs), 16, generator, device);
        var optimizer = new Adam(net.Parameters, 0.02);
        var step = captured ? Gpu.Autograd.Step.Capture(Step).Run : (Func<Tensor, Tensor, Tensor>)Step;
        return
        [
            .. Enumerable.Range(0, int.MaxValue)
                .SelectMany(_ => batches.Epoch())
                .Take(steps)
                .Select(batch => step(batch.Features.To(dtype), batch.Labels).Item()),
        ];

        Tensor Step(Tensor features, Tensor labels)
        {
            optimizer.ZeroGrad();
            var loss = net.Forward(features).CrossEntropy(labels);
            loss.Backward();
            optimizer.Step();
            return loss;
        }
    }
}
