namespace Gpu.Autograd;

/// <summary>A piece of a device's memory. What it is on the device is the back end's own business.</summary>
public abstract class Block(long bytes)
{
    /// <summary>The size in bytes, as allocated (a size class of the pool).</summary>
    public long Bytes { get; } = bytes;

    /// <summary>The block that came back to the pool before this one, while they wait to be filed.</summary>
    internal Block? Before { get; set; }
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
        block = backend.Pool.Rent(bytes);
    }

    /// <summary>Gives the block to the pool. It never calls a driver: it runs on the finalizer's thread.</summary>
    ~Storage()
    {
        // Null where the constructor failed for want of memory. It is null afterwards too: a tensor that another finalizer brought back
        // to life must fail rather than read what its memory is used for next.
        if (Interlocked.Exchange(ref block, null) is { } left)
        {
            Backend.Pool.ReturnLater(left);
        }
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
            GC.SuppressFinalize(this);
            Backend.Pool.Return(left);
        }
    }
}
