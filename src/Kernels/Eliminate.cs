namespace Gpu.Autograd.Kernels;

/// <summary>The threads that work on one matrix: one alone, or those of a group.</summary>
public interface ITeam
{
    /// <summary>The number of this thread.</summary>
    static abstract int Local { get; }

    /// <summary>The number of threads.</summary>
    static abstract int Size { get; }

    /// <summary>Waits until every thread of the team is here.</summary>
    static abstract void Barrier();
}

/// <summary>One thread.</summary>
public readonly struct Single : ITeam
{
    /// <inheritdoc/>
    public static int Local => 0;

    /// <inheritdoc/>
    public static int Size => 1;

    /// <inheritdoc/>
    public static void Barrier()
    {
    }
}

/// <summary>A group; a quarter of those that reduce, since the matrices are often smaller.</summary>
public readonly struct Team<G, M, S> : ITeam
    where G : struct, IGroup<M>
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public static int Local => G.Local;

    /// <inheritdoc/>
    public static int Size => S.Reduce / 4;

    /// <inheritdoc/>
    public static void Barrier() => G.Barrier();
}

/// <summary>What a team does to one matrix of a batch.</summary>
public interface IOnMatrix
{
    /// <summary>The work of one thread of the team.</summary>
    void Run<TTeam>(int batch)
        where TTeam : struct, ITeam;
}

/// <summary>A thread a matrix.</summary>
public readonly struct ByThread<K>(K work) : IKernel
    where K : struct, IOnMatrix
{
    /// <inheritdoc/>
    public void Run(int i) => work.Run<Single>(i);
}

/// <summary>A group a matrix.</summary>
public readonly struct ByGroup<K, M, S>(K work) : IGroupKernel<M>
    where K : struct, IOnMatrix
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M> => work.Run<Team<G, M, S>>(group);
}

/// <summary>
/// A batch of matrices that threads work in: the elements of a matrix lie so far from each other, the matrices so far apart. Where each
/// thread has its own matrix, the elements at one place of all matrices lie side by side.
/// </summary>
public readonly struct Square<T, E, M>(M memory, int rows, int columns, int step, int apart)
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <summary>The number of rows.</summary>
    public int Rows => rows;

    /// <summary>The number of columns.</summary>
    public int Columns => columns;

    /// <summary>The element at a row and column of a matrix.</summary>
    public T Load(int batch, int row, int column) => memory.Load<T>((batch * apart) + (((row * columns) + column) * step));

    /// <summary>Writes the element at a row and column of a matrix.</summary>
    public void Store(int batch, int row, int column, T value) => memory.Store((batch * apart) + (((row * columns) + column) * step), value);

    /// <summary>
    /// The factors of the first columns, as many as there are pivots; the columns behind them take part. The rows that the pivots were found in
    /// are noted. A column belongs to one thread, so that a step needs one barrier.
    /// </summary>
    public void Factor<TTeam>(int batch, int pivots, M found)
        where TTeam : struct, ITeam
    {
        for (int k = 0; k < pivots; k++)
        {
            if (k % TTeam.Size == TTeam.Local)
            {
                int best = Pivot(batch, k);
                Swap(batch, k, best, k);
                found.Store((batch * pivots) + k, best);
                T pivot = Load(batch, k, k);
                for (int row = k + 1; !IsZero(pivot) && row < rows; row++)
                {
                    Store(batch, row, k, Load(batch, row, k) / pivot);
                }
            }

            TTeam.Barrier();
            int from = found.Load<int>((batch * pivots) + k);
            for (int column = TTeam.Local; column < columns; column += TTeam.Size)
            {
                if (column != k)
                {
                    Swap(batch, k, from, column);
                }

                if (column > k)
                {
                    T upper = Load(batch, k, column);
                    for (int row = k + 1; row < rows; row++)
                    {
                        Store(batch, row, column, Load(batch, row, column) - (Load(batch, row, k) * upper));
                    }
                }
            }
        }

        TTeam.Barrier();
    }

    /// <summary>The number, from 1, of the first element on the diagonal that is 0; or 0.</summary>
    public int FirstZero(int batch)
    {
        int first = 0;
        for (int k = rows - 1; k >= 0; k--)
        {
            first = IsZero(Load(batch, k, k)) ? k + 1 : first;
        }

        return first;
    }

    /// <summary>Whether x is ±0.</summary>
    public static bool IsZero(T x) => !E.Less(x, T.Zero) && !E.Less(T.Zero, x) && !E.IsNaN(x);

    /// <summary>The row from k on whose element in column k is the greatest in magnitude; the first NaN, if there is one.</summary>
    private int Pivot(int batch, int k)
    {
        int best = k;
        T greatest = T.Abs(Load(batch, k, k));
        for (int row = k + 1; row < rows; row++)
        {
            T magnitude = T.Abs(Load(batch, row, k));
            if (Ranking.Before<T, E>(magnitude, row, greatest, best))
            {
                best = row;
                greatest = magnitude;
            }
        }

        return best;
    }

    private void Swap(int batch, int a, int b, int column)
    {
        if (a != b)
        {
            T kept = Load(batch, a, column);
            Store(batch, a, column, Load(batch, b, column));
            Store(batch, b, column, kept);
        }
    }
}
