using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Gpu.Autograd;

/// <summary>What a device's pool holds, in bytes and counts.</summary>
/// <param name="AllocatedBytes">All blocks taken from the device.</param>
/// <param name="IdleBytes">Of these, blocks that wait for their next use.</param>
/// <param name="PeakBytes">The most that was ever allocated.</param>
/// <param name="Blocks">The number of blocks taken from the device.</param>
/// <param name="Collections">How often the pool itself collected garbage.</param>
public readonly record struct MemoryUse(long AllocatedBytes, long IdleBytes, long PeakBytes, long Blocks, long Collections)
{
    /// <summary>Bytes in use: allocated and not idle.</summary>
    public long LiveBytes => AllocatedBytes - IdleBytes;
}

/// <summary>
/// Recycles the memory of one device, so that a plain loop without <c>using</c> runs in constant memory. A weak handle of each block tells
/// when its storage is gone; the pool looks at them after each collection of garbage. (A finalizer of each storage would do the same at
/// ten times the cost.) When the bytes in use pass a budget (64 MB and twice what survived the last time) the pool collects the young
/// garbage itself before it asks the device for more; and earlier where that costs next to nothing and keeps what a loop writes and drops
/// in the processor's cache (<see cref="Backend.CachedBytes"/>). Idle blocks are kept up to the budget or as many bytes as are in use,
/// whichever is more; beyond that those of the sizes that were longest not asked for go back to the device.
/// </summary>
public sealed class StoragePool(Backend backend)
{
    /// <summary>Bytes in use, beside the survivors, before a collection is worth its time.</summary>
    public const long Budget = 64L << 20;

    /// <summary>Early collections take at most one part in so many of the time.</summary>
    private const int LeastWait = 50;

    /// <summary>How long the finalizers may take before memory is refused.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    // After a collection the young are looked at; the old only after one that was not of the youngest garbage alone.
    private readonly List<Block> young = [];
    private readonly List<Block> old = [];
    private readonly SizeStack?[] idle = new SizeStack?[Place(1L << 62) + 1];
    private readonly Lock gate = new();
    private long allocatedBytes;
    private long idleBytes;
    private long peakBytes;
    private long blocks;
    private long collections;
    private long survivors;
    private long time;
    private long collectedAt;
    private long wait;
    private int collectionsSeen;
    private int olderCollectionsSeen;
    private string? limited;
    private bool isClosed;

    /// <summary>The most bytes that the pool takes from the device; see <see cref="Device.MemoryLimit"/>.</summary>
    internal long Limit { get; private set; } = long.MaxValue;

    /// <summary>What the pool holds now.</summary>
    public MemoryUse Use
    {
        get
        {
            lock (gate)
            {
                FindGone();
                return new MemoryUse(allocatedBytes, idleBytes, peakBytes, blocks, collections);
            }
        }
    }

    /// <summary>Takes no more than the given bytes from the device from now on.</summary>
    internal void SetLimit(string device, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        (Limit, limited) = (bytes, device);
    }

    /// <summary>A block of at least the given size for a storage: an idle one, or a new one of the device.</summary>
    internal Block Rent(long bytes, Storage holder)
    {
        long size = SizeClass(bytes);
        if (TryTake(size, holder) is { } recycled)
        {
            return recycled;
        }

        bool early = false;
        if (OverBudget(size) || (early = IsEarly()))
        {
            Collect(early);
            if (TryTake(size, holder) is { } collected)
            {
                return collected;
            }
        }

        FreeStale();
        var block = Allocate(size);
        block.Holder = new WeakGCHandle<Storage>(holder, trackResurrection: true);
        lock (gate)
        {
            if (isClosed)
            {
                // It was closed since the block was taken from it.
                block.Forget();
                return block;
            }

            allocatedBytes += size;
            peakBytes = Math.Max(peakBytes, allocatedBytes);
            blocks++;
            Lend(block);
        }

        return block;
    }

