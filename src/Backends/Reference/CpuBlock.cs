using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends;

/// <summary>A piece of the process's own memory, aligned to a cache line.</summary>
/// <remarks>
/// Behind its end lies the slack of a few SIMD registers, so that loops may load the registers that hold the last elements whole.
/// </remarks>
internal sealed unsafe partial class CpuBlock : Block
{
    private const int Alignment = 64;
    private const int Slack = 256;

    /// <summary>What Linux maps by one entry where it is asked to; in smaller pages a pass over a large array waits for their entries.</summary>
    private const int HugePage = 2 << 20;

    private const int WantsHugePages = 14;

    public CpuBlock(long bytes, long live)
        : base(bytes)
    {
        try
        {
            bool isLarge = bytes >= 2 * HugePage && OperatingSystem.IsLinux();
            Start = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + Slack), (nuint)(isLarge ? HugePage : Alignment));
            if (isLarge)
            {
                AskForHugePages(bytes / HugePage * HugePage);
            }
        }
        catch (OutOfMemoryException)
        {
            throw new OutOfMemoryException($"cpu: {bytes} bytes were asked for, {live} are in use, and no more is to be had.");
        }
    }

    /// <summary>The first byte.</summary>
    public byte* Start { get; private set; }

    public void Free()
    {
        NativeMemory.AlignedFree(Start);
        Start = null;
    }

    /// <summary>The first byte of a storage's memory.</summary>
    public static byte* StartOf(Storage storage) => ((CpuBlock)storage.Block).Start;

    /// <summary>The first element of an operand.</summary>
    public static byte* StartOf(in Operand operand) =>
        StartOf(operand.Storage) + ((nint)operand.Layout.Offset * operand.DType.Size());

    /// <summary>A wish: where it is not heard, the pages are small ones.</summary>
    private void AskForHugePages(long bytes)
    {
        try
        {
            _ = Advise(Start, (nuint)bytes, WantsHugePages);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
