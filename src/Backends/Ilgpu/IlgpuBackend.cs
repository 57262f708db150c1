using System.Collections.Concurrent;
using System.Diagnostics;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gpu.Autograd.Backends;

/// <summary>A device of ILGPU: CUDA, OpenCL or its CPU accelerator. It adds to the kernels memory, launchers and messages.</summary>
internal sealed partial class IlgpuBackend<S> : KernelBackend<DeviceMemory, S>
    where S : struct, ISizes
{
    private readonly string name;
    private readonly Accelerator accelerator;
    private readonly AcceleratorStream stream;
    private readonly NonPublicOps nonPublicOps;
    private readonly Trial trial;

    // One thread at a time: an OpenCL kernel's arguments are set one by one before it is queued, and the order is that of one stream.
    private readonly Lock gate = new();

    // ILGPU itself holds what it has compiled by weak references.
    private readonly ConcurrentDictionary<Type, Delegate> launchers = new();

    // ILGPU's buffers free themselves when they are collected. A storage that is collected gives its block back to the pool, so until the
    // pool frees it the buffer must stay reachable from here.
    private readonly HashSet<Block> blocks = [];

    private readonly List<CompiledKernel> compiled = [];
    private bool isClosed;

    /// <summary>A back end on an accelerator that is its own.</summary>
    /// <param name="name">The device's name.</param>
    /// <param name="accelerator">The accelerator.</param>
    /// <param name="driver">What makes graphs of launches, where the device can do that.</param>
    /// <param name="blas">What opens the maker's own matrix product, where there is one; with the stream that it shall use.</param>
    internal IlgpuBackend(
        string name, Accelerator accelerator, IGraphDriver? driver = null, Func<AcceleratorStream, IBlas>? blas = null)
    {
        this.name = name;
        this.accelerator = accelerator;

        // CUDA's own first stream waits for all others and cannot be captured.
        stream = accelerator is CudaAccelerator ? accelerator.CreateStream() : accelerator.DefaultStream;
        graphs = driver is null ? null : new CudaGraphs(driver, (stream as CudaStream)?.StreamPtr ?? 0);
        openBlas = blas is null ? null : () => blas(stream);
        nonPublicOps = new NonPublicOps(accelerator.Context);
        trial = new Trial(accelerator);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<CompiledKernel> CompiledKernels
    {
        get
        {
            lock (gate)
            {
                return [.. compiled];
            }
        }
    }

    /// <inheritdoc/>
    public override Block Allocate(long bytes)
    {
        lock (gate)
        {
            Enter();
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
            if (!isClosed)
            {
                Enter();
                blocks.Remove(block);
                ((DeviceBlock)block).Buffer.Dispose();
            }
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
                Enter();
                fixed (byte* start = source)
                {
                    BufferOf(target).View.BaseView.SubView(0, source.Length).CopyFromCPU(stream, ref *start, source.Length);
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
                Enter();
                fixed (byte* start = target)
                {
                    BufferOf(source).View.BaseView.SubView(offset, target.Length).CopyToCPU(stream, ref *start, target.Length);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        lock (gate)
        {
            Enter();
            stream.Synchronize();
        }
    }

    /// <inheritdoc/>
    internal override void Close()
    {
        lock (gate)
        {
            if (isClosed)
            {
                return;
            }

            isClosed = true;
            launchers.Clear();
            blocks.Clear();
            trial.Dispose();
            var context = accelerator.Context;
            try
            {
                accelerator.Dispose();
                context.Dispose();
            }
            catch (AcceleratorException)
            {
                // Of a device that is lost there is nothing to be had back.
            }
        }
    }

    /// <inheritdoc/>
    protected override DeviceMemory View(Storage storage, long offset)
    {
        var view = BufferOf(storage).View.BaseView;
        return new DeviceMemory(view.SubView(offset, view.Length - offset));
    }

    /// <inheritdoc/>
    protected override void Start<K>(K kernel, int threads)
    {
        lock (gate)
        {
            Enter();
            EachLauncher<K>()(stream, threads, kernel);
        }
    }

    /// <inheritdoc/>
    protected override void StartGroups<K>(K kernel, int groups, int size)
    {
        lock (gate)
        {
            Enter();
            GroupsLauncher<K>()(stream, (groups, size), kernel);
        }
    }

    /// <summary>Makes the device this thread's; the gate is locked.</summary>
    private void Enter()
    {
        if (isClosed)
        {
            throw new ObjectDisposedException(name, $"{name} was closed, and what was on it is gone. Device.Parse opens it anew.");
        }

        accelerator.Bind();
    }

    // The CPU accelerator would run as many threads a group as it can, and each is a thread of the operating system.
    private static Action<AcceleratorStream, Index1D, K> LoadEach<K>(Accelerator a)
        where K : struct, IKernel => a.AcceleratorType == AcceleratorType.CPU
        ? a.LoadImplicitlyGroupedKernel<Index1D, K>(Entry.Each, S.Reduce)
        : a.LoadAutoGroupedKernel<Index1D, K>(Entry.Each);

    private static MemoryBuffer1D<byte, Stride1D.Dense> BufferOf(Storage storage) => ((DeviceBlock)storage.Block).Buffer;

    private Action<AcceleratorStream, Index1D, K> EachLauncher<K>()
        where K : struct, IKernel => Launcher<K, Action<AcceleratorStream, Index1D, K>>(
            static () => EntryPointDescription.FromImplicitlyGroupedKernel(((Action<Index1D, K>)Entry.Each).Method),
            LoadEach<K>);

    private Action<AcceleratorStream, KernelConfig, K> GroupsLauncher<K>()
        where K : struct, IGroupKernel<DeviceMemory> => Launcher<K, Action<AcceleratorStream, KernelConfig, K>>(
            static () => EntryPointDescription.FromExplicitlyGroupedKernel(((Action<K>)Entry.Grouped).Method),
            static a => a.LoadKernel<K>(Entry.Grouped));

    private TLauncher Launcher<K, TLauncher>(Func<EntryPointDescription> entry, Func<Accelerator, TLauncher> load)
        where TLauncher : Delegate
    {
        if (!launchers.TryGetValue(typeof(K), out var launcher))
        {
            Try(typeof(K), entry);
            try
            {
                long start = Stopwatch.GetTimestamp();
                nonPublicOps.Show(typeof(K));
                launchers[typeof(K)] = launcher = load(accelerator);
                compiled.Add(new CompiledKernel(TypeName(typeof(K)), Stopwatch.GetElapsedTime(start)));
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
