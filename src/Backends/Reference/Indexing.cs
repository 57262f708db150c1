using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Backends;

/// <summary>What goes by position: the greatest element's, rows by index, and the sum of rows by index.</summary>
internal static unsafe class Indexing
{
    /// <summary>The fewest elements of picked rows that are worth another thread: they come from far away.</summary>
    private const int GatherGrain = 8 << 10;

    /// <summary>Rows from so many bytes on are worth asking for before their turn.</summary>
    private const int Far = 512;

    /// <summary>y[…] = the position of the greatest element along x's last axis.</summary>
    public static void ArgMax(Operand x, Operand y, Workers workers)
    {
        int rank = x.Shape.Rank;
        var rows = Walk.OfFibres(x);
        int length = x.Shape.Lengths[rank - 1];
        int stride = x.Layout.Strides[rank - 1];
        var dtype = x.DType;
        long* target = (long*)CpuBlock.StartOf(y);
        workers.Range(y.Shape.Size, Math.Max(1, MapLoops.Grain / length), (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                byte* row = rows.Moved(rows.Offset(i)).Start;
                target[i] = dtype switch
                {
                    DType.Float32 => Greatest((float*)row, stride, length),
                    DType.Float64 => Greatest((double*)row, stride, length),
                    DType.Int32 => Greatest((int*)row, stride, length),
                    DType.Int64 => Greatest((long*)row, stride, length),
                    _ => Greatest(row, stride, length),
                };
            }
        });
    }

    /// <summary>y[b, j, r] = x[b, index[b, j], r].</summary>
    public static void Gather(Operand x, Operand index, Operand y, Workers workers)
    {
        int width = y.Shape.Lengths[2];
        if (y.Shape.Size == 0)
        {
            return;
        }

        nint rows = y.Shape.Size / width;
        switch (width, x.DType.Size())
        {
            case (1, 4):
                workers.Range(rows, MapLoops.Grain, new Picking(x, index, y).Elements<uint>);
                break;
            case (1, 8):
                workers.Range(rows, MapLoops.Grain, new Picking(x, index, y).Elements<ulong>);
                break;
            case (1, _):
                workers.Range(rows, MapLoops.Grain, new Picking(x, index, y).Elements<byte>);
                break;
            default:
                workers.Range(rows, Math.Max(1, GatherGrain / width), new Picking(x, index, y).Rows);
                break;
        }
    }

    /// <summary>y[b, index[b, j], r] += g[b, j, r], from 0.</summary>
    public static void ScatterAdd(Operand g, Operand index, Operand y, Workers workers)
    {
        switch (y.DType)
        {
            case DType.Float32: ScatterAdd<float>(g, index, y, workers); break;
            case DType.Float64: ScatterAdd<double>(g, index, y, workers); break;
            case DType.Int32: ScatterAdd<int>(g, index, y, workers); break;
            default: ScatterAdd<long>(g, index, y, workers); break;
        }
    }

    // Each thread has columns of its own, so that the order of additions is that of j.
    private static void ScatterAdd<E>(Operand g, Operand index, Operand y, Workers workers)
        where E : unmanaged, INumber<E>
    {
        int picks = g.Shape.Lengths[1];
        byte* target = CpuBlock.StartOf(y);
        nuint bytes = (nuint)y.Shape.Size * (nuint)sizeof(E);
        if (workers.IsPreparing)
        {
            workers.Once(() => NativeMemory.Clear(target, bytes));
        }
        else
        {
            NativeMemory.Clear(target, bytes);
        }

        nint columns = (nint)y.Shape.Lengths[0] * y.Shape.Lengths[2];
        workers.Range(columns, Math.Max(16, MapLoops.Grain / Math.Max(picks, 1)), new Picking(g, index, y).Add<E>);
    }

    /// <summary>Rows and the places that they come from or go to, as their addresses; worked out once for all rows.</summary>
    private sealed class Picking
    {
        private readonly byte* x;
        private readonly byte* index;
        private readonly byte* y;
        private readonly nint strideB;
        private readonly nint strideN;
        private readonly nint strideR;
        private readonly nint indexB;
        private readonly nint indexJ;
        private readonly bool isLong;
        private readonly int picks;
        private readonly int width;
        private readonly int size;
        private readonly int lengthX;
        private readonly int lengthY;

        public Picking(in Operand x, in Operand index, in Operand y)
        {
            this.x = CpuBlock.StartOf(x);
            this.index = CpuBlock.StartOf(index);
            this.y = CpuBlock.StartOf(y);
            (strideB, strideN, strideR) = (x.Layout.Strides[0], x.Layout.Strides[1], x.Layout.Strides[2]);
            (indexB, indexJ) = (index.Layout.Strides[0], index.Layout.Strides[1]);
            isLong = index.DType == DType.Int64;
            picks = index.Shape.Lengths[1];
            width = y.Shape.Lengths[2];
            size = x.DType.Size();
            (lengthX, lengthY) = (x.Shape.Lengths[1], y.Shape.Lengths[1]);
        }

        /// <summary>Rows of one element, such as the greatest of each window: y[i] = x[b, index[b, j]].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Elements<E>(nint from, nint to)
            where E : unmanaged
        {
            var (b, j) = Math.DivRem(from, picks);
            E* source = (E*)x + (b * strideB);
            E* target = (E*)y;
            nint place = (b * indexB) + (j * indexJ);
            for (nint i = from; i < to; i++)
            {
                long n = isLong ? ((long*)index)[place] : ((int*)index)[place];
                if ((ulong)n >= (ulong)lengthX)
                {
                    throw Outside("Gather", n, lengthX, i);
                }

                target[i] = source[(nint)n * strideN];
                place += indexJ;
                if (++j == picks)
                {
                    j = 0;
                    b++;
                    source += strideB;
                    place = b * indexB;
                }
            }
        }

        /// <summary>y[i] = the row x[b, index[b, j]].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Rows(nint from, nint to)
        {
            nint bytes = (nint)width * size;
            var row = strideR == 1 ? default : new Walk(new Layout(new Shape(width), [(int)strideR], 0), x, size);
            for (nint i = from; i < to; i++)
            {
                var (b, j) = Math.DivRem(i, picks);
                long n = At(b, j);
                if ((ulong)n >= (ulong)lengthX)
                {
                    throw Outside("Gather", n, lengthX, i);
                }

                nint start = (b * strideB) + ((nint)n * strideN);
                byte* target = y + (i * bytes);
                if (strideR != 1)
                {
                    row.Moved(start).Take(0, width, target);
                    continue;
                }

                if (bytes >= Far && j + 1 < picks)
                {
                    // The processor does not see where the next row is until it is there.
                    Fetch(x + (((b * strideB) + ((nint)At(b, j + 1) * strideN)) * size), bytes);
                }

                CopyRow(x + (start * size), target, bytes);
            }
        }

        /// <summary>y[b, index[b, j]] += x[b, j] in some columns of all batches.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Add<E>(nint from, nint to)
            where E : unmanaged, INumber<E>
        {
            E* source = (E*)x;
            E* target = (E*)y;
            for (nint b = from / width; b * width < to; b++)
            {
                nint first = Math.Max(from - (b * width), 0);
                nint end = Math.Min(to - (b * width), width);
                for (nint j = 0; j < picks; j++)
                {
                    long n = At(b, j);
                    if ((ulong)n >= (ulong)lengthY)
                    {
                        throw Outside("ScatterAdd", n, lengthY, (b * picks) + j);
                    }

                    E* row = source + (b * strideB) + (j * strideN) + (first * strideR);
                    E* sum = target + (((b * lengthY) + (nint)n) * width) + first;
                    if (end - first == 1)
                    {
                        *sum += *row;
                    }
                    else
                    {
                        AddRow(row, strideR, sum, end - first);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private long At(nint b, nint j)
        {
            nint place = (b * indexB) + (j * indexJ);
            return isLong ? ((long*)index)[place] : ((int*)index)[place];
        }

        private static IndexOutOfRangeException Outside(string op, long n, int length, nint position) =>
            new($"{op}: index {n} is outside 0..{length - 1} (position {position}).");
    }

    private static void Fetch(byte* row, nint bytes)
    {
        for (nint at = 0; Sse.IsSupported && at < bytes; at += 64)
        {
            Sse.Prefetch0(row + at);
        }
    }

    /// <summary>Copies a row; a short one without the cost of a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRow(byte* x, byte* y, nint bytes)
    {
        if (bytes < 16 || bytes > 256)
        {
            Unsafe.CopyBlockUnaligned(y, x, (uint)bytes);
            return;
        }

        // The last piece overlaps the one before.
        for (nint at = 0; at < bytes - 16; at += 16)
        {
            Vector128.Load(x + at).Store(y + at);
        }

        Vector128.Load(x + bytes - 16).Store(y + bytes - 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRow<E>(E* x, nint stride, E* y, nint count)
        where E : unmanaged, INumber<E>
    {
        nint i = 0;
        for (; stride == 1 && i + Vector<E>.Count <= count; i += Vector<E>.Count)
        {
            (Vector.Load(y + i) + Vector.Load(x + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += x[i * stride];
        }
    }

    /// <summary>The first of the greatest elements; a NaN is greater than all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Greatest<E>(E* x, nint stride, int count)
        where E : unmanaged, INumber<E>
    {
        int best = 0;
        E greatest = *x;
        for (int i = 1; i < count && !E.IsNaN(greatest); i++)
        {
            E value = x[i * stride];
            if (!(value <= greatest))
            {
                greatest = value;
                best = i;
            }
        }

        return best;
    }
}
