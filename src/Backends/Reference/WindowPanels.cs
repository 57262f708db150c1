using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Packs panels of a matrix whose terms and columns are groups of axes: panel[k·width + j] = c[terms[k] + columns[j]], where the width is a
/// tile's. So the windows of a tensor are multiplied, and no matrix of them is made. What a panel has beyond the last column is undefined.
/// </summary>
internal sealed unsafe class WindowPanels<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged
{
    /// <summary>The most columns of a panel: of 128-bit registers of float64 a few, of 512-bit ones of float32 the most.</summary>
    private const int MostColumns = 32;

    /// <summary>Columns that lie side by side are moved by registers; where they are fewer than this, terms may lie better.</summary>
    private const int FewColumns = 8;

    /// <summary>Fewer terms side by side are not worth turning.</summary>
    private const int FewTerms = 4;

    private readonly bool areMoved;
    private readonly bool areTurned;
    private readonly int[] columnPlaces;
    private readonly int[] termPlaces;
    private readonly AxisGroup terms;
    private readonly AxisGroup columns;

    public WindowPanels(AxisGroup terms, AxisGroup columns)
    {
        (this.terms, this.columns) = (terms, columns);
        areMoved = columns.SideBySide >= Math.Min(FewColumns, columns.Count) || columns.SideBySide >= terms.SideBySide;
        areTurned = terms.SideBySide >= FewTerms;
        columnPlaces = columns.ToArray();
        termPlaces = areMoved ? terms.ToArray() : [];
    }

    private static int Width => Tiles.Registers * TLane.Count;

    /// <summary>The number of panels.</summary>
    public int Count => (columns.Count + Width - 1) / Width;

    /// <summary>Some terms of a panel, for a matrix that starts at c.</summary>
    public void Pack(E* c, int panel, int first, int count, E* packed)
    {
        int* moves = stackalloc int[MostColumns];
        int from = panel * Width;
        int number = Math.Min(Width, columns.Count - from);
        fixed (int* places = columnPlaces)
        {
            int* offsets = places + from;
            if (areMoved)
            {
                // A register is moved where one is full, or where columns do not go on side by side.
                int registers = 0;
                int next = 0;
                for (int j = 0; j < number; j++)
                {
                    if (j == next || offsets[j] != offsets[j - 1] + 1)
                    {
                        moves[registers++] = j;
                        next = j + TLane.Count;
                    }
                }

                fixed (int* ofTerms = termPlaces)
                {
                    Move(c, ofTerms + first, count, offsets, moves, registers, packed);
                }

                return;
            }

            for (int done = 0; done < count;)
            {
                var (run, at) = Math.DivRem(first + done, terms.Run);
                int some = Math.Min(terms.Run - at, count - done);
                E* source = c + terms.Starts[run] + ((nint)at * terms.Stride);
                E* target = packed + ((nint)done * Width);
                if (areTurned)
                {
                    Turn(source, some, offsets, number, target);
                }
                else
                {
                    Pick(source, terms.Stride, some, offsets, number, target);
                }

                done += some;
            }
        }
    }

    /// <summary>
    /// Whole registers: what is too much is overwritten by the next one; behind the end of memory, and of what is rented, lies the slack of a
    /// few registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Move(E* c, int* terms, int count, int* offsets, int* moves, int registers, E* target)
    {
        int last = registers - 1;
        nint m1 = moves[Math.Min(1, last)], m2 = moves[Math.Min(2, last)], m3 = moves[Math.Min(3, last)];
        E* c0 = c + offsets[0], c1 = c + offsets[m1], c2 = c + offsets[m2], c3 = c + offsets[m3];
        switch (registers)
        {
            case <= 2:
                for (int k = 0; k < count; k++)
                {
                    nint term = terms[k];
                    TLane.Load(in c0[term]).Store(ref *target);
                    TLane.Load(in c1[term]).Store(ref target[m1]);
                    target += Width;
                }

                break;
            case 3:
                for (int k = 0; k < count; k++)
                {
                    nint term = terms[k];
                    TLane.Load(in c0[term]).Store(ref *target);
                    TLane.Load(in c1[term]).Store(ref target[m1]);
                    TLane.Load(in c2[term]).Store(ref target[m2]);
                    target += Width;
                }

                break;
            default:
                for (int k = 0; k < count; k++)
                {
                    nint term = terms[k];
                    TLane.Load(in c0[term]).Store(ref *target);
                    TLane.Load(in c1[term]).Store(ref target[m1]);
                    TLane.Load(in c2[term]).Store(ref target[m2]);
                    TLane.Load(in c3[term]).Store(ref target[m3]);
                    for (int i = 4; i < registers; i++)
                    {
                        nint j = moves[i];
                        TLane.Load(in c[offsets[j] + term]).Store(ref target[j]);
                    }

                    target += Width;
                }

                break;
        }
    }

