using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends;

/// <summary>A piece of the process's own memory, aligned to a cache line.</summary>
/// <remarks>
/// Behind its end lies the slack of a few SIMD registers, so that loops may load the registers that hold the last elements whole.
/// </remarks>
internal sealed unsafe class CpuBlock : Block
{
    private const int Alignment = 64;
    private const int Slack = 256;

    public CpuBlock(long bytes, long live)
        : base(bytes)
    {
        try
        {
            Start = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + Slack), Alignment);
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
}
