namespace Gpu.Autograd.Tests;

/// <summary>
/// The devices that tests walk: those that this machine has. <see cref="DeviceTests"/> tells which are left out, and why.
/// <para>
/// What takes long is shared out here, and nowhere else. A test of what a device does takes every device that is walked. A walk through all
/// ops that asks nothing new of kernels, but of rules and of plans, takes all of them on the CPU, on the host and on GPUs, and a part on an
/// OpenCL device that is the CPU, which compiles for a fifth of a second each kernel that no other test has: <see cref="IsShared"/>. ILGPU's
/// CPU accelerator, which takes seconds where others take milliseconds, runs every kernel in tests/Ilgpu, and here trains nets where there is
/// no OpenCL device to take the same way through ILGPU: <see cref="Trained"/>. With the environment variable GPU_AUTOGRAD_EVERY_DEVICE set to
/// 1 every device takes all.
/// </para>
/// </summary>
public static class TestDevices
{
    /// <summary>Of so many rows an OpenCL device on the CPU takes one, in walks of rules.</summary>
    private const int Share = 4;

    /// <summary>What the library may have, by name: each is walked or has a reason why it is not.</summary>
    public static IReadOnlyList<string> Known { get; } = ["cpu", "host", "accelerator", "opencl:0", "cuda:0"];

    private static IReadOnlyList<DeviceInfo> Present { get; } = Device.All;

    private static bool IsEvery { get; } = Environment.GetEnvironmentVariable("GPU_AUTOGRAD_EVERY_DEVICE") == "1";

    /// <summary>The devices that are walked, by name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Where(name => Absence(name) is null)];

    /// <summary>The names as xunit's theory data.</summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>The same, and one that goes through ILGPU if there is any.</summary>
    public static TheoryData<string> Trained =>
        [.. Names, .. Present.Where(device => device.Kind == DeviceKind.Accelerator && device.Problem is null && !Names.Contains(device.Name))
            .Take(Present.Any(device => device.Kind is DeviceKind.OpenCl or DeviceKind.Cuda && device.Problem is null) ? 0 : 1)
            .Select(device => device.Name)];

    /// <summary>Why a device is not walked here; null if it is.</summary>
    public static string? Absence(string name) => Present.FirstOrDefault(device => device.Name == name) switch
    {
        null => $"There is no device {name}.",
        { Problem: { } problem } => $"{name}: {problem}",
        { Kind: DeviceKind.Accelerator } when !IsEvery =>
            $"{name}: tests/Ilgpu runs every kernel there, and few tests here train on it; set GPU_AUTOGRAD_EVERY_DEVICE=1 to walk it too",
        _ => null,
    };

    /// <summary>
    /// Whether it emulates a GPU on the CPU, which takes long for each launch, or a tenth of a second to compile a kernel: walks through all
    /// ops take one precision there, the same for all walks, so that they share kernels.
    /// </summary>
    public static bool IsEmulated(string name) =>
        Present.FirstOrDefault(device => device.Name == name) is { IsCpu: true, Kind: not DeviceKind.Cpu };

    /// <summary>Whether a row of a walk of rules is for others than this device.</summary>
    public static bool IsShared(string name, int row) =>
        row % Share != 0 && !IsEvery && IsEmulated(name) && Present.Any(device => device.Name == name && device.Kind == DeviceKind.OpenCl);

    /// <summary>The device of a name; a test that names one that is not walked is skipped, with the reason.</summary>
    public static Device Require(string name)
    {
        string? absence = Absence(name);
        Skip.If(absence is not null, absence);
        return Device.Parse(name);
    }
}
