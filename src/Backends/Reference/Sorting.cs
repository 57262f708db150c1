using System.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>The order of the elements along the last axis. Equal ones are told apart by their index, so there is one order only.</summary>
internal static unsafe class Sorting
{
    /// <summary>y[…, k] = the index of the k-th element in order.</summary>
    public static void Run(bool descending, Operand x, Operand y, Workers workers)
    {
        switch (x.DType)
        {
            case DType.Float32: Run<float>(descending, x, y, workers); break;
            case DType.Float64: Run<double>(descending, x, y, workers); break;
            case DType.Int32: Run<int>(descending, x, y, workers); break;
            case DType.Int64: Run<long>(descending, x, y, workers); break;
            default: Run<byte>(descending, x, y, workers); break;
        }
    }

    private static void Run<E>(bool descending, Operand x, Operand y, Workers workers)
        where E : unmanaged, INumber<E>
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        int length = y.Shape.Lengths[^1];
        nint step = x.Layout.Strides[^1];
        var fibres = Walk.OfFibres(x);
        long* target = (long*)CpuBlock.StartOf(y);
        workers.Range(y.Shape.Size / length, Math.Max(1, MapLoops.Grain / 16 / length), (from, to) =>
        {
            var keys = new E[length];
            for (nint fibre = from; fibre < to; fibre++)
            {
                E* at = (E*)fibres.Start + fibres.Offset(fibre);
                var order = new Span<long>(target + (fibre * length), length);
                for (int k = 0; k < length; k++)
                {
                    (keys[k], order[k]) = (at[k * step], k);
                }

                if (descending)
                {
                    order.Sort(new Descending<E>(keys));
                }
                else
                {
                    order.Sort(new Ascending<E>(keys));
                }
            }
        });
    }

    /// <summary>The lesser first, a NaN last.</summary>
    private readonly struct Ascending<E>(E[] keys) : IComparer<long>
        where E : unmanaged, INumber<E>
    {
        public int Compare(long i, long j)
        {
            E a = keys[i], b = keys[j];
            return a < b ? -1 : b < a ? 1 : a == b || E.IsNaN(a) == E.IsNaN(b) ? i.CompareTo(j) : E.IsNaN(a) ? 1 : -1;
        }
    }

    /// <summary>The greater first, a NaN before all.</summary>
    private readonly struct Descending<E>(E[] keys) : IComparer<long>
        where E : unmanaged, INumber<E>
    {
        public int Compare(long i, long j)
        {
            E a = keys[i], b = keys[j];
            return a > b ? -1 : b > a ? 1 : a == b || E.IsNaN(a) == E.IsNaN(b) ? i.CompareTo(j) : E.IsNaN(a) ? -1 : 1;
        }
    }
}
