using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The innermost loops of a product of few rows by windows that are read where they lie. Written out by hand, since only named locals stay
/// in registers.
/// </summary>
internal static unsafe class WindowTiles
{
    /// <summary>The registers of columns that are summed at once, for one row and for four.</summary>
    public const int Single = 8, Fourfold = 3;

    /// <summary>The columns that are summed at once along the terms, for one row; for four it is <see cref="Fourfold"/>.</summary>
    public const int Dots = 9;

    /// <summary>
    /// y[to[p] + i] = Σ a[k]·c[at[p] + off[k] + i] for i in a register, for some p. They are stored in their order, so that what one has
    /// too much is overwritten by the next.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Row<TLane, E>(int terms, E* a, int* off, E* c, int* at, int* to, int count, E* y)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        int last = count - 1;
        for (int p = 0; p < count; p += Single)
        {
            E* c0 = c + at[p], c1 = c + at[Math.Min(p + 1, last)], c2 = c + at[Math.Min(p + 2, last)], c3 = c + at[Math.Min(p + 3, last)];
            E* c4 = c + at[Math.Min(p + 4, last)], c5 = c + at[Math.Min(p + 5, last)], c6 = c + at[Math.Min(p + 6, last)], c7 = c + at[Math.Min(p + 7, last)];
            TLane s0 = TLane.Zero, s1 = TLane.Zero, s2 = TLane.Zero, s3 = TLane.Zero;
            TLane s4 = TLane.Zero, s5 = TLane.Zero, s6 = TLane.Zero, s7 = TLane.Zero;
            E* factor = a;
            for (nint k = 0; k < terms; k++)
            {
                nint o = off[k];
                var x = TLane.Broadcast(*factor);
                s0 = TLane.MulAdd(x, TLane.Load(in c0[o]), s0);
                s1 = TLane.MulAdd(x, TLane.Load(in c1[o]), s1);
                s2 = TLane.MulAdd(x, TLane.Load(in c2[o]), s2);
                s3 = TLane.MulAdd(x, TLane.Load(in c3[o]), s3);
                s4 = TLane.MulAdd(x, TLane.Load(in c4[o]), s4);
                s5 = TLane.MulAdd(x, TLane.Load(in c5[o]), s5);
                s6 = TLane.MulAdd(x, TLane.Load(in c6[o]), s6);
                s7 = TLane.MulAdd(x, TLane.Load(in c7[o]), s7);
                factor++;
            }

            s0.Store(ref y[to[p]]);
            s1.Store(ref y[to[Math.Min(p + 1, last)]]);
            s2.Store(ref y[to[Math.Min(p + 2, last)]]);
            s3.Store(ref y[to[Math.Min(p + 3, last)]]);
            s4.Store(ref y[to[Math.Min(p + 4, last)]]);
            s5.Store(ref y[to[Math.Min(p + 5, last)]]);
            s6.Store(ref y[to[Math.Min(p + 6, last)]]);
            s7.Store(ref y[to[Math.Min(p + 7, last)]]);
        }
    }

    /// <summary>The same for four rows, whose factors lie side by side; the last may be the same ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Rows4<TLane, E>(int terms, E* a, int* off, E* c, int* at, int* to, int count, E* y, nint row1, nint row2, nint row3)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        int last = count - 1;
        for (int p = 0; p < count; p += Fourfold)
        {
            int p1 = Math.Min(p + 1, last), p2 = Math.Min(p + 2, last);
            E* c0 = c + at[p], c1 = c + at[p1], c2 = c + at[p2];
            TLane s00 = TLane.Zero, s01 = TLane.Zero, s02 = TLane.Zero;
            TLane s10 = TLane.Zero, s11 = TLane.Zero, s12 = TLane.Zero;
            TLane s20 = TLane.Zero, s21 = TLane.Zero, s22 = TLane.Zero;
            TLane s30 = TLane.Zero, s31 = TLane.Zero, s32 = TLane.Zero;
            E* factor = a;
            for (nint k = 0; k < terms; k++)
            {
                nint o = off[k];
                TLane b0 = TLane.Load(in c0[o]), b1 = TLane.Load(in c1[o]), b2 = TLane.Load(in c2[o]), x;
                x = TLane.Broadcast(*factor);
                s00 = TLane.MulAdd(x, b0, s00);
                s01 = TLane.MulAdd(x, b1, s01);
                s02 = TLane.MulAdd(x, b2, s02);
                x = TLane.Broadcast(factor[1]);
                s10 = TLane.MulAdd(x, b0, s10);
                s11 = TLane.MulAdd(x, b1, s11);
                s12 = TLane.MulAdd(x, b2, s12);
                x = TLane.Broadcast(factor[2]);
                s20 = TLane.MulAdd(x, b0, s20);
                s21 = TLane.MulAdd(x, b1, s21);
                s22 = TLane.MulAdd(x, b2, s22);
                x = TLane.Broadcast(factor[3]);
                s30 = TLane.MulAdd(x, b0, s30);
                s31 = TLane.MulAdd(x, b1, s31);
                s32 = TLane.MulAdd(x, b2, s32);
                factor += 4;
            }

            Store(y + to[p], row1, row2, row3, s00, s10, s20, s30);
            Store(y + to[p1], row1, row2, row3, s01, s11, s21, s31);
            Store(y + to[p2], row1, row2, row3, s02, s12, s22, s32);
        }
    }

    /// <summary>
    /// sums[j] = Σ a[ofA[r] + i]·c[ofC[r] + off[j] + i] over runs r of so many elements i, in the lanes of a register.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Dot<TLane, E>(int runs, int length, E* a, int* ofA, E* c, int* ofC, nint* off, in TLane ramp, in TLane rest, E* sums)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s0 = TLane.Zero, s1 = TLane.Zero, s2 = TLane.Zero, s3 = TLane.Zero, s4 = TLane.Zero;
        TLane s5 = TLane.Zero, s6 = TLane.Zero, s7 = TLane.Zero, s8 = TLane.Zero;
        TLane places = ramp, end = rest, x;
        nint o0 = off[0], o1 = off[1], o2 = off[2], o3 = off[3], o4 = off[4], o5 = off[5], o6 = off[6], o7 = off[7], o8 = off[8];
        for (nint r = 0; r < runs; r++)
        {
            E* left = a + ofA[r], right = c + ofC[r];
            int i = length;
            for (; i >= TLane.Count; i -= TLane.Count)
            {
                x = TLane.Load(in *left);
                s0 = TLane.MulAdd(x, TLane.Load(in right[o0]), s0);
                s1 = TLane.MulAdd(x, TLane.Load(in right[o1]), s1);
                s2 = TLane.MulAdd(x, TLane.Load(in right[o2]), s2);
                s3 = TLane.MulAdd(x, TLane.Load(in right[o3]), s3);
                s4 = TLane.MulAdd(x, TLane.Load(in right[o4]), s4);
                s5 = TLane.MulAdd(x, TLane.Load(in right[o5]), s5);
                s6 = TLane.MulAdd(x, TLane.Load(in right[o6]), s6);
                s7 = TLane.MulAdd(x, TLane.Load(in right[o7]), s7);
                s8 = TLane.MulAdd(x, TLane.Load(in right[o8]), s8);
                left += TLane.Count;
                right += TLane.Count;
            }

            // What is behind the run is left out of both: it may be anything.
            if (i > 0)
            {
                x = Some<TLane, E>(left, places, end);
                s0 = TLane.MulAdd(x, Some<TLane, E>(right + o0, places, end), s0);
                s1 = TLane.MulAdd(x, Some<TLane, E>(right + o1, places, end), s1);
                s2 = TLane.MulAdd(x, Some<TLane, E>(right + o2, places, end), s2);
                s3 = TLane.MulAdd(x, Some<TLane, E>(right + o3, places, end), s3);
                s4 = TLane.MulAdd(x, Some<TLane, E>(right + o4, places, end), s4);
                s5 = TLane.MulAdd(x, Some<TLane, E>(right + o5, places, end), s5);
                s6 = TLane.MulAdd(x, Some<TLane, E>(right + o6, places, end), s6);
                s7 = TLane.MulAdd(x, Some<TLane, E>(right + o7, places, end), s7);
                s8 = TLane.MulAdd(x, Some<TLane, E>(right + o8, places, end), s8);
            }
        }

        int n = TLane.Count;
        Store(sums, n, 2 * n, 3 * n, s0, s1, s2, s3);
        Store(sums + (4 * n), n, 2 * n, 3 * n, s4, s5, s6, s7);
        s8.Store(ref sums[8 * n]);
    }

    /// <summary>The same for four rows of a and three columns of c; a row's sums follow those of the row before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Dots4<TLane, E>(
        int runs, int length, E* a, int* ofA, nint* rows, E* c, int* ofC, nint* off, in TLane ramp, in TLane rest, E* sums)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s00 = TLane.Zero, s01 = TLane.Zero, s02 = TLane.Zero;
        TLane s10 = TLane.Zero, s11 = TLane.Zero, s12 = TLane.Zero;
        TLane s20 = TLane.Zero, s21 = TLane.Zero, s22 = TLane.Zero;
        TLane s30 = TLane.Zero, s31 = TLane.Zero, s32 = TLane.Zero;
        TLane places = ramp, end = rest, x, b0, b1, b2;
        nint r0 = rows[0], r1 = rows[1] - r0, r2 = rows[2] - r0, r3 = rows[3] - r0;
        nint o0 = off[0], o1 = off[1], o2 = off[2];
        for (nint r = 0; r < runs; r++)
        {
            E* left = a + ofA[r] + r0, right = c + ofC[r];
            for (int i = length; i > 0; i -= TLane.Count)
            {
                bool isWhole = i >= TLane.Count;
                b0 = isWhole ? TLane.Load(in right[o0]) : Some<TLane, E>(right + o0, places, end);
                b1 = isWhole ? TLane.Load(in right[o1]) : Some<TLane, E>(right + o1, places, end);
                b2 = isWhole ? TLane.Load(in right[o2]) : Some<TLane, E>(right + o2, places, end);
                x = isWhole ? TLane.Load(in *left) : Some<TLane, E>(left, places, end);
                s00 = TLane.MulAdd(x, b0, s00);
                s01 = TLane.MulAdd(x, b1, s01);
                s02 = TLane.MulAdd(x, b2, s02);
                x = isWhole ? TLane.Load(in left[r1]) : Some<TLane, E>(left + r1, places, end);
                s10 = TLane.MulAdd(x, b0, s10);
                s11 = TLane.MulAdd(x, b1, s11);
                s12 = TLane.MulAdd(x, b2, s12);
                x = isWhole ? TLane.Load(in left[r2]) : Some<TLane, E>(left + r2, places, end);
                s20 = TLane.MulAdd(x, b0, s20);
                s21 = TLane.MulAdd(x, b1, s21);
                s22 = TLane.MulAdd(x, b2, s22);
                x = isWhole ? TLane.Load(in left[r3]) : Some<TLane, E>(left + r3, places, end);
                s30 = TLane.MulAdd(x, b0, s30);
                s31 = TLane.MulAdd(x, b1, s31);
                s32 = TLane.MulAdd(x, b2, s32);
                left += TLane.Count;
                right += TLane.Count;
            }
        }

        int n = 3 * TLane.Count;
        Store(sums, n, 2 * n, 3 * n, s00, s10, s20, s30);
        Store(sums + TLane.Count, n, 2 * n, 3 * n, s01, s11, s21, s31);
        Store(sums + (2 * TLane.Count), n, 2 * n, 3 * n, s02, s12, s22, s32);
    }

    /// <summary>The first elements of a register, the others 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Some<TLane, E>(E* x, TLane places, TLane end)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged => TLane.IfLess(places, end, TLane.Load(in *x), TLane.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLane, E>(E* y, nint row1, nint row2, nint row3, TLane s0, TLane s1, TLane s2, TLane s3)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        s0.Store(ref *y);
        s1.Store(ref y[row1]);
        s2.Store(ref y[row2]);
        s3.Store(ref y[row3]);
    }
}
