using System.Runtime.InteropServices;

namespace Gpu.Autograd;

/// <summary>A piece of a device's memory. What it is on the device is the back end's own business.</summary>
public abstract class Block(long bytes)
{
    /// <summary>The size in bytes, as allocated (a size class of the pool).</summary>
    public long Bytes { get; } = bytes;

    /// <summary>The storage that the block was last lent to; it tells when that is gone.</summary>
    internal WeakGCHandle<Storage> Holder { get; set; }

    /// <summary>Frees what tells when the holder is gone; the block is never lent again.</summary>
    internal void Forget()
    {
        var holder = Holder;
        Holder = default;
        holder.Dispose();
    }

    /// <summary>Nobody has the block any more: nothing but what was launched so far may still be at it. Called with the pool's lock held.</summary>
    internal virtual void Rest()
    {
    }

    /// <summary>Where the pool's books have the block.</summary>
    internal Lending Lending { get; set; }

    /// <summary>Whether the pool's list of blocks that were lent lately names it, be it lent or not.</summary>
    internal bool IsAmongYoung { get; set; }

    /// <summary>Whether the pool's list of blocks that a collection has found in use names it, be it in use still or not.</summary>
    internal bool IsAmongOld { get; set; }
}

/// <summary>Whether a block is in use, as the pool knows it.</summary>
internal enum Lending
{
    /// <summary>Nobody has it.</summary>
    Idle,

    /// <summary>It was lent since the last collection of garbage.</summary>
    Young,

    /// <summary>A collection has found its storage in use.</summary>
    Old,
}

/// <summary>
/// The elements behind one or more tensors. Nothing has to be disposed: when no tensor holds a storage any more its block goes back to
/// the device's <see cref="StoragePool"/>. Whoever hands a storage's block to a device keeps the storage alive until the launch is made.
/// </summary>
public sealed class Storage
{
    private static long lastId;

    private Block? block;
    private string? released;
    private int version;

    /// <summary>A new storage of at least the given size. Its content is undefined.</summary>
    public Storage(Backend backend, long bytes)
    {
        Backend = backend;
        block = backend.Pool.Rent(bytes, this);
    }

    /// <summary>The id of the newest storage.</summary>
    public static long LastId => Interlocked.Read(ref lastId);

    /// <summary>Grows with time: it tells what was made before a certain moment from what was made since.</summary>
    public long Id { get; } = Interlocked.Increment(ref lastId);

    /// <summary>The back end of the device that the memory is on.</summary>
    public Backend Backend { get; }

    /// <summary>The device memory.</summary>
    /// <exception cref="ObjectDisposedException">The memory was given back before.</exception>
    public Block Block => block ?? throw new ObjectDisposedException("Tensor", $"This tensor {released ?? "gave its memory back."}");

    /// <summary>How often the content was overwritten since the storage was made; a backward pass checks it.</summary>
    public int Version => Volatile.Read(ref version);

    /// <summary>How many gradients of the running backward pass are in it, where the pass itself has made it.</summary>
    internal int Users { get; set; }

    /// <summary>Whether a leaf keeps its gradient in it.</summary>
    internal bool IsGradient { get; set; }

    /// <summary>Whether a tensor that was here has moved to another device.</summary>
    internal bool IsLeft { get; private set; }

    /// <summary>Notes that a tensor moves to another device.</summary>
    internal void Leave() => IsLeft = true;

    /// <summary>Counts an overwriting.</summary>
    public void Touch() => Interlocked.Increment(ref version);

    /// <summary>Gives the block back at once. For storages that only the engine has ever seen.</summary>
    /// <param name="why">What became of the tensor, for whoever has kept it all the same.</param>
    internal void Release(string? why = null)
    {
        released = why;
        if (Interlocked.Exchange(ref block, null) is { } left)
        {
            Backend.Pool.Return(left);
        }
    }
}
