using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Reductions along any axes. Where the elements of one result lie side by side they are combined along; else whole rows of results are
/// combined across. Both cut the work into pieces of fixed sizes and combine the pieces in pairs, pairs of pairs and so on: the tree
/// depends on the operand alone, never on the threads, and its depth keeps the error of a sum small.
/// </summary>
internal sealed unsafe class Reductions
{
    private const int RegisterBytes = 64;

    /// <summary>Fewer elements than this for a result are combined across results.</summary>
    private const int ShortSum = 32;

    /// <summary>The longest piece that is combined in one go, along.</summary>
    private const int Piece = 8192;

    /// <summary>Fewer terms than this are picked one by one: four are turned at a time.</summary>
    private const int FewestTurned = 4;

    /// <summary>Rows that are combined in one go, across.</summary>
    private const int Rows = 32;

    /// <summary>What one thread does at least; longer sums are split.</summary>
    private const int Chunk = 64 << 10;

    /// <summary>From here on there are enough results for all threads.</summary>
    private const int ManyResults = 16 << 10;

    private const int BlockBytes = (Walk.Block * sizeof(double)) + RegisterBytes;
    private const int Deepest = 32;

    private readonly void* monoid;
    private readonly delegate*<void*, byte*, nint, byte*, void> along;
    private readonly delegate*<void*, byte*, nint, nint, nint, byte*, void> across;
    private readonly delegate*<void*, byte*, void> collapse;
    private readonly delegate*<void*, byte*, void> identity;
    private readonly Workers workers;
    private readonly int size;
    private readonly int perRegister;
    private readonly MapSource? source;

    private Reductions(
        void* monoid, LoopForms along, LoopForms across, LoopForms collapse, LoopForms identity, int bits, DType dtype, Workers workers,
        MapSource? source = null)
    {
        this.source = source;
        this.monoid = monoid;
        this.along = (delegate*<void*, byte*, nint, byte*, void>)along[bits, dtype];
        this.across = (delegate*<void*, byte*, nint, nint, nint, byte*, void>)across[bits, dtype];
        this.collapse = (delegate*<void*, byte*, void>)collapse[bits, dtype];
        this.identity = (delegate*<void*, byte*, void>)identity[bits, dtype];
        this.workers = workers;
        size = dtype.Size();
        perRegister = dtype.IsReal() ? bits / 8 / size : 1;
    }

    /// <summary>y = x, combined along every axis where y has length 1 and x has not.</summary>
    public static void Run<TMonoid>(TMonoid monoid, in Operand x, in Operand y, int bits, Workers workers)
        where TMonoid : struct, IMonoid =>
        new Reductions(
            workers.Hold(ref monoid),
            ReductionBodies<TMonoid>.Along,
            ReductionBodies<TMonoid>.Across,
            ReductionBodies<TMonoid>.Collapse,
            ReductionBodies<TMonoid>.Identity,
            bits,
            x.DType,
            workers).Run(x, y);

    /// <summary>The same for elements that are computed where they are read; false where they are not read in order.</summary>
    public static bool TryRun<TMonoid>(TMonoid monoid, MapSource source, in Operand like, in Operand y, int bits, Workers workers)
        where TMonoid : struct, IMonoid
    {
        var x = like with { Layout = new Layout(like.Shape) };
        var reductions = new Reductions(
            workers.Hold(ref monoid),
            ReductionBodies<TMonoid>.Along,
            ReductionBodies<TMonoid>.Across,
            ReductionBodies<TMonoid>.Collapse,
            ReductionBodies<TMonoid>.Identity,
            bits,
            x.DType,
            workers,
            source);
        var (kept, reduced) = reductions.Split(x, y);
        int results = y.Shape.Size;
        int terms = x.Shape.Size / results;
        var inOrder = IsAlong(kept, results, terms) ? reduced : kept;
        if (inOrder.Rank != 1 || inOrder.InnerStride != 1)
        {
            return false;
        }

        reductions.Run(x, y);
        return true;
    }

    private static bool IsAlong(Walk kept, int results, int terms) => results == 1 || (terms >= ShortSum && kept.InnerStride != 1);

