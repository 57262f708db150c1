using System.Numerics;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>Products of matrices whose rows, terms and columns are groups of axes.</summary>
internal static unsafe class Contraction
{
    /// <summary>Terms of the left factor that are worth a loop where they lie.</summary>
    private const int LeastRun = 128;

    /// <summary>Whether a left factor can be read where it lies: rows at one distance, terms in long runs.</summary>
    public static bool IsReadable(Layout a, int batch, int summed)
    {
        int rank = a.Shape.Rank;
        var terms = AxisGroup.Of(a, rank - summed, summed);
        return AxisGroup.Of(a, batch, rank - batch - summed).Starts.Length == 1 && (terms.Starts.Length == 1 || terms.Run >= LeastRun);
    }

    /// <summary>A layout with batch axes that repeat as axes of length 1.</summary>
    public static Layout Once(Layout a, int batch)
    {
        int[] lengths = a.Shape.ToArray();
        for (int axis = 0; axis < batch; axis++)
        {
            lengths[axis] = a.Strides[axis] == 0 ? 1 : lengths[axis];
        }

        return new Layout(new Shape(lengths), a.Strides.ToArray(), a.Offset);
    }

    /// <summary>
    /// y[b] = a[b]·c[b] for real numbers: a is readable where it lies, the groups of c are packed by where their runs start, and y is dense and
    /// has three axes.
    /// </summary>
    public static void Run(int batch, int summed, in Operand a, in Operand c, in Operand y, int bits, Workers workers, Finished? finished)
    {
        switch (bits, y.DType)
        {
            case (512, DType.Float32):
                new Contraction<Lane512<float>, float>(batch, summed, a, c, y, finished).Run(workers);
                break;
            case (512, _):
                new Contraction<Lane512<double>, double>(batch, summed, a, c, y, finished).Run(workers);
                break;
            case (256, DType.Float32):
                new Contraction<Lane256<float>, float>(batch, summed, a, c, y, finished).Run(workers);
                break;
            case (256, _):
                new Contraction<Lane256<double>, double>(batch, summed, a, c, y, finished).Run(workers);
                break;
            case (_, DType.Float32):
                new Contraction<Lane128<float>, float>(batch, summed, a, c, y, finished).Run(workers);
                break;
            default:
                new Contraction<Lane128<double>, double>(batch, summed, a, c, y, finished).Run(workers);
                break;
        }
    }
}

