using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The calls of the CUDA driver that record what a stream is given and launch it again as one. Each returns the driver's code, 0 for success.
/// </summary>
internal interface IGraphDriver
{
    /// <summary>From now on the stream notes its work instead of doing it.</summary>
    int BeginCapture(nint stream);

    /// <summary>The stream does its work again; what it noted is a graph.</summary>
    int EndCapture(nint stream, out nint graph);

    /// <summary>Makes a graph ready to be launched.</summary>
    int Instantiate(out nint executable, nint graph);

    /// <summary>Gives what was made of a graph the arguments of another one of the same launches; what has been launched keeps its own.</summary>
    int Update(nint executable, nint graph);

    /// <summary>Gives a stream all work of a graph.</summary>
    int Launch(nint executable, nint stream);

    /// <summary>Frees a graph; what was made of it stays.</summary>
    int DestroyGraph(nint graph);

    /// <summary>Frees what was made of a graph, once it has run.</summary>
    int DestroyExecutable(nint executable);
}

/// <summary>Those of the driver itself, from CUDA 11.4 on.</summary>
internal sealed partial class CudaGraphDriver : IGraphDriver
{
    /// <summary>Only this thread is kept from calls that cannot be captured; other threads use other devices as they like.</summary>
    private const int ThisThread = 1;

    /// <inheritdoc/>
    public int BeginCapture(nint stream) => cuStreamBeginCapture_v2(stream, ThisThread);

    /// <inheritdoc/>
    public int EndCapture(nint stream, out nint graph) => cuStreamEndCapture(stream, out graph);

    /// <inheritdoc/>
    public int Instantiate(out nint executable, nint graph) => cuGraphInstantiateWithFlags(out executable, graph, 0);

    // The form of 11.4, which later drivers keep; its two results say what differs.
    /// <inheritdoc/>
    public int Update(nint executable, nint graph) => cuGraphExecUpdate(executable, graph, out _, out _);

    /// <inheritdoc/>
    public int Launch(nint executable, nint stream) => cuGraphLaunch(executable, stream);

    /// <inheritdoc/>
    public int DestroyGraph(nint graph) => cuGraphDestroy(graph);

    /// <inheritdoc/>
    public int DestroyExecutable(nint executable) => cuGraphExecDestroy(executable);

    [LibraryImport("cuda")]
    private static partial int cuStreamBeginCapture_v2(nint stream, int mode);

    [LibraryImport("cuda")]
    private static partial int cuStreamEndCapture(nint stream, out nint graph);

    [LibraryImport("cuda")]
    private static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);

    [LibraryImport("cuda")]
    private static partial int cuGraphExecUpdate(nint executable, nint graph, out nint node, out int result);

    [LibraryImport("cuda")]
    private static partial int cuGraphLaunch(nint executable, nint stream);

    [LibraryImport("cuda")]
    private static partial int cuGraphDestroy(nint graph);

    [LibraryImport("cuda")]
    private static partial int cuGraphExecDestroy(nint executable);
}
