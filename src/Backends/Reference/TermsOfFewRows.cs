using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// A contraction of few rows whose registers hold neighbouring terms: y[r, j] = Σ a[r, place of k…]·c[place of j + place of k…]. The gradient of
/// the weights of a convolution of few channels a group. Where there are few matrices, the terms are cut into parts, whose sums are added
/// up in their order.
/// </summary>
/// <remarks>How it is cut depends on the shape and strides alone.</remarks>
internal sealed unsafe class TermsOfFewRows<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The registers of terms that are added to one register before its elements are.</summary>
    private const int MostRegisters = 512;

    /// <summary>So many tasks keep all threads busy to the end.</summary>
    private const int Enough = 32;

    /// <summary>The multiplications that are worth another thread.</summary>
    private const long Grain = 128 << 10;

    /// <summary>The slots of working memory.</summary>
    private const int SlotSorted = 1, SlotSums = 3;

    private readonly ThinContraction.Plan plan;
    private readonly Finished? finished;
    private readonly E* a;
    private readonly E* c;
    private readonly E* y;
    private readonly int rows;
    private readonly int columns;
    private readonly int step;
    private readonly int line;
    private readonly int[] fromA;
    private readonly int[] fromC;
    private readonly nint[] ofRows;
    private readonly nint[] ofColumns;
    private readonly Block[] blocks;
    private readonly int batches;
    private readonly int parts;
    private E* sums;

    public TermsOfFewRows(ThinContraction.Plan plan, in Operand a, in Operand c, in Operand y, Finished? finished)
    {
        (this.plan, this.finished) = (plan, finished);
        (rows, columns, step, batches) = (plan.Rows.Count, plan.Columns.Count, plan.Step, plan.BatchA.Count);
        this.a = (E*)CpuBlock.StartOf(a);
        this.c = (E*)CpuBlock.StartOf(c) + plan.Least;
        this.y = (E*)CpuBlock.StartOf(y);
        int[] across = plan.Across;
        int reach = across.Max();

        // Long runs in pieces, of which the last is shorter; blocks of pieces of one length.
        int piece = Math.Min(plan.TermsA.Run, MostRegisters * TLane.Count);
        var (left, right, lengths) = (new List<int>(), new List<int>(), new List<int>());
        for (int run = 0; run < plan.TermsA.Starts.Length; run++)
        {
            for (int first = 0; first < plan.TermsA.Run; first += piece)
            {
                left.Add(plan.TermsA.Starts[run] + first);
                right.Add(plan.TermsC.Starts[run] + (first * step));
                lengths.Add(Math.Min(piece, plan.TermsA.Run - first));
            }
        }

        (fromA, fromC) = ([.. left], [.. right]);
        var cut = new List<Block>();
        for (int first = 0; first < fromC.Length;)
        {
            int length = lengths[first];
            int most = Math.Max(1, MostRegisters / ((length + TLane.Count - 1) / TLane.Count));
            int end = first + 1;
            while (end < fromC.Length && lengths[end] == length && end - first < most && (step == 1 || fromC[end] - fromC[first] < ThinContraction.MostSorted))
            {
                end++;
            }

            cut.Add(new Block(first, end, length, fromC[first], fromC[end - 1] - fromC[first] + ((length - 1) * step) + reach + 1));
            first = end;
        }

        blocks = [.. cut];
        line = step == 1 ? 0 : Residues.Line(blocks.Max(block => block.Elements), step);
        foreach (var block in blocks)
        {
            for (int i = block.First; i < block.End; i++)
            {
                fromC[i] = (fromC[i] - block.Start) / step;
            }
        }

        // Behind the last column, and the last of more than one row, it is repeated.
        (ofRows, ofColumns) = (new nint[rows == 1 ? 1 : 4], new nint[columns + WindowTiles.Dots]);
        for (int i = 0; i < ofRows.Length; i++)
        {
            ofRows[i] = plan.Rows[Math.Min(i, rows - 1)];
        }

        for (int j = 0; j < ofColumns.Length; j++)
        {
            int place = across[Math.Min(j, columns - 1)];
            ofColumns[j] = step == 1 ? place : Residues.Sorted(place, step, line);
        }

        parts = Math.Min(blocks.Length, (Enough + batches - 1) / batches);
    }

    private nint Size => (nint)batches * rows * columns;

    /// <summary>All of it.</summary>
    public void Run(Workers workers)
    {
        if (parts > 1)
        {
            sums = (E*)workers.Rent(SlotSums, (parts - 1) * Size * sizeof(E));
        }

        long cost = Math.Max(1, (long)rows * columns * plan.TermsA.Count / parts);
        workers.Range((nint)batches * parts, (nint)Math.Max(1, Grain / cost), (first, end) =>
        {
            for (nint i = first; i < end; i++)
            {
                var (part, batch) = Math.DivRem((int)i, batches);
                AddUp(batch, part);
            }
        });
        if (parts > 1)
        {
            workers.Range(Size, MapLoops.Grain, (first, end) =>
            {
                for (int part = 1; part < parts; part++)
                {
                    E* sum = sums + ((part - 1) * Size);
                    for (nint i = first; i < end; i++)
                    {
                        y[i] += sum[i];
                    }
                }
            });
            if (finished is not null)
            {
                workers.Range(batches, Math.Max(1, MapLoops.Grain / (rows * columns)), (first, end) =>
                {
                    for (nint batch = first; batch < end; batch++)
                    {
                        finished(batch, 0, rows, 0, columns);
                    }
                });
            }
        }
    }

    /// <summary>A part of the terms of a matrix.</summary>
    private void AddUp(int batch, int part)
    {
        E* target = (part == 0 ? y : sums + ((part - 1) * Size)) + ((nint)batch * rows * columns);
        new Span<E>(target, rows * columns).Clear();
        E* sorted = step == 1 ? null : (E*)Scratch.Rent(SlotSorted, (nint)line * step * sizeof(E));
        int end = (int)((long)blocks.Length * (part + 1) / parts);
        for (int number = (int)((long)blocks.Length * part / parts); number < end; number++)
        {
            var block = blocks[number];
            E* right = c + plan.BatchC[batch] + block.Start;
            if (step > 1)
            {
                Residues.Sort(right, block.Elements, step, line, sorted);
                right = sorted;
            }

            Add(block, a + plan.BatchA[batch], right, target);
        }

        if (parts == 1)
        {
            finished?.Invoke(batch, 0, rows, 0, columns);
        }
    }

    [SkipLocalsInit]
    private void Add(Block block, E* left, E* right, E* target)
    {
        E* register = stackalloc E[TLane.Count];
        for (int i = 0; i < TLane.Count; i++)
        {
            register[i] = E.CreateTruncating(i);
        }

        var places = TLane.Load(in *register);
        var rest = TLane.Broadcast(E.CreateTruncating(block.Length % TLane.Count));
        int runs = block.End - block.First;
        E* dots = stackalloc E[4 * WindowTiles.Dots * TLane.Count];
        fixed (int* ofA = fromA, ofC = fromC)
        fixed (nint* line = ofRows, off = ofColumns)
        {
            int width = rows == 1 ? WindowTiles.Dots : WindowTiles.Fourfold;
            for (int column = 0; column < columns; column += width)
            {
                if (rows == 1)
                {
                    WindowTiles.Dot<TLane, E>(
                        runs, block.Length, left + line[0], ofA + block.First, right, ofC + block.First, off + column, places, rest, dots);
                }
                else
                {
                    WindowTiles.Dots4<TLane, E>(
                        runs, block.Length, left, ofA + block.First, line, right, ofC + block.First, off + column, places, rest, dots);
                }

                int some = Math.Min(width, columns - column);
                for (int row = 0; row < rows; row++)
                {
                    for (int j = 0; j < some; j++)
                    {
                        target[(row * columns) + column + j] += Sum(dots + (((row * width) + j) * TLane.Count));
                    }
                }
            }
        }
    }

    /// <summary>The sum of a register's elements, by halves.</summary>
    private static E Sum(E* x)
    {
        for (int half = TLane.Count / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                x[i] += x[i + half];
            }
        }

        return *x;
    }

    /// <summary>Some pieces of the terms, of one length.</summary>
    /// <param name="First">The first of them.</param>
    /// <param name="End">The first of the next block.</param>
    /// <param name="Length">The terms of a piece.</param>
    /// <param name="Start">Where the first begins in c.</param>
    /// <param name="Elements">The elements from there to the last that is read.</param>
    private readonly record struct Block(int First, int End, int Length, int Start, int Elements);
}
