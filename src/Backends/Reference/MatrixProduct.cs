using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// What is to be done to a block of y[batch] that is finished and still in the cache: the epilogue of a product. It is called on the thread
/// that computed the block, inside of the loop that <see cref="Workers"/> runs; each element of y is in exactly one block.
/// </summary>
internal delegate void Finished(nint batch, int row, int rows, int column, int columns);

/// <summary>Products of batches of matrices.</summary>
internal static class MatrixProduct
{
    /// <summary>y[b] = a[b]·c[b], and what follows a block of it, if anything does.</summary>
    public static void Run(in Operand a, in Operand c, in Operand y, int bits, Workers workers, Finished? finished = null)
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        if (a.Shape.Lengths[2] == 0)
        {
            Zeros(y, workers, finished);
            return;
        }

        switch (bits, y.DType)
        {
            case (_, DType.Int32):
                WholeProduct<int>.Run(a, c, y, workers, finished);
                break;
            case (_, DType.Int64):
                WholeProduct<long>.Run(a, c, y, workers, finished);
                break;
            case (512, DType.Float32):
                MatrixProduct<Lane512<float>, float>.Run(a, c, y, workers, finished);
                break;
            case (512, _):
                MatrixProduct<Lane512<double>, double>.Run(a, c, y, workers, finished);
                break;
            case (256, DType.Float32):
                MatrixProduct<Lane256<float>, float>.Run(a, c, y, workers, finished);
                break;
            case (256, _):
                MatrixProduct<Lane256<double>, double>.Run(a, c, y, workers, finished);
                break;
            case (_, DType.Float32):
                MatrixProduct<Lane128<float>, float>.Run(a, c, y, workers, finished);
                break;
            default:
                MatrixProduct<Lane128<double>, double>.Run(a, c, y, workers, finished);
                break;
        }
    }

    /// <summary>The empty sum. A method of its own: where a lambda stands, its captures are allocated even if it is not reached.</summary>
    private static void Zeros(Operand y, Workers workers, Finished? finished) => workers.Once(() =>
    {
        Copies.Fill(0, y);
        for (int batch = 0; finished is not null && batch < y.Shape.Lengths[0]; batch++)
        {
            finished(batch, 0, y.Shape.Lengths[1], 0, y.Shape.Lengths[2]);
        }
    });
}

