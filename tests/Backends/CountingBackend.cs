using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Tests;

/// <summary>A GPU that is not there: it launches what a GPU would be given, and only counts.</summary>
internal sealed class CountingBackend : KernelBackend<HostMemory, LargeGroups>
{
    /// <summary>The launches so far: the kernel and its groups; threads without groups are counted by 64.</summary>
    internal List<(Type Kernel, int Groups)> Launches { get; } = [];

    /// <summary>The bytes that prepared calls keep for themselves.</summary>
    internal long ScratchBytes { get; private set; }

    public override Block Allocate(long bytes) => new NoBlock(bytes);

    public override void Free(Block block)
    {
    }

    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
    }

    public override void Download(Storage source, long offset, Span<byte> target) => target.Clear();

    public override void Synchronize()
    {
    }

    // Addresses of nothing: they only tell one piece of memory from another.
    protected override unsafe HostMemory View(Storage storage, long offset) =>
        new((void*)(((NoBlock)storage.Block).Address + offset), storage.Block.Bytes - offset);

    protected override unsafe bool IsOf(Storage storage, HostMemory memory, out long offset) =>
        memory.IsWithin((void*)((NoBlock)storage.Block).Address, storage.Block.Bytes, out offset);

    protected override void Start<K>(K kernel, int threads) => Launches.Add((typeof(K), (threads + 63) / 64));

    protected override void StartGroups<K>(K kernel, int groups, int size) => Launches.Add((typeof(K), groups));

    private protected override Action InOrder(Action[] launches, Storage[] scratch)
    {
        ScratchBytes += scratch.Sum(storage => storage.Block.Bytes);
        return base.InOrder(launches, scratch);
    }

    private sealed class NoBlock(long bytes) : Block(bytes)
    {
        private static long last;

        internal long Address { get; } = Interlocked.Add(ref last, bytes) - bytes;
    }
}
