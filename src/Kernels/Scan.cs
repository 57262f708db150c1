namespace Gpu.Autograd.Kernels;

/// <summary>
/// The running combinations of pieces of fibres, a thread a piece: piece c is elements c·step, c·step + 1, …, and goes on from what is
/// combined in the pieces before it, which are rows, fibre by fibre.
/// </summary>
public readonly struct ScanThread<TMonoid, T, M>(
    TMonoid monoid, Fibres<Flat, M> x, Fibres<Flat, M> y, M before, int fibres, int length, int step) : IKernel
    where TMonoid : struct, IMonoid
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int piece = i / fibres;
        int fibre = i - (piece * fibres);
        int startX = x.Start(fibre);
        int startY = y.Start(fibre);
        int from = piece * step;
        int to = length - from < step ? length : from + step;
        T sum = monoid.Identity<T>();
        if (piece > 0)
        {
            sum = before.Load<T>(i - fibres);
        }

        for (int k = from; k < to; k++)
        {
            sum = monoid.Combine(sum, x.Load<T>(startX, k));
            y.Store(startY, k, sum);
        }
    }
}

/// <summary>
/// The running combinations of pieces of fibres, a group a piece: each thread combines a few neighbours, the totals of the threads are
/// combined in shared memory, and each thread walks its neighbours again from there. What is combined in the pieces before is in columns.
/// </summary>
public readonly struct ScanGroup<TMonoid, T, M, S>(
    TMonoid monoid, Fibres<Flat, M> x, Fibres<Flat, M> y, M before, int pieces, int length) : IGroupKernel<M>
    where TMonoid : struct, IMonoid
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        M totals = G.Shared<T>(2 * S.Reduce);
        int local = G.Local;
        int fibre = group / pieces;
        int piece = group - (fibre * pieces);
        int startX = x.Start(fibre);
        int startY = y.Start(fibre);
        int from = ((piece * S.Reduce) + local) * S.PerThread;
        int to = length - from < S.PerThread ? length : from + S.PerThread;
        T sum = monoid.Identity<T>();
        for (int k = from; k < to; k++)
        {
            sum = monoid.Combine(sum, x.Load<T>(startX, k));
        }

        // Before the step of a distance d, a total is that of the d threads up to this one. Two halves of the memory take turns: who is a step
        // ahead writes where nobody reads.
        int half = 0;
        totals.Store(local, sum);
        G.Barrier();
        for (int distance = 1; distance < S.Reduce; distance *= 2)
        {
            T total = totals.Load<T>(half + local);
            if (local >= distance)
            {
                total = monoid.Combine(totals.Load<T>(half + local - distance), total);
            }

            // Written so that it does not begin with a call of a static abstract member: see Groups.Meet.
            half = -half + S.Reduce;
            totals.Store(half + local, total);
            G.Barrier();
        }

        sum = monoid.Identity<T>();
        if (piece > 0)
        {
            sum = before.Load<T>(group - 1);
        }

        if (local > 0)
        {
            sum = monoid.Combine(sum, totals.Load<T>(half + local - 1));
        }

        for (int k = from; k < to; k++)
        {
            sum = monoid.Combine(sum, x.Load<T>(startX, k));
            y.Store(startY, k, sum);
        }
    }
}
