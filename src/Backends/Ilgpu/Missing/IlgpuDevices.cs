namespace Gpu.Autograd.Backends;

/// <summary>Stands in for the devices that ILGPU reaches, where this was built without it.</summary>
public static class IlgpuDevices
{
    private const string Problem =
        "This was built without ILGPU, which the package sources here do not serve. Add one that does " +
        "(dotnet nuget add source URL-OR-FOLDER) and build again.";

    /// <summary>The kinds of device that are missing, with the reason.</summary>
    public static IReadOnlyList<DeviceInfo> List() =>
    [
        new("cuda:0", DeviceKind.Cuda, "NVIDIA GPU", Problem: Problem),
        new("opencl:0", DeviceKind.OpenCl, "OpenCL device", Problem: Problem),
        new("accelerator", DeviceKind.Accelerator, "ILGPU CPU accelerator", IsCpu: true, Problem: Problem),
    ];

    /// <summary>Opens nothing.</summary>
    /// <exception cref="DeviceNotFoundException">Always.</exception>
    public static Backend Open(string name) => throw new DeviceNotFoundException($"{name} cannot be used: {Problem}");
}
