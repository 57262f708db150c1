using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Kernels;

/// <content>Launches that are noted, and how several of them become one.</content>
public abstract partial class KernelBackend<M, S>
{
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
