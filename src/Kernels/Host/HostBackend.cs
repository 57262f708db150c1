namespace Gpu.Autograd.Kernels;

/// <summary>
/// The device <c>host</c>: every kernel that a GPU runs, run by the host thread by thread, with all accesses checked to be within
/// the memory. For tests and debuggers.
/// </summary>
public unsafe class HostBackend : KernelBackend<HostMemory, SmallGroups>
{
    private const string Name = "host";

    private static int launches;

    private readonly HostGroups executor;
    private readonly bool watched;

    /// <summary>The device as it is found by name.</summary>
    public HostBackend() => executor = new HostGroups();

    /// <summary>
    /// One that finds races, slowly: one thread of a group runs at a time, in an order that follows from the seed, and every access to shared
    /// and to device memory is watched. An error is to read shared memory that nobody wrote, and to use a byte that another thread writes with
    /// no barrier between; a thread of another group, always. That takes 32 bytes for each byte of memory.
    /// </summary>
    public HostBackend(int seed)
    {
        executor = new HostGroups(seed);
        watched = true;
    }

    /// <inheritdoc/>
    public override Block Allocate(long bytes) => new HostBlock(bytes, Name, Pool.Use.LiveBytes);

    /// <inheritdoc/>
    public override void Free(Block block) => ((HostBlock)block).Free();

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, Storage target) =>
        source.CopyTo(new Span<byte>(BlockOf(target).Start, (int)Math.Min(target.Block.Bytes, int.MaxValue)));

    /// <inheritdoc/>
    public override void Download(Storage source, long offset, Span<byte> target)
    {
        var block = BlockOf(source);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + target.Length, block.Bytes);
        new ReadOnlySpan<byte>(block.Start + offset, target.Length).CopyTo(target);
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
    }

    /// <inheritdoc/>
    protected override HostMemory View(Storage storage, long offset)
    {
        var block = BlockOf(storage);
        return new HostMemory(block.Start + offset, block.Bytes - offset, watched ? block.Watch : null, offset);
    }

    /// <inheritdoc/>
    protected override bool IsOf(Storage storage, HostMemory memory, out long offset) =>
        memory.IsWithin(BlockOf(storage).Start, storage.Block.Bytes, out offset);

    /// <inheritdoc/>
    protected override void Start<K>(K kernel, int threads)
    {
        int launch = NextLaunch();
        for (int i = 0; i < threads; i++)
        {
            HostPlace.Now = new HostPlace(launch, 0, 0, i);
            kernel.Run(i);
        }
    }

    /// <inheritdoc/>
    protected override void StartGroups<K>(K kernel, int groups, int size) => executor.Run(kernel, groups, size);

    /// <summary>A number that no launch had before: 1, 2, ….</summary>
    internal static int NextLaunch() => Interlocked.Increment(ref launches);

    private static HostBlock BlockOf(Storage storage) => (HostBlock)storage.Block;
}
