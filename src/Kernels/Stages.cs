namespace Gpu.Autograd.Kernels;

/// <summary>Where the elements of some rows of a batch lie in shared memory: a row's elements a step apart, rows another.</summary>
public readonly struct Spot(int at, int row, int column)
{
    /// <summary>Where the first element is.</summary>
    public int At => at;

    /// <summary>Where an element is.</summary>
    public int Of(int r, int c) => at + (r * row) + (c * column);
}

/// <summary>What a group works on: some rows of a batch, in shared memory; and what it adds up over them, in a piece of memory of its own.</summary>
public readonly struct Rows<M>(M shared, M pieces, int first, int count, int piece, int again)
    where M : struct, IMemory
{
    /// <summary>The rows of a group at a time. All of them have their place; those that the batch does not have hold zeros.</summary>
    public const int Most = 16;

    /// <summary>From one column to the next: rows are neighbours, and by so much that columns side by side are in different banks.</summary>
    public const int Pitch = Most + 4;

    /// <summary>The threads of a group.</summary>
    public const int Threads = 64;

    /// <summary>The shared memory.</summary>
    public M Shared => shared;

    /// <summary>The first row.</summary>
    public int First => first;

    /// <summary>The number of rows.</summary>
    public int Count => count;

    /// <summary>An element of shared memory.</summary>
    public T Load<T>(Spot x, int r, int c)
        where T : unmanaged => shared.Load<T>(x.Of(r, c));

    /// <summary>Writes an element of a row; a zero where there is no such row.</summary>
    public void Store<T>(Spot y, int r, int c, T value)
        where T : unmanaged, IReal<T> => shared.Store(y.Of(r, c), r < count ? value : T.Zero);

    /// <summary>Adds to an element of the piece what these rows give.</summary>
    public void Add<T>(int i, T value)
        where T : unmanaged, IReal<T>
    {
        T before = T.Zero;
        if (again != 0)
        {
            before = pieces.Load<T>(piece + i);
        }

        pieces.Store(piece + i, before + value);
    }
}

/// <summary>A part of a group's work on some rows.</summary>
public interface IStage<M>
    where M : struct, IMemory
{
    /// <summary>The work of one thread of a group.</summary>
    void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>;
}

/// <summary>One stage and then another, which needs nothing of it.</summary>
public readonly struct And<S1, S2, M>(S1 first, S2 second) : IStage<M>
    where S1 : struct, IStage<M>
    where S2 : struct, IStage<M>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        first.Run<G>(rows);
        second.Run<G>(rows);
    }
}

/// <summary>One stage and then another, when all threads are done with the first.</summary>
public readonly struct Then<S1, S2, M>(S1 first, S2 second) : IStage<M>
    where S1 : struct, IStage<M>
    where S2 : struct, IStage<M>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        first.Run<G>(rows);
        G.Barrier();
        second.Run<G>(rows);
    }
}

/// <summary>
/// Brings an operand to shared memory: <paramref name="lines"/> rows of <paramref name="width"/> elements. One that is the same for all rows has
/// a single one.
/// </summary>
public readonly struct Bring<T, P, M>(P x, Spot y, int lines, int width) : IStage<M>
    where T : unmanaged, IReal<T>
    where P : struct, IPanel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        int start = x.Start(0);
        int first = lines == 1 ? 0 : rows.First;
        int count = lines == 1 ? 1 : rows.Count;
        int side = ((x.Along ? width : lines) + 3) / 4;
        int quads = side * (x.Along ? lines : width);
        for (int e = G.Local; e < quads; e += Rows<M>.Threads)
        {
            int other = e / side;
            int quad = 4 * (e - (other * side));
            int r = x.Along ? other : quad;
            int c = x.Along ? quad : other;
            Quad<T> v = x.Load<T>(start, first + r, c, width);
            int down = x.Along ? 0 : 1;
            int across = 1 - down;
            Put(rows, r, c, count, v.V0);
            Put(rows, r + down, c + across, count, v.V1);
            Put(rows, r + (2 * down), c + (2 * across), count, v.V2);
            Put(rows, r + (3 * down), c + (3 * across), count, v.V3);
        }
    }

    private void Put(Rows<M> rows, int r, int c, int count, T value)
    {
        if (r < lines && c < width)
        {
            rows.Shared.Store(y.Of(r, c), r < count ? value : T.Zero);
        }
    }
}

