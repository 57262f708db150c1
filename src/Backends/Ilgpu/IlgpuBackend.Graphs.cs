using System.Runtime.CompilerServices;
using Gpu.Autograd.Ops;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends;

/// <content>What a captured step makes of its calls: their launches, noted once, and on CUDA all of them as one graph.</content>
internal partial class IlgpuBackend<S>
{
    private const string Steps = "captured steps";

    private CudaGraphs? graphs;
    private bool graphsAreChecked;

    /// <inheritdoc/>
    internal override Action Prepare(Action<Backend> call)
    {
        lock (gate)
        {
            try
            {
                Enter();
                return base.Prepare(call);
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
            }
        }
    }

    /// <inheritdoc/>
    internal override Joined Join(Job[] jobs, Storage[] arguments)
    {
        lock (gate)
        {
            try
            {
                Enter();
                if (!graphsAreChecked)
                {
                    // Where it finds no memory it is made the next time: graphs that are not checked are not used.
                    CheckGraphs();
                    graphsAreChecked = true;
                }

                var all = base.Join(jobs, arguments);
                try
                {
                    return graphs is null ? all : OrPlain(AsGraph(graphs, all), all.Run);
                }
                catch (GraphException e) when (IsNoLoss(e))
                {
                    GiveUpGraphs(e.Message);
                    return all;
                }
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
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
            try
            {
                Enter();
                foreach (var launch in launches)
                {
                    launch();
                }
            }
            catch (Exception e) when (Told(e) is { } told)
            {
                throw told;
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

    /// <summary>A graph where it can be launched; from when it cannot be, its launches one by one, and no graphs any more.</summary>
    private Joined OrPlain(Joined graph, Action launches) => graph with
    {
        Run = () =>
        {
            lock (gate)
            {
                try
                {
                    Enter();
                    if (graphs is not null)
                    {
                        try
                        {
                            graph.Run();
                            return;
                        }
                        catch (GraphException e) when (IsNoLoss(e))
                        {
                            GiveUpGraphs(e.Message);
                        }
                    }

                    launches();
                }
                catch (Exception e) when (Told(e) is { } told)
                {
                    throw told;
                }
            }
        },
    };

    private static bool IsNoLoss(GraphException e) => Refusal.Of(e) is not { Meaning: Meaning.Lost };

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

            Note($"{name}: captured steps are launched as CUDA graphs.", Steps, isGood: true);
        }
        catch (Exception e) when ((e is GraphException graph && IsNoLoss(graph)) || e is DllNotFoundException or EntryPointNotFoundException)
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
        Note($"{name}: captured steps are launched kernel by kernel, not as CUDA graphs: {why}.", Steps);
    }
}
