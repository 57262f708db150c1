using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>The loops over the tiles of a panel of columns, and how rows are cut into tiles.</summary>
internal static unsafe class TileLoops<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The rows of most tiles: 12 where there are 32 registers, which is where they have 512 bits, else 6.</summary>
    public static int Height => IsHigh ? 12 : 6;

    private static bool IsHigh => Unsafe.SizeOf<TLane>() == 64;

    private static int Width => Tiles.Registers * TLane.Count;

    /// <summary>
    /// y = a·c or y += a·c, for no more columns than a tile has: <paramref name="c"/> holds them term by term. The last tile of rows ends where
    /// y ends, and computes some rows again, to the same bits.
    /// </summary>
    [SkipLocalsInit]
    public static void Run(Matrix<E> a, E* c, nint stepC, Matrix<E> y, bool add)
    {
        E* edge = stackalloc E[Tiles.MostRows * Width];
        bool isNarrow = y.Columns <= TLane.Count && y.Rows >= Tiles.NarrowRows;
        for (int done = 0; done < y.Rows;)
        {
            int height = isNarrow ? Tiles.NarrowRows : HeightOf(y.Rows - done, y.Rows);
            int row = Math.Min(done, y.Rows - height);
            E* left = a.Start + (row * a.RowStride);
            E* target = y.Start + (row * y.RowStride);
            bool whole = y.Columns == (isNarrow ? TLane.Count : Width) && (row == done || !add);
            E* to = whole ? target : edge;
            nint rowStride = whole ? y.RowStride : Width;
            if (isNarrow)
            {
                Tiles.Narrow<TLane, E>(a.Columns, left, a.RowStride, a.ColumnStride, c, stepC, to, rowStride, whole && add);
            }
            else
            {
                Tile(height, a.Columns, left, a.RowStride, a.ColumnStride, c, stepC, to, rowStride, whole && add);
            }

            if (!whole)
            {
                Store(edge + ((done - row) * Width), y, done, row + height, add);
            }

            done = row + height;
        }
    }

    /// <summary>The same for rows that were packed.</summary>
    [SkipLocalsInit]
    public static void RunPacked(E* a, int terms, E* c, Matrix<E> y, bool add)
    {
        E* edge = stackalloc E[Tiles.MostRows * Width];
        for (int done = 0; done < y.Rows;)
        {
            int height = HeightOf(y.Rows - done, y.Rows);
            int row = Math.Min(done, y.Rows - height);
            bool whole = y.Columns == Width && (row == done || !add);
            E* to = whole ? y.Start + (row * y.RowStride) : edge;
            Tile(height, terms, a, 1, height, c, Width, to, whole ? y.RowStride : Width, whole && add);
            if (!whole)
            {
                Store(edge + ((done - row) * Width), y, done, row + height, add);
            }

            a += (nint)height * terms;
            done = row + height;
        }
    }

    /// <summary>Packs rows tile by tile.</summary>
    public static void Pack(Matrix<E> a, E* packed)
    {
        for (int done = 0; done < a.Rows;)
        {
            int height = HeightOf(a.Rows - done, a.Rows);
            int row = Math.Min(done, a.Rows - height);
            Panels.OfRows<TLane, E>(a.Part(row, height), packed);
            packed += (nint)height * a.Columns;
            done = row + height;
        }
    }

    /// <summary>The elements of packed rows, some of them twice.</summary>
    public static nint PackedElements(int rows, int terms) => (nint)(rows + Tiles.MostRows) * terms;

    /// <summary>The rows of the next tile, where so many of all rows are left; few lie in two tiles.</summary>
    private static int HeightOf(int left, int rows)
    {
        if (IsHigh && left > 4 && rows >= 8)
        {
            return rows >= 12 && ((left > 8 && left <= 12) || left > 16) ? 12 : 8;
        }

        return rows < Tiles.FewestRows ? 1 : ((left > 4 && left <= 6) || left > 8) && rows >= 6 ? 6 : 4;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile(int height, nint terms, E* a, nint rowA, nint stepA, E* c, nint stepC, E* y, nint rowY, bool add)
    {
        switch (height)
        {
            case 12:
                Tiles.Rows12<TLane, E>(terms, a, rowA, stepA, c, stepC, y, rowY, add);
                break;
            case 8:
                Tiles.Rows8<TLane, E>(terms, a, rowA, stepA, c, stepC, y, rowY, add);
                break;
            case 6:
                Tiles.Rows6<TLane, E>(terms, a, rowA, stepA, c, stepC, y, rowY, add);
                break;
            case 4:
                Tiles.Rows4<TLane, E>(terms, a, rowA, stepA, c, stepC, y, rowY, add);
                break;
            default:
                Tiles.Row<TLane, E>(terms, a, stepA, c, stepC, y, add);
                break;
        }
    }

    /// <summary>Stores, or adds, the part of a tile that lies inside of y and was not there before.</summary>
    private static void Store(E* tile, in Matrix<E> y, int from, int to, bool add)
    {
        for (int i = from; i < to; i++)
        {
            E* row = y.Start + (i * y.RowStride);
            if (!add)
            {
                Unsafe.CopyBlockUnaligned(row, tile, (uint)(y.Columns * sizeof(E)));
            }

            for (int j = 0; add && j < y.Columns; j++)
            {
                row[j] += tile[j];
            }

            tile += Width;
        }
    }
}