    /// <summary>Terms that lie side by side: blocks of four terms of a register of columns are turned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(E* source, int terms, int* offsets, int number, E* target)
    {
        int j = 0;
        if (sizeof(E) == sizeof(float))
        {
            for (; Avx512F.IsSupported && j + 16 <= number; j += 16)
            {
                Turn16((float*)source, terms, offsets + j, (float*)target + j);
            }

            for (; Sse.IsSupported && j + 4 <= number; j += 4)
            {
                Turn4((float*)source, terms, offsets + j, (float*)target + j);
            }
        }

        for (; j < number; j++)
        {
            E* line = source + offsets[j];
            for (int k = 0; k < terms; k++)
            {
                target[(k * Width) + j] = line[k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn16(float* source, int terms, int* offsets, float* target)
    {
        int k = 0;
        for (; k + 4 <= terms; k += 4)
        {
            var r0 = Join(source + k, offsets);
            var r1 = Join(source + k, offsets + 1);
            var r2 = Join(source + k, offsets + 2);
            var r3 = Join(source + k, offsets + 3);
            Vector512<float> low02 = Avx512F.UnpackLow(r0, r2), high02 = Avx512F.UnpackHigh(r0, r2);
            Vector512<float> low13 = Avx512F.UnpackLow(r1, r3), high13 = Avx512F.UnpackHigh(r1, r3);
            float* to = target + (k * Width);
            Avx512F.UnpackLow(low02, low13).Store(to);
            Avx512F.UnpackHigh(low02, low13).Store(to + Width);
            Avx512F.UnpackLow(high02, high13).Store(to + (2 * Width));
            Avx512F.UnpackHigh(high02, high13).Store(to + (3 * Width));
        }

        Rest(source, k, terms, offsets, 16, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn4(float* source, int terms, int* offsets, float* target)
    {
        int k = 0;
        for (; k + 4 <= terms; k += 4)
        {
            var (r0, r1) = (Vector128.Load(source + k + offsets[0]), Vector128.Load(source + k + offsets[1]));
            var (r2, r3) = (Vector128.Load(source + k + offsets[2]), Vector128.Load(source + k + offsets[3]));
            Vector128<float> low02 = Sse.UnpackLow(r0, r2), high02 = Sse.UnpackHigh(r0, r2);
            Vector128<float> low13 = Sse.UnpackLow(r1, r3), high13 = Sse.UnpackHigh(r1, r3);
            float* to = target + (k * Width);
            Sse.UnpackLow(low02, low13).Store(to);
            Sse.UnpackHigh(low02, low13).Store(to + Width);
            Sse.UnpackLow(high02, high13).Store(to + (2 * Width));
            Sse.UnpackHigh(high02, high13).Store(to + (3 * Width));
        }

        Rest(source, k, terms, offsets, 4, target);
    }

    /// <summary>The terms that are left, one by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rest(float* source, int k, int terms, int* offsets, int number, float* target)
    {
        for (; k < terms; k++)
        {
            for (int j = 0; j < number; j++)
            {
                target[(k * Width) + j] = source[k + offsets[j]];
            }
        }
    }

    /// <summary>Four terms of every fourth column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Join(float* source, int* offsets) => Vector512.Create(
        Vector256.Create(Vector128.Load(source + offsets[0]), Vector128.Load(source + offsets[4])),
        Vector256.Create(Vector128.Load(source + offsets[8]), Vector128.Load(source + offsets[12])));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pick(E* source, nint stride, int terms, int* offsets, int number, E* target)
    {
        for (; terms > 0; terms--)
        {
            for (int j = 0; j < number; j++)
            {
                target[j] = source[(nint)offsets[j]];
            }

            source += stride;
            target += Width;
        }
    }
}
