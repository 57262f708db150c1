namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>A stream that notes what it is given while it is captured, and does it otherwise.</summary>
internal sealed class FakeDriver : IGraphDriver
{
    private readonly Dictionary<nint, Action[]> graphs = [];
    private readonly Dictionary<nint, Action[]> executables = [];
    private List<Action>? noted;

    public List<string> Asked { get; } = [];

    /// <summary>The first words of the calls that fail.</summary>
    public string[] Refused { get; set; } = [];

    /// <summary>What they return: 801 is CUDA_ERROR_NOT_SUPPORTED.</summary>
    public int Code { get; set; } = 801;

    public bool IsCapturing => noted is not null;

    public void Enqueue(Action work)
    {
        if (noted is null)
        {
            work();
        }
        else
        {
            noted.Add(work);
        }
    }

    public int BeginCapture(nint stream)
    {
        int code = Ask($"begin {stream}");
        noted = code == 0 ? [] : null;
        return code;
    }

    public int EndCapture(nint stream, out nint graph)
    {
        graph = graphs.Count + 1;
        graphs[graph] = [.. noted!];
        noted = null;
        return Ask($"end {stream}");
    }

    public int Instantiate(out nint executable, nint graph)
    {
        executable = executables.Count + 1;
        executables[executable] = graphs[graph];
        return Ask($"instantiate {graph}");
    }

    public int Update(nint executable, nint graph)
    {
        int code = Ask($"update {executable} {graph}");
        executables[executable] = code == 0 ? graphs[graph] : executables[executable];
        return code;
    }

    public int Launch(nint executable, nint stream)
    {
        int code = Ask($"launch {executable} {stream}");
        if (code == 0)
        {
            Array.ForEach(executables[executable], work => work());
        }

        return code;
    }

    public int DestroyGraph(nint graph) => Ask($"destroy graph {graph}");

    public int DestroyExecutable(nint executable) => Ask($"destroy {executable}");

    private int Ask(string call)
    {
        Asked.Add(call);
        return Refused.Any(refused => call.StartsWith(refused, StringComparison.Ordinal)) ? Code : 0;
    }
}
