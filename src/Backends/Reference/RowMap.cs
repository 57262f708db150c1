using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// A map over rows: the elements of each operand lie side by side in a row, or are one that stands for the row, and rows are any distance
/// apart. What a bias added to each row is, a number taken from each row, and the epilogue of a product.
/// </summary>
internal sealed unsafe class RowMap
{
    private const int MostOperands = 5;
    private const int BlockBytes = (Walk.Block * sizeof(double)) + RegisterBytes;
    private const int RegisterBytes = 64;

    /// <summary>Rows that are shorter than this are laid side by side, some at a time; a call for each would cost more than its work.</summary>
    private const int ShortRow = 64;

    private readonly delegate*<void*, Stream*, nint, void> body;
    private readonly void* op;
    private readonly int size;
    private readonly int columns;
    private readonly Line[] lines;
    private readonly bool isShort;

    private RowMap(void* body, void* op, int size, int columns, Line[] lines)
    {
        this.body = (delegate*<void*, Stream*, nint, void>)body;
        this.op = op;
        this.size = size;
        this.columns = columns;
        this.lines = lines;
        isShort = columns < ShortRow && lines[^1].RowStride == columns;
    }

    /// <summary>The elements of a row.</summary>
    public int Columns => columns;

    /// <summary>The map over operands, the result last, or null where they do not lie so.</summary>
    public static RowMap? Of(void* body, void* op, ReadOnlySpan<Operand> operands)
    {
        var layouts = new Layout[operands.Length];
        for (int k = 0; k < layouts.Length; k++)
        {
            layouts[k] = operands[k].Layout;
        }

        var nest = LoopNest.Of(layouts);
        if (nest.Rank > 2)
        {
            return null;
        }

        var lines = new Line[operands.Length];
        for (int k = 0; k < lines.Length; k++)
        {
            var strides = nest.Strides(k);
            if (strides[^1] is not (0 or 1) || (strides[^1] == 0 && k == lines.Length - 1))
            {
                return null;
            }

            lines[k] = new Line(CpuBlock.StartOf(operands[k]), nest.Rank == 2 ? strides[0] : 0, strides[^1] == 0);
        }

        return new RowMap(body, op, operands[^1].DType.Size(), nest.Lengths[^1], lines);
    }

    /// <summary>y = op(y, b) over the rows of the matrices of a batch, for y dense; null where b does not lie so.</summary>
    public static RowMap? InPlace(void* body, void* op, in Operand b, in Operand y)
    {
        var (rows, columns) = (y.Shape.Lengths[1], y.Shape.Lengths[2]);
        var strides = b.Layout.Strides;
        if (columns > 1 && strides[2] is not (0 or 1))
        {
            return null;
        }

        var result = new Line(CpuBlock.StartOf(y), columns, false, (nint)rows * columns);
        return new RowMap(
            body, op, y.DType.Size(), columns,
            [result, new Line(CpuBlock.StartOf(b), strides[1], columns > 1 && strides[2] == 0, strides[0]), result]);
    }

    /// <summary>Rows <paramref name="from"/> to <paramref name="to"/> − 1.</summary>
    public void Run(nint from, nint to) => Run(0, from, to, 0, columns);

    /// <summary>Of rows <paramref name="from"/> to <paramref name="to"/> − 1 of a matrix of the batch so many columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(nint batch, nint from, nint to, nint column, nint count)
    {
        if (isShort && count == columns)
        {
            RunShort(batch, from, to);
            return;
        }

        byte* registers = stackalloc byte[MostOperands * RegisterBytes];
        Stream* streams = stackalloc Stream[MostOperands];
        for (nint row = from; row < to; row++)
        {
            for (int k = 0; k < lines.Length; k++)
            {
                byte* at = lines[k].At(batch, row, size);
                if (lines[k].Repeats)
                {
                    byte* register = registers + (k * RegisterBytes);
                    Walk.Repeat(at, size, register);
                    streams[k] = new Stream { At = register, Repeats = true };
                }
                else
                {
                    streams[k] = new Stream { At = at + (column * size) };
                }
            }

            body(op, streams, count);
        }
    }

    /// <summary>As many rows at a time as a block holds; where all rows are the same row, the block is filled once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private void RunShort(nint batch, nint from, nint to)
    {
        byte* blocks = stackalloc byte[(MostOperands - 1) * BlockBytes];
        Stream* streams = stackalloc Stream[MostOperands];
        nint most = Walk.Block / columns;
        int last = lines.Length - 1;
        for (nint row = from; row < to; row += most)
        {
            nint rows = Math.Min(most, to - row);
            for (int k = 0; k <= last; k++)
            {
                ref readonly var line = ref lines[k];
                byte* at = line.At(batch, row, size);
                byte* block = blocks + (k * BlockBytes);
                if (!line.Repeats && line.RowStride == columns)
                {
                    streams[k] = new Stream { At = at };
                }
                else if (line.Repeats && line.RowStride == 0)
                {
                    Walk.Repeat(at, size, block);
                    streams[k] = new Stream { At = block, Repeats = true };
                }
                else
                {
                    if (row == from || line.RowStride != 0)
                    {
                        Lay(line, at, rows, block);
                    }

                    streams[k] = new Stream { At = block };
                }
            }

            body(op, streams, rows * columns);
        }
    }

    /// <summary>Lays rows side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Lay(in Line line, byte* at, nint rows, byte* block)
    {
        nint bytes = (nint)columns * size;
        nint step = (nint)line.RowStride * size;
        if (line.Repeats)
        {
            for (nint row = 0; row < rows; row++)
            {
                Fill(block + (row * bytes), at + (row * step));
            }
        }
        else if (step == 0)
        {
            // One row, then twice as many each time.
            Unsafe.CopyBlockUnaligned(block, at, (uint)bytes);
            nint all = rows * bytes;
            for (nint done = bytes; done < all; done *= 2)
            {
                Unsafe.CopyBlockUnaligned(block + done, block, (uint)Math.Min(done, all - done));
            }
        }
        else
        {
            for (nint row = 0; row < rows; row++)
            {
                Unsafe.CopyBlockUnaligned(block + (row * bytes), at + (row * step), (uint)bytes);
            }
        }
    }

    private void Fill(byte* row, byte* element)
    {
        switch (size)
        {
            case 4:
                new Span<uint>(row, columns).Fill(*(uint*)element);
                break;
            case 8:
                new Span<ulong>(row, columns).Fill(*(ulong*)element);
                break;
            default:
                new Span<byte>(row, columns).Fill(*element);
                break;
        }
    }

    /// <summary>Where an operand's rows lie.</summary>
    private readonly struct Line(byte* start, nint rowStride, bool repeats, nint batchStride = 0)
    {
        public readonly nint RowStride = rowStride;
        public readonly bool Repeats = repeats;

        /// <summary>A row of a matrix of the batch.</summary>
        public byte* At(nint batch, nint row, int size) => start + (((batch * batchStride) + (row * RowStride)) * size);
    }
}
