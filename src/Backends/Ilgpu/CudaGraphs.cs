using System.Collections.Concurrent;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The graphs of one stream: what a captured step launches, noted by the driver and launched as one. Whoever calls sees to it that nobody
/// else gives the stream work meanwhile, and that the device is this thread's.
/// </summary>
internal sealed class CudaGraphs(IGraphDriver driver, nint stream)
{
    private readonly IGraphDriver driver = driver;
    private readonly nint stream = stream;

    // A graph's step is forgotten on the finalizer's thread, which must not call the driver.
    private readonly ConcurrentQueue<nint> forgotten = new();

    /// <summary>The graph of what <paramref name="enqueue"/> launches; it is noted, not run.</summary>
    /// <exception cref="GraphException">The driver refuses; the stream is as it was before.</exception>
    public Graph Record(Action enqueue)
    {
        while (forgotten.TryDequeue(out nint old))
        {
            driver.DestroyExecutable(old);
        }

        nint graph = Noted(enqueue);
        int made = driver.Instantiate(out nint executable, graph);
        driver.DestroyGraph(graph);
        Require(made, "cuGraphInstantiateWithFlags");
        return new Graph(this, executable);
    }

    /// <summary>What <paramref name="enqueue"/> launches, as the driver notes it.</summary>
    private nint Noted(Action enqueue)
    {
        Require(driver.BeginCapture(stream), "cuStreamBeginCapture");
        try
        {
            enqueue();
        }
        catch (Exception e)
        {
            // The stream must not go on noting.
            if (driver.EndCapture(stream, out nint begun) == 0)
            {
                driver.DestroyGraph(begun);
            }

            if (e is DeviceException { IsLost: false } || Refusal.Of(e) is { Meaning: Meaning.Refused })
            {
                throw new GraphException($"a launch was refused while it was noted: {Refusal.Of(e)?.Words ?? e.Message.TrimEnd('.')}", e);
            }

            throw;
        }

        Require(driver.EndCapture(stream, out nint graph), "cuStreamEndCapture");
        return graph;
    }

    private static void Require(int code, string call)
    {
        if (code != 0)
        {
            throw new GraphException(call, code);
        }
    }

    /// <summary>A graph that is ready to be launched, until nobody holds it any more.</summary>
    internal sealed class Graph(CudaGraphs graphs, nint executable)
    {
        private nint executable = executable;

        ~Graph() => graphs.forgotten.Enqueue(executable);

        /// <summary>Gives the stream all of its work.</summary>
        /// <exception cref="GraphException">The driver refuses.</exception>
        public void Launch()
        {
            Require(graphs.driver.Launch(executable, graphs.stream), "cuGraphLaunch");
            GC.KeepAlive(this);
        }

        /// <summary>
        /// Makes it the graph of what <paramref name="enqueue"/> launches now: the same with other arguments. Where the driver cannot change
        /// what is there, it is made anew. What was launched before goes on as it was.
        /// </summary>
        /// <exception cref="GraphException">The driver refuses; the graph is as it was before.</exception>
        public void Update(Action enqueue)
        {
            nint graph = graphs.Noted(enqueue);
            if (graphs.driver.Update(executable, graph) != 0)
            {
                int made = graphs.driver.Instantiate(out nint other, graph);
                if (made == 0)
                {
                    graphs.driver.DestroyExecutable(executable);
                    executable = other;
                }

                graphs.driver.DestroyGraph(graph);
                Require(made, "cuGraphInstantiateWithFlags");
                return;
            }

            graphs.driver.DestroyGraph(graph);
            GC.KeepAlive(this);
        }
    }
}

/// <summary>Launches cannot be a graph, as the driver has said.</summary>
internal sealed class GraphException : Exception
{
    /// <summary>A call of the driver's that concerns graphs has failed.</summary>
    internal GraphException(string call, int code)
        : base($"{call} failed ({Refusal.Cuda(code)})") => Code = code;

    /// <summary>Something else was refused.</summary>
    internal GraphException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>What the driver returned, where it is known.</summary>
    internal int? Code { get; }
}
