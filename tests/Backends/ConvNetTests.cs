using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>A small convolutional net on the embedded digits: it learns, and loses the same on every device.</summary>
public sealed class ConvNetTests
{
    /// <summary>A few small steps, because one device here is a debugger.</summary>
    [Theory]
    [MemberData(nameof(TestDevices.Trained), MemberType = typeof(TestDevices))]
    public void The_losses_are_the_same_on_every_device(string name) =>
        Close.Assert(Losses(Device.Cpu, 4, 3), Losses(Device.Parse(name), 4, 3), 1e-4, $"losses on {name}");

    [Fact]
    public void It_learns()
    {
        double[] losses = Losses(Device.Cpu, 32, 40);

        Assert.InRange(losses[0], 2, 3);
        Assert.InRange(losses[^5..].Average(), 0, 0.5 * losses[0]);
    }

    private static double[] Losses(Device device, int size, int steps)
    {
        var generator = new Generator(3);
        var net = new Sequential(
            new Conv2d(1, 4, 3, padding: 1, bias: false, generator: generator), new BatchNorm(4), new Relu(), new MaxPool2d(2),
            new Conv2d(4, 8, 3, padding: Padding.Same, generator: generator), new Relu(), new AvgPool2d(2),
            new Flatten(), new Linear(32, 10, generator: generator));
        net.To(device);
        var digits = Digits.Load();
        var optimizer = new Adam(net.Parameters, 0.03);
        var losses = new List<double>();
        foreach (var batch in new Batches(digits.Scaled(1 / digits.MaxAbs), size, generator, device).Epoch().Take(steps))
        {
            var loss = net.Forward(batch.Features.Reshape(-1, 1, 8, 8)).CrossEntropy(batch.Labels);
            optimizer.ZeroGrad();
            loss.Backward();
            optimizer.Step();
            losses.Add(loss.Item());
        }

        return [.. losses];
    }
}
