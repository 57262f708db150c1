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

    [Theory]
    [InlineData("cpu", "cpu")]
    [InlineData(" OpenCL:1\t", "opencl:1")]
    [InlineData("CUDA", "cuda:0")]
    [InlineData("cuda:07", "cuda:7")]
    [InlineData("Accelerator", "accelerator")]
    public void NamesAreReadAsPeopleWriteThem(string name, string canonical) => Assert.Equal(canonical, Device.Canonical(name));

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cpu:0")]
    [InlineData("cuda:")]
    [InlineData("cuda: 1")]
    [InlineData("cuda:+1")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:65536")]
    [InlineData("cuda:1:2")]
    public void WhatIsNoNameSaysWhatNamesAre(string name)
    {
        var error = Assert.Throws<FormatException>(() => Device.Parse(name));
        Assert.Equal($"'{name}' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best.", error.Message);
    }

    [Fact]
    public void WhatIsNotThereSaysWhyAndWhatIs()
    {
        DeviceInfo cpu = new("cpu", DeviceKind.Cpu, "a processor", IsCpu: true);
        DeviceInfo noCuda = new("cuda:0", DeviceKind.Cuda, "NVIDIA GPU", Problem: "There is no driver.");
        DeviceInfo first = new("opencl:0", DeviceKind.OpenCl, "one GPU"), second = new("opencl:1", DeviceKind.OpenCl, "another GPU");
        DeviceInfo[] all = [cpu, noCuda, first, second];
        const string here = "The devices here are: cpu (a processor); opencl:0 (one GPU); opencl:1 (another GPU).";

        Assert.Same(second, DeviceInfo.Find(all, "opencl:1"));
        Assert.Equal($"There is no device opencl:2 here. {here}", Message("opencl:2"));
        Assert.Equal($"There is no device cuda:3 here: There is no driver. {here}", Message("cuda:3"));
        Assert.Equal($"cuda:0 cannot be used: There is no driver. {here}", Message("cuda:0"));
        Assert.Contains("The devices here are: cpu (", Assert.Throws<DeviceNotFoundException>(() => Device.Parse("opencl:65")).Message);

        string Message(string name) => Assert.Throws<DeviceNotFoundException>(() => DeviceInfo.Find(all, name)).Message;
    }
}