    private void Run(in Operand x, in Operand y)
    {
        int results = y.Shape.Size;
        byte* target = CpuBlock.StartOf(y);
        if (results == 0)
        {
            return;
        }

        if (x.Shape.Size == 0)
        {
            StoreIdentities(target, results);
            return;
        }

        var (kept, reduced) = Split(x, y);
        int terms = x.Shape.Size / results;
        if (IsAlong(kept, results, terms))
        {
            RunAlong(kept, reduced, results, terms, target);
        }
        else
        {
            RunAcross(kept, reduced, results, terms, target);
        }
    }

    private void StoreIdentities(byte* target, int results) => workers.Once(() => StoreIdentity(target, results));

    private void StoreIdentity(byte* target, int results)
    {
        byte* register = stackalloc byte[RegisterBytes];
        identity(monoid, register);
        for (int i = 0; i < results; i++)
        {
            Unsafe.CopyBlockUnaligned(target + ((nint)i * size), register, (uint)size);
        }
    }

    /// <summary>The axes that stay, from x's first element on, and the axes that are combined, as distances from there.</summary>
    private (Walk Kept, Walk Reduced) Split(in Operand x, in Operand y)
    {
        byte* start = source is null ? CpuBlock.StartOf(x) : MapSource.Start;
        if (x.Layout.IsDense && TrySplitDense(x.Shape.Lengths, y.Shape.Lengths, start) is { } lines)
        {
            return lines;
        }

        int rank = x.Shape.Rank;
        int[] lengths = new int[rank], strides = new int[rank];
        int stay = 0;
        int go = rank;
        for (int axis = 0; axis < rank; axis++)
        {
            if (x.Shape.Lengths[axis] == y.Shape.Lengths[axis])
            {
                lengths[stay] = x.Shape.Lengths[axis];
                strides[stay++] = x.Layout.Strides[axis];
            }
        }

        // From the last axis on, so that both parts keep the order of the axes.
        for (int axis = rank - 1; axis >= 0; axis--)
        {
            if (x.Shape.Lengths[axis] != y.Shape.Lengths[axis])
            {
                lengths[--go] = x.Shape.Lengths[axis];
                strides[go] = x.Layout.Strides[axis];
            }
        }

        return (
            new Walk(new Layout(new Shape(lengths.AsSpan(0, stay)), strides[..stay], 0), start, size),
            new Walk(new Layout(new Shape(lengths.AsSpan(stay)), strides[stay..], 0), start, size));
    }

    /// <summary>The same, without working out loops, for a dense matrix: the axes in front, or those behind, are combined.</summary>
    private (Walk Kept, Walk Reduced)? TrySplitDense(ReadOnlySpan<int> x, ReadOnlySpan<int> y, byte* start)
    {
        int first = 0;
        int behind = 1;
        while (first < x.Length && x[first] == y[first])
        {
            first++;
        }

        bool inFront = first == 0;
        for (; first < x.Length && x[first] != y[first]; first++)
        {
            behind *= x[first];
        }

        int kept = 1;
        for (int axis = 0; axis < y.Length; axis++)
        {
            kept *= y[axis];
        }

        bool rest = x[first..].SequenceEqual(y[first..]);
        return !rest || (!inFront && first < x.Length) ? null
            : inFront ? (Walk.Line(kept, 1, start, size), Walk.Line(behind, kept, start, size))
            : (Walk.Line(kept, behind, start, size), Walk.Line(behind, 1, start, size));
    }

    private void RunAlong(Walk kept, Walk reduced, int results, int terms, byte* target)
    {
        int chunks = (terms + Chunk - 1) / Chunk;
        nint grain = Math.Max(1, Chunk / Math.Min(terms, Chunk));
        if (chunks == 1 && !workers.IsPreparing && !workers.IsShared(results, grain))
        {
            FoldAlong(kept, reduced, 0, results, 1, terms, target);
        }
        else
        {
            RunAlong(kept, reduced, results, terms, chunks, grain, target);
        }
    }

