namespace Gpu.Autograd.Tests;

/// <summary>How devices are found and opened.</summary>
public sealed class DeviceTests
{
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
