using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Softmax, cross-entropy and their gradients along the last axis. Long rows that lie side by side are worked on along, register by register.
/// Of others as many are taken at a time as a register has places for, each class a register: where they do not lie so, they are turned into
/// a block of their own and back.
/// </summary>
internal sealed unsafe class Softmaxes
{
    /// <summary>From here on a row fills registers enough to be worth collapsing them.</summary>
    private const int LongRow = 64;

    /// <summary>The fewest elements that are worth another thread: an exponential costs more than a sum.</summary>
    private const int Grain = 32 << 10;

    private const int RegisterBytes = 64;

    private readonly delegate*<Tile*, void> body;
    private readonly Rows x;
    private readonly Rows? y;
    private readonly Rows? to;
    private readonly byte* labels;
    private readonly bool areLong;
    private readonly Walk? gradients;
    private readonly byte* results;
    private readonly bool log;
    private readonly int classes;
    private readonly int size;
    private readonly int perRegister;

    private Softmaxes(
        LoopForms forms, int bits, bool log, in Operand x, Operand? y, Operand? to, Operand? labels, Operand? gradients, Operand? results)
    {
        body = (delegate*<Tile*, void>)forms[bits, x.DType];
        this.log = log;
        this.labels = labels is { } known ? CpuBlock.StartOf(known) : null;
        areLong = labels?.DType == DType.Int64;
        this.x = new Rows(x);
        this.y = y is { } second ? new Rows(second) : null;
        this.to = to is { } target ? new Rows(target) : null;
        this.gradients = gradients is { } g ? new Walk(g) : null;
        this.results = results is { } ofRows ? CpuBlock.StartOf(ofRows) : null;
        classes = x.Shape.Lengths[^1];
        size = x.DType.Size();
        perRegister = bits / 8 / size;
    }

    /// <summary>y = softmax x, or its logarithm.</summary>
    public static void Softmax(bool log, in Operand x, in Operand y, int bits, Workers workers)
    {
        if (y.Shape.Size > 0)
        {
            new Softmaxes(SoftmaxBodies.Softmax, bits, log, x, null, y, null, null, null).Share(workers);
        }
    }

    /// <summary>dx from the result y and its gradient g.</summary>
    public static void SoftmaxGradient(bool log, in Operand g, in Operand y, in Operand dx, int bits, Workers workers)
    {
        if (dx.Shape.Size > 0)
        {
            new Softmaxes(SoftmaxBodies.SoftmaxGradient, bits, log, g, y, dx, null, null, null).Share(workers);
        }
    }

    /// <summary>y = log Σ exp(x), less x at the labels.</summary>
    public static void CrossEntropy(in Operand x, Operand? labels, in Operand y, int bits, Workers workers)
    {
        if (y.Shape.Size > 0)
        {
            new Softmaxes(SoftmaxBodies.Entropy, bits, false, x, null, null, labels, null, y).Share(workers);
        }
    }

    /// <summary>dx = g·softmax x, less g at the labels.</summary>
    public static void CrossEntropyGradient(in Operand g, in Operand x, Operand? labels, in Operand dx, int bits, Workers workers)
    {
        if (dx.Shape.Size > 0)
        {
            new Softmaxes(SoftmaxBodies.EntropyGradient, bits, false, x, null, dx, labels, g, null).Share(workers);
        }
    }

    private void Share(Workers workers)
    {
        bool along = classes >= LongRow && x.Step == 1 && y is null or { Step: 1 } && to is null or { Step: 1 };
        nint grain = Math.Max(Grain / classes / perRegister * perRegister, perRegister);
        workers.Range(x.Count, grain, along ? Along : Across);
    }

