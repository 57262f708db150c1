using System.Collections.Concurrent;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;

namespace Gpu.Autograd.Backends;

/// <summary>A device of ILGPU: CUDA, OpenCL or its CPU accelerator. It adds to the kernels memory, launchers and messages.</summary>
internal sealed class IlgpuBackend<S> : KernelBackend<DeviceMemory, S>
    where S : struct, ISizes
{
    private readonly string name;
    private readonly Accelerator accelerator;
    private readonly NonPublicOps nonPublicOps;
    private readonly Trial trial;

    // One thread at a time: an OpenCL kernel's arguments are set one by one before it is queued, and the order is that of one stream.
    private readonly Lock gate = new();

    // ILGPU itself holds what it has compiled by weak references.
    private readonly ConcurrentDictionary<Type, Delegate> launchers = new();

    // ILGPU's buffers free themselves when they are collected. A storage that is collected gives its block back to the pool, so until the
    // pool frees it the buffer must stay reachable from here.
    private readonly HashSet<Block> blocks = [];

    /// <summary>A back end on an accelerator that is its own.</summary>
    internal IlgpuBackend(string name, Accelerator accelerator)
    {
        this.name = name;
        this.accelerator = accelerator;
        nonPublicOps = new NonPublicOps(accelerator.Context);
        trial = new Trial(accelerator);
    }

    /// <inheritdoc/>
    public override Block Allocate(long bytes)
    {
        lock (gate)
        {
            accelerator.Bind();
            try
            {
                var block = new DeviceBlock(accelerator.Allocate1D<byte>(bytes), bytes);
                blocks.Add(block);
                return block;
            }
            catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
            {
                throw new OutOfMemoryException(
                    $"{name}: {bytes} bytes were asked for, {Pool.Use.LiveBytes} of {accelerator.MemorySize} are in use: {e.Message}", e);
            }
        }
    }

    /// <inheritdoc/>
    public override void Free(Block block)
    {
        lock (gate)
        {
            accelerator.Bind();
            blocks.Remove(block);
            ((DeviceBlock)block).Buffer.Dispose();
        }
    }

    // ILGPU queues a copy and then waits for it: the host's memory must not be moved in between.

    /// <inheritdoc/>
    public override unsafe void Upload(ReadOnlySpan<byte> source, Storage target)
    {
        if (source.Length > 0)
        {
            lock (gate)
            {
                accelerator.Bind();
                fixed (byte* start = source)
                {
                    BufferOf(target).View.BaseView.SubView(0, source.Length).CopyFromCPU(ref *start, source.Length);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override unsafe void Download(Storage source, long offset, Span<byte> target)
    {
        if (target.Length > 0)
        {
            lock (gate)
            {
                accelerator.Bind();
                fixed (byte* start = target)
                {
                    BufferOf(source).View.BaseView.SubView(offset, target.Length).CopyToCPU(ref *start, target.Length);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        lock (gate)
        {
            accelerator.Bind();
            accelerator.Synchronize();
        }
    }

    /// <inheritdoc/>
    protected override DeviceMemory View(Storage storage, long offset)
    {
        var view = BufferOf(storage).View.BaseView;
        return new DeviceMemory(view.SubView(offset, view.Length - offset));
    }

    /// <inheritdoc/>
    protected override void Launch<K>(K kernel, int threads)
    {
        lock (gate)
        {
            accelerator.Bind();
            Launcher<K, Action<Index1D, K>>(
                static () => EntryPointDescription.FromImplicitlyGroupedKernel(((Action<Index1D, K>)Entry.Each).Method),
                LoadEach<K>)(threads, kernel);
        }
    }

    /// <inheritdoc/>
    protected override void LaunchGroups<K>(K kernel, int groups, int size)
    {
        lock (gate)
        {
            accelerator.Bind();
            Launcher<K, Action<KernelConfig, K>>(
                static () => EntryPointDescription.FromExplicitlyGroupedKernel(((Action<K>)Entry.Grouped).Method),
                static a => a.LoadStreamKernel<K>(Entry.Grouped))((groups, size), kernel);
        }
    }

    // The CPU accelerator would run as many threads a group as it can, and each is a thread of the operating system.
    private static Action<Index1D, K> LoadEach<K>(Accelerator a)
        where K : struct, IKernel => a.AcceleratorType == AcceleratorType.CPU
        ? a.LoadImplicitlyGroupedStreamKernel<Index1D, K>(Entry.Each, S.Reduce)
        : a.LoadAutoGroupedStreamKernel<Index1D, K>(Entry.Each);

    private static MemoryBuffer1D<byte, Stride1D.Dense> BufferOf(Storage storage) => ((DeviceBlock)storage.Block).Buffer;

    private TLauncher Launcher<K, TLauncher>(Func<EntryPointDescription> entry, Func<Accelerator, TLauncher> load)
        where TLauncher : Delegate
    {
        if (!launchers.TryGetValue(typeof(K), out var launcher))
        {
            Try(typeof(K), entry);
            try
            {
                nonPublicOps.Show(typeof(K));
                launchers[typeof(K)] = launcher = load(accelerator);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new NotSupportedException(
                    $"{name}: the kernel {TypeName(typeof(K))} cannot be loaded on this device: {Innermost(e).Message} " +
                    "Kernels of other ops may fail from here on: start the program again without this one.",
                    e);
            }
        }

        return (TLauncher)launcher;
    }

    private void Try(Type kernel, Func<EntryPointDescription> entry)
    {
        Type[] foreign = [.. Trial.Foreign(kernel).Distinct()];
        if (foreign.Length == 0)
        {
            return;
        }

        try
        {
            trial.Compile(kernel, entry());
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new NotSupportedException(
                $"{name}: the op {string.Join(", ", foreign.Select(TypeName))} cannot be compiled for this device (an op computes with " +
                $"numbers alone, without exceptions and objects): {Innermost(e).Message}",
                e);
        }
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private static string TypeName(Type type)
    {
        string bare = type.Name.Split('`')[0];
        return type.IsGenericType ? $"{bare}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>" : bare;
    }

    private sealed class DeviceBlock(MemoryBuffer1D<byte, Stride1D.Dense> buffer, long bytes) : Block(bytes)
    {
        internal MemoryBuffer1D<byte, Stride1D.Dense> Buffer => buffer;
    }
}