/// <summary>
/// The product for one width of registers. Small products are computed in place; for large ones blocks of a and c are packed such that
/// the block of a stays in the second-level cache and a panel of c in the first.
/// </summary>
/// <remarks>An element is a sum in the order of k, cut where the blocks are; it depends on neither its place nor the threads.</remarks>
internal static unsafe class MatrixProduct<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>Products with at most so many multiplications are not worth packing.</summary>
    private const long Small = 64 * 64 * 64;

    /// <summary>With fewer rows than this a block of c is not read often enough to be worth packing.</summary>
    private const int FewRows = 12;

    /// <summary>The multiplications that are worth another thread.</summary>
    private const long Grain = 512 << 10;

    private const int SlotA = 0;
    private const int SlotC = 1;

    /// <summary>The rows of a tile. Only where a register has 512 bits are there 32 of them.</summary>
    private static int TileRows => Unsafe.SizeOf<TLane>() == 64 ? Tiles.HighRows : Tiles.LowRows;

    private static int TileColumns => Tiles.Registers * TLane.Count;

    // 16 tiles of rows, and 1,536 bytes of each row: a block of a has a quarter of a megabyte, a panel of c less than the first-level cache.
    private static int BlockRows => 16 * TileRows;

    private static int BlockTerms => 1536 / sizeof(E);

    private static int BlockColumns => 8192 / sizeof(E);

    public static void Run(Operand a, Operand c, Operand y, Workers workers, Finished? finished)
    {
        var (batches, m, n) = (y.Shape.Lengths[0], y.Shape.Lengths[1], y.Shape.Lengths[2]);
        long cost = (long)m * n * a.Shape.Lengths[2];
        bool small = cost <= Small || m < FewRows;

        // Few large products are split by rows or columns of y, whichever are more; many are dealt out whole.
        bool byRows = m >= n;
        int unit = byRows ? TileRows : TileColumns;
        int length = byRows ? m : n;
        int parts = batches >= workers.Threads ? 1 : (int)Math.Clamp(cost / Grain, 1, workers.Threads);
        int part = ((length + parts - 1) / parts + unit - 1) / unit * unit;
        parts = (length + part - 1) / part;
        workers.Range((nint)batches * parts, (nint)Math.Max(1, Grain * parts / Math.Max(cost, 1)), (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                var (batch, number) = Math.DivRem(i, parts);
                int first = (int)number * part;
                int some = Math.Min(part, length - first);
                var (row, column) = byRows ? (first, 0) : (0, first);
                var left = Matrix<E>.Of(a, batch);
                var right = Matrix<E>.Of(c, batch);
                var result = Matrix<E>.Of(y, batch);
                if (byRows)
                {
                    left = left.Part(first, some, 0, left.Columns);
                    result = result.Part(first, some, 0, n);
                }
                else
                {
                    right = right.Part(0, right.Rows, first, some);
                    result = result.Part(0, m, first, some);
                }

                if (small)
                {
                    Direct(left, right, result);
                    finished?.Invoke(batch, row, result.Rows, column, result.Columns);
                }
                else
                {
                    Blocked(left, right, result, add: false, finished is null ? null : new Place(finished, batch, row, column));
                }

                finished?.Invoke(batch, byRows ? first : 0, result.Rows, byRows ? 0 : first, result.Columns);
            }
        });
    }

    /// <summary>Without packing, except that c is laid in panels where its rows do not lie side by side.</summary>
    [SkipLocalsInit]
    private static void Direct(Matrix<E> a, Matrix<E> c, Matrix<E> y)
    {
        int terms = a.Columns;
        bool isNarrow = y.Columns <= TLane.Count && y.Rows >= Tiles.NarrowRows;
        int panel = isNarrow ? TLane.Count : 4 * TLane.Count;
        bool isPacked = c.ColumnStride != 1;
        E* right = c.Start;
        nint stepC = c.RowStride;
        if (isPacked)
        {
            right = (E*)Scratch.Rent(SlotC, (nint)(c.Columns + panel) * terms * sizeof(E));
            stepC = panel;
            Panels.OfColumns(c, panel, right);
        }

        if (isNarrow)
        {
            Narrow(a, right, stepC, y);
            return;
        }

        E* edge = stackalloc E[Math.Max(panel, Tiles.LowRows * TileColumns)];
        for (int first = 0; first < y.Columns; first += panel)
        {
            E* columns = right + (isPacked ? (nint)first * terms : first);
            int end = Math.Min(first + panel, y.Columns);
            if (y.Rows < Tiles.LowRows)
            {
                for (int row = 0; row < y.Rows; row++)
                {
                    E* target = y.Start + (row * y.RowStride) + first;
                    bool whole = end - first == panel;
                    Tiles.Single<TLane, E>(terms, a.Start + (row * a.RowStride), a.ColumnStride, columns, stepC, whole ? target : edge);
                    if (!whole)
                    {
                        Unsafe.CopyBlockUnaligned(target, edge, (uint)((end - first) * sizeof(E)));
                    }
                }

                continue;
            }

            for (int next = 0; next < y.Rows; next += Tiles.LowRows)
            {
                // The last tile ends where y ends: some rows are computed twice, to the same bits.
                int row = Math.Min(next, y.Rows - Tiles.LowRows);
                E* left = a.Start + (row * a.RowStride);
                for (int column = first; column < end; column += TileColumns)
                {
                    E* target = y.Start + (row * y.RowStride) + column;
                    int width = Math.Min(TileColumns, end - column);
                    bool whole = width == TileColumns;
                    Tiles.Low<TLane, E>(
                        terms, left, a.RowStride, a.ColumnStride, columns + (column - first), stepC,
                        whole ? target : edge, whole ? y.RowStride : TileColumns, add: false);
                    if (!whole)
                    {
                        StoreEdge(edge, TileColumns, target, y.RowStride, Tiles.LowRows, width, add: false);
                    }
                }
            }
        }
    }

    /// <summary>No more columns than a register has places.</summary>
    [SkipLocalsInit]
    private static void Narrow(Matrix<E> a, E* c, nint stepC, Matrix<E> y)
    {
        E* edge = stackalloc E[Tiles.NarrowRows * TLane.Count];
        bool whole = y.Columns == TLane.Count;
        for (int next = 0; next < y.Rows; next += Tiles.NarrowRows)
        {
            int row = Math.Min(next, y.Rows - Tiles.NarrowRows);
            E* target = y.Start + (row * y.RowStride);
            Tiles.Narrow<TLane, E>(
                a.Columns, a.Start + (row * a.RowStride), a.RowStride, a.ColumnStride, c, stepC,
                whole ? target : edge, whole ? y.RowStride : TLane.Count);
            if (!whole)
            {
                StoreEdge(edge, TLane.Count, target, y.RowStride, Tiles.NarrowRows, y.Columns, add: false);
            }
        }
    }

    /// <summary>y += a·c; large ones are shared out by rows of y.</summary>
    public static void Add(Matrix<E> a, Matrix<E> c, Matrix<E> y, Workers workers)
    {
        if (y.Rows == 0 || y.Columns == 0)
        {
            return;
        }

        long cost = (long)y.Rows * y.Columns * a.Columns;
        int parts = (int)Math.Clamp(cost / Grain, 1, workers.Threads);
        int part = (((y.Rows + parts - 1) / parts) + TileRows - 1) / TileRows * TileRows;
        workers.Range((y.Rows + part - 1) / part, 1, (from, to) =>
        {
            int first = (int)from * part;
            int rows = Math.Min(y.Rows, (int)to * part) - first;
            Blocked(a.Part(first, rows, 0, a.Columns), c, y.Part(first, rows, 0, y.Columns), add: true);
        });
    }

    private static void Blocked(Matrix<E> a, Matrix<E> c, Matrix<E> y, bool add, Place? place = null)
    {
        E* panelsA = (E*)Scratch.Rent(SlotA, (nint)BlockRows * BlockTerms * sizeof(E));
        E* panelsC = (E*)Scratch.Rent(SlotC, (nint)(BlockColumns + TileColumns) * BlockTerms * sizeof(E));
        for (int column = 0; column < y.Columns; column += BlockColumns)
        {
            int columns = Math.Min(BlockColumns, y.Columns - column);
            for (int term = 0; term < a.Columns; term += BlockTerms)
            {
                int terms = Math.Min(BlockTerms, a.Columns - term);
                Panels.OfColumns(c.Part(term, terms, column, columns), TileColumns, panelsC);
                for (int row = 0; row < y.Rows; row += BlockRows)
                {
                    int rows = Math.Min(BlockRows, y.Rows - row);
                    Panels.OfRows(a.Part(row, rows, term, terms), TileRows, panelsA);
                    Block(terms, panelsA, panelsC, y.Part(row, rows, column, columns), add || term > 0);
                    if (term + terms == a.Columns)
                    {
                        place?.Finished(row, rows, column, columns);
                    }
                }
            }
        }
    }

    /// <summary>The product of a packed block of a and a packed block of c.</summary>
    [SkipLocalsInit]
    private static void Block(int terms, E* panelsA, E* panelsC, Matrix<E> y, bool add)
    {
        E* edge = stackalloc E[TileRows * TileColumns];
        for (int column = 0; column < y.Columns; column += TileColumns)
        {
            int width = Math.Min(TileColumns, y.Columns - column);
            E* panelC = panelsC + ((nint)column * terms);
            for (int row = 0; row < y.Rows; row += TileRows)
            {
                int height = Math.Min(TileRows, y.Rows - row);
                E* panelA = panelsA + ((nint)row * terms);
                E* target = y.Start + (row * y.RowStride) + column;
                bool whole = height == TileRows && width == TileColumns;
                E* tile = whole ? target : edge;
                nint rowStride = whole ? y.RowStride : TileColumns;
                if (TileRows == Tiles.HighRows && height > Tiles.LowRows)
                {
                    Tiles.High<TLane, E>(terms, panelA, panelC, tile, rowStride, whole && add);
                }
                else
                {
                    Tiles.Low<TLane, E>(terms, panelA, 1, TileRows, panelC, TileColumns, tile, rowStride, whole && add);
                }

                if (!whole)
                {
                    StoreEdge(edge, TileColumns, target, y.RowStride, height, width, add);
                }
            }
        }
    }

    /// <summary>Stores, or adds, the part of a tile that lies inside of y.</summary>
    private static void StoreEdge(E* tile, int tileStride, E* y, nint rowStride, int rows, int columns, bool add)
    {
        for (int i = 0; i < rows; i++)
        {
            if (!add)
            {
                Unsafe.CopyBlockUnaligned(y, tile, (uint)(columns * sizeof(E)));
            }

            for (int j = 0; add && j < columns; j++)
            {
                y[j] += tile[j];
            }

            tile += tileStride;
            y += rowStride;
        }
    }

    /// <summary>Where in a product a part of it lies, for those who follow.</summary>
    private readonly struct Place(Finished finished, nint batch, int row, int column)
    {
        public void Finished(int from, int rows, int start, int columns) => finished(batch, row + from, rows, column + start, columns);
    }
}
