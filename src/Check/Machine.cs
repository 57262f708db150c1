using System.Runtime.InteropServices;

namespace Gpu.Autograd.Checking;

/// <summary>The machine and what runs on it, as a bug report wants them.</summary>
public static class Machine
{
    /// <summary>The version of ILGPU; null where it is not there.</summary>
    public static string? Ilgpu
    {
        get
        {
            // It is loaded with the first look at the devices, where it is there at all.
            _ = Device.All;
            var ilgpu = Array.Find(AppDomain.CurrentDomain.GetAssemblies(), assembly => assembly.GetName().Name == "ILGPU");
            return ilgpu?.GetName().Version?.ToString(3);
        }
    }

    /// <summary>The .NET runtime.</summary>
    public static string Runtime => RuntimeInformation.FrameworkDescription;

    /// <summary>The operating system and the architecture of the process.</summary>
    public static string OperatingSystem =>
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
}
