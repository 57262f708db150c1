namespace Gpu.Autograd.Kernels;

/// <summary>A batch of matrices in memory.</summary>
public readonly struct Matrices<M>(M memory, int offset, int batchStride, int rowStride, int columnStride, int rows, int columns)
    where M : struct, IMemory
{
    /// <summary>The number of rows.</summary>
    public int Rows => rows;

    /// <summary>The number of columns.</summary>
    public int Columns => columns;

    /// <summary>Whether neighbours in a row are neighbours in memory.</summary>
    public bool RowMajor => columnStride == 1;

    /// <summary>Where a matrix of the batch starts.</summary>
    public int Start(int batch) => offset + (batch * batchStride);

    /// <summary>The element at a row and column of the matrix that starts there.</summary>
    public T Load<T>(int start, int row, int column)
        where T : unmanaged => memory.Load<T>(start + (row * rowStride) + (column * columnStride));

    /// <summary>The same, and 0 beyond the matrix's edge.</summary>
    public T LoadOrZero<T>(int start, int row, int column)
        where T : unmanaged, IReal<T> => row < rows && column < columns ? Load<T>(start, row, column) : T.Zero;

    /// <summary>Writes the element at a row and column, if the matrix has it.</summary>
    public void StoreWithin<T>(int start, int row, int column, T value)
        where T : unmanaged
    {
        if (row < rows && column < columns)
        {
            memory.Store(start + (row * rowStride) + (column * columnStride), value);
        }
    }
}

/// <summary>y = a·c, a thread an element: for small products and thin matrices.</summary>
public readonly struct MatMulThread<T, M>(Matrices<M> a, Matrices<M> c, Matrices<M> y) : IKernel
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int line = i / y.Columns;
        int column = i - (line * y.Columns);
        int batch = line / y.Rows;
        int row = line - (batch * y.Rows);
        int startA = a.Start(batch);
        int startC = c.Start(batch);
        T sum = T.Zero;
        for (int k = 0; k < a.Columns; k++)
        {
            sum = (a.Load<T>(startA, row, k) * c.Load<T>(startC, k, column)) + sum;
        }

        y.StoreWithin(y.Start(batch), row, column, sum);
    }
}

/// <summary>
/// y = a·c, a group a square tile of y. A thread keeps 4 × 4 elements of the tile in registers (a loop over them would not be unrolled), Side
/// apart, so that neighbouring threads read neighbours in shared memory and write neighbours in y.
/// </summary>
public readonly struct MatMulTile<T, M, S>(Matrices<M> a, Matrices<M> c, Matrices<M> y) : IGroupKernel<M>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public void Run<G>()
        where G : struct, IGroup<M>
    {
        // One element more a line than the tile has: neither way of filling it meets a bank of shared memory twice.
        M left = G.Shared<T>(S.Depth * ((4 * S.Side) + 1));
        M right = G.Shared<T>(S.Depth * ((4 * S.Side) + 1));
        int across = (y.Columns + (4 * S.Side) - 1) / (4 * S.Side);
        int down = (y.Rows + (4 * S.Side) - 1) / (4 * S.Side);
        int line = G.Index / across;
        int batch = line / down;
        int row = (line - (batch * down)) * (4 * S.Side);
        int column = (G.Index - (line * across)) * (4 * S.Side);
        int startA = a.Start(batch);
        int startC = c.Start(batch);
        int ty = G.Local / S.Side;
        int tx = G.Local - (ty * S.Side);

        T y00 = T.Zero, y01 = T.Zero, y02 = T.Zero, y03 = T.Zero;
        T y10 = T.Zero, y11 = T.Zero, y12 = T.Zero, y13 = T.Zero;
        T y20 = T.Zero, y21 = T.Zero, y22 = T.Zero, y23 = T.Zero;
        T y30 = T.Zero, y31 = T.Zero, y32 = T.Zero, y33 = T.Zero;
        for (int k = 0; k < a.Columns; k += S.Depth)
        {
            for (int e = G.Local; e < 4 * S.Side * S.Depth; e += S.Side * S.Side)
            {
                // Neighbouring threads read along the axis that lies together in memory.
                int i = a.RowMajor ? e / S.Depth : e % (4 * S.Side);
                int q = a.RowMajor ? e % S.Depth : e / (4 * S.Side);
                left.Store((q * ((4 * S.Side) + 1)) + i, a.LoadOrZero<T>(startA, row + i, k + q));
                int j = c.RowMajor ? e % (4 * S.Side) : e / S.Depth;
                int r = c.RowMajor ? e / (4 * S.Side) : e % S.Depth;
                right.Store((r * ((4 * S.Side) + 1)) + j, c.LoadOrZero<T>(startC, k + r, column + j));
            }

            G.Barrier();
            for (int q = 0; q < S.Depth; q++)
            {
                int l = (q * ((4 * S.Side) + 1)) + ty;
                int r = (q * ((4 * S.Side) + 1)) + tx;
                T a0 = left.Load<T>(l), a1 = left.Load<T>(l + S.Side), a2 = left.Load<T>(l + (2 * S.Side)), a3 = left.Load<T>(l + (3 * S.Side));
                T c0 = right.Load<T>(r), c1 = right.Load<T>(r + S.Side), c2 = right.Load<T>(r + (2 * S.Side)), c3 = right.Load<T>(r + (3 * S.Side));
                y00 = (a0 * c0) + y00; y01 = (a0 * c1) + y01; y02 = (a0 * c2) + y02; y03 = (a0 * c3) + y03;
                y10 = (a1 * c0) + y10; y11 = (a1 * c1) + y11; y12 = (a1 * c2) + y12; y13 = (a1 * c3) + y13;
                y20 = (a2 * c0) + y20; y21 = (a2 * c1) + y21; y22 = (a2 * c2) + y22; y23 = (a2 * c3) + y23;
                y30 = (a3 * c0) + y30; y31 = (a3 * c1) + y31; y32 = (a3 * c2) + y32; y33 = (a3 * c3) + y33;
            }

            G.Barrier();
        }

        int start = y.Start(batch);
        StoreRow(start, row + ty, column + tx, y00, y01, y02, y03);
        StoreRow(start, row + ty + S.Side, column + tx, y10, y11, y12, y13);
        StoreRow(start, row + ty + (2 * S.Side), column + tx, y20, y21, y22, y23);
        StoreRow(start, row + ty + (3 * S.Side), column + tx, y30, y31, y32, y33);
    }

    private void StoreRow(int start, int row, int column, T v0, T v1, T v2, T v3)
    {
        y.StoreWithin(start, row, column, v0);
        y.StoreWithin(start, row, column + S.Side, v1);
        y.StoreWithin(start, row, column + (2 * S.Side), v2);
        y.StoreWithin(start, row, column + (3 * S.Side), v3);
    }
}
