using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// A contraction of few rows whose registers hold neighbouring columns: y[r, j…] = Σ a[r, k]·c[place of k + place of j…]. A convolution, and the
/// gradient of its input, of few channels a group.
/// </summary>
internal sealed unsafe class ColumnsOfFewRows<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The registers that a thread takes at a time where matrices are few.</summary>
    private const int MostRegisters = 128;

    /// <summary>Fewer matrices than this are cut into parts.</summary>
    private const int ManyMatrices = 32;

    /// <summary>The multiplications that are worth another thread.</summary>
    private const long Grain = 128 << 10;

    /// <summary>The slots of working memory.</summary>
    private const int SlotFactors = 0, SlotSorted = 1, SlotEdge = 2;

    private readonly ThinContraction.Plan plan;
    private readonly Finished? finished;
    private readonly E* a;
    private readonly E* c;
    private readonly E* y;
    private readonly int rows;
    private readonly int columns;
    private readonly int step;
    private readonly int width;
    private readonly int reach;
    private readonly int line;
    private readonly int[] termsA;
    private readonly int[] termsC;
    private readonly int[] from;
    private readonly int[] into;
    private readonly int[] intoEdge;
    private readonly Part[] parts;

    public ColumnsOfFewRows(ThinContraction.Plan plan, in Operand a, in Operand c, in Operand y, Finished? finished)
    {
        (this.plan, this.finished) = (plan, finished);
        (rows, columns, step) = (plan.Rows.Count, plan.Columns.Count, plan.Step);
        (termsA, termsC) = (plan.TermsA.ToArray(), plan.Across);
        this.a = (E*)CpuBlock.StartOf(a);
        this.c = (E*)CpuBlock.StartOf(c) + plan.Least;
        this.y = (E*)CpuBlock.StartOf(y);
        reach = termsC.Max();

        // A run in whole registers, of which the last begins earlier; or in one, of which the next run overwrites the rest.
        int run = plan.Columns.Run;
        int each = (run + TLane.Count - 1) / TLane.Count;
        width = Math.Min(run, TLane.Count);
        (from, into) = (new int[plan.Columns.Starts.Length * each], new int[plan.Columns.Starts.Length * each]);
        for (int i = 0; i < from.Length; i++)
        {
            var (number, register) = Math.DivRem(i, each);
            int first = Math.Min(register * TLane.Count, run - width);
            (from[i], into[i]) = (plan.Columns.Starts[number] + (first * step), (number * run) + first);
        }

        parts = Cut();
        intoEdge = new int[parts.Max(part => part.End - part.Whole)];
        for (int i = 0; i < intoEdge.Length; i++)
        {
            intoEdge[i] = i * TLane.Count;
        }

        if (step > 1)
        {
            line = Residues.Line(parts.Max(part => part.Elements), step);
            termsC = Array.ConvertAll(termsC, term => Residues.Sorted(term, step, line));
        }

        foreach (var part in parts)
        {
            for (int i = part.First; i < part.End; i++)
            {
                from[i] = (from[i] - part.Start) / step;
            }
        }
    }

    /// <summary>All of it.</summary>
    public void Run(Workers workers)
    {
        long cost = Math.Max(1, (long)rows * termsA.Length * columns / parts.Length);
        workers.Range((nint)plan.BatchA.Count * parts.Length, (nint)Math.Max(1, Grain / cost), (first, end) =>
        {
            // Factors of four rows lie side by side.
            int height = rows == 1 ? 1 : 4;
            E* factors = (E*)Scratch.Rent(SlotFactors, termsA.Length * height * sizeof(E));
            int? packed = null;
            for (nint i = first; i < end; i++)
            {
                var (batch, part) = Math.DivRem(i, parts.Length);
                int start = plan.BatchA[(int)batch];
                if (start != packed)
                {
                    Pack(a + start, height, factors);
                    packed = start;
                }

                Multiply((int)batch, parts[part], factors, height);
            }
        });
    }

    /// <summary>
    /// Cuts the registers where columns do not overlap: into parts for threads if matrices are few, and into what can be sorted together.
    /// </summary>
    private Part[] Cut()
    {
        var parts = new List<Part>();
        int most = plan.BatchA.Count < ManyMatrices ? MostRegisters : int.MaxValue;
        for (int first = 0; first < from.Length;)
        {
            int end = first + 1;
            while (end < from.Length &&
                (into[end] < into[end - 1] + width || (end - first < most && (step == 1 || from[end] - from[first] < ThinContraction.MostSorted))))
            {
                end++;
            }

            // What a register has too much must not get beyond the part, nor into the next row.
            int column = end < from.Length ? into[end] : columns;
            int whole = end;
            while (whole > first && into[whole - 1] + TLane.Count > column)
            {
                whole--;
            }

            parts.Add(new Part(first, whole, end, into[first], column, from[first], from[end - 1] - from[first] + ((width - 1) * step) + reach + 1));
            first = end;
        }

        return [.. parts];
    }

    private void Pack(E* a, int height, E* factors)
    {
        for (int k = 0; k < termsA.Length; k++)
        {
            for (int row = 0; row < height; row++)
            {
                *factors++ = a[termsA[k] + plan.Rows[Math.Min(row, rows - 1)]];
            }
        }
    }

    private void Multiply(int batch, Part part, E* factors, int height)
    {
        E* source = c + plan.BatchC[batch] + part.Start;
        E* target = y + ((nint)batch * rows * columns);
        if (step > 1)
        {
            E* sorted = (E*)Scratch.Rent(SlotSorted, (nint)line * step * sizeof(E));
            Residues.Sort(source, part.Elements, step, line, sorted);
            source = sorted;
        }

        fixed (int* from = this.from, into = this.into, intoEdge = this.intoEdge)
        {
            Tiles(height, factors, source, from + part.First, into + part.First, part.Whole - part.First, target, columns);
            int left = part.End - part.Whole;
            if (left > 0)
            {
                nint rowOfEdge = (nint)left * TLane.Count;
                E* edge = (E*)Scratch.Rent(SlotEdge, 4 * rowOfEdge * sizeof(E));
                Tiles(height, factors, source, from + part.Whole, intoEdge, left, edge, rowOfEdge);
                for (int row = 0; row < rows; row++)
                {
                    for (int i = 0; i < left; i++)
                    {
                        E* some = edge + (row * rowOfEdge) + intoEdge[i];
                        Unsafe.CopyBlockUnaligned(target + ((nint)row * columns) + into[part.Whole + i], some, (uint)(width * sizeof(E)));
                    }
                }
            }
        }

        finished?.Invoke(batch, 0, rows, part.Column, part.EndColumn - part.Column);
    }

    private void Tiles(int height, E* factors, E* source, int* from, int* into, int count, E* target, nint row)
    {
        fixed (int* off = termsC)
        {
            if (height == 1)
            {
                WindowTiles.Row<TLane, E>(termsC.Length, factors, off, source, from, into, count, target);
            }
            else
            {
                WindowTiles.Rows4<TLane, E>(
                    termsC.Length, factors, off, source, from, into, count, target,
                    row, Math.Min(2, rows - 1) * row, Math.Min(3, rows - 1) * row);
            }
        }
    }

    /// <summary>Some registers of y.</summary>
    /// <param name="First">The first of them.</param>
    /// <param name="Whole">The first that has more than is left of the part.</param>
    /// <param name="End">The first of the next part.</param>
    /// <param name="Column">The first column.</param>
    /// <param name="EndColumn">The first column of the next part.</param>
    /// <param name="Start">Where the first register's windows begin.</param>
    /// <param name="Elements">The elements from there to the last that is read.</param>
    private readonly record struct Part(int First, int Whole, int End, int Column, int EndColumn, int Start, int Elements);
}
