using System.Numerics;
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

    /// <summary>The panels that are multiplied before what follows is done: their part of y is still in the cache.</summary>
    public const int Group = 8;

    public readonly Matrix<E> A = a, C = c, Y = y;

    /// <summary>Whether the product is added to y.</summary>
    public readonly bool Add = add;

    /// <summary>The columns of a panel of c: those of a tile.</summary>
    public static int PanelColumns => Tiles.Registers * TLane.Count;

    /// <summary>The number of panels of c.</summary>
    public int Panels => (Y.Columns + PanelColumns - 1) / PanelColumns;

    /// <summary>The terms of a block, at most 2 KB of each row. What is added up in which order depends on the shape alone.</summary>
    public int BlockTerms => Cut(A.Columns, 2048 / sizeof(E));

    /// <summary>Whether a stays in the cache where it lies, so that only c has to be packed, panel by panel.</summary>
    public bool IsStaying => (long)Y.Rows * BlockTerms * sizeof(E) <= StayingBytes;

    /// <summary>A length in the fewest equal parts that are not longer than a limit: the length of one, the last may have less.</summary>
    public static int Cut(int length, int limit)
    {
        int parts = Math.Max(1, (length + limit - 1) / limit);
        return (length + parts - 1) / parts;
    }

    /// <summary>All of it, on the calling thread.</summary>
    public void Run()
    {
        if (IsStaying)
        {
            Columns(0, Panels);
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

    /// <summary>Some panels of columns, by an a that is read where it lies.</summary>
    public void Columns(int from, int to)
    {
        int terms = BlockTerms;
        bool isDirect = C.ColumnStride == 1 && (Y.Rows < FewRows || terms <= FewTerms);
        E* packed = isDirect ? null : (E*)Scratch.Rent(SlotC, (nint)terms * PanelColumns * sizeof(E));
        for (int panel = from; panel < to; panel++)
        {
            var (columns, result) = (Panel(C, panel), Panel(Y, panel));
            for (int term = 0; term < A.Columns; term += terms)
            {
                int some = Math.Min(terms, A.Columns - term);
                var (left, right) = (A.Part(0, A.Rows, term, some), columns.Part(term, some, 0, columns.Columns));
                if (isDirect)
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
                Finish(0, Y.Rows, first, panel + 1);
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
