namespace Gpu.Autograd.Kernels;

/// <summary>A batch of matrices in memory.</summary>
public readonly struct Matrices<M>(M memory, int offset, int batchStride, int rowStride, int columnStride, int rows, int columns)
    where M : struct, IMemory
{
    /// <summary>The number of rows.</summary>
    public int Rows => rows;

    /// <summary>The number of columns.</summary>
    public int Columns => columns;

    /// <summary>Where a matrix of the batch starts.</summary>
    public int Start(int batch) => offset + (batch * batchStride);

    /// <summary>The element at a row and column of the matrix that starts there.</summary>
    public T Load<T>(int start, int row, int column)
        where T : unmanaged => memory.Load<T>(start + (row * rowStride) + (column * columnStride));

    /// <summary>Writes the element at a row and column of the matrix that starts there.</summary>
    public void Store<T>(int start, int row, int column, T value)
        where T : unmanaged => memory.Store(start + (row * rowStride) + (column * columnStride), value);

    /// <summary>Writes four elements of a row, which lie together and start at a multiple of 4.</summary>
    public void Store<T>(int start, int row, int column, Quad<T> values)
        where T : unmanaged, IReal<T> => memory.Store((start + (row * rowStride) + column) / 4, values);
}

/// <summary>y = a·c, a thread an element: for the smallest products, and for integers.</summary>
public readonly struct MatMulThread<T, M, R>(Matrices<M> a, Matrices<M> c, R y, int rows, int columns) : IKernel
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where R : struct, IResult<T>
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int line = i / columns;
        int column = i - (line * columns);
        int batch = line / rows;
        int row = line - (batch * rows);
        int startA = a.Start(batch);
        int startC = c.Start(batch);
        T sum = T.Zero;
        for (int k = 0; k < a.Columns; k++)
        {
            sum = (a.Load<T>(startA, row, k) * c.Load<T>(startC, k, column)) + sum;
        }

        y.Put(batch, row, column, sum);
    }
}

/// <summary>
/// y = the sum of the pieces that a split product was computed in: piece p of batch b is matrix p·batches + b. A thread an element; four sums
/// side by side, whose order depends on the number of pieces alone.
/// </summary>
public readonly struct MatMulPieces<T, M, R>(Matrices<M> x, R y, int batches, int pieces) : IKernel
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where R : struct, IResult<T>
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int line = i / x.Columns;
        int column = i - (line * x.Columns);
        int batch = line / x.Rows;
        int row = line - (batch * x.Rows);
        T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
        int piece = 0;
        for (; piece + 3 < pieces; piece += 4)
        {
            s0 = s0 + Part(piece, batch, row, column);
            s1 = s1 + Part(piece + 1, batch, row, column);
            s2 = s2 + Part(piece + 2, batch, row, column);
            s3 = s3 + Part(piece + 3, batch, row, column);
        }

        for (; piece < pieces; piece++)
        {
            s0 = s0 + Part(piece, batch, row, column);
        }

        y.Put(batch, row, column, (s0 + s1) + (s2 + s3));
    }

    private T Part(int piece, int batch, int row, int column) => x.Load<T>(x.Start((piece * batches) + batch), row, column);
}
