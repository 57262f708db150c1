namespace Gpu.Autograd.Kernels;

/// <summary>y[b, j, r] = x[b, index[b, j], r], a thread an element of y (which is dense, as b × m × r); where x is b × n × r.</summary>
public readonly struct Gather<T, E, TIndex, EIndex, M>(Walk<M> x, Walk<M> index, M y, int n, int m, int r) : IKernel
    where T : unmanaged
    where E : struct, IElement<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int line = i / r;
        int batch = line / m;
        long from = EIndex.To<long, Int64>(index.Load<TIndex>(new Place(0, 0, 0, batch, line - (batch * m))));
        T value = E.Missing;
        if (from >= 0 && from < n)
        {
            value = x.Load<T>(new Place(0, 0, batch, (int)from, i - (line * r)));
        }

        y.Store(i, value);
    }
}

/// <summary>
/// y[b, index[b, j], r] += g[b, j, r] from y = 0, a thread an element of y, that reads all indices of its batch: for few of them.
/// </summary>
public readonly struct ScatterSearch<T, TIndex, EIndex, M>(Walk<M> g, Walk<M> index, M y, int n, int m, int r) : IKernel
    where T : unmanaged, IReal<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int line = i / r;
        int batch = line / n;
        T sum = T.Zero;
        for (int j = 0; j < m; j++)
        {
            if (EIndex.To<long, Int64>(index.Load<TIndex>(new Place(0, 0, 0, batch, j))) == line - (batch * n))
            {
                sum = sum + g.Load<T>(new Place(0, 0, batch, j, i - (line * r)));
            }
        }

        y.Store(i, sum);
    }
}

/// <summary>
/// y[b, index[b, j], r] += g[b, j, r] from a y that is 0 already, a thread a (b, r), that walks j: in order, and without atomics. An index
/// outside 0..n−1 is left out.
/// </summary>
public readonly struct ScatterWalk<T, TIndex, EIndex, M>(Walk<M> g, Walk<M> index, M y, int n, int m, int r) : IKernel
    where T : unmanaged, IReal<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / r;
        int column = i - (batch * r);
        for (int j = 0; j < m; j++)
        {
            long to = EIndex.To<long, Int64>(index.Load<TIndex>(new Place(0, 0, 0, batch, j)));
            if (to >= 0 && to < n)
            {
                int at = (((batch * n) + (int)to) * r) + column;
                y.Store(at, y.Load<T>(at) + g.Load<T>(new Place(0, 0, batch, j, column)));
            }
        }
    }
}
