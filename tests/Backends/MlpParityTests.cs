using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests;

/// <summary>The main job on every device: the same net on the same digits loses the same, step by step.</summary>
public class MlpParityTests(ITestOutputHelper output)
{
    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Twenty_steps_of_Adam_on_digits(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] expected = Losses(Device.Cpu);
        double[] actual = Losses(device);
        for (int step = 0; step < expected.Length; step++)
        {
            output.WriteLine($"step {step + 1,2}  cpu {expected[step]:F7}  {deviceName} {actual[step]:F7}  difference {actual[step] - expected[step]:E1}");
        }

        Close.Assert(expected, actual, 1e-4, $"losses on {deviceName}");
        Assert.True(actual[^1] < 0.8 * actual[0], $"{actual[0]} → {actual[^1]}: nothing was learned");
    }

    /// <summary>The same seed gives the same bits, run after run.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_same_seed_gives_the_same_bits(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Assert.Equal(Losses(device, steps: 4), Losses(device, steps: 4));
    }

    private static double[] Losses(Device device, int steps = 20)
    {
        var generator = new Generator(7);
        var net = new Sequential(new Linear(64, 16, generator: generator), new Tanh(), new Linear(16, 10, generator: generator));
        net.To(device);
        var digits = Digits.Load();
        var batches = new Batches(digits.Scaled(1 / digits.MaxAbs), 16, generator, device);
        var optimizer = new Adam(net.Parameters, 0.02);
        var losses = new List<double>();
        foreach (var batch in batches.Epoch().Take(steps))
        {
            var loss = net.Forward(batch.Features).CrossEntropy(batch.Labels);
            optimizer.ZeroGrad();
            loss.Backward();
            optimizer.Step();
            losses.Add(loss.Item());
        }

        return [.. losses];
    }
}
