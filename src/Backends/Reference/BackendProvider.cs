using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Backends;

/// <summary>The devices of this machine: the CPU here, the GPU kernels on the host, and what ILGPU finds.</summary>
public sealed class BackendProvider : IBackendProvider
{
    /// <inheritdoc/>
    public IReadOnlyList<DeviceInfo> List() =>
    [
        new DeviceInfo("cpu", DeviceKind.Cpu, DescribeCpu(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, IsCpu: true),
        .. ListIlgpu(),
        new DeviceInfo("host", DeviceKind.Host, "GPU kernels run by the CPU, thread by thread: for tests", IsCpu: true),
    ];

    /// <inheritdoc/>
    public Backend Open(string name) => name switch
    {
        "cpu" => new ReferenceBackend(),
        "host" => OpenHost(),
        _ => OpenIlgpu(name),
    };

    // Each in a method of its own: its assembly is loaded when the method is compiled, that is, first called.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Backend OpenHost() => new HostBackend();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IReadOnlyList<DeviceInfo> ListIlgpu() => IlgpuDevices.List();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Backend OpenIlgpu(string name) => IlgpuDevices.Open(name);

    private static string DescribeCpu() =>
        $"{ProcessorName()}, {Environment.ProcessorCount} threads, {ReferenceBackend.WidestBits}-bit vectors";

    private static string ProcessorName()
    {
        if (X86Base.IsSupported && (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax >= 0x80000004)
        {
            // The processor's own name: 48 letters in three leaves of CPUID.
            Span<int> letters = stackalloc int[12];
            for (int i = 0; i < 3; i++)
            {
                (letters[4 * i], letters[(4 * i) + 1], letters[(4 * i) + 2], letters[(4 * i) + 3]) =
                    X86Base.CpuId(unchecked((int)0x80000002) + i, 0);
            }

            return System.Text.Encoding.ASCII.GetString(MemoryMarshal.AsBytes(letters)).Trim('\0', ' ');
        }

        return $"{RuntimeInformation.ProcessArchitecture} processor";
    }
}
