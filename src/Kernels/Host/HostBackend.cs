namespace Gpu.Autograd.Kernels;

/// <summary>
/// The device <c>host</c>: every kernel that a GPU runs, run by the host thread by thread, with all accesses checked. For tests and debuggers.
/// </summary>
public sealed unsafe class HostBackend : KernelBackend<HostMemory, SmallGroups>
{
    private const string Name = "host";

    private readonly HostGroups executor = new();

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
        return new HostMemory(block.Start + offset, block.Bytes - offset);
    }

    /// <inheritdoc/>
    protected override void Launch<K>(K kernel, int threads)
    {
        for (int i = 0; i < threads; i++)
        {
            kernel.Run(i);
        }
    }

    /// <inheritdoc/>
    protected override void LaunchGroups<K>(K kernel, int groups, int size) => executor.Run(kernel, groups, size);

    private static HostBlock BlockOf(Storage storage) => (HostBlock)storage.Block;
}