/// <summary>
/// Whether something is done again and again. A type, so that what is done once is no loop to the compiler: barriers in loops, and these in loops,
/// are what some compilers write out for every case.
/// </summary>
public interface IRepeat
{
    /// <summary>Whether it may be.</summary>
    static abstract bool Again { get; }
}

/// <summary>Done once.</summary>
public readonly struct Once : IRepeat
{
    /// <inheritdoc/>
    public static bool Again => false;
}

/// <summary>Done once or several times.</summary>
public readonly struct Often : IRepeat
{
    /// <inheritdoc/>
    public static bool Again => true;
}

/// <summary>How a matrix lies in shared memory.</summary>
internal static class Tile
{
    /// <summary>The columns at a time: four for each thread of a quad of rows.</summary>
    internal const int Columns = 64;

    /// <summary>From one line to the next.</summary>
    internal const int Pitch = Columns + 4;
}

/// <summary>
/// y = op(x·w, b): a thread 4 rows of 4 columns, 64 columns at a time. The matrix comes to shared memory, all of it where there is room, else
/// <paramref name="part"/> of its depth, a multiple of 4, at a time.
/// </summary>
public readonly struct Multiply<TOp, T, P, L, M>(TOp op, P w, Spot x, Spot b, Spot y, int depth, int columns, int tile, int part) : IStage<M>
    where TOp : struct, IMap2
    where T : unmanaged, IReal<T>
    where P : struct, IPanel
    where L : struct, IRepeat
    where M : struct, IMemory
{
    private const int Across = Tile.Columns;

    private const int Pitch = Tile.Pitch;

    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        M shared = rows.Shared;
        int row = G.Local / (Across / 4);
        int place = G.Local - (row * (Across / 4));
        int column = 0;
        do
        {
            // Threads beyond the last column do the work of one that is there, for nobody.
            int quads = ((columns - column < Across ? columns - column : Across) + 3) / 4;
            int mine = place < quads ? place : quads - 1;
            Block4<T> sum = default;
            int from = 0;
            do
            {
                BringTile<G>(shared, column, from, quads);
                G.Barrier();
                int steps = depth - from < part ? depth - from : part;
                int l = (tile / 4) + mine;
                int r = ((x.At + (from * Rows<M>.Pitch)) / 4) + row;
                int end = l + (steps * (Pitch / 4));
                do
                {
                    sum = sum.Plus(shared.Load<Quad<T>>(l), shared.Load<Quad<T>>(r));
                    l += Pitch / 4;
                    r += Rows<M>.Pitch / 4;
                }
                while (l < end);
                G.Barrier();
                from += part;
            }
            while (L.Again && from < depth);

            int i = 0;
            do
            {
                Put(rows, 4 * row, column + (4 * place) + i, sum.First);
                sum = sum.Next();
                i++;
            }
            while (i < 4);
            column += Across;
        }
        while (L.Again && column < columns);
    }

    private void BringTile<G>(M shared, int column, int from, int quads)
        where G : struct, IGroup<M>
    {
        int start = w.Start(0);
        int side = w.Along ? 4 * quads : quads;
        int count = quads * part;
        for (int e = G.Local; e < count; e += Rows<M>.Threads)
        {
            int other = e / side;
            int line = e - (other * side);
            int d = w.Along ? 4 * other : other;
            line = w.Along ? line : 4 * line;
            Quad<T> v = w.Load<T>(start, column + line, from + d, depth);
            int to = tile + (d * Pitch) + line;
            if (w.Along)
            {
                shared.Store(to, v.V0);
                shared.Store(to + Pitch, v.V1);
                shared.Store(to + (2 * Pitch), v.V2);
                shared.Store(to + (3 * Pitch), v.V3);
            }
            else
            {
                shared.Store(to / 4, v);
            }
        }
    }

    private void Put(Rows<M> rows, int r, int c, Quad<T> v)
    {
        if (c < columns)
        {
            rows.Store(y, r, c, op.Value(v.V0, rows.Load<T>(b, r, c)));
            rows.Store(y, r + 1, c, op.Value(v.V1, rows.Load<T>(b, r + 1, c)));
            rows.Store(y, r + 2, c, op.Value(v.V2, rows.Load<T>(b, r + 2, c)));
            rows.Store(y, r + 3, c, op.Value(v.V3, rows.Load<T>(b, r + 3, c)));
        }
    }
}

/// <summary>The product, whatever stands beside it.</summary>
public readonly struct Alone : IMap2
{
    /// <inheritdoc/>
    public T Value<T>(T a, T b)
        where T : IReal<T> => a;
}
