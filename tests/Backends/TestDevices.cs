namespace Gpu.Autograd.Tests;

/// <summary>
/// The devices that tests walk. One that is absent is skipped, with the reason that the library gives. ILGPU's CPU accelerator takes many
/// times as long as any other, so where there is an OpenCL device, which takes the same way through ILGPU, that one is walked alone; with the
/// environment variable GPU_AUTOGRAD_EVERY_DEVICE set to 1 both are. tests/Ilgpu runs every kernel on the accelerator at all times.
/// </summary>
public static class TestDevices
{
    /// <summary>Every device that the library may have, by name.</summary>
    public static IReadOnlyList<string> Names { get; } = ["cpu", "host", "accelerator", "opencl:0", "cuda:0"];

    /// <summary>The names as xunit's theory data.</summary>
    public static TheoryData<string> All => [.. Names];

    private static bool HasOpenCl { get; } = Device.All.Any(device => device.Kind == DeviceKind.OpenCl && device.Problem is null);

    /// <summary>The device of a name; skips the test where it cannot be used.</summary>
    public static Device Require(string name)
    {
        var info = Device.All.FirstOrDefault(device => device.Name == name);
        Skip.If(info is null, $"There is no device {name}.");
        Skip.If(info!.Problem is not null, $"{name}: {info.Problem}");
        Skip.If(
            info.Kind == DeviceKind.Accelerator && HasOpenCl && Environment.GetEnvironmentVariable("GPU_AUTOGRAD_EVERY_DEVICE") != "1",
            $"{name}: OpenCL stands for it here; set GPU_AUTOGRAD_EVERY_DEVICE=1 to test both");
        return Device.Parse(name);
    }
}