    /// <summary>Row by row.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Along(nint from, nint end)
    {
        byte* registers = stackalloc byte[3 * RegisterBytes];
        Tile tile = default;
        tile.StepX = tile.StepY = tile.StepTo = perRegister;
        tile.Count = (classes + perRegister - 1) / perRegister;
        tile.Tail = classes % perRegister;
        tile.Live = registers;
        tile.OfRow = registers + RegisterBytes;
        tile.Picked = labels == null ? null : registers + (2 * RegisterBytes);
        tile.IsRow = true;
        tile.IsLog = log;
        for (int i = 0; i < perRegister; i++)
        {
            double isLive = i < tile.Tail ? -1 : 0;
            if (size == sizeof(float))
            {
                ((float*)registers)[i] = (float)isLive;
            }
            else
            {
                ((double*)registers)[i] = isLive;
            }
        }

        for (nint row = from; row < end; row++)
        {
            tile.X = x.At(row);
            tile.Y = y is null ? null : y.At(row);
            tile.To = to is null ? null : to.At(row);
            if (gradients is { } g)
            {
                Walk.Repeat(g.Start + (g.Offset(row) * size), size, tile.OfRow);
            }

            Run(&tile, row, 1, 1);
        }
    }

    /// <summary>As many rows at a time as a register has places for.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Across(nint from, nint end)
    {
        byte* registers = stackalloc byte[2 * RegisterBytes];
        nint block = (nint)classes * RegisterBytes;
        byte* blocks = Scratch.Rent(0, 3 * block);
        Tile tile = default;
        tile.Count = classes;
        tile.OfRow = registers;
        tile.Picked = labels == null ? null : registers + RegisterBytes;
        tile.IsLog = log;
        for (nint row = from; row < end; row += perRegister)
        {
            int count = (int)Math.Min(perRegister, end - row);
            tile.X = Fetch(x, row, count, blocks, out tile.StepX);
            if (y is not null)
            {
                tile.Y = Fetch(y, row, count, blocks + block, out tile.StepY);
            }

            bool direct = to is not null && IsDirect(to, row, count);
            if (to is not null)
            {
                tile.To = direct ? to.At(row) : blocks + (2 * block);
                tile.StepTo = direct ? to.Step : perRegister;
            }

            if (gradients is { } g)
            {
                g.Take(row, count, tile.OfRow);
            }

            Run(&tile, row, count, tile.StepX);
            if (to is not null && !direct)
            {
                Turn(to, row, count, tile.To, fetches: false);
            }
        }
    }

