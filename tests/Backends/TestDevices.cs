namespace Gpu.Autograd.Tests;

/// <summary>The devices that tests walk. One that is absent is skipped, with the reason that the library gives.</summary>
public static class TestDevices
{
    /// <summary>Every device that the library may have, by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["cpu", "host", "accelerator", "opencl:0", "cuda:0"];

    /// <summary>The names as xunit's theory data.</summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>The device of a name; skips the test where it cannot be used.</summary>
    public static Device Require(string name)
    {
        var info = Device.All.FirstOrDefault(device => device.Name == name);
        Skip.If(info is null, $"There is no device {name}.");
        Skip.If(info!.Problem is not null, $"{name}: {info.Problem}");
        return Device.Parse(name);
    }
}