    // A method of its own: where a lambda stands, its captures are allocated even if it is not reached.
    private void RunAlong(Walk kept, Walk reduced, int results, int terms, int chunks, nint grain, byte* target)
    {
        byte* partial = chunks == 1 ? target : workers.Rent(3, (nint)results * chunks * size);
        workers.Range((nint)results * chunks, grain, (from, to) => FoldAlong(kept, reduced, from, to, chunks, terms, partial));
        if (chunks > 1)
        {
            var ofPartial = Walk.Line(chunks, 1, partial, size);
            workers.Once(() =>
            {
                for (nint i = 0; i < results; i++)
                {
                    FoldAlong(null, ofPartial.Moved(i * chunks), 0, chunks, target + (i * size));
                }
            });
        }
    }

    private void FoldAlong(Walk kept, Walk reduced, nint from, nint to, int chunks, int terms, byte* partial)
    {
        for (nint i = from; i < to; i++)
        {
            var (result, chunk) = Math.DivRem(i, chunks);
            nint first = chunk * Chunk;
            FoldAlong(source, reduced.Moved(kept.Offset(result)), first, Math.Min(first + Chunk, terms), partial + (i * size));
        }
    }

    /// <summary>One result: pieces are combined to registers, registers in pairs, and the last register to one element.</summary>
    [SkipLocalsInit]
    private void FoldAlong(MapSource? source, Walk terms, nint from, nint to, byte* result)
    {
        byte* block = stackalloc byte[BlockBytes];
        byte* computed = source is null ? null : Scratch.Rent(1, Math.Min(to - from, Piece) * size);
        byte* registers = stackalloc byte[(Deepest + 2) * RegisterBytes];
        int depth = 0;
        nint count;
        uint piece = 0;
        for (nint at = from; at < to; at += count)
        {
            count = Math.Min(Math.Min(to - at, Piece), terms.Reach(at, mayRepeat: false));
            byte* x = source is null
                ? terms.Fetch(at, count, block, mayRepeat: false).At
                : source.Compute(terms.Direct(at, count), count, computed);
            along(monoid, x, count, registers + (depth++ * RegisterBytes));
            for (uint pairs = piece++; (pairs & 1) != 0; pairs >>= 1)
            {
                Merge(registers, ref depth, RegisterBytes, perRegister);
            }
        }

        while (depth > 1)
        {
            Merge(registers, ref depth, RegisterBytes, perRegister);
        }

        collapse(monoid, registers);
        Unsafe.CopyBlockUnaligned(result, registers, (uint)size);
    }

    private void RunAcross(Walk kept, Walk reduced, int results, int terms, byte* target)
    {
        int width = Math.Min(results, Walk.Block);
        int blocks = (results + Walk.Block - 1) / Walk.Block;
        int chunkRows = results >= ManyResults ? terms : Math.Max(Rows, (int)BitOperations.RoundUpToPowerOf2((uint)(Chunk / width)));
        int chunks = (terms + chunkRows - 1) / chunkRows;
        if (blocks * chunks == 1 && !workers.IsPreparing)
        {
            FoldAcross(source, kept, reduced, 0, terms, 0, results, target);
            return;
        }

        RunAcross(kept, reduced, results, terms, target, blocks, chunks, chunkRows, Math.Max(1, Chunk / ((nint)width * Math.Min(terms, chunkRows))));
    }

    private void RunAcross(
        Walk kept, Walk reduced, int results, int terms, byte* target, int blocks, int chunks, int chunkRows, nint grain)
    {
        byte* partial = chunks == 1 ? target : workers.Rent(3, (nint)results * chunks * size);
        workers.Range((nint)blocks * chunks, grain, (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                var (chunk, block) = Math.DivRem(i, blocks);
                nint row = chunk * chunkRows;
                nint column = block * Walk.Block;
                FoldAcross(
                    source, kept, reduced, row, Math.Min(row + chunkRows, terms), column, Math.Min(column + Walk.Block, results),
                    partial + (chunk * results * size));
            }
        });