    /// <summary>Runs the body, and does what the labels say of so many rows.</summary>
    /// <param name="tile">The rows.</param>
    /// <param name="row">The first one.</param>
    /// <param name="count">Their number.</param>
    /// <param name="step">The elements from class to class.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(Tile* tile, nint row, int count, nint step)
    {
        if (results == null)
        {
            body(tile);
            if (labels != null)
            {
                Take(row, count, tile);
            }

            return;
        }

        if (labels != null)
        {
            Pick(row, count, tile, step);
        }

        body(tile);
        Unsafe.CopyBlockUnaligned(results + (row * size), tile->OfRow, (uint)(count * size));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pick(nint row, int count, Tile* tile, nint step)
    {
        for (int r = 0; r < count; r++)
        {
            long label = Label(row + r);
            if ((ulong)label >= (ulong)classes)
            {
                throw new IndexOutOfRangeException($"CrossEntropy: index {label} is outside 0..{classes - 1} (position {row + r}).");
            }

            nint at = ((nint)label * step) + r;
            if (size == sizeof(float))
            {
                ((float*)tile->Picked)[r] = ((float*)tile->X)[at];
            }
            else
            {
                ((double*)tile->Picked)[r] = ((double*)tile->X)[at];
            }
        }
    }

    /// <summary>Takes the gradient that came in away at the labels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(nint row, int count, Tile* tile)
    {
        nint step = tile->IsRow ? 1 : tile->StepTo;
        for (int r = 0; r < count; r++)
        {
            long label = Label(row + r);
            if ((ulong)label >= (ulong)classes)
            {
                continue;
            }

            nint at = ((nint)label * step) + r;
            if (size == sizeof(float))
            {
                ((float*)tile->To)[at] -= ((float*)tile->OfRow)[r];
            }
            else
            {
                ((double*)tile->To)[at] -= ((double*)tile->OfRow)[r];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long Label(nint row) => areLong ? ((long*)labels)[row] : ((int*)labels)[row];

    /// <summary>Some rows as registers, a class each, and the elements from one to the next: where they lie so, or turned into a block.</summary>
    private byte* Fetch(Rows rows, nint row, int count, byte* block, out nint step)
    {
        if (IsDirect(rows, row, count))
        {
            step = rows.Step;
            return rows.At(row);
        }

        if (count < perRegister)
        {
            // What is in the places without a row does not matter, but numbers that are slow to compute with shall not stand there.
            Unsafe.InitBlockUnaligned(block, 0, (uint)(classes * perRegister * size));
        }

        Turn(rows, row, count, block, fetches: true);
        step = perRegister;
        return block;
    }

    private bool IsDirect(Rows rows, nint row, int count) => count == perRegister && rows.AreSideBySide(row, count);

    /// <summary>Copies some rows to or from a block that has a register for each class.</summary>
    private void Turn(Rows rows, nint row, int count, byte* block, bool fetches)
    {
        if (size == sizeof(float))
        {
            Turn<uint>(rows, row, count, (uint*)block, fetches);
        }
        else
        {
            Turn<ulong>(rows, row, count, (ulong*)block, fetches);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Turn<E>(Rows rows, nint row, int count, E* block, bool fetches)
        where E : unmanaged
    {
        if (rows.Step == 1 && rows.IsRegular)
        {
            E* first = (E*)rows.At(row);
            if (fetches)
            {
                Transposition.Copy(first, rows.Distance, block, perRegister, count, classes);
            }
            else
            {
                Transposition.Copy(block, perRegister, first, rows.Distance, classes, count);
            }

            return;
        }

        for (int r = 0; r < count; r++)
        {
            E* at = (E*)rows.At(row + r);
            E* place = block + r;
            for (nint k = 0; k < classes; k++)
            {
                if (fetches)
                {
                    *place = *at;
                }
                else
                {
                    *at = *place;
                }

                at += rows.Step;
                place += perRegister;
            }
        }
    }

    /// <summary>The rows of an operand: fibres along its last axis.</summary>
    private sealed class Rows
    {
        private readonly Walk walk;
        private readonly byte* start;
        private readonly int size;

        public Rows(in Operand operand)
        {
            var layout = operand.Layout;
            size = operand.DType.Size();
            if (layout.IsDense)
            {
                // No loops to work out.
                int length = layout.Shape.Lengths[^1];
                start = CpuBlock.StartOf(operand);
                (Step, Distance, IsRegular) = (1, length, true);
                Count = layout.Shape.Size / length;
                return;
            }

            walk = Walk.OfFibres(operand);
            Step = layout.Strides[^1];
            Count = layout.Shape.Size / layout.Shape.Lengths[^1];
            start = walk.Start;
            (Distance, IsRegular) = (walk.InnerStride, walk.Rank == 1);
        }

        /// <summary>Their number.</summary>
        public nint Count { get; }

        /// <summary>The distance of neighbours in a row.</summary>
        public nint Step { get; }

        /// <summary>Whether each row is as far from the next.</summary>
        public bool IsRegular { get; }

        /// <summary>The distance of rows, where it is the same.</summary>
        public nint Distance { get; }

        /// <summary>The first element of a row.</summary>
        public byte* At(nint row) => start + ((IsRegular ? row * Distance : walk.Offset(row)) * size);

        /// <summary>Whether elements of neighbouring rows are neighbours.</summary>
        public bool AreSideBySide(nint row, nint count) => IsRegular ? Distance == 1 : walk.Direct(row, count) != null;
    }
}
