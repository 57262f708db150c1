using System.Diagnostics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Ops;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends;

/// <content>What a captured step makes of its calls: their launches, noted once, and on CUDA all of them as one graph.</content>
internal sealed partial class IlgpuBackend<S>
{
    private CudaGraphs? graphs;
    private bool graphsAreChecked;
    private string? remark;

    /// <inheritdoc/>
    public override string? Remark => remark;

    /// <inheritdoc/>
    internal override Action Prepare(Action<Backend> call)
    {
        lock (gate)
        {
            Enter();
            return base.Prepare(call);
        }
    }

    /// <inheritdoc/>
    internal override Joined Join(Job[] jobs, Storage[] arguments)
    {
        lock (gate)
        {
            Enter();
            if (!graphsAreChecked)
            {
                graphsAreChecked = true;
                CheckGraphs();
            }

            var all = base.Join(jobs, arguments);
            try
            {
                return graphs is null ? all : Locked(AsGraph(graphs, all));
            }
            catch (GraphException e)
            {
                GiveUpGraphs(e.Message);
                return all;
            }
        }
    }

    /// <inheritdoc/>
    protected override Action Ready<K>(StrongBox<K> kernel, int threads) =>
        Launching(Loaded(Known(typeof(K)) ?? Begin(typeof(K), LoadEach<K>)), kernel, threads);

    /// <inheritdoc/>
    protected override Action ReadyGroups<K>(StrongBox<K> kernel, int groups, int size) =>
        Launching(Loaded(Known(typeof(K)) ?? Begin(typeof(K), LoadGrouped<K>)), kernel, groups, size);

    /// <summary>A kernel that is ready: one that was put together and cannot be compiled is to be known now.</summary>
    private static Task<Delegate> Loaded(Task<Delegate> loading)
    {
        loading.GetAwaiter().GetResult();
        return loading;
    }

    // A runtime of OpenCL for a CPU writes out what is between barriers for all threads, and takes minutes for many barriers.
    private protected override int MostAlong => IsOpenClOnCpu ? 4 : base.MostAlong;

    /// <inheritdoc/>
    private protected override bool MakesWholes => !IsOpenClOnCpu;

    private bool IsOpenClOnCpu => accelerator is CLAccelerator { DeviceType: var type } && (type & CLDeviceType.CL_DEVICE_TYPE_CPU) != 0;

    /// <inheritdoc/>
    private protected override Action InOrder(Action[] launches, Storage[] scratch) => () =>
    {
        lock (gate)
        {
            Enter();
            foreach (var launch in launches)
            {
                launch();
            }
        }

        GC.KeepAlive(scratch);
    };

    /// <summary>The graph of launches, and of nothing that was put off before.</summary>
    private CudaGraphs.Graph Recorded(CudaGraphs graphs, Action launches)
    {
        CatchUp();
        return graphs.Record(launches);
    }

    private Joined Locked(Joined graph) => graph with
    {
        Run = () =>
        {
            lock (gate)
            {
                Enter();
                try
                {
                    graph.Run();
                }
                catch (GraphException e)
                {
                    throw new InvalidOperationException($"{name}: a captured step could not be launched: {e.Message}.", e);
                }
            }
        },
    };

    /// <summary>Launches as a graph. It holds addresses: where others are bound, it is brought up to date before it is launched.</summary>
    private Joined AsGraph(CudaGraphs graphs, Joined all)
    {
        var graph = Recorded(graphs, all.Run);
        bool isOld = false;
        return new(
            () =>
            {
                if (isOld)
                {
                    graph.Update(all.Run);
                    isOld = false;
                }

                graph.Launch();

                // They hold the memory that the graph works in.
                GC.KeepAlive(all.Run);
            },
            all.Bind is not { } bind ? null : (k, storage, from) =>
            {
                isOld = true;
                bind(k, storage, from);
            });
    }

    /// <summary>Graphs are used only where the device shows that one does what its launches do, on whatever the memory then holds.</summary>
    private void CheckGraphs()
    {
        if (graphs is null)
        {
            return;
        }

        Operand x = NewVector(64), other = NewVector(64), y = NewVector(64), s = NewVector(1);
        var calls = base.Join(
            [new Job([b => b.Map(default(Tanh), x, y)], 1, []), new Job([b => b.Reduce(default(Sum), y, s)], 1, [0])], [x.Storage]);
        try
        {
            // As it was recorded, brought up to date for another argument, and as it then is.
            var replay = AsGraph(graphs, calls);
            foreach (var (value, argument, isNew) in new[] { (0.5, x, false), (-0.25, other, true), (0.75, other, false) })
            {
                if (isNew)
                {
                    replay.Bind!(0, argument.Storage, 0);
                }

                if (!Result(calls.Run, value, argument).AsSpan().SequenceEqual(Result(replay.Run, value, argument)))
                {
                    GiveUpGraphs("a graph did not give what its launches give");
                    return;
                }
            }
        }
        catch (Exception e) when (e is GraphException or DllNotFoundException or EntryPointNotFoundException)
        {
            GiveUpGraphs(e.Message);
        }

        byte[] Result(Action run, double value, Operand argument)
        {
            Fill(value, argument);
            Fill(0, y);
            Fill(0, s);
            run();
            var bytes = new byte[65 * sizeof(float)];
            Download(y.Storage, 0, bytes.AsSpan(sizeof(float)));
            Download(s.Storage, 0, bytes.AsSpan(0, sizeof(float)));
            return bytes;
        }
    }

    private Operand NewVector(int n) => new(new Storage(this, n * sizeof(float)), new Layout(new Shape(n)), DType.Float32);

    private void GiveUpGraphs(string why)
    {
        graphs = null;
        Note($"{name}: captured steps are launched kernel by kernel, not as CUDA graphs: {why}.");
    }

    private void Note(string news)
    {
        remark = remark is null ? news : $"{remark} {news}";
        Trace.TraceWarning(news);
    }
}