    /// <summary>Takes a block back from a storage that gives it up.</summary>
    internal void Return(Block block)
    {
        lock (gate)
        {
            if (!isClosed)
            {
                File(block);
            }
        }
    }

    /// <summary>Forgets all blocks, which are gone with their device: nothing is lent any more, and what tells when storages go is freed.</summary>
    internal void Close()
    {
        lock (gate)
        {
            isClosed = true;
            foreach (var block in young.Union(old).Union(idle.OfType<SizeStack>().SelectMany(sizeStack => sizeStack.Blocks)))
            {
                block.Forget();
            }

            young.Clear();
            old.Clear();
            Array.Clear(idle);
            (allocatedBytes, idleBytes, blocks) = (0, 0, 0);
        }
    }

    /// <summary>Gives all idle blocks back to the device.</summary>
    public void Trim()
    {
        List<Block> freed;
        lock (gate)
        {
            FindGone();
            freed = Unfile(0);
        }

        Free(freed);
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

    /// <summary>The number of a size class, in the order of their sizes.</summary>
    private static int Place(long size)
    {
        if (size <= 4096)
        {
            return (int)(size / 256) - 1;
        }

        int octave = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(size - 1));
        return (8 * (octave - 12)) + (int)(size >> (octave - 4)) - 1;
    }

    private Block? TryTake(long size, Storage holder)
    {
        lock (gate)
        {
            FindGone();
            var sizeStack = ClassOf(size);
            sizeStack.LastAsked = ++time;
            if (sizeStack.Blocks.TryPop(out var block))
            {
                idleBytes -= size;
                block.Holder.SetTarget(holder);
                Lend(block);
                return block;
            }
        }

        return null;
    }

    /// <summary>
    /// Sizes that change all the time leave idle blocks behind that nobody asks for again. Half of what is allowed stays, so that the
    /// wait for the device is rare.
    /// </summary>
    private void FreeStale()
    {
        List<Block> freed;
        lock (gate)
        {
            long allowed = Math.Max(Budget, allocatedBytes - idleBytes);
            if (idleBytes <= allowed)
            {
                return;
            }

            freed = Unfile(allowed / 2);
        }

        Free(freed);
    }

    /// <summary>Takes blocks off the books, the sizes that were longest not asked for first, until no more than the given bytes are idle.</summary>
    private List<Block> Unfile(long keep)
    {
        List<Block> freed = [];
        foreach (var sizeStack in idle.OfType<SizeStack>().OrderBy(sizeStack => sizeStack.LastAsked))
        {
            while (idleBytes > keep && sizeStack.Blocks.TryPop(out var block))
            {
                block.Forget();
                freed.Add(block);
                idleBytes -= block.Bytes;
                allocatedBytes -= block.Bytes;
                blocks--;
            }
        }

        return freed;
    }

    /// <summary>Without the lock: the device may still be at work on a block whose tensor is gone, and other threads must not wait for it.</summary>
    private void Free(List<Block> freed)
    {
        if (freed.Count > 0)
        {
            backend.Synchronize();
            foreach (var block in freed)
            {
                backend.Free(block);
            }
        }
    }

    private void Lend(Block block)
    {
        block.Lending = Lending.Young;
        if (!block.IsAmongYoung)
        {
            block.IsAmongYoung = true;
            young.Add(block);
        }
    }

    private void File(Block block)
    {
        block.Lending = Lending.Idle;
        block.Rest();
        ClassOf(block.Bytes).Blocks.Push(block);
        idleBytes += block.Bytes;

        // What survived may have been dropped since: a budget that remembers it would let garbage take its place.
        survivors = Math.Min(survivors, allocatedBytes - idleBytes);
    }

