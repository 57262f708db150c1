namespace Gpu.Autograd.Kernels;

/// <content>What a whole is drawn up from.</content>
public abstract partial class KernelBackend<M, S>
{
    /// <summary>Rows of a batch in shared memory: what a stage writes, or what is brought there.</summary>
    private sealed class Value(int columns, int row, int column, Func<Value, Built>? bring)
    {
        internal int Columns => columns;

        /// <summary>What brings it; null if a stage makes it.</summary>
        internal Func<Value, Built>? Bring => bring;

        internal bool IsInput => bring is not null;

        /// <summary>Whether each of the rows has its own elements, all of them.</summary>
        internal bool IsFull => row == 1 && column == Rows<M>.Pitch;

        internal int Size => row == 0 ? column == 0 ? 1 : columns : column == 0 ? Rows<M>.Most : columns * Rows<M>.Pitch;

        /// <summary>Where it stands, for the stage that is being built.</summary>
        internal Spot Spot { get; private set; }

        internal void Settle(int at) => Spot = new Spot(at, row, column);
    }

    /// <summary>A sum over the rows, and what it is for.</summary>
    private sealed class Total<T>(int from, int count)
        where T : unmanaged, IReal<T>
    {
        internal int From => from;

        internal int Count => count;

        internal List<Ended<T>> Ends { get; } = [];
    }

    /// <summary>A stage: what it reads and writes, and how it is made once these have their places.</summary>
    private sealed class Stage(Func<Stage, Built> build, Value? writes, params Value[] reads)
    {
        private int scratch;

        internal Value[] Reads => reads;

        internal Value? Writes => writes;

        /// <summary>Of a product, how deep it is.</summary>
        internal int Depth { get; init; }

        /// <summary>How much of that it has in shared memory at a time.</summary>
        internal int Part { get; private set; }

        /// <summary>The elements that it needs for itself.</summary>
        internal int Scratch
        {
            get => Depth > 0 ? Part * Tile.Pitch : scratch;
            init => scratch = value;
        }

        internal int ScratchAt { get; set; }

        /// <summary>Where the values stand that it reads and writes, and others that are there meanwhile.</summary>
        internal Dictionary<Value, int> At { get; } = [];

        /// <summary>Whether its threads wait for each other within.</summary>
        internal bool WaitsWithin => Scratch > 0;

        /// <summary>What it reads before they do.</summary>
        internal IEnumerable<Range> FirstReads => Depth > 0 ? [] : reads.Select(RangeOf);

        internal IEnumerable<Range> FirstWrites => WaitsWithin ? [Own] : LastWrites;

        /// <summary>What it reads after they did.</summary>
        internal IEnumerable<Range> LastReads => Depth > 0 ? [RangeOf(reads[^1])] : WaitsWithin ? [Own] : FirstReads;

        internal IEnumerable<Range> LastWrites => writes is null ? [] : [RangeOf(writes)];

        private Range Own => ScratchAt..(ScratchAt + Scratch);

        internal void Begin(int part)
        {
            Part = Math.Min(part, (Depth + 3) / 4 * 4);
            At.Clear();
        }

        internal void Settle()
        {
            foreach (var (value, at) in At)
            {
                value.Settle(at);
            }
        }

        internal Built Build() => build(this);

        private Range RangeOf(Value x) => At[x]..(At[x] + x.Size);
    }

    /// <summary>Stages as one.</summary>
    private abstract class Built
    {
        internal abstract Built Then(Built next, bool waits);

        internal abstract Built After<S1>(S1 first, bool waits)
            where S1 : struct, IStage<M>;

        /// <summary>The launch.</summary>
        internal abstract Noted Close<T>(M pieces, int rows, int groups, int piece, int elements)
            where T : unmanaged, IReal<T>;
    }

    private sealed class Built<TStage>(TStage stage) : Built
        where TStage : struct, IStage<M>
    {
        internal override Built Then(Built next, bool waits) => next.After(stage, waits);

        internal override Built After<S1>(S1 first, bool waits) =>
            waits ? new Built<Then<S1, TStage, M>>(new(first, stage)) : new Built<And<S1, TStage, M>>(new(first, stage));

        internal override Noted Close<T>(M pieces, int rows, int groups, int piece, int elements)
        {
            return elements <= Room1536.Elements ? In<Room1536>()
                : elements <= Room3072.Elements ? In<Room3072>()
                : elements <= Room6144.Elements ? In<Room6144>()
                : In<Room12288>();

            Noted In<R>()
                where R : struct, IRoom => groups * Rows<M>.Most >= rows ? Of<R, Once>() : Of<R, Often>();

            Noted Of<R, L>()
                where R : struct, IRoom
                where L : struct, IRepeat =>
                new OfGroups<Whole<TStage, T, L, M, R>>(new(stage, pieces, rows, groups, piece), groups, Rows<M>.Threads, isAlong: true);
        }
    }

    /// <summary>What a sum is for.</summary>
    private abstract class Ended<T>
        where T : unmanaged, IReal<T>
    {
        /// <summary>It is for this and for another.</summary>
        internal abstract Ended<T> And(Ended<T> other);

        /// <summary>The first elements are for this, those that follow for another.</summary>
        internal abstract Ended<T> Or(Ended<T> rest, int count);

        /// <summary>The launch.</summary>
        internal abstract Noted Step<TOp>(TOp op, M rate, M count, M pieces, int groups, int piece)
            where TOp : struct, IUpdate;

        internal abstract Ended<T> AndAfter<E1>(E1 first)
            where E1 : struct, IEnd<T>;

        internal abstract Ended<T> OrAfter<E1>(E1 first, int count)
            where E1 : struct, IEnd<T>;
    }

    private sealed class Ended<T, TEnd>(TEnd end) : Ended<T>
        where T : unmanaged, IReal<T>
        where TEnd : struct, IEnd<T>
    {
        internal override Ended<T> And(Ended<T> other) => other.AndAfter(end);

        internal override Ended<T> Or(Ended<T> rest, int count) => rest.OrAfter(end, count);

        internal override Noted Step<TOp>(TOp op, M rate, M count, M pieces, int groups, int piece) =>
            new OfThreads<Wholly<TOp, T, TEnd, M>>(new(op, rate, count, pieces, end, groups, piece), piece);

        internal override Ended<T> AndAfter<E1>(E1 first) => new Ended<T, Both<E1, TEnd, T>>(new(first, end));

        internal override Ended<T> OrAfter<E1>(E1 first, int count) => new Ended<T, Either<E1, TEnd, T>>(new(first, end, count));
    }
}
