using System.Collections.Concurrent;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The graphs of one stream: what a captured step launches, noted by the driver and launched as one. Whoever calls sees to it that nobody
/// else gives the stream work meanwhile, and that the device is this thread's.
/// </summary>
internal sealed class CudaGraphs(IGraphDriver driver, nint stream)
{
    // A graph's step is forgotten on the finalizer's thread, which must not call the driver.
    private readonly ConcurrentQueue<nint> forgotten = new();

    /// <summary>The graph of what <paramref name="enqueue"/> launches; it is noted, not run.</summary>
    /// <exception cref="GraphException">The driver refuses; the stream is as it was before.</exception>
    public Action Record(Action enqueue)
    {
        while (forgotten.TryDequeue(out nint old))
        {
            driver.DestroyExecutable(old);
        }

        Require(driver.BeginCapture(stream), "cuStreamBeginCapture");
        try
        {
            enqueue();
        }
        catch
        {
            // The stream must not go on noting.
            if (driver.EndCapture(stream, out nint begun) == 0)
            {
                driver.DestroyGraph(begun);
            }

            throw;
        }

        Require(driver.EndCapture(stream, out nint graph), "cuStreamEndCapture");
        int made = driver.Instantiate(out nint executable, graph);
        driver.DestroyGraph(graph);
        Require(made, "cuGraphInstantiateWithFlags");
        return new Graph(this, executable).Launch;
    }

    private int Launch(nint executable) => driver.Launch(executable, stream);

    private static void Require(int code, string call)
    {
        if (code != 0)
        {
            throw new GraphException($"{call} failed with CUDA error {code}");
        }
    }

    /// <summary>A graph that is ready to be launched, until nobody holds it any more.</summary>
    private sealed class Graph(CudaGraphs graphs, nint executable)
    {
        ~Graph() => graphs.forgotten.Enqueue(executable);

        public void Launch()
        {
            Require(graphs.Launch(executable), "cuGraphLaunch");
            GC.KeepAlive(this);
        }
    }
}

/// <summary>A call of the driver's that concerns graphs has failed.</summary>
internal sealed class GraphException(string message) : Exception(message);
