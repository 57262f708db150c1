using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>One training on two devices at once, as docs/gpu.md shows it: what comes out is that of one device.</summary>
public sealed class DataParallelTests
{
    [SkippableTheory]
    [InlineData("cpu", "host")]
    [InlineData("host", "accelerator")]
    [InlineData("opencl:0", "accelerator")]
    [InlineData("opencl:0", "opencl:1")]
    [InlineData("cuda:0", "cuda:1")]
    public void Two_devices_learn_what_one_learns(string first, string second)
    {
        Device[] devices = [TestDevices.Require(first), TestDevices.Require(second)];
        var (losses, nets) = Train(devices, steps: 20);
        var (expected, _) = Train([Device.Cpu], steps: 20);

        Close.Assert(expected, losses, 1e-5, $"losses on {first} and {second}");
        Assert.True(losses[^5..].Average() < 0.8 * losses[0], $"{losses[0]} → {losses[^1]}: nothing was learned");

        // Both nets are the same to the last bit but for what devices round differently.
        foreach (var (a, b) in nets[0].Parameters.Zip(nets[1].Parameters))
        {
            Close.Assert(a.To(Device.Cpu), b.To(Device.Cpu), 1e-6, $"a parameter on {first} and {second}");
        }
    }

    private static (double[] Losses, Module[] Nets) Train(Device[] devices, int steps)
    {
        // The same seed: the same weights everywhere.
        Module[] nets = [.. devices.Select(device => NewNet().To(device))];
        Adam[] optimizers = [.. nets.Select(net => new Adam(net.Parameters, learningRate: 0.02))];
        var batches = new Batches(Digits.Load().Scaled(1.0 / 16), size: 16, new Generator(seed: 2));
        var losses = new List<double>();
        foreach (var (images, labels) in batches.Epoch().Take(steps))
        {
            // Each device works on its part of the batch, on a thread of its own.
            var (x, y) = (images.Chunk(devices.Length), labels.Chunk(devices.Length));
            var parts = new double[devices.Length];
            Parallel.For(0, devices.Length, i =>
            {
                optimizers[i].ZeroGrad();
                Tensor loss = nets[i].Forward(x[i].To(devices[i])).CrossEntropy(y[i].To(devices[i]));
                loss.Backward();
                parts[i] = loss.Item();
            });

            // Then all go the same way: that of the mean of their gradients.
            for (int p = 0; p < nets[0].Parameters.Count; p++)
            {
                Tensor mean = nets.Select(net => net.Parameters[p].Grad!.To(Device.Cpu)).Aggregate((a, b) => a + b) / devices.Length;
                foreach (var net in nets)
                {
                    net.Parameters[p].Grad = mean.To(net.Parameters[p].Device);
                }
            }

            foreach (var optimizer in optimizers)
            {
                optimizer.Step();
            }

            losses.Add(parts.Average());
        }

        return ([.. losses], nets);
    }

    private static Sequential NewNet()
    {
        var random = new Generator(seed: 1);
        return new Sequential(new Linear(64, 16, generator: random), new Tanh(), new Linear(16, 10, generator: random));
    }
}
