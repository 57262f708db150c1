using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The order of the elements along the last axis. Each element becomes a number without a sign that has its rank, and these are sorted byte
/// by byte from the lowest on, which leaves equal ones in their order; a few of them by insertion.
/// </summary>
internal static unsafe class Sorting
{
    /// <summary>So few elements are inserted one by one.</summary>
    private const int Few = 32;

    /// <summary>y[…, k] = the index of the k-th element in order.</summary>
    public static void Run(bool descending, Operand x, Operand y, Workers workers)
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        int length = y.Shape.Lengths[^1];
        var (type, size) = (x.DType, x.DType.Size());
        nint step = (nint)x.Layout.Strides[^1] * size;
        var fibres = Walk.OfFibres(x);
        long* target = (long*)CpuBlock.StartOf(y);

        // The opposite order is that of the complements.
        ulong flip = descending ? ulong.MaxValue >> (64 - (8 * size)) : 0;
        workers.Range(y.Shape.Size / length, Math.Max(1, MapLoops.Grain / 8 / length), (from, to) =>
        {
            var (keys, next) = (new Key[length], new Key[length]);
            for (nint fibre = from; fibre < to; fibre++)
            {
                byte* at = fibres.Start + (fibres.Offset(fibre) * size);
                for (int k = 0; k < length; k++)
                {
                    keys[k] = new Key(Rank(at + (k * step), type) ^ flip, k);
                }

                var sorted = length <= Few ? Inserted(keys) : ByBytes(keys, next, size);
                for (int k = 0; k < length; k++)
                {
                    target[(fibre * length) + k] = sorted[k].Index;
                }
            }
        });
    }

    /// <summary>A number that is less where the element is less: ±0 are one, and every NaN is the greatest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Rank(byte* x, DType type)
    {
        switch (type)
        {
            case DType.Float32:
                float f = *(float*)x + 0f;
                int single = BitConverter.SingleToInt32Bits(f);
                return float.IsNaN(f) ? uint.MaxValue : (uint)single ^ ((uint)(single >> 31) | 0x80000000);
            case DType.Float64:
                double d = *(double*)x + 0.0;
                long bits = BitConverter.DoubleToInt64Bits(d);
                return double.IsNaN(d) ? ulong.MaxValue : (ulong)bits ^ ((ulong)(bits >> 63) | 0x8000000000000000);
            case DType.Int32:
                return (uint)*(int*)x ^ 0x80000000;
            case DType.Int64:
                return (ulong)*(long*)x ^ 0x8000000000000000;
            default:
                return *x;
        }
    }

    private static Key[] Inserted(Key[] keys)
    {
        for (int k = 1; k < keys.Length; k++)
        {
            var key = keys[k];
            int place = k;
            for (; place > 0 && keys[place - 1].Rank > key.Rank; place--)
            {
                keys[place] = keys[place - 1];
            }

            keys[place] = key;
        }

        return keys;
    }

    /// <summary>Sorted by one byte after another, from the lowest on; a byte that is the same everywhere is passed over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Key[] ByBytes(Key[] keys, Key[] next, int bytes)
    {
        int* starts = stackalloc int[256];
        for (int shift = 0; shift < 8 * bytes; shift += 8)
        {
            new Span<int>(starts, 256).Clear();
            foreach (var key in keys)
            {
                starts[(byte)(key.Rank >> shift)]++;
            }

            if (starts[(byte)(keys[0].Rank >> shift)] == keys.Length)
            {
                continue;
            }

            int sum = 0;
            for (int value = 0; value < 256; value++)
            {
                (starts[value], sum) = (sum, sum + starts[value]);
            }

            foreach (var key in keys)
            {
                next[starts[(byte)(key.Rank >> shift)]++] = key;
            }

            (keys, next) = (next, keys);
        }

        return keys;
    }

    private readonly record struct Key(ulong Rank, int Index);
}
