using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Memory of the host that stays where it is, for copies that the device makes later; it is used round and round. On CUDA its pages are
/// locked, so that the device reads them by itself.
/// </summary>
internal sealed class Staging(Accelerator accelerator) : IDisposable
{
    /// <summary>How much there is.</summary>
    internal const int Bytes = 8 << 20;

    /// <summary>The most that is put there at once: more goes in pieces, of which one is copied while the next is put.</summary>
    internal const int MostAtOnce = Bytes / 4;

    // Of a kind that a device reads in one go.
    private const int Alignment = 256;

    private readonly Queue<Staged> pieces = new();
    private byte[]? memory;
    private PageLockedArray1D<byte>? locked;
    private int end;

    /// <summary>The byte at a place.</summary>
    internal ref byte this[int place] => ref memory![place];

    /// <summary>What was put there first of all that still is.</summary>
    internal Staged Oldest => pieces.Peek();

    /// <summary>Copies bytes to where they stay until they are freed; null where there is no room.</summary>
    internal Staged? TryPut(ReadOnlySpan<byte> source)
    {
        int from = pieces.Count == 0 ? 0 : end;
        int start = pieces.TryPeek(out var oldest) ? oldest.From : Bytes;
        if (from > start || pieces.Count == 0)
        {
            // What is free lies at the end, and before the oldest.
            if (from + source.Length > Bytes)
            {
                from = 0;
            }
            else
            {
                start = Bytes;
            }
        }

        if (from + source.Length > start)
        {
            return null;
        }

        memory ??= New();
        source.CopyTo(memory.AsSpan(from));
        end = Math.Min(Bytes, (from + source.Length + Alignment - 1) / Alignment * Alignment);
        var piece = new Staged(from);
        pieces.Enqueue(piece);
        return piece;
    }

    /// <summary>Makes room: the oldest is copied, or never will be.</summary>
    internal void FreeOldest() => pieces.Dequeue();

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

/// <summary>Bytes that wait to be copied.</summary>
/// <param name="from">Where they begin.</param>
internal sealed class Staged(int from)
{
    /// <summary>Where they begin.</summary>
    internal int From => from;

    /// <summary>The stream that copies them; null until it was told to.</summary>
    internal Line? Line { get; private set; }

    /// <summary>The point of that stream at which they are copied.</summary>
    internal long Point { get; private set; }

    /// <summary>Notes that a stream copies them, before one of its points.</summary>
    internal void Give(Line line, long point) => (Line, Point) = (line, point);
}
