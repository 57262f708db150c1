using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Memory of the host that stays where it is, for copies that the device makes later. On CUDA its pages are locked, so that the device reads
/// them by itself.
/// </summary>
internal sealed class Staging(Accelerator accelerator) : IDisposable
{
    /// <summary>How much there is. A copy that needs more waits until it is done.</summary>
    internal const int Bytes = 8 << 20;

    // Of a kind that a device reads in one go.
    private const int Alignment = 256;

    private byte[]? memory;
    private PageLockedArray1D<byte>? locked;
    private int used;

    /// <summary>The byte at a place.</summary>
    internal ref byte this[int place] => ref memory![place];

    /// <summary>Whether so many bytes are free.</summary>
    internal bool HasRoom(int bytes) => used + bytes <= Bytes;

    /// <summary>Copies bytes to where they stay until all is cleared; there is room for them.</summary>
    internal int Put(ReadOnlySpan<byte> source)
    {
        memory ??= New();
        int place = used;
        source.CopyTo(memory.AsSpan(place));
        used = Math.Min(Bytes, (place + source.Length + Alignment - 1) / Alignment * Alignment);
        return place;
    }

    /// <summary>Makes room: every copy from here is done.</summary>
    internal void Clear() => used = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        locked?.Dispose();
        (locked, memory) = (null, null);
    }

    private byte[] New()
    {
        if (accelerator is CudaAccelerator)
        {
            try
            {
                locked = accelerator.AllocatePageLocked1D<byte>(Bytes, uninitialized: true);
                return locked.GetArray();
            }
            catch (Exception e) when (e is CudaException or NotSupportedException)
            {
                // Then the driver copies once more, from memory that is not locked.
            }
        }

        return GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
    }
}
