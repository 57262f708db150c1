namespace Gpu.Autograd;

/// <summary>What a device's pool holds, in bytes and counts.</summary>
/// <param name="AllocatedBytes">All blocks taken from the device.</param>
/// <param name="IdleBytes">Of these, blocks that wait for their next use.</param>
/// <param name="PeakBytes">The most that was ever allocated.</param>
/// <param name="Blocks">The number of blocks taken from the device.</param>
/// <param name="Collections">How often the budget made the pool collect garbage.</param>
public readonly record struct MemoryUse(long AllocatedBytes, long IdleBytes, long PeakBytes, long Blocks, long Collections)
{
    /// <summary>Bytes in use: allocated and not idle.</summary>
    public long LiveBytes => AllocatedBytes - IdleBytes;
}

/// <summary>
/// Recycles the memory of one device, so that a plain loop without <c>using</c> runs in constant memory. Blocks come back through
/// finalizers; when the bytes in use pass a budget (64 MB and twice what survived the last time) the pool collects the young garbage
/// and waits for its finalizers before it asks the device for more.
/// </summary>
public sealed class StoragePool(Backend backend)
{
    /// <summary>Bytes in use, beside the survivors, before a collection is worth its time.</summary>
    public const long Budget = 64L << 20;

    private readonly Dictionary<long, Stack<Block>> idle = [];
    private readonly Lock gate = new();
    private long allocatedBytes;
    private long idleBytes;
    private long peakBytes;
    private long blocks;
    private long collections;
    private long survivors;

    /// <summary>What the pool holds now.</summary>
    public MemoryUse Use
    {
        get
        {
            lock (gate)
            {
                return new MemoryUse(allocatedBytes, idleBytes, peakBytes, blocks, collections);
            }
        }
    }

    /// <summary>A block of at least the given size: an idle one, or a new one of the device.</summary>
    public Block Rent(long bytes)
    {
        long size = SizeClass(bytes);
        if (TryTake(size) is { } recycled)
        {
            return recycled;
        }

        if (OverBudget(size))
        {
            Collect();
            if (TryTake(size) is { } collected)
            {
                return collected;
            }
        }

        var block = Allocate(size);
        lock (gate)
        {
            allocatedBytes += size;
            peakBytes = Math.Max(peakBytes, allocatedBytes);
            blocks++;
        }

        return block;
    }

    /// <summary>Takes a block back. Called by finalizers: it only files the block.</summary>
    public void Return(Block block)
    {
        lock (gate)
        {
            if (!idle.TryGetValue(block.Bytes, out var stack))
            {
                idle[block.Bytes] = stack = new Stack<Block>();
            }

            stack.Push(block);
            idleBytes += block.Bytes;
        }
    }

    /// <summary>Gives all idle blocks back to the device.</summary>
    public void Trim()
    {
        List<Block> freed = [];
        lock (gate)
        {
            foreach (var stack in idle.Values)
            {
                freed.AddRange(stack);
                stack.Clear();
            }

            allocatedBytes -= idleBytes;
            blocks -= freed.Count;
            idleBytes = 0;
        }

        backend.Synchronize();
        freed.ForEach(backend.Free);
    }

    /// <summary>Sizes a few per cent apart share a class, so that shapes that vary a little still recycle.</summary>
    internal static long SizeClass(long bytes)
    {
        if (bytes <= 256)
        {
            return 256;
        }

        // Eight classes an octave: at most 12.5 % is wasted.
        long step = Math.Max(256, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)bytes) / 16);
        return (bytes + step - 1) / step * step;
    }

    private Block? TryTake(long size)
    {
        lock (gate)
        {
            if (idle.TryGetValue(size, out var stack) && stack.TryPop(out var block))
            {
                idleBytes -= size;
                return block;
            }
        }

        return null;
    }

    private bool OverBudget(long more)
    {
        lock (gate)
        {
            return allocatedBytes - idleBytes + more > Budget + (2 * survivors);
        }
    }

    /// <summary>
    /// Young garbage first; all of it where that frees too little. Only a full collection tells what survives: taking what the young one
    /// left for survivors would let the budget grow by itself.
    /// </summary>
    private void Collect()
    {
        GC.Collect(1, GCCollectionMode.Forced, blocking: true);
        GC.WaitForPendingFinalizers();
        bool enough;
        lock (gate)
        {
            collections++;
            enough = allocatedBytes - idleBytes <= survivors + (Budget / 2);
        }

        if (enough)
        {
            return;
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        lock (gate)
        {
            survivors = allocatedBytes - idleBytes;
        }
    }

    private Block Allocate(long size)
    {
        try
        {
            return backend.Allocate(size);
        }
        catch (OutOfMemoryException)
        {
            // What is idle in other size classes, or still waits for its finalizer, may be enough.
            Collect();
            Trim();
            return backend.Allocate(size);
        }
    }
}
