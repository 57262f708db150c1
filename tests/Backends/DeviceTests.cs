namespace Gpu.Autograd.Tests;

/// <summary>How devices are found and opened.</summary>
public sealed class DeviceTests
{
    public static TheoryData<string> Known => [.. TestDevices.Known];

    /// <summary>Every other test walks the devices that are here; this one alone tells which are not, by being skipped with the reason.</summary>
    [SkippableTheory]
    [MemberData(nameof(Known))]
    public void Is_walked(string name)
    {
        var device = TestDevices.Require(name);

        Assert.Equal(name, device.Name);
        Assert.Equal([3f, 5f], (Tensor.From([1f, 2f], device: device) * 2 + 1).ToArray<float>());
    }

    /// <summary>There is always something that kernels run on.</summary>
    [Fact]
    public void The_cpu_and_the_host_are_walked_everywhere()
    {
        Assert.Contains("cpu", TestDevices.Names);
        Assert.Contains("host", TestDevices.Names);
    }

    [Fact]
    public void BestPassesOverWhatDoesNotOpen()
    {
        // Kinds are what a list claims; no machine has 66 GPUs, and host always opens.
        DeviceInfo[] failing = [new("cuda:65", DeviceKind.Cuda, ""), new("opencl:65", DeviceKind.OpenCl, "")];
        DeviceInfo host = new("host", DeviceKind.OpenCl, "");

        Assert.Equal("host", Device.BestOf([.. failing, host]).Name);
        Assert.Same(Device.Cpu, Device.BestOf(failing));
        Assert.Same(Device.Cpu, Device.BestOf([host with { IsCpu = true }, host with { Problem = "It is broken." }]));
        Assert.Same(Device.Best, Device.Best);
    }

    [Fact]
    public void AFailureToOpenIsNotKept()
    {
        var first = Assert.Throws<DeviceNotFoundException>(() => Device.Parse("cuda:65"));
        var second = Assert.Throws<DeviceNotFoundException>(() => Device.Parse("cuda:65"));

        Assert.NotSame(first, second);
        Assert.Same(Device.Parse("host"), Device.Parse("HOST"));
    }
}
