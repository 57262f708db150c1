using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Products of many lines with a few: each element is the sum of the products of two lines, a register of terms at a time. Nothing is packed
/// or turned, so that a large matrix times a few vectors takes as long as reading the matrix.
/// </summary>
/// <remarks>An element is as many sums as a register has places, added up at the end.</remarks>
internal static unsafe class Lines<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    private const int Many = 4;
    private const int Few = 2;

    /// <summary>
    /// y[i, j] = Σₖ many[i, k]·few[j, k], the terms of each side by side. Where less than a tile of lines is left, some are computed again, to
    /// the same bits.
    /// </summary>
    [SkipLocalsInit]
    public static void Run(in Matrix<E> many, in Matrix<E> few, in Matrix<E> y)
    {
        E* rest = stackalloc E[(Many + Few) * TLane.Count];
        E** lines = stackalloc E*[2 * (Many + Few)];
        E* sums = stackalloc E[Many * Few * TLane.Count];
        int left = many.Columns % TLane.Count;
        int whole = many.Columns - left;
        new Span<E>(rest, (Many + Few) * TLane.Count).Clear();
        for (int i = 0; i < many.Rows; i += Many)
        {
            for (int j = 0; j < few.Rows; j += Few)
            {
                for (int r = 0; r < Many; r++)
                {
                    lines[r] = many.Start + (Math.Min(i + r, many.Rows - 1) * many.RowStride);
                }

                for (int r = 0; r < Few; r++)
                {
                    lines[Many + r] = few.Start + (Math.Min(j + r, few.Rows - 1) * few.RowStride);
                }

                new Span<E>(sums, Many * Few * TLane.Count).Clear();
                Multiply(whole, lines, sums);
                if (left > 0)
                {
                    // The last terms, filled up with zeros.
                    for (int r = 0; r < Many + Few; r++)
                    {
                        E* line = rest + (r * TLane.Count);
                        Unsafe.CopyBlockUnaligned(line, lines[r] + whole, (uint)(left * sizeof(E)));
                        lines[Many + Few + r] = line;
                    }

                    Multiply(TLane.Count, lines + Many + Few, sums);
                }

                for (int r = 0; r < Math.Min(Many, many.Rows - i); r++)
                {
                    for (int s = 0; s < Math.Min(Few, few.Rows - j); s++)
                    {
                        y.Start[((i + r) * y.RowStride) + ((j + s) * y.ColumnStride)] = Sum(sums + (((r * Few) + s) * TLane.Count));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(nint terms, E** lines, E* sums)
    {
        int n = TLane.Count;
        TLane s00 = TLane.Load(in *sums), s01 = TLane.Load(in sums[n]), s10 = TLane.Load(in sums[2 * n]), s11 = TLane.Load(in sums[3 * n]);
        TLane s20 = TLane.Load(in sums[4 * n]), s21 = TLane.Load(in sums[5 * n]), s30 = TLane.Load(in sums[6 * n]), s31 = TLane.Load(in sums[7 * n]);
        E* a0 = lines[0], a1 = lines[1], a2 = lines[2], a3 = lines[3], b0 = lines[4], b1 = lines[5];
        for (nint k = 0; k < terms; k += TLane.Count)
        {
            TLane x = TLane.Load(in b0[k]), y = TLane.Load(in b1[k]), a;
            a = TLane.Load(in a0[k]);
            s00 = TLane.MulAdd(a, x, s00);
            s01 = TLane.MulAdd(a, y, s01);
            a = TLane.Load(in a1[k]);
            s10 = TLane.MulAdd(a, x, s10);
            s11 = TLane.MulAdd(a, y, s11);
            a = TLane.Load(in a2[k]);
            s20 = TLane.MulAdd(a, x, s20);
            s21 = TLane.MulAdd(a, y, s21);
            a = TLane.Load(in a3[k]);
            s30 = TLane.MulAdd(a, x, s30);
            s31 = TLane.MulAdd(a, y, s31);
        }

        s00.Store(ref *sums);
        s01.Store(ref sums[n]);
        s10.Store(ref sums[2 * n]);
        s11.Store(ref sums[3 * n]);
        s20.Store(ref sums[4 * n]);
        s21.Store(ref sums[5 * n]);
        s30.Store(ref sums[6 * n]);
        s31.Store(ref sums[7 * n]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static E Sum(E* x) => Unsafe.SizeOf<TLane>() switch
    {
        64 => Vector512.Sum(Vector512.Load(x)),
        32 => Vector256.Sum(Vector256.Load(x)),
        _ => Vector128.Sum(Vector128.Load(x)),
    };
}
