using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Kernels;

/// <content>Captured steps: what calls launch is noted, and put together in as few launches as may be.</content>
public abstract partial class KernelBackend<M, S>
{
    /// <summary>A launch of more groups has enough to do, and is better off with registers of its own.</summary>
    private const int MostGroups = 2048;

    /// <summary>For fewer launches nothing is put together: what is put together must be compiled.</summary>
    private const int WorthCompiling = 6;

    /// <summary>Rows of a batch that a group carries through several calls: as many as the tiles of flat products have.</summary>
    private const int RowsAlong = 16;

    /// <summary>Threads of such a group: as many as those products have.</summary>
    private const int ThreadsAlong = 64;

    [ThreadStatic]
    private static Notes? noting;

    /// <summary>Whether calls are noted for a captured step, and not made.</summary>
    private protected static bool IsNoting => noting is not null;

    /// <summary>Whether calls are noted that go row by row: each group takes some rows of all of them.</summary>
    private static bool ByRows => noting is { Rows: > 1 };

    /// <summary>Runs a kernel on so many threads, at least one.</summary>
    protected abstract void Start<K>(K kernel, int threads)
        where K : struct, IKernel;

    /// <summary>Runs a kernel on so many groups, at least one, of so many threads.</summary>
    protected abstract void StartGroups<K>(K kernel, int groups, int size)
        where K : struct, IGroupKernel<M>;

    /// <summary>Gives the device work that is no kernel.</summary>
    private protected virtual void Start(Action work) => work();

    /// <summary>What runs a kernel again and again, as it then is.</summary>
    protected virtual Action Ready<K>(StrongBox<K> kernel, int threads)
        where K : struct, IKernel => () => Start(kernel.Value, threads);

    /// <summary>What runs a kernel of groups again and again, as it then is.</summary>
    protected virtual Action ReadyGroups<K>(StrongBox<K> kernel, int groups, int size)
        where K : struct, IGroupKernel<M> => () => StartGroups(kernel.Value, groups, size);

    /// <summary>Whether memory is that of a storage, and from which byte on.</summary>
    protected abstract bool IsOf(Storage storage, M memory, out long offset);

    /// <summary>So many calls that go row by row become one kernel.</summary>
    private protected virtual int MostAlong => 12;

    /// <summary>Whether the training step of a small net becomes two kernels, of many stages each of which ends at a barrier.</summary>
    private protected virtual bool MakesWholes => true;

    /// <summary>What makes launches one after the other; while it is there, so is the memory that they need.</summary>
    private protected virtual Action InOrder(Action[] launches, Storage[] scratch) => () =>
    {
        foreach (var launch in launches)
        {
            launch();
        }

        GC.KeepAlive(scratch);
    };

    /// <inheritdoc/>
    internal override bool PreparesAll => true;

    /// <inheritdoc/>
    internal override Action Prepare(Action<Backend> call)
    {
        var notes = Note([new Job([call], 1, [])]);
        var bindings = new Bindings<M>(this, [], IsOf);
        return InOrder([.. notes.Launches.Select(launch => launch.Ready(this, bindings))], [.. notes.Scratch]);
    }

    /// <inheritdoc/>
    internal override Joined Join(Job[] jobs, Storage[] arguments)
    {
        if (MakesWholes && Array.Exists(jobs, job => job.Parts is not null))
        {
            try
            {
                if (NoteWithWhole(jobs) is { } whole)
                {
                    return Join(whole, arguments);
                }
            }
            catch (NotSupportedException)
            {
                // A kernel of it is too much for the device's compiler. Then the calls are made as they are.
            }
        }

        return Join(Note(jobs), arguments);
    }

    private Joined Join(Notes notes, Storage[] arguments)
    {
        var launches = notes.Launches.Count < WorthCompiling
            ? notes.Launches
            : Timetable.Of(notes.Before, [.. notes.Launches.Select(launch => launch.Size)])
                .Select(together => Together([.. together.Select(i => notes.Launches[i])]));
        var bindings = new Bindings<M>(this, arguments, IsOf);
        var run = InOrder([.. launches.SelectMany(launch => ReadyOrParts(launch, bindings))], [.. notes.Scratch]);

        // What is no kernel keeps to itself where it reads.
        bool isKernels = notes.Launches.TrueForAll(launch => launch is not Other);
        return new(run, isKernels ? (k, storage, from) => bindings.Bind(k, offset => View(storage, from + offset)) : null);
    }

