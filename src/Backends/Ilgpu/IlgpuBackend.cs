using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gpu.Autograd.Backends;

/// <summary>A device of ILGPU: CUDA, OpenCL or its CPU accelerator. It adds to the kernels memory, launchers and messages.</summary>
internal partial class IlgpuBackend<S> : KernelBackend<DeviceMemory, S>
    where S : struct, ISizes
{
    private readonly string name;
    private readonly int mostBytes;
    private readonly Accelerator accelerator;
    private readonly AcceleratorStream stream;

    // One thread at a time: an OpenCL kernel's arguments are set one by one before it is queued, and the order is that of one stream.
    private readonly Lock gate = new();

    // ILGPU's buffers free themselves when they are collected. A storage that is collected gives its block back to the pool, so until the
    // pool frees it the buffer must stay reachable from here.
    private readonly HashSet<Block> blocks = [];

    private bool isClosed;

    /// <summary>A back end on an accelerator that is its own.</summary>
    /// <param name="name">The device's name.</param>
    /// <param name="accelerator">The accelerator.</param>
    /// <param name="driver">What makes graphs of launches, where the device can do that.</param>
    /// <param name="blas">What opens the maker's own matrix product, where there is one; with the stream that it shall use.</param>
    /// <param name="mostBytes">The bytes of its fields that a kernel may have: what can be passed to one, on CUDA 4,096.</param>
    /// <param name="events">What makes streams wait for each other, where the device can do that.</param>
    internal IlgpuBackend(
        string name,
        Accelerator accelerator,
        IGraphDriver? driver = null,
        Func<AcceleratorStream, IBlas>? blas = null,
        int mostBytes = 4096,
        IEventDriver? events = null)
    {
        this.name = name;
        this.mostBytes = mostBytes;
        this.accelerator = accelerator;

        // CUDA's own first stream waits for all others and cannot be captured.
        stream = accelerator is CudaAccelerator ? accelerator.CreateStream() : accelerator.DefaultStream;
        graphs = driver is null ? null : new CudaGraphs(driver, (stream as CudaStream)?.StreamPtr ?? 0);
        openBlas = blas is null ? null : () => blas(stream);
        nonPublicOps = new NonPublicOps(accelerator.Context);
        compiler = new KernelCompiler(accelerator);
        staging = new Staging(accelerator);
        this.events = events;
        compute = new Line(stream, events);
        Bind = accelerator.Bind;
    }

    /// <inheritdoc/>
    public override Block Allocate(long bytes)
    {
        lock (gate)
        {
            try
            {
                Open();
                var block = new DeviceBlock(this, accelerator.Allocate1D<byte>(bytes), bytes);
                blocks.Add(block);
                return block;
            }
            catch (Exception e) when (e is OutOfMemoryException || Refusal.Of(e) is { Meaning: Meaning.OutOfMemory })
            {
                string words = Refusal.Of(e)?.Words ?? e.Message;
                throw new OutOfMemoryException(
                    $"{name}: {bytes} bytes were asked for, {Pool.Use.LiveBytes} of {accelerator.MemorySize} are in use: {words}", e);
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }
        }
    }

    /// <inheritdoc/>
    public override void Free(Block block)
    {
        lock (gate)
        {
            if (isClosed)
            {
                return;
            }

            try
            {
                Enter();
                blocks.Remove(block);
                ((DeviceBlock)block).Buffer.Dispose();
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }
        }
    }

    /// <inheritdoc/>
    internal override void Close()
    {
        lock (uploads)
        {
            lock (gate)
            {
                if (isClosed)
                {
                    return;
                }

                isClosed = true;
            }

            SpinWait.SpinUntil(() => Volatile.Read(ref waiting) == 0);
            lock (gate)
            {
                StopCompiling();
                blocks.Clear();
                var context = accelerator.Context;
                try
                {
                    if (loss is null)
                    {
                        Bind();
                        StopCopying();
                        accelerator.Dispose();
                    }
                }
                catch (Exception e) when (Told(e, outOfResources: Meaning.Lost) is not null)
                {
                    // Of a device that is lost there is nothing to be had back.
                }

                if (!accelerator.IsDisposed)
                {
                    ForgetCopies();
                    Abandon(accelerator);
                }

                context.Dispose();
            }
        }

        Pool.Close();
    }

    /// <inheritdoc/>
    protected override DeviceMemory View(Storage storage, long offset)
    {
        var view = Taken(storage).View.BaseView;
        return new DeviceMemory(view.SubView(offset, view.Length - offset));
    }

    /// <inheritdoc/>
    protected override bool IsOf(Storage storage, DeviceMemory memory, out long offset) =>
        memory.IsWithin(BufferOf(storage).View.BaseView, out offset);

    /// <inheritdoc/>
    protected override void Start<K>(K kernel, int threads)
    {
        lock (gate)
        {
            try
            {
                Open();
                var loading = Known(typeof(K)) ?? Begin(typeof(K), LoadEach<K>);
                if (IsDue(loading))
                {
                    ((Action<AcceleratorStream, Index1D, K>)loading.Result)(stream, threads, kernel);
                }
                else
                {
                    PutOff(loading, kernel, threads);
                }
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }
        }
    }

    /// <inheritdoc/>
    protected override void StartGroups<K>(K kernel, int groups, int size)
    {
        lock (gate)
        {
            try
            {
                Open();
                var loading = Known(typeof(K)) ?? Begin(typeof(K), LoadGrouped<K>);
                if (IsDue(loading))
                {
                    ((Action<AcceleratorStream, KernelConfig, K>)loading.Result)(stream, (groups, size), kernel);
                }
                else
                {
                    PutOff(loading, kernel, groups, size);
                }
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }
        }
    }

    /// <inheritdoc/>
    private protected override void Start(Action work)
    {
        lock (gate)
        {
            try
            {
                Open();
                Enqueue(work);
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }
        }
    }

    /// <summary>Makes the device this thread's, and gives it what was put off; the gate is locked.</summary>
    private void Enter()
    {
        Open();
        CatchUp();
    }

    /// <summary>Makes the device this thread's; the gate is locked.</summary>
    private void Open()
    {
        if (isClosed)
        {
            throw new ObjectDisposedException(name, $"{name} was closed, and what was on it is gone. Device.Parse opens it anew.");
        }

        if (loss is { } lost)
        {
            throw new DeviceException(lost.Message, isLost: true, lost);
        }

        Bind();
    }

    private static DeviceBlock BlockOf(Storage storage) => (DeviceBlock)storage.Block;

    private static MemoryBuffer1D<byte, Stride1D.Dense> BufferOf(Storage storage) => BlockOf(storage).Buffer;

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private static string TypeName(Type type)
    {
        string bare = type.Name.Split('`')[0];
        return type.IsGenericType ? $"{bare}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>" : bare;
    }
}
