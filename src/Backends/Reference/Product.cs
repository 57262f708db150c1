using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>One product of matrices, y = a·c or y += a·c, in parts that threads can take.</summary>
internal readonly unsafe struct Product<TLane, E>(Matrix<E> a, Matrix<E> c, Matrix<E> y, bool add, nint batch, Finished? finished)
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The slots of working memory: rows of a and panels of c.</summary>
    public const int SlotA = 0, SlotC = 1;

    /// <summary>The most bytes of an a that is left where it lies: half of a second-level cache.</summary>
    private const int StayingBytes = 448 << 10;

    /// <summary>With fewer rows, or no more terms, a panel of c is not read often enough, or lies well enough, to be read where it is.</summary>
    private const int FewRows = 40, FewTerms = 256;

    /// <summary>So many lines on one side are few.</summary>
    private const int FewLines = 4;

    /// <summary>The panels that are multiplied before what follows is done: their part of y is still in the cache.</summary>
    public const int Group = 8;

    public readonly Matrix<E> A = a, C = c, Y = y;

    /// <summary>Whether the product is added to y.</summary>
    public readonly bool Add = add;

    /// <summary>The columns of a panel of c: those of a tile.</summary>
    public static int PanelColumns => Tiles.Registers * TLane.Count;

    /// <summary>The number of panels of c.</summary>
    public int Panels => (Y.Columns + PanelColumns - 1) / PanelColumns;

    /// <summary>The terms of a block, at most 512. What is added up in which order depends on the shape alone.</summary>
    public int BlockTerms => Cut(A.Columns, 512);

    /// <summary>Whether a stays in the cache where it lies, so that only c has to be packed, panel by panel.</summary>
    public bool IsStaying => (long)Y.Rows * BlockTerms * sizeof(E) <= StayingBytes;

    /// <summary>Whether panels of c, too, are read where they lie.</summary>
    public bool IsDirect => C.ColumnStride == 1 && (Y.Rows < FewRows || BlockTerms <= FewTerms);

    /// <summary>Whether both stay in the cache where they lie, so that rows of y can be computed for themselves.</summary>
    public bool IsByRows => IsDirect && (long)C.Rows * C.Columns * sizeof(E) <= StayingBytes;

    /// <summary>
    /// Whether rows of a or columns of c are few, and the terms of the others lie side by side and are many: each element is then the product of
    /// two lines, <see cref="Lines{TLane, E}"/>.
    /// </summary>
    public bool IsThin => !Add && A.Columns >= 4 * TLane.Count && (ManyRows || ManyColumns);

    /// <summary>Whether there is one term, and each row of y is the row of c times a number; short rows are better taken several at a time.</summary>
    private bool IsOuter => !Add && A.Columns == 1 && C.ColumnStride == 1 && Y.Columns >= TLane.Count;

    /// <summary>The lines of which there are many, where the product is thin.</summary>
    public int ManyLines => ManyRows ? Y.Rows : Y.Columns;

    private bool ManyRows => Y.Columns <= FewLines && Y.Rows >= Y.Columns && A.ColumnStride == 1;

    private bool ManyColumns => Y.Rows <= FewLines && Y.Columns >= Y.Rows && C.RowStride == 1;

    /// <summary>A product of a batch.</summary>
    public static Product<TLane, E> Of(in Operand a, in Operand c, in Operand y, int batch, Finished? finished)
    {
        var (left, right, result) = (Matrix<E>.Of(a, batch), Matrix<E>.Of(c, batch), Matrix<E>.Of(y, batch));

        // A matrix that lies by columns, times a vector, is a vector times a matrix by rows.
        return result.Columns == 1 && left.RowStride == 1 && finished is null
            ? new Product<TLane, E>(right.Turned, left.Turned, result.Turned, false, batch, null)
            : new Product<TLane, E>(left, right, result, false, batch, finished);
    }

    /// <summary>A length in the fewest equal parts that are not longer than a limit: the length of one, the last may have less.</summary>
    public static int Cut(int length, int limit)
    {
        int parts = Math.Max(1, (length + limit - 1) / limit);
        return (length + parts - 1) / parts;
    }

    /// <summary>All of it, on the calling thread.</summary>
    public void Run()
    {
        if (IsThin)
        {
            ByLines(0, ManyLines);
            return;
        }

        if (IsStaying)
        {
            Columns(0, Panels, 0, Y.Rows);
            return;
        }

        var cut = new ProductCut<TLane, E>(this, threads: 1);
        for (int number = 0; number < cut.Count; number++)
        {
            var block = cut[number];
            E* packed = (E*)Scratch.Rent(SlotC, block.PackedBytes);
            block.Pack(packed, 0, block.Panels);
            block.Run(packed, 0, block.Tasks);
        }
    }

    /// <summary>Some of the many lines of a thin product.</summary>
    public void ByLines(int from, int to)
    {
        int lines = to - from;
        if (ManyRows)
        {
            Lines<TLane, E>.Run(A.Part(from, lines), SideBySide(C.Turned), Y.Part(from, lines));
            finished?.Invoke(batch, from, lines, 0, Y.Columns);
        }
        else
        {
            Lines<TLane, E>.Run(C.Turned.Part(from, lines), SideBySide(A), Y.Turned.Part(from, lines));
            finished?.Invoke(batch, 0, Y.Rows, from, lines);
        }
    }

    /// <summary>A few lines with their elements side by side: as they are, or a copy.</summary>
    private static Matrix<E> SideBySide(Matrix<E> x)
    {
        if (x.ColumnStride == 1)
        {
            return x;
        }

        var y = new Matrix<E>((E*)Scratch.Rent(SlotA, (nint)x.Rows * x.Columns * sizeof(E)), x.Rows, x.Columns, x.Columns, 1);
        for (int i = 0; i < x.Rows; i++)
        {
            for (int k = 0; k < x.Columns; k++)
            {
                y.Start[(i * y.RowStride) + k] = x.Start[(i * x.RowStride) + (k * x.ColumnStride)];
            }
        }

        return y;
    }

    /// <summary>Some rows of some panels of columns, by an a that is read where it lies.</summary>
    public void Columns(int from, int to, int row, int rows)
    {
        if (IsOuter)
        {
            for (int panel = from; panel < to; panel += Group)
            {
                int end = Math.Min(to, panel + Group);
                int column = panel * PanelColumns;
                Tiles.Outer<TLane, E>(
                    rows, A.Start + (row * A.RowStride), A.RowStride, Math.Min(end * PanelColumns, Y.Columns) - column, C.Start + column,
                    Y.Start + (row * Y.RowStride) + column, Y.RowStride);
                Finish(row, rows, panel, end);
            }

            return;
        }

        int terms = BlockTerms;
        if (IsDirect && Y.Rows < Tiles.FewestRows)
        {
            LongRows(from * PanelColumns, Math.Min(to * PanelColumns, Y.Columns));
            Finish(0, Y.Rows, from, to);
            return;
        }

        E* packed = IsDirect ? null : (E*)Scratch.Rent(SlotC, (nint)terms * PanelColumns * sizeof(E));
        for (int panel = from; panel < to; panel++)
        {
            var (columns, result) = (Panel(C, panel), Panel(Y, panel).Part(row, rows));
            for (int term = 0; term < A.Columns; term += terms)
            {
                int some = Math.Min(terms, A.Columns - term);
                var (left, right) = (A.Part(row, rows, term, some), columns.Part(term, some, 0, columns.Columns));
                if (IsDirect)
                {
                    TileLoops<TLane, E>.Run(left, right.Start, right.RowStride, result, Add || term > 0);
                }
                else
                {
                    Backends.Panels.OfColumns<TLane, E>(right, packed);
                    TileLoops<TLane, E>.Run(left, packed, PanelColumns, result, Add || term > 0);
                }
            }

            if ((panel + 1 - from) % Group == 0 || panel + 1 == to)
            {
                int first = from + ((panel - from) / Group * Group);
                Finish(row, rows, first, panel + 1);
            }
        }
    }

    /// <summary>Some columns of fewer rows than tiles have.</summary>
    private void LongRows(int from, int to)
    {
        int width = 2 * PanelColumns;
        int terms = BlockTerms;
        E* edge = stackalloc E[width];
        for (int column = from; column < to; column += width)
        {
            int some = Math.Min(width, to - column);
            for (int row = 0; row < Y.Rows; row++)
            {
                E* target = Y.Start + (row * Y.RowStride) + column;
                E* sums = some == width ? target : edge;
                Unsafe.CopyBlockUnaligned(edge, target, (uint)(some * sizeof(E)));
                for (int term = 0; term < A.Columns; term += terms)
                {
                    E* left = A.Start + (row * A.RowStride) + (term * A.ColumnStride);
                    E* right = C.Start + (term * C.RowStride) + column;
                    Tiles.LongRow<TLane, E>(
                        Math.Min(terms, A.Columns - term), left, A.ColumnStride, right, C.RowStride, sums, Add || term > 0);
                }

                if (sums == edge)
                {
                    Unsafe.CopyBlockUnaligned(target, edge, (uint)(some * sizeof(E)));
                }
            }
        }
    }

    /// <summary>Rows of some panels are finished.</summary>
    public void Finish(int row, int rows, int firstPanel, int endPanel)
    {
        if (finished is not null)
        {
            int first = firstPanel * PanelColumns;
            finished(batch, row, rows, first, Math.Min(endPanel * PanelColumns, Y.Columns) - first);
        }
    }

    /// <summary>The columns of a panel; those of the last may be fewer.</summary>
    public static Matrix<E> Panel(in Matrix<E> x, int number)
    {
        int first = number * PanelColumns;
        return x.Part(0, x.Rows, first, Math.Min(PanelColumns, x.Columns - first));
    }
}
