using Gpu.Autograd.Capturing;

namespace Gpu.Autograd;

/// <summary>What all captured steps have in common.</summary>
public abstract class CapturedStep
{
    /// <summary>Recordings beyond so many are forgotten, the oldest first: shapes that change all the time are not worth one each.</summary>
    private const int MostRecordings = 16;

    private readonly List<Recording> recordings = [];
    private readonly List<Tensor> arguments = [];

    /// <summary>The thread that runs the step; 0 while none does.</summary>
    private int runner;

    private protected CapturedStep()
    {
    }

    /// <summary>How many recordings there are: one for each set of shapes, dtypes, devices and modes that was run three times.</summary>
    public int Recordings => recordings.Count(recording => recording.Plan is not null);

    /// <summary>The plan that the latest run followed; null where the body ran as it stands.</summary>
    internal Plan? LatestPlan { get; private set; }

    /// <summary>Begins a run: nobody else runs the step until it ends.</summary>
    private protected Turn Enter()
    {
        int thread = Environment.CurrentManagedThreadId;
        var spin = default(SpinWait);
        for (int other; (other = Interlocked.CompareExchange(ref runner, thread, 0)) != 0; spin.SpinOnce())
        {
            if (other == thread)
            {
                throw new InvalidOperationException("Step.Run: the step's own body runs the step.");
            }
        }

        return new Turn(this);
    }

    /// <summary>The next argument's tensors.</summary>
    private protected void Add<T>(T argument)
    {
        if (argument is Tensor tensor)
        {
            arguments.Add(tensor);
        }
        else
        {
            arguments.AddRange(Tree.Flatten(argument));
        }
    }

    /// <summary>Makes the step from a recording of it, if there is one for such arguments.</summary>
    private protected bool TryReplay(out object? result)
    {
        result = null;
        LatestPlan = null;
        if (Recorder.Current is not null)
        {
            return false;
        }

        foreach (var recording in recordings)
        {
            if (recording.Plan is { } plan && recording.Fits(arguments))
            {
                result = recording.Replay(arguments);
                LatestPlan = plan;
                return true;
            }
        }

        return false;
    }

    /// <summary>Runs the body, and records it if that is due.</summary>
    /// <param name="body">The body as a function of its arguments' tensors.</param>
    private protected TOut RunBody<TOut>(Func<Queue<Tensor>, TOut> body)
    {
        if (Recorder.Current is not null)
        {
            // A step inside of a step is a part of it.
            return body(new(arguments));
        }

        var begun = recordings.Find(recording => recording.Plan is null && recording.Fits(arguments));
        if (begun is null)
        {
            recordings.RemoveRange(0, Math.Max(0, recordings.Count - MostRecordings + 1));
            recordings.Add(begun = new Recording(arguments));
        }

        return begun.Run(arguments, body);
    }

    /// <summary>An argument of other tensors, the next ones.</summary>
    private protected static T Next<T>(T argument, Queue<Tensor> tensors) => Tree.Map(argument, _ => tensors.Dequeue());

    /// <summary>A run, until it is disposed. A lock would do the same; entering and leaving it took a fifth of the shortest replays.</summary>
    private protected readonly ref struct Turn(CapturedStep step)
    {
        public void Dispose()
        {
            step.arguments.Clear();
            Volatile.Write(ref step.runner, 0);
        }
    }
}

/// <summary>A captured step without arguments.</summary>
public sealed class CapturedStep<TOut> : CapturedStep
{
    private readonly Func<TOut> body;

    internal CapturedStep(Func<TOut> body) => this.body = body;

    /// <summary>Makes the step. The results are overwritten by the next run.</summary>
    /// <exception cref="InvalidOperationException">The body does on the host what would not be replayed, or runs inside of a transform.</exception>
    public TOut Run()
    {
        using var scope = Enter();
        return TryReplay(out object? result) ? (TOut)result! : RunBody(_ => body());
    }
}

/// <summary>A captured step of one argument.</summary>
public sealed class CapturedStep<T, TOut> : CapturedStep
{
    private readonly Func<T, TOut> body;

    internal CapturedStep(Func<T, TOut> body) => this.body = body;

    /// <summary>Makes the step. The arguments may be overwritten as soon as it returns; the results are overwritten by the next run.</summary>
    /// <exception cref="InvalidOperationException">The body does on the host what would not be replayed, or runs inside of a transform.</exception>
    public TOut Run(T x)
    {
        using var scope = Enter();
        Add(x);
        return TryReplay(out object? result) ? (TOut)result! : RunAsItStands(x);
    }

    private TOut RunAsItStands(T x) => RunBody(tensors => body(Next(x, tensors)));
}

/// <summary>A captured step of two arguments.</summary>
public sealed class CapturedStep<T1, T2, TOut> : CapturedStep
{
    private readonly Func<T1, T2, TOut> body;

    internal CapturedStep(Func<T1, T2, TOut> body) => this.body = body;

    /// <summary>Makes the step. The arguments may be overwritten as soon as it returns; the results are overwritten by the next run.</summary>
    /// <exception cref="InvalidOperationException">The body does on the host what would not be replayed, or runs inside of a transform.</exception>
    public TOut Run(T1 x, T2 y)
    {
        using var scope = Enter();
        Add(x);
        Add(y);
        return TryReplay(out object? result) ? (TOut)result! : RunAsItStands(x, y);
    }

    private TOut RunAsItStands(T1 x, T2 y) => RunBody(tensors => body(Next(x, tensors), Next(y, tensors)));
}

/// <summary>A captured step of three arguments.</summary>
public sealed class CapturedStep<T1, T2, T3, TOut> : CapturedStep
{
    private readonly Func<T1, T2, T3, TOut> body;

    internal CapturedStep(Func<T1, T2, T3, TOut> body) => this.body = body;

    /// <summary>Makes the step. The arguments may be overwritten as soon as it returns; the results are overwritten by the next run.</summary>
    /// <exception cref="InvalidOperationException">The body does on the host what would not be replayed, or runs inside of a transform.</exception>
    public TOut Run(T1 x, T2 y, T3 z)
    {
        using var scope = Enter();
        Add(x);
        Add(y);
        Add(z);
        return TryReplay(out object? result) ? (TOut)result! : RunAsItStands(x, y, z);
    }

    private TOut RunAsItStands(T1 x, T2 y, T3 z) =>
        RunBody(tensors => body(Next(x, tensors), Next(y, tensors), Next(z, tensors)));
}