    /// <summary>What makes a launch; where its kernel is too much for the device's compiler, what makes those that it was put together from.</summary>
    private IEnumerable<Action> ReadyOrParts(Noted launch, Bindings<M> bindings)
    {
        try
        {
            return [launch.Ready(this, bindings)];
        }
        catch (NotSupportedException) when (launch.Parts is not null)
        {
            return launch.Parts.SelectMany(part => ReadyOrParts(part, bindings));
        }
    }

    /// <inheritdoc/>
    protected override void Drop(Operand scratch)
    {
        // What is launched again and again needs its memory as long.
        if (noting is { } notes)
        {
            notes.Scratch.Add(scratch.Storage);
        }
        else
        {
            base.Drop(scratch);
        }
    }

    /// <summary>Runs a kernel on so many threads, at least one; or notes that, while calls are noted.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="threads">How many threads.</param>
    /// <param name="follows">Whether it has to wait for what the same call launched before.</param>
    private protected void Launch<K>(K kernel, int threads, bool follows = true)
        where K : struct, IKernel
    {
        if (noting is { } notes)
        {
            notes.Add(new OfThreads<K>(kernel, threads), follows);
        }
        else
        {
            Start(kernel, threads);
        }
    }

    /// <summary>Runs a kernel on so many groups, at least one, of so many threads; or notes that.</summary>
    private protected void LaunchGroups<K>(K kernel, int groups, int size)
        where K : struct, IGroupKernel<M>
    {
        if (noting is { } notes)
        {
            notes.Add(new OfGroups<K>(kernel, groups, size), follows: true);
        }
        else
        {
            StartGroups(kernel, groups, size);
        }
    }

    /// <summary>Gives the device work that is no kernel; or notes that.</summary>
    private protected void Launch(Action work)
    {
        if (noting is { } notes)
        {
            notes.Add(new Other(work), follows: true);
        }
        else
        {
            Start(work);
        }
    }

    /// <summary>Does something now, also while calls are noted.</summary>
    private protected static void AtOnce(Action action)
    {
        var notes = noting;
        noting = null;
        try
        {
            action();
        }
        finally
        {
            noting = notes;
        }
    }

    private Notes Note(Job[] jobs, int at = -1, (Noted Rows, Noted Step, Storage Pieces)? whole = null)
    {
        var notes = new Notes();
        noting = notes;
        try
        {
            foreach (var (i, job) in jobs.Index())
            {
                notes.Begin(job.After);
                if (i == at && whole is var (rows, step, pieces))
                {
                    notes.Add(rows, follows: true);
                    notes.Add(step, follows: true);
                    notes.Scratch.Add(pieces);
                }
                else if (job.Calls.Length == 1 || !TryAlong(notes, job))
                {
                    Array.ForEach(job.Calls, call => call(this));
                }
            }
        }
        finally
        {
            noting = null;
        }

        return notes;
    }

    /// <summary>Notes calls that go row by row as one launch, or few, if each of them is one.</summary>
    private bool TryAlong(Notes notes, Job job)
    {
        var own = new Notes { Rows = job.Rows };
        noting = own;
        own.Begin([]);
        Array.ForEach(job.Calls, call => call(this));
        noting = notes;
        int groups = Parts(job.Rows, RowsAlong);
        var parts = own.Launches.Select(launch => launch.Along(job.Rows, groups)).OfType<Noted>().ToList();
        if (parts.Count != job.Calls.Length || parts.Count != own.Launches.Count)
        {
            own.Scratch.ForEach(storage => storage.Release());
            return false;
        }

        notes.Scratch.AddRange(own.Scratch);
        foreach (var some in parts.Chunk(MostAlong))
        {
            notes.Add(some.Aggregate((first, second) => first.Then(second)), follows: true);
        }

        return true;
    }

    private static Noted Together(ReadOnlySpan<Noted> launches)
    {
        if (launches.Length == 1)
        {
            return launches[0];
        }

        int size = 0;
        foreach (var launch in launches)
        {
            size = Math.Max(size, launch.Size);
        }

        return Beside(launches, size == 0 ? S.Few : size);

        // By halves: a group then has few questions to ask.
        static Noted Beside(ReadOnlySpan<Noted> launches, int size) => launches.Length == 1
            ? launches[0].InGroups(size)
            : Beside(launches[..((launches.Length + 1) / 2)], size).Beside(Beside(launches[((launches.Length + 1) / 2)..], size));
    }
}
