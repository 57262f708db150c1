using Gpu.Autograd.Checking;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests;

/// <summary>The main job on every device: the same net on the same digits loses the same, step by step.</summary>
public class MlpParityTests(ITestOutputHelper output)
{
    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_hundred_steps_of_Adam_on_digits(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] expected = Training.Losses(Device.Cpu, 100);
        double[] actual = Training.Losses(device, 100);
        output.WriteLine(Comparison.Of($"losses on {deviceName}", expected, actual, 0).ToString());

        Close.Assert(expected, actual, Training.Tolerance, $"losses on {deviceName}");
        Assert.True(actual[^10..].Average() < 0.5 * actual[0], $"{actual[0]} → {actual[^1]}: nothing was learned");
    }

    /// <summary>The same in captured steps, whose kernels are put together.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_hundred_captured_steps_of_Adam_on_digits(string deviceName) => Close.Assert(
        Training.Losses(Device.Cpu, 100),
        Training.Losses(TestDevices.Require(deviceName), 100, captured: true),
        Training.Tolerance,
        $"losses on {deviceName}");

    /// <summary>In float64 there are more digits to agree in.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Captured_and_in_float64(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Close.Assert(
            Training.Losses(Device.Cpu, 12, DType.Float64),
            Training.Losses(device, 12, DType.Float64, captured: true),
            1e-12,
            $"losses on {deviceName}");
    }

    /// <summary>The same seed gives the same bits, run after run.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_same_seed_gives_the_same_bits(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Assert.Equal(Training.Losses(device, steps: 4), Training.Losses(device, steps: 4));
    }

    /// <summary>What a training drops is chosen by the seed, not by the device: mask after mask, in both dtypes, eager and captured.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Dropout_masks_are_the_same_bits(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var (here, there) = (new Generator(11), new Generator(11));
            var captured = new Generator(11);
            var step = Step.Capture(x => x.Dropout(0.3, captured) * 1);
            var (x, onDevice) = (Tensor.Ones([16, 33], dtype), Tensor.Ones([16, 33], dtype, device));
            var masks = new HashSet<string>();
            for (int run = 0; run < 6; run++)
            {
                double[] expected = Close.Values(x.Dropout(0.3, here));
                Assert.Equal(expected, Close.Values(onDevice.Dropout(0.3, there)));
                Assert.Equal(expected, Close.Values(step.Run(onDevice)));
                Assert.Contains(0, expected);
                masks.Add(string.Join(' ', expected));
            }

            Assert.Equal(6, masks.Count);
        }
    }
}