/// <summary>
/// One contraction. A thread takes some panels of columns of a matrix of the batch, packs them block of terms by block, and multiplies each
/// by all rows. Where there are few panels and many terms, these are cut into parts, whose sums are added up in their order.
/// </summary>
/// <remarks>How it is cut depends on the shape and strides alone.</remarks>
internal sealed unsafe class Contraction<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The slot of working memory for the sums of parts.</summary>
    private const int SlotSums = 3;

    /// <summary>The multiplications that are worth another thread.</summary>
    private const long Grain = 512 << 10;

    /// <summary>The most bytes of the left factor's rows that stay in the cache while panels change.</summary>
    private const int StayingBytes = 448 << 10;

    /// <summary>The panels that are packed together where the left factor does not stay in the cache.</summary>
    private const int ManyPanels = 4;

    /// <summary>So many tasks keep all threads busy to the end.</summary>
    private const int Enough = 32;

    private readonly E* a;
    private readonly E* c;
    private readonly E* y;
    private readonly AxisGroup batchA;
    private readonly AxisGroup batchC;
    private readonly AxisGroup rows;
    private readonly AxisGroup termsA;
    private readonly WindowPanels<TLane, E> panels;
    private readonly Finished? finished;
    private readonly (int First, int Count)[] blocks;
    private readonly int batches;
    private readonly int columns;
    private readonly int most;
    private readonly int height;
    private readonly int width;
    private readonly int groups;
    private readonly int parts;
    private E* sums;

    public Contraction(int batch, int summed, in Operand a, in Operand c, in Operand y, Finished? finished)
    {
        int rank = a.Shape.Rank;
        this.a = (E*)CpuBlock.StartOf(a);
        this.c = (E*)CpuBlock.StartOf(c);
        this.y = (E*)CpuBlock.StartOf(y);
        (batchA, batchC) = (AxisGroup.Of(a.Layout, 0, batch), AxisGroup.Of(c.Layout, 0, batch));
        rows = AxisGroup.Of(a.Layout, batch, rank - batch - summed);
        termsA = AxisGroup.Of(a.Layout, rank - summed, summed);
        panels = new WindowPanels<TLane, E>(
            AxisGroup.Of(c.Layout, batch, summed), AxisGroup.Of(c.Layout, batch + summed, c.Shape.Rank - batch - summed));
        this.finished = finished;
        (batches, columns) = (batchA.Count, y.Shape.Lengths[2]);

        most = Product<TLane, E>.Cut(termsA.Run, 2048 / sizeof(E));
        var cut = new List<(int, int)>();
        for (int run = 0; run < termsA.Starts.Length; run++)
        {
            for (int term = 0; term < termsA.Run; term += most)
            {
                cut.Add(((run * termsA.Run) + term, Math.Min(most, termsA.Run - term)));
            }
        }

        blocks = [.. cut];
        bool isStaying = (long)rows.Count * most * sizeof(E) <= StayingBytes;
        width = isStaying ? 1 : ManyPanels;
        height = isStaying ? rows.Count : Product<TLane, E>.Cut(rows.Count, Math.Max(12, StayingBytes / (2 * most * sizeof(E))));
        groups = (panels.Count + width - 1) / width;
        parts = batches * groups >= Enough ? 1 : Math.Clamp(Math.Min(Enough / (batches * groups), blocks.Length / 4), 1, 8);
    }

    private nint Size => (nint)batches * rows.Count * columns;

    /// <summary>All of it.</summary>
    public void Run(Workers workers)
    {
        int items = batches * groups;
        long cost = Math.Max(1, (long)rows.Count * termsA.Count / parts * width * Product<TLane, E>.PanelColumns);
        if (parts > 1)
        {
            sums = (E*)workers.Rent(SlotSums, (parts - 1) * Size * sizeof(E));
        }

        workers.Range((nint)items * parts, (nint)Math.Max(1, Grain / cost), (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                var (part, item) = Math.DivRem((int)i, items);
                var (batch, group) = Math.DivRem(item, groups);
                Multiply(part, batch, group * width, Math.Min(panels.Count, (group + 1) * width));
            }
        });
        if (parts > 1)
        {
            workers.Range((nint)batches * rows.Count, (nint)Math.Max(1, MapLoops.Grain / Math.Max(1, columns)), (from, to) =>
            {
                for (nint row = from; row < to; row++)
                {
                    AddUp(row * columns);
                    finished?.Invoke(row / rows.Count, (int)(row % rows.Count), 1, 0, columns);
                }
            });
        }
    }

    private void Multiply(int part, int batch, int from, int to)
    {
        E* target = part == 0 ? y : sums + ((part - 1) * Size);
        var result = new Matrix<E>(target + ((nint)batch * rows.Count * columns), rows.Count, columns, columns, 1);
        int panelColumns = Product<TLane, E>.PanelColumns;
        E* packed = (E*)Scratch.Rent(Product<TLane, E>.SlotC, (nint)width * most * panelColumns * sizeof(E));
        int firstBlock = (int)((long)blocks.Length * part / parts);
        for (int number = firstBlock; number < (int)((long)blocks.Length * (part + 1) / parts); number++)
        {
            var (first, count) = blocks[number];
            nint panelElements = (nint)count * panelColumns;
            for (int panel = from; panel < to; panel++)
            {
                panels.Pack(c + batchC[batch], panel, first, count, packed + ((panel - from) * panelElements));
            }

            var left = new Matrix<E>(a + batchA[batch] + termsA[first], rows.Count, count, rows.Stride, termsA.Stride);
            for (int row = 0; row < rows.Count; row += height)
            {
                int some = Math.Min(height, rows.Count - row);
                for (int panel = from; panel < to; panel++)
                {
                    TileLoops<TLane, E>.Run(
                        left.Part(row, some), packed + ((panel - from) * panelElements), panelColumns,
                        Product<TLane, E>.Panel(result, panel).Part(row, some), number > firstBlock);
                }
            }
        }

        if (parts == 1)
        {
            finished?.Invoke(batch, 0, rows.Count, from * panelColumns, Math.Min(to * panelColumns, columns) - (from * panelColumns));
        }
    }

    /// <summary>A row of y and of the parts' sums.</summary>
    private void AddUp(nint start)
    {
        for (int part = 1; part < parts; part++)
        {
            E* sum = sums + ((part - 1) * Size) + start;
            for (int j = 0; j < columns; j++)
            {
                y[start + j] += sum[j];
            }
        }
    }
}
