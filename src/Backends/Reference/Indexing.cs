using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>What goes by position: the greatest element's, rows by index, and the sum of rows by index.</summary>
internal static unsafe class Indexing
{
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
        var (batches, picks, width) = (y.Shape.Lengths[0], y.Shape.Lengths[1], y.Shape.Lengths[2]);
        if (y.Shape.Size == 0)
        {
            return;
        }

        int size = x.DType.Size();
        int length = x.Shape.Lengths[1];
        nint strideB = x.Layout.Strides[0];
        nint strideN = x.Layout.Strides[1];
        byte* source = CpuBlock.StartOf(x);
        byte* target = CpuBlock.StartOf(y);
        if (width == 1)
        {
            switch (size)
            {
                case 4:
                    GatherElements<uint>(x, index, y, workers);
                    break;
                case 8:
                    GatherElements<ulong>(x, index, y, workers);
                    break;
                default:
                    GatherElements<byte>(x, index, y, workers);
                    break;
            }

            return;
        }

        var row = new Walk(new Layout(new Shape(width), [x.Layout.Strides[2]], 0), source, size);
        workers.Range((nint)batches * picks, Math.Max(1, MapLoops.Grain / width), (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                var (b, j) = Math.DivRem(i, picks);
                long n = IndexAt(index, (int)b, (int)j, length, "Gather");
                row.Moved((b * strideB) + ((nint)n * strideN)).Take(0, width, target + (i * width * size));
            }
        });
    }

    /// <summary>Rows of one element, such as the greatest of each window: no row is worth a call.</summary>
    private static void GatherElements<E>(Operand x, Operand index, Operand y, Workers workers)
        where E : unmanaged
    {
        int picks = y.Shape.Lengths[1];
        int length = x.Shape.Lengths[1];
        nint strideB = x.Layout.Strides[0];
        nint strideN = x.Layout.Strides[1];
        E* source = (E*)CpuBlock.StartOf(x);
        E* target = (E*)CpuBlock.StartOf(y);
        workers.Range(y.Shape.Size, MapLoops.Grain, (from, to) =>
        {
            var (b, j) = Math.DivRem(from, picks);
            for (nint i = from; i < to; i++)
            {
                target[i] = source[(b * strideB) + ((nint)IndexAt(index, (int)b, (int)j, length, "Gather") * strideN)];
                if (++j == picks)
                {
                    j = 0;
                    b++;
                }
            }
        });
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
        var (batches, length, width) = (y.Shape.Lengths[0], y.Shape.Lengths[1], y.Shape.Lengths[2]);
        int picks = g.Shape.Lengths[1];
        if (workers.IsPreparing)
        {
            workers.Once(() => Copies.Fill(0, y));
        }
        else
        {
            Copies.Fill(0, y);
        }

        nint strideB = g.Layout.Strides[0];
        nint strideJ = g.Layout.Strides[1];
        nint strideR = g.Layout.Strides[2];
        E* source = (E*)CpuBlock.StartOf(g);
        E* target = (E*)CpuBlock.StartOf(y);
        workers.Range((nint)batches * width, Math.Max(16, MapLoops.Grain / Math.Max(picks, 1)), (from, to) =>
        {
            for (nint b = from / Math.Max(width, 1); b * width < to; b++)
            {
                nint first = Math.Max(from - (b * width), 0);
                nint end = Math.Min(to - (b * width), width);
                for (int j = 0; j < picks; j++)
                {
                    long n = IndexAt(index, (int)b, j, length, "ScatterAdd");
                    E* x = source + (b * strideB) + (j * strideJ) + (first * strideR);
                    AddRow(x, strideR, target + (((b * length) + (nint)n) * width) + first, end - first);
                }
            }
        });
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

    private static long IndexAt(in Operand index, int b, int j, int length, string op)
    {
        nint at = ((nint)b * index.Layout.Strides[0]) + ((nint)j * index.Layout.Strides[1]);
        byte* start = CpuBlock.StartOf(index);
        long n = index.DType == DType.Int64 ? ((long*)start)[at] : ((int*)start)[at];
        if ((ulong)n >= (ulong)length)
        {
            throw new IndexOutOfRangeException(
                $"{op}: index {n} is outside 0..{length - 1} (position {((long)b * index.Shape.Lengths[1]) + j}).");
        }

        return n;
    }
}