    /// <summary>Files the blocks whose storages the last collections have found to be gone.</summary>
    private void FindGone()
    {
        int collected = GC.CollectionCount(0);
        if (collected == collectionsSeen)
        {
            return;
        }

        collectionsSeen = collected;
        int olderCollected = GC.CollectionCount(1);
        if (olderCollected != olderCollectionsSeen)
        {
            olderCollectionsSeen = olderCollected;
            old.RemoveAll(block => !(block.IsAmongOld = IsInUse(block, Lending.Old)));
        }

        foreach (var block in young)
        {
            block.IsAmongYoung = false;
            if (IsInUse(block, Lending.Young))
            {
                block.Lending = Lending.Old;
                if (!block.IsAmongOld)
                {
                    block.IsAmongOld = true;
                    old.Add(block);
                }
            }
        }

        young.Clear();
    }

    /// <summary>Whether a block on a list is still lent as it was when it came there; if its storage is gone, it is filed.</summary>
    private bool IsInUse(Block block, Lending since)
    {
        if (block.Lending != since)
        {
            return false;
        }

        if (block.Holder.TryGetTarget(out _))
        {
            return true;
        }

        File(block);
        return false;
    }

    private SizeStack ClassOf(long size) => idle[Place(size)] ??= new SizeStack();

    /// <summary>Whether more is in use, beside the survivors, than a cache holds, and a collection takes little of the time since the last.</summary>
    private bool IsEarly()
    {
        lock (gate)
        {
            return backend.CachedBytes > 0 && allocatedBytes - idleBytes - survivors >= backend.CachedBytes
                && Stopwatch.GetTimestamp() - collectedAt >= wait;
        }
    }

    private bool OverBudget(long more)
    {
        lock (gate)
        {
            FindGone();
            return allocatedBytes - idleBytes + more > Budget + (2 * survivors);
        }
    }

    /// <summary>
    /// Young garbage first; all of it where that frees too little. Only a full collection tells what survives: taking what the young one
    /// left for survivors would let the budget grow by itself.
    /// </summary>
    private void Collect(bool early = false)
    {
        long start = Stopwatch.GetTimestamp();
        // Without waiting for finalizers: the caller may hold what one of them waits for.
        GC.Collect(1, GCCollectionMode.Forced, blocking: true);
        bool enough;
        lock (gate)
        {
            collections++;
            long found = idleBytes;
            FindGone();
            enough = allocatedBytes - idleBytes <= survivors + (Budget / 2);

            // One that frees little waits longer for the next each time: what lives on is not to be looked at again and again.
            collectedAt = Stopwatch.GetTimestamp();
            long least = LeastWait * (collectedAt - start);
            wait = idleBytes - found >= backend.CachedBytes / 2 ? least : Math.Max(least, 2 * wait);
        }

        if (!enough && !early)
        {
            CollectAll();
        }
    }

    /// <summary>The old garbage too: a tensor that was in use during some collections is only found to be gone by one of all generations.</summary>
    private void CollectAll()
    {
        GC.Collect();
        lock (gate)
        {
            FindGone();
            survivors = allocatedBytes - idleBytes;
        }
    }

    private Block Allocate(long size)
    {
        try
        {
            return AllocateWithinLimit(size);
        }
        catch (OutOfMemoryException)
        {
            // What is idle in other size classes, or only now turns out to be gone, may be enough.
            // So may what a finalizer holds on to; for one that is held up itself, perhaps by the caller, nobody waits for ever.
            CollectAll();
            Task.Run(GC.WaitForPendingFinalizers).Wait(LongestWait);
            CollectAll();
            Trim();
            return AllocateWithinLimit(size);
        }
    }

    private Block AllocateWithinLimit(long size)
    {
        if (Limit < long.MaxValue && Use is var use && use.AllocatedBytes > Limit - size)
        {
            throw new OutOfMemoryException(
                $"{limited}: {size} bytes were asked for, {use.LiveBytes} are in use, and MemoryLimit allows for {Limit}.");
        }

        return backend.Allocate(size);
    }

    /// <summary>The idle blocks of one size class, and when one was last asked for.</summary>
    private sealed class SizeStack
    {
        public Stack<Block> Blocks { get; } = new();

        public long LastAsked { get; set; }
    }
}
