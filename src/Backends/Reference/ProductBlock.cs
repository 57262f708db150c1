using System.Numerics;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>How a large product is cut: blocks of c's terms and columns, one after the other, and rows and columns of each for the threads.</summary>
internal readonly unsafe struct ProductCut<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The most panels of a block of c: with 512 bits, 2 KB of 2,048 columns have 4 MB.</summary>
    private const int MostPanels = 64;

    /// <summary>The most bytes of a block of a's rows: a good part of a second-level cache.</summary>
    private const int RowBytes = 384 << 10;

    /// <summary>The fewest rows for which c is read.</summary>
    private const int FewRows = 48;

    private readonly Product<TLane, E> product;
    private readonly int panels;
    private readonly int terms;
    private readonly int rowParts;
    private readonly int columnParts;

    public ProductCut(Product<TLane, E> product, int threads)
    {
        this.product = product;
        panels = Product<TLane, E>.Cut(product.Panels, MostPanels);
        terms = product.BlockTerms;

        // Each thread gets the same number of parts, and up to four, so that one that is held up can do fewer; where there are too few for
        // all threads, they share the columns, too.
        int rows = product.Y.Rows;
        int most = Math.Max(FewRows, RowBytes / (terms * sizeof(E)));
        rowParts = (rows + most - 1) / most;
        for (int each = 4; each > 0; each--)
        {
            int even = (rowParts + (each * threads) - 1) / (each * threads) * (each * threads);
            if (rows / even >= FewRows)
            {
                rowParts = even;
                break;
            }
        }

        columnParts = Math.Min(panels, rowParts >= threads ? 1 : (threads + rowParts - 1) / rowParts);
    }

    /// <summary>The number of blocks.</summary>
    public int Count => ColumnBlocks * TermBlocks;

    private int TermBlocks => (product.A.Columns + terms - 1) / terms;

    private int ColumnBlocks => (product.Panels + panels - 1) / panels;

    /// <summary>The blocks in the order in which they are added up.</summary>
    public ProductBlock<TLane, E> this[int number]
    {
        get
        {
            var (column, term) = Math.DivRem(number, TermBlocks);
            return new ProductBlock<TLane, E>(
                product, column * panels, Math.Min(panels, product.Panels - (column * panels)),
                term * terms, Math.Min(terms, product.A.Columns - (term * terms)), rowParts, columnParts);
        }
    }
}

/// <summary>A block of a product: some terms of some columns of y, for all rows.</summary>
internal readonly unsafe struct ProductBlock<TLane, E>(
    Product<TLane, E> product, int firstPanel, int panels, int term, int terms, int rowParts, int columnParts)
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>With more panels than this to be multiplied by, rows are packed: they are read again and again.</summary>
    private const int FewPanels = 6;

    /// <summary>The number of panels of c.</summary>
    public int Panels => panels;

    /// <summary>The bytes of the panels.</summary>
    public nint PackedBytes => panels * PanelElements * sizeof(E);

    /// <summary>The number of parts that threads can take.</summary>
    public int Tasks => rowParts * columnParts;

    private nint PanelElements => (nint)terms * Product<TLane, E>.PanelColumns;

    /// <summary>Packs some panels of c.</summary>
    public void Pack(E* packed, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            var columns = Product<TLane, E>.Panel(product.C, firstPanel + i);
            Backends.Panels.OfColumns<TLane, E>(columns.Part(term, terms, 0, columns.Columns), packed + (i * PanelElements));
        }
    }

    /// <summary>Multiplies some parts.</summary>
    public void Run(E* packed, int from, int to)
    {
        for (int task = from; task < to; task++)
        {
            var (row, column) = Math.DivRem(task, columnParts);
            var (first, end) = (RowOf(row), RowOf(row + 1));
            if (end > first)
            {
                Multiply(packed, first, end - first, panels * column / columnParts, panels * (column + 1) / columnParts);
            }
        }
    }

    /// <summary>Where a part of the rows begins: they are cut between tiles.</summary>
    private int RowOf(int part)
    {
        int height = TileLoops<TLane, E>.Height;
        int tiles = (product.Y.Rows + height - 1) / height;
        return Math.Min(product.Y.Rows, tiles * part / rowParts * height);
    }

    private void Multiply(E* packed, int row, int rows, int from, int to)
    {
        var a = product.A.Part(row, rows, term, terms);
        bool isPacked = to - from > FewPanels || (a.RowStride != 1 && a.ColumnStride != 1);
        E* packedA = isPacked ? (E*)Scratch.Rent(Product<TLane, E>.SlotA, TileLoops<TLane, E>.PackedElements(rows, terms) * sizeof(E)) : null;
        if (isPacked)
        {
            TileLoops<TLane, E>.Pack(a, packedA);
        }

        bool isLast = term + terms == product.A.Columns;
        for (int i = from; i < to; i++)
        {
            var y = Product<TLane, E>.Panel(product.Y, firstPanel + i).Part(row, rows);
            if (isPacked)
            {
                TileLoops<TLane, E>.RunPacked(packedA, terms, packed + (i * PanelElements), y, product.Add || term > 0);
            }
            else
            {
                TileLoops<TLane, E>.Run(a, packed + (i * PanelElements), Product<TLane, E>.PanelColumns, y, product.Add || term > 0);
            }

            int done = i + 1 - from;
            if (isLast && (done % Product<TLane, E>.Group == 0 || i + 1 == to))
            {
                product.Finish(row, rows, firstPanel + i - ((done - 1) % Product<TLane, E>.Group), firstPanel + i + 1);
            }
        }
    }
}
