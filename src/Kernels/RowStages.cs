namespace Gpu.Autograd.Kernels;

/// <summary>y = op(x).</summary>
public readonly struct MapRows1<TOp, T, M>(TOp op, Spot x, Spot y, int columns) : IStage<M>
    where TOp : struct, IMap1
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int e = G.Local; e < Rows<M>.Most * columns; e += Rows<M>.Threads)
        {
            int c = e / Rows<M>.Most;
            int r = e - (c * Rows<M>.Most);
            rows.Store(y, r, c, op.Value(rows.Load<T>(x, r, c)));
        }
    }
}

/// <summary>y = op(a, b).</summary>
public readonly struct MapRows2<TOp, T, M>(TOp op, Spot a, Spot b, Spot y, int columns) : IStage<M>
    where TOp : struct, IMap2
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int e = G.Local; e < Rows<M>.Most * columns; e += Rows<M>.Threads)
        {
            int c = e / Rows<M>.Most;
            int r = e - (c * Rows<M>.Most);
            rows.Store(y, r, c, op.Value(rows.Load<T>(a, r, c), rows.Load<T>(b, r, c)));
        }
    }
}

/// <summary>y = op(a, b, c).</summary>
public readonly struct MapRows3<TOp, T, M>(TOp op, Spot a, Spot b, Spot c, Spot y, int columns) : IStage<M>
    where TOp : struct, IMap3
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int e = G.Local; e < Rows<M>.Most * columns; e += Rows<M>.Threads)
        {
            int k = e / Rows<M>.Most;
            int r = e - (k * Rows<M>.Most);
            rows.Store(y, r, k, op.Value(rows.Load<T>(a, r, k), rows.Load<T>(b, r, k), rows.Load<T>(c, r, k)));
        }
    }
}

/// <summary>y = op(a, b, c, d).</summary>
public readonly struct MapRows4<TOp, T, M>(TOp op, Spot a, Spot b, Spot c, Spot d, Spot y, int columns) : IStage<M>
    where TOp : struct, IMap4
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int e = G.Local; e < Rows<M>.Most * columns; e += Rows<M>.Threads)
        {
            int k = e / Rows<M>.Most;
            int r = e - (k * Rows<M>.Most);
            rows.Store(y, r, k, op.Value(rows.Load<T>(a, r, k), rows.Load<T>(b, r, k), rows.Load<T>(c, r, k), rows.Load<T>(d, r, k)));
        }
    }
}

/// <summary>y = log Σ exp(x) − x[label], a thread a row; NaN where there is no such element.</summary>
public readonly struct EntropyOfRows<T, E, TIndex, EIndex, M>(Spot x, M labels, Spot y, int columns) : IStage<M>
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int r = G.Local; r < Rows<M>.Most; r += Rows<M>.Threads)
        {
            var row = new SharedRow<T, M>(rows, x, r, columns);
            long label = EIndex.To<long, Int64>(labels.Load<TIndex>(rows.First + (r < rows.Count ? r : 0)));
            T picked = E.Missing;
            if (label >= 0 && label < columns)
            {
                picked = rows.Load<T>(x, r, (int)label);
            }

            rows.Store(y, r, 0, T.Log(row.Sum) - (picked - row.Shift));
        }
    }
}

/// <summary>dx = g·exp(x)/Σ exp(x), less g at the label: four threads a row, each a quarter of it.</summary>
public readonly struct EntropySlopeOfRows<T, TIndex, EIndex, M>(Spot g, Spot x, M labels, Spot dx, int columns) : IStage<M>
    where T : unmanaged, IReal<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        int quarter = G.Local / Rows<M>.Most;
        int r = G.Local - (quarter * Rows<M>.Most);
        var row = new SharedRow<T, M>(rows, x, r, columns);
        long label = EIndex.To<long, Int64>(labels.Load<TIndex>(rows.First + (r < rows.Count ? r : 0)));
        T slope = rows.Load<T>(g, r, 0);
        T scale = slope / row.Sum;
        for (int c = quarter; c < columns; c += Rows<M>.Threads / Rows<M>.Most)
        {
            T value = T.Exp(rows.Load<T>(x, r, c) - row.Shift) * scale;
            if (c == label)
            {
                value = value - slope;
            }

            rows.Store(dx, r, c, value);
        }
    }
}

/// <summary>The greatest element of a row in shared memory, and Σ exp of what the elements are less than it.</summary>
internal readonly struct SharedRow<T, M>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    internal readonly T Shift;
    internal readonly T Sum;

    internal SharedRow(Rows<M> rows, Spot x, int r, int columns)
    {
        var fibre = new Fibres<Flat, M>(rows.Shared, default, default, default, new Strides(0, 0, 0, 0, 0, Rows<M>.Pitch));
        Shift = Exponentials.Greatest<OneThread<T>, T, M>(default, fibre, x.Of(r, 0), columns);
        Sum = Exponentials.Sum(default(OneThread<T>), fibre, x.Of(r, 0), columns, Shift);
    }
}
