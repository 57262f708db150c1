namespace Gpu.Autograd.Tests;

/// <summary>
/// The devices that tests walk: those that this machine has. <see cref="DeviceTests"/> tells which are left out, and why. ILGPU's CPU
/// accelerator takes many times as long as any other, so where there is an OpenCL device, which takes the same way through ILGPU, that one
/// is walked alone; with the environment variable GPU_AUTOGRAD_EVERY_DEVICE set to 1 both are. tests/Ilgpu runs every kernel on the
/// accelerator at all times.
/// </summary>
public static class TestDevices
{
    /// <summary>What the library may have, by name: each is walked or has a reason why it is not.</summary>
    public static IReadOnlyList<string> Known { get; } = ["cpu", "host", "accelerator", "opencl:0", "cuda:0"];

    private static IReadOnlyList<DeviceInfo> Present { get; } = Device.All;

    private static bool HasOpenCl { get; } = Present.Any(device => device.Kind == DeviceKind.OpenCl && device.Problem is null);

    /// <summary>The devices that are walked, by name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Where(name => Absence(name) is null)];

    /// <summary>The names as xunit's theory data.</summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>Why a device is not walked here; null if it is.</summary>
    public static string? Absence(string name) => Present.FirstOrDefault(device => device.Name == name) switch
    {
        null => $"There is no device {name}.",
        { Problem: { } problem } => $"{name}: {problem}",
        { Kind: DeviceKind.Accelerator } when HasOpenCl && Environment.GetEnvironmentVariable("GPU_AUTOGRAD_EVERY_DEVICE") != "1" =>
            $"{name}: OpenCL stands for it here; set GPU_AUTOGRAD_EVERY_DEVICE=1 to test both",
        _ => null,
    };

    /// <summary>
    /// Whether it emulates a GPU on the CPU, which takes long for each launch, or a tenth of a second to compile a kernel: walks through all
    /// ops take one precision there, the same for all walks, so that they share kernels.
    /// </summary>
    public static bool IsEmulated(string name) =>
        Present.FirstOrDefault(device => device.Name == name) is { IsCpu: true, Kind: not DeviceKind.Cpu };

    /// <summary>The device of a name; a test that names one that is not walked is skipped, with the reason.</summary>
    public static Device Require(string name)
    {
        string? absence = Absence(name);
        Skip.If(absence is not null, absence);
        return Device.Parse(name);
    }
}
