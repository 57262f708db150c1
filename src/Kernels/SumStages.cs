namespace Gpu.Autograd.Kernels;

/// <summary>aᵀ·c, added up over the rows: a thread 4 × 4 elements, a quarter of a side apart, so that neighbours are written together.</summary>
public readonly struct SumProducts<T, M>(Spot a, Spot c, int lines, int columns, int to) : IStage<M>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        M shared = rows.Shared;
        int down = (lines + 3) / 4;
        int across = (columns + 3) / 4;
        for (int e = G.Local; e < down * across; e += Rows<M>.Threads)
        {
            int n = e / across;
            int k = e - (n * across);
            int a0 = QuadOf(a, n, lines), a1 = QuadOf(a, n + down, lines);
            int a2 = QuadOf(a, n + (2 * down), lines), a3 = QuadOf(a, n + (3 * down), lines);
            int c0 = QuadOf(c, k, columns), c1 = QuadOf(c, k + across, columns);
            int c2 = QuadOf(c, k + (2 * across), columns), c3 = QuadOf(c, k + (3 * across), columns);
            Block4<T> sum = default;
            int q = 0;
            do
            {
                Quad<T> l0 = shared.Load<Quad<T>>(a0 + q), l1 = shared.Load<Quad<T>>(a1 + q);
                Quad<T> l2 = shared.Load<Quad<T>>(a2 + q), l3 = shared.Load<Quad<T>>(a3 + q);
                Quad<T> r0 = shared.Load<Quad<T>>(c0 + q), r1 = shared.Load<Quad<T>>(c1 + q);
                Quad<T> r2 = shared.Load<Quad<T>>(c2 + q), r3 = shared.Load<Quad<T>>(c3 + q);
                sum = sum.Plus(new Quad<T>(l0.V0, l1.V0, l2.V0, l3.V0), new Quad<T>(r0.V0, r1.V0, r2.V0, r3.V0))
                    .Plus(new Quad<T>(l0.V1, l1.V1, l2.V1, l3.V1), new Quad<T>(r0.V1, r1.V1, r2.V1, r3.V1))
                    .Plus(new Quad<T>(l0.V2, l1.V2, l2.V2, l3.V2), new Quad<T>(r0.V2, r1.V2, r2.V2, r3.V2))
                    .Plus(new Quad<T>(l0.V3, l1.V3, l2.V3, l3.V3), new Quad<T>(r0.V3, r1.V3, r2.V3, r3.V3));
                q++;
            }
            while (q < Rows<M>.Most / 4);

            int i = 0;
            do
            {
                var v = sum.First;
                sum = sum.Next();
                if (n < lines)
                {
                    Put(rows, n, k, v.V0);
                    Put(rows, n, k + across, v.V1);
                    Put(rows, n, k + (2 * across), v.V2);
                    Put(rows, n, k + (3 * across), v.V3);
                }

                n += down;
                i++;
            }
            while (i < 4);
        }
    }

    private static int QuadOf(Spot x, int column, int columns) => x.Of(0, column < columns ? column : columns - 1) / 4;

    private void Put(Rows<M> rows, int n, int k, T value)
    {
        if (k < columns)
        {
            rows.Add(to + (n * columns) + k, value);
        }
    }
}

/// <summary>The sum of the rows, element by element.</summary>
public readonly struct SumRows<T, M>(Spot x, int columns, int to) : IStage<M>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int c = G.Local; c < columns; c += Rows<M>.Threads)
        {
            rows.Add(to + c, SumOf(rows, x, c));
        }
    }

    internal static T SumOf(Rows<M> rows, Spot x, int c)
    {
        Quad<T> a = At(rows, x, c, 0), b = At(rows, x, c, 1), d = At(rows, x, c, 2), e = At(rows, x, c, 3);
        return (((a.V0 + a.V1) + (a.V2 + a.V3)) + ((b.V0 + b.V1) + (b.V2 + b.V3)))
            + (((d.V0 + d.V1) + (d.V2 + d.V3)) + ((e.V0 + e.V1) + (e.V2 + e.V3)));
    }

    private static Quad<T> At(Rows<M> rows, Spot x, int c, int quad) => rows.Shared.Load<Quad<T>>((x.Of(0, c) / 4) + quad);
}

/// <summary>The sum of all elements: of each column first, and of these then.</summary>
public readonly struct SumAll<T, M>(Spot x, int columns, int scratch, int to) : IStage<M>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(Rows<M> rows)
        where G : struct, IGroup<M>
    {
        for (int c = G.Local; c < columns; c += Rows<M>.Threads)
        {
            rows.Shared.Store(scratch + c, SumRows<T, M>.SumOf(rows, x, c));
        }

        G.Barrier();
        if (G.Local == 0)
        {
            T sum = T.Zero;
            for (int c = 0; c < columns; c++)
            {
                sum = sum + rows.Shared.Load<T>(scratch + c);
            }

            rows.Add(to, sum);
        }
    }
}
