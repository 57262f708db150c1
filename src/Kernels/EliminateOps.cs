namespace Gpu.Autograd.Kernels;

/// <summary>y = L and U of x, and the order of the rows as its last column. x is overwritten.</summary>
public readonly struct Lu<T, E, M>(Square<T, E, M> x, Square<T, E, M> y, M found, int pivots) : IOnMatrix
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(int batch)
        where TTeam : struct, ITeam
    {
        x.Factor<TTeam>(batch, pivots, found);
        for (int column = TTeam.Local; column < x.Columns; column += TTeam.Size)
        {
            for (int row = 0; row < x.Rows; row++)
            {
                y.Store(batch, row, column, x.Load(batch, row, column));
            }
        }

        if (TTeam.Local == 0)
        {
            for (int row = 0; row < x.Rows; row++)
            {
                y.Store(batch, row, x.Columns, E.Of((long)row));
            }

            for (int k = 0; k < pivots; k++)
            {
                int from = found.Load<int>((batch * pivots) + k);
                T kept = y.Load(batch, k, x.Columns);
                y.Store(batch, k, x.Columns, y.Load(batch, from, x.Columns));
                y.Store(batch, from, x.Columns, kept);
            }
        }
    }
}

/// <summary>y = det x, its sign, log |det x|. x is overwritten.</summary>
public readonly struct Determinant<T, E, M>(Square<T, E, M> x, M y, M found) : IOnMatrix
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(int batch)
        where TTeam : struct, ITeam
    {
        x.Factor<TTeam>(batch, x.Rows, found);
        if (TTeam.Local == 0)
        {
            T det = T.One;
            T sign = T.One;
            T log = T.Zero;
            for (int k = 0; k < x.Rows; k++)
            {
                T pivot = x.Load(batch, k, k);
                T parity = found.Load<int>((batch * x.Rows) + k) == k ? T.One : -T.One;
                det = det * (parity * pivot);
                sign = sign * (E.Less(pivot, T.Zero) ? -parity : E.Less(T.Zero, pivot) ? parity : pivot);
                log = log + T.Log(T.Abs(pivot));
            }

            bool singular = Square<T, E, M>.IsZero(sign);
            y.Store(3 * batch, singular ? T.Zero : det);
            y.Store((3 * batch) + 1, singular ? T.Zero : sign);
            y.Store((3 * batch) + 2, singular ? T.Const(double.NegativeInfinity) : log);
        }
    }
}

/// <summary>y = a⁻¹·c, where x is a and c side by side, and is overwritten; NaN where a pivot is 0, as the status says.</summary>
public readonly struct Solve<T, E, M>(Square<T, E, M> x, Square<T, E, M> y, M status, M found) : IOnMatrix
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(int batch)
        where TTeam : struct, ITeam
    {
        x.Factor<TTeam>(batch, x.Rows, found);
        int stopped = x.FirstZero(batch);
        if (TTeam.Local == 0)
        {
            status.Store(batch, (long)stopped);
        }

        // Each column on the right is one thread's.
        for (int column = TTeam.Local; column < y.Columns; column += TTeam.Size)
        {
            for (int k = x.Rows - 1; k >= 0; k--)
            {
                T value = x.Load(batch, k, x.Rows + column) / x.Load(batch, k, k);
                y.Store(batch, k, column, stopped == 0 ? value : E.Missing);
                for (int row = 0; row < k; row++)
                {
                    x.Store(batch, row, x.Rows + column, x.Load(batch, row, x.Rows + column) - (x.Load(batch, row, k) * value));
                }
            }
        }
    }
}

/// <summary>y ← a⁻¹·y of a triangle of a, a thread a column of y: from the first row down, or from the last row up.</summary>
public readonly struct TriangularSolve<T, E, M>(Matrices<M> a, Square<T, E, M> y, int first, int step, Number unit) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / y.Columns;
        int column = i - (batch * y.Columns);
        int start = a.Start(batch);
        for (int done = 0; done < y.Rows; done++)
        {
            int k = first + (done * step);
            T value = y.Load(batch, k, column) / T.IfLess(T.Param(unit), T.One, a.Load<T>(start, k, k), T.One);
            y.Store(batch, k, column, value);
            for (int rest = done + 1; rest < y.Rows; rest++)
            {
                int row = first + (rest * step);
                y.Store(batch, row, column, y.Load(batch, row, column) - (a.Load<T>(start, row, k) * value));
            }
        }
    }
}

/// <summary>
/// y = the lower triangle with y·yᵀ = x, from x's lower triangle, which is overwritten; NaN where a minor is not positive, as the status
/// says. A row belongs to one thread.
/// </summary>
public readonly struct Cholesky<T, E, M>(Square<T, E, M> x, Square<T, E, M> y, M status) : IOnMatrix
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(int batch)
        where TTeam : struct, ITeam
    {
        int stopped = 0;
        for (int k = 0; k < x.Rows; k++)
        {
            T d = x.Load(batch, k, k);

            // A compiler may take "not 0 < d" for "d ≤ 0", which NaN is not.
            bool isPositive = E.Less(T.Zero, d) && !E.IsNaN(d);
            stopped = stopped == 0 && !isPositive ? k + 1 : stopped;
            T root = T.Sqrt(isPositive ? d : T.One);
            for (int row = TTeam.Local; row < x.Rows; row += TTeam.Size)
            {
                if (row > k)
                {
                    x.Store(batch, row, k, x.Load(batch, row, k) / root);
                }

                y.Store(batch, row, k, row < k ? T.Zero : row == k ? root : x.Load(batch, row, k));
            }

            TTeam.Barrier();
            for (int row = TTeam.Local; row < x.Rows; row += TTeam.Size)
            {
                for (int column = k + 1; column <= row; column++)
                {
                    x.Store(batch, row, column, x.Load(batch, row, column) - (x.Load(batch, row, k) * x.Load(batch, column, k)));
                }
            }

            TTeam.Barrier();
        }

        if (TTeam.Local == 0)
        {
            status.Store(batch, (long)stopped);
        }

        for (int row = TTeam.Local; stopped != 0 && row < x.Rows; row += TTeam.Size)
        {
            for (int column = 0; column < x.Rows; column++)
            {
                y.Store(batch, row, column, E.Missing);
            }
        }
    }
}
