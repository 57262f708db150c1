namespace Gpu.Autograd.Kernels;

/// <summary>An operand seen as fibres: the elements that are reduced to one another, and for each result a fibre of them.</summary>
public readonly struct Fibres<L, M>(M memory, Loops5 kept, Strides starts, L along, Strides steps)
    where L : struct, ILoops
    where M : struct, IMemory
{
    /// <summary>Where a fibre starts.</summary>
    public int Start(int fibre) => starts.Of(kept.At(fibre));

    /// <summary>Element <paramref name="k"/> of the fibre that starts there.</summary>
    public T Load<T>(int start, int k)
        where T : unmanaged => memory.Load<T>(start + steps.Of(along.At(k)));

    /// <summary>Writes element <paramref name="k"/> of the fibre that starts there.</summary>
    public void Store<T>(int start, int k, T value)
        where T : unmanaged => memory.Store(start + steps.Of(along.At(k)), value);
}

/// <summary>
/// Combines pieces of fibres, a thread a piece: piece c is elements c·step, c·step + 1, … of a fibre. Neighbouring threads take neighbouring
/// fibres. Pieces are written as rows, fibre by fibre.
/// </summary>
public readonly struct ReduceThread<TMonoid, T, L, M>(
    TMonoid monoid, Fibres<L, M> x, M y, int fibres, int length, int step) : IKernel
    where TMonoid : struct, IMonoid
    where T : unmanaged, IReal<T>
    where L : struct, ILoops
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int piece = i / fibres;
        int start = x.Start(i - (piece * fibres));
        int from = piece * step;
        int to = length - from < step ? length : from + step;
        T sum = monoid.Identity<T>();
        for (int k = from; k < to; k++)
        {
            sum = monoid.Combine(sum, x.Load<T>(start, k));
        }

        y.Store(i, sum);
    }
}

/// <summary>How the threads of a group stand over the fibres that it reduces side by side.</summary>
public static class ReduceColumns
{
    /// <summary>Fibres of a group.</summary>
    public const int Columns = 8;

    /// <summary>Threads of a fibre.</summary>
    public const int Slices = 8;
}

/// <summary>
/// Combines pieces of fibres that are neighbours in memory, a group a piece of eight of them: the threads of a fibre take turns, and a tree
/// in shared memory combines what they have. Pieces are written as rows, fibre by fibre.
/// </summary>
public readonly struct ReduceColumns<TMonoid, T, L, M>(
    TMonoid monoid, Fibres<L, M> x, M y, int fibres, int length, int step) : IGroupKernel<M>
    where TMonoid : struct, IMonoid
    where T : unmanaged, IReal<T>
    where L : struct, ILoops
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        M shared = G.Shared<T>(ReduceColumns.Columns * ReduceColumns.Slices);
        int local = G.Local;
        int blocks = (fibres + ReduceColumns.Columns - 1) / ReduceColumns.Columns;
        int piece = group / blocks;
        int slice = local / ReduceColumns.Columns;
        int fibre = ((group - (piece * blocks)) * ReduceColumns.Columns) + (local - (slice * ReduceColumns.Columns));
        int from = piece * step;
        int to = length - from < step ? length : from + step;

        // Threads beyond the last fibre do its work once more, for nobody.
        int start = x.Start(fibre < fibres ? fibre : fibres - 1);
        T sum = monoid.Identity<T>();
        for (int k = from + slice; k < to; k += ReduceColumns.Slices)
        {
            sum = monoid.Combine(sum, x.Load<T>(start, k));
        }

        shared.Store(local, sum);
        for (int half = ReduceColumns.Slices / 2; half > 0; half /= 2)
        {
            G.Barrier();
            if (slice < half)
            {
                shared.Store(local, monoid.Combine(shared.Load<T>(local), shared.Load<T>(local + (half * ReduceColumns.Columns))));
            }
        }

        if (slice == 0 && fibre < fibres)
        {
            y.Store((piece * fibres) + fibre, shared.Load<T>(local));
        }
    }
}

/// <summary>
/// Combines pieces of fibres, a group a piece: each thread walks the piece in strides of the group's size, and a tree in shared memory
/// combines what they have. Pieces are written as columns, one fibre's after the other.
/// </summary>
public readonly struct ReduceGroup<TMonoid, T, L, M, S>(
    TMonoid monoid, Fibres<L, M> x, M y, int pieces, int length, int step) : IGroupKernel<M>
    where TMonoid : struct, IMonoid
    where T : unmanaged, IReal<T>
    where L : struct, ILoops
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        M shared = G.Shared<T>(S.Reduce);
        int local = G.Local;
        int fibre = group / pieces;
        int from = (group - (fibre * pieces)) * step;
        int to = length - from < step ? length : from + step;
        int start = x.Start(fibre);
        T sum = monoid.Identity<T>();
        for (int k = from + local; k < to; k += S.Reduce)
        {
            sum = monoid.Combine(sum, x.Load<T>(start, k));
        }

        shared.Store(local, sum);
        for (int half = S.Reduce / 2; half > 0; half /= 2)
        {
            G.Barrier();
            if (local < half)
            {
                shared.Store(local, monoid.Combine(shared.Load<T>(local), shared.Load<T>(local + half)));
            }
        }

        if (local == 0)
        {
            y.Store(group, shared.Load<T>(0));
        }
    }
}