        if (chunks > 1)
        {
            var keptPartial = Walk.Line(results, 1, partial, size);
            var reducedPartial = Walk.Line(chunks, results, partial, size);
            workers.Once(() =>
            {
                for (int column = 0; column < results; column += Walk.Block)
                {
                    FoldAcross(null, keptPartial, reducedPartial, 0, chunks, column, Math.Min(column + Walk.Block, results), target);
                }
            });
        }
    }

    /// <summary>A block of results: a few rows are combined at a time, and these sums in pairs.</summary>
    [SkipLocalsInit]
    private void FoldAcross(MapSource? source, Walk kept, Walk reduced, nint rowFrom, nint rowTo, nint columnFrom, nint columnTo, byte* target)
    {
        byte* block = stackalloc byte[BlockBytes];
        if (source is null && rowTo - rowFrom is >= FewestTurned and <= Rows
            && reduced.Rank == 1 && reduced.InnerStride == 1 && kept.Rank == 1 && kept.InnerStride != 1)
        {
            FoldTurned(kept.Moved(rowFrom), (int)(rowTo - rowFrom), columnFrom, columnTo, block, target);
            return;
        }

        int levels = BitOperations.Log2((uint)(rowTo - rowFrom) / Rows) + 3;
        byte* sums = Scratch.Rent(0, (nint)levels * BlockBytes);
        nint count;
        for (nint column = columnFrom; column < columnTo; column += count)
        {
            count = Math.Min(columnTo - column, kept.Reach(column, mayRepeat: false));
            int depth = 0;
            uint piece = 0;
            for (nint row = rowFrom; row < rowTo; row += Rows)
            {
                SumRows(source, kept, reduced, row, Math.Min(row + Rows, rowTo), column, count, block, sums + (depth++ * BlockBytes));
                for (uint pairs = piece++; (pairs & 1) != 0; pairs >>= 1)
                {
                    Merge(sums, ref depth, BlockBytes, count);
                }
            }

            while (depth > 1)
            {
                Merge(sums, ref depth, BlockBytes, count);
            }

            Unsafe.CopyBlockUnaligned(target + (column * size), sums, (uint)(count * size));
        }
    }

    /// <summary>The same for a few terms side by side: they are turned, so that the first ones of all results are a row, and so on.</summary>
    private void FoldTurned(Walk kept, int terms, nint from, nint to, byte* block, byte* target)
    {
        nint most = Walk.Block * sizeof(double) / size / terms / perRegister * perRegister;
        nint count;
        for (nint at = from; at < to; at += count)
        {
            count = Math.Min(most, to - at);
            byte* x = kept.Start + (at * kept.InnerStride * size);
            if (size == sizeof(float))
            {
                Transposition.Copy((uint*)x, kept.InnerStride, (uint*)block, most, (int)count, terms);
            }
            else
            {
                Transposition.Copy((ulong*)x, kept.InnerStride, (ulong*)block, most, (int)count, terms);
            }

            across(monoid, block + (most * size), terms - 1, most, count, block);
            Unsafe.CopyBlockUnaligned(target + (at * size), block, (uint)(count * size));
        }
    }

    private void SumRows(
        MapSource? source, Walk kept, Walk reduced, nint row, nint rowTo, nint column, nint count, byte* block, byte* sum)
    {
        if (source is not null)
        {
            source.Compute(kept.Moved(reduced.Offset(row)).Direct(column, count), count, sum);
            for (row++; row < rowTo; row++)
            {
                across(monoid, source.Compute(kept.Moved(reduced.Offset(row)).Direct(column, count), count, block), 1, 0, count, sum);
            }

            return;
        }

        var first = kept.Moved(reduced.Offset(row));
        Unsafe.CopyBlockUnaligned(sum, first.Fetch(column, count, block, mayRepeat: false).At, (uint)(count * size));
        if (reduced.Rank == 1 && first.Direct(column, count) is var x && x != null)
        {
            nint stride = reduced.InnerStride;
            across(monoid, x + (stride * size), rowTo - row - 1, stride, count, sum);
            return;
        }

        for (row++; row < rowTo; row++)
        {
            byte* next = kept.Moved(reduced.Offset(row)).Fetch(column, count, block, mayRepeat: false).At;
            across(monoid, next, 1, 0, count, sum);
        }
    }

    /// <summary>Combines the upper two of the sums.</summary>
    private void Merge(byte* sums, ref int depth, int bytes, nint count)
    {
        depth--;
        across(monoid, sums + (depth * bytes), 1, 0, count, sums + ((depth - 1) * bytes));
    }
}
