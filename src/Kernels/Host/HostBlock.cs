using System.Runtime.InteropServices;

namespace Gpu.Autograd.Kernels;

/// <summary>Memory of the host that the collector does not move.</summary>
internal sealed unsafe class HostBlock : Block
{
    private readonly string device;
    private void* start;
    private HostWatch? watch;

    /// <summary>Takes memory.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough.</exception>
    internal HostBlock(long bytes, string device, long live)
        : base(bytes)
    {
        this.device = device;
        try
        {
            start = NativeMemory.AlignedAlloc((nuint)bytes, 64);
        }
        catch (OutOfMemoryException e)
        {
            throw new OutOfMemoryException($"{device}: {bytes} bytes were asked for, {live} are in use, and no more is to be had.", e);
        }
    }

    /// <summary>The first byte.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    internal byte* Start => start is null ? throw new ObjectDisposedException(device, "This block was given back.") : (byte*)start;

    /// <summary>Who watches it.</summary>
    internal HostWatch Watch => watch ??= new HostWatch("device memory", Bytes, ofGroup: false);

    /// <summary>Gives the memory back.</summary>
    internal void Free()
    {
        NativeMemory.AlignedFree(start);
        start = null;
    }
}
