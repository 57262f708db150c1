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

    /// <summary>What calls launch, and in which order that must be.</summary>
    private sealed class Notes
    {
        private readonly List<List<int>> own = [];
        private readonly List<int[]> after = [];
        private int part;

        /// <summary>The launches.</summary>
        internal List<Noted> Launches { get; } = [];

        /// <summary>For each launch those that it waits for.</summary>
        internal List<List<int>> Before { get; } = [];

        /// <summary>The memory that only they use.</summary>
        internal List<Storage> Scratch { get; } = [];

        /// <summary>Where calls go row by row, how many rows they have.</summary>
        internal int Rows { get; init; }

        /// <summary>Whether the calls are those of a whole.</summary>
        internal bool IsWhole { get; init; }

        /// <summary>What is drawn up of it.</summary>
        internal Sketch? Sketch { get; set; }

        /// <summary>What the call is in it that is made now.</summary>
        internal Part Now { get; set; }

        /// <summary>Begins the next call, which waits for others.</summary>
        internal void Begin(int[] jobs)
        {
            own.Add([]);
            after.Add(jobs);
            part = 0;
        }

        /// <summary>Begins a part of the call that does not wait for those before.</summary>
        internal void Part() => part = own[^1].Count;

        internal void Add(Noted launch, bool follows)
        {
            Before.Add([.. follows && own[^1].Count > part ? own[^1][part..] : after[^1].SelectMany(Of)]);
            own[^1].Add(Launches.Count);
            Launches.Add(launch);
        }

        /// <summary>What a call launched; if that is nothing, what is launched before it.</summary>
        private IEnumerable<int> Of(int call) => own[call].Count > 0 ? own[call] : after[call].SelectMany(Of);
    }

    /// <summary>A launch that is noted.</summary>
    private abstract class Noted
    {
        /// <summary>The threads of a group: 0 if any number will do, less than 0 if it shall be alone.</summary>
        internal abstract int Size { get; }

        /// <summary>The launches that this one was put together from, in their order; null if it was not.</summary>
        internal Noted[]? Parts { get; init; }

        /// <summary>What makes the launch, with the memory that its kernel then has.</summary>
        internal abstract Action Ready(KernelBackend<M, S> backend, Bindings<M> bindings);

        /// <summary>The same in groups of a size.</summary>
        internal abstract Noted InGroups(int size);

        /// <summary>Two launches as one.</summary>
        internal abstract Noted Beside(Noted other);

        /// <summary>Groups that are put together with nothing else but a few threads, which go with the first of them.</summary>
        internal virtual Noted With(Noted threads) => throw new InvalidOperationException("It has no groups.");

        /// <summary>Groups, with these threads in the first of them.</summary>
        internal virtual Noted In<K1>(K1 groups, int count, int size)
            where K1 : struct, IGroupKernel<M> => throw new InvalidOperationException("It has groups of its own.");

        /// <summary>This one and then another, as one, a group after the other's group of that number; both are such launches.</summary>
        internal abstract Noted Then(Noted other);

        /// <summary>The same in groups for some rows each; null if that cannot be.</summary>
        internal abstract Noted? Along(int rows, int groups);

        /// <summary>Another launch and then this one, as one.</summary>
        internal abstract Noted ThenAfter<K1>(K1 first, Noted launch)
            where K1 : struct, IGroupKernel<M>;

        /// <summary>Another launch, of so many groups, and this one, as one.</summary>
        internal abstract Noted After<K1>(K1 first, int groups, Noted launch)
            where K1 : struct, IGroupKernel<M>;
    }

    private sealed class OfThreads<K>(K kernel, int threads) : Noted
        where K : struct, IKernel
    {
        internal override int Size => Parts(threads, S.Few) > MostGroups ? -1 : 0;

        internal override Action Ready(KernelBackend<M, S> backend, Bindings<M> bindings)
        {
            var held = new StrongBox<K>(kernel);
            var launch = backend.Ready(held, threads);
            bindings.Add(held);
            return launch;
        }

        internal override Noted InGroups(int size) =>
            new OfGroups<InGroups<K, M>>(new(kernel, threads, size), Parts(threads, size), size);

        internal override Noted Beside(Noted other) => InGroups(S.Few).Beside(other);

        internal override Noted After<K1>(K1 first, int groups, Noted launch) => InGroups(S.Few).After(first, groups, launch);

        internal override Noted In<K1>(K1 groups, int count, int size) =>
            new OfGroups<InFirst<K1, K, M>>(new(groups, kernel, threads), count, size, isAlong: true);

        internal override Noted Then(Noted other) => throw new InvalidOperationException("It has no groups.");

        internal override Noted ThenAfter<K1>(K1 first, Noted launch) => throw new InvalidOperationException("It has no groups.");

        internal override Noted? Along(int rows, int groups) => threads % rows > 0
            ? null
            : new OfGroups<ThreadsAlong<K, M>>(new(kernel, threads, threads / rows * RowsAlong, ThreadsAlong), groups, ThreadsAlong);
    }

    private sealed class OfGroups<K>(K kernel, int groups, int size, bool isAlong = false) : Noted
        where K : struct, IGroupKernel<M>
    {
        private readonly int groups = groups;

        // Larger groups may need too much shared memory for two, and so do several kernels one after the other: those are alone.
        internal override int Size => size > 64 || groups > MostGroups || isAlong ? -1 : size;

        internal override Action Ready(KernelBackend<M, S> backend, Bindings<M> bindings)
        {
            var held = new StrongBox<K>(kernel);
            var launch = backend.ReadyGroups(held, groups, size);
            bindings.Add(held);
            return launch;
        }

        internal override Noted InGroups(int size) => this;

        internal override Noted With(Noted threads) => threads.In(kernel, groups, size);

        internal override Noted Beside(Noted other) => other.After(kernel, groups, this);

        internal override Noted After<K1>(K1 first, int before, Noted launch) =>
            new OfGroups<Beside<K1, K, M>>(new(first, kernel, before), before + groups, size) { Parts = [launch, this] };

        internal override Noted Then(Noted other) => other.ThenAfter(kernel, this);

        internal override Noted ThenAfter<K1>(K1 first, Noted launch) =>
            new OfGroups<Along<K1, K, M>>(new(first, kernel), groups, size, isAlong: true) { Parts = [launch, this] };

        internal override Noted? Along(int rows, int groups) =>
            size != ThreadsAlong || this.groups % groups > 0 ? null
            : this.groups == groups ? this
            : new OfGroups<TilesAlong<K, M>>(new(kernel, groups, this.groups / groups), groups, size);
    }

    private sealed class Other(Action work) : Noted
    {
        internal override int Size => -1;

        internal override Action Ready(KernelBackend<M, S> backend, Bindings<M> bindings) => work;

        internal override Noted InGroups(int size) => this;

        internal override Noted Beside(Noted other) => throw new InvalidOperationException("This is no kernel.");

        internal override Noted After<K1>(K1 first, int groups, Noted launch) => throw new InvalidOperationException("This is no kernel.");

        internal override Noted Then(Noted other) => throw new InvalidOperationException("This is no kernel.");

        internal override Noted ThenAfter<K1>(K1 first, Noted launch) => throw new InvalidOperationException("This is no kernel.");

        internal override Noted? Along(int rows, int groups) => null;
    }
}
