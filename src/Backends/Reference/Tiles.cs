using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The innermost loops of the matrix product: a tile of c, held in registers, is the sum of outer products of a column of a and a row of
/// b. Written out by hand, since only named locals stay in registers.
/// </summary>
/// <remarks>
/// a has any distances: rows at rowA, terms at stepA; so it is read where it lies, turned or not, or
/// packed. Of b two registers are read from term to term, at distances stepB. What is stored is fetched beforehand.
/// </remarks>
internal static unsafe class Tiles
{
    /// <summary>The registers side by side in a tile.</summary>
    public const int Registers = 2;

    /// <summary>The rows of the tile that is one register wide.</summary>
    public const int NarrowRows = 8;

    /// <summary>Fewer rows than this are computed one by one.</summary>
    public const int FewestRows = 4;

    /// <summary>The most rows of a tile.</summary>
    public const int MostRows = 12;

    /// <summary>c = a·b, or c += a·b, of 12 rows: 24 sums, for machines with 32 registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12<TLane, E>(nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s00 = TLane.Zero, s01 = TLane.Zero;
        TLane s10 = TLane.Zero, s11 = TLane.Zero;
        TLane s20 = TLane.Zero, s21 = TLane.Zero;
        TLane s30 = TLane.Zero, s31 = TLane.Zero;
        TLane s40 = TLane.Zero, s41 = TLane.Zero;
        TLane s50 = TLane.Zero, s51 = TLane.Zero;
        TLane s60 = TLane.Zero, s61 = TLane.Zero;
        TLane s70 = TLane.Zero, s71 = TLane.Zero;
        TLane s80 = TLane.Zero, s81 = TLane.Zero;
        TLane s90 = TLane.Zero, s91 = TLane.Zero;
        TLane s100 = TLane.Zero, s101 = TLane.Zero;
        TLane s110 = TLane.Zero, s111 = TLane.Zero;
        E* a3 = a + (3 * rowA);
        E* a6 = a + (6 * rowA);
        E* a9 = a + (9 * rowA);
        Fetch<TLane, E>(c, rowC, 12);
        for (; terms > 0; terms--)
        {
            TLane b0 = TLane.Load(in *b), b1 = TLane.Load(in b[TLane.Count]), x;
            x = TLane.Broadcast(*a);
            s00 = TLane.MulAdd(x, b0, s00);
            s01 = TLane.MulAdd(x, b1, s01);
            x = TLane.Broadcast(a[rowA]);
            s10 = TLane.MulAdd(x, b0, s10);
            s11 = TLane.MulAdd(x, b1, s11);
            x = TLane.Broadcast(a[2 * rowA]);
            s20 = TLane.MulAdd(x, b0, s20);
            s21 = TLane.MulAdd(x, b1, s21);
            x = TLane.Broadcast(*a3);
            s30 = TLane.MulAdd(x, b0, s30);
            s31 = TLane.MulAdd(x, b1, s31);
            x = TLane.Broadcast(a3[rowA]);
            s40 = TLane.MulAdd(x, b0, s40);
            s41 = TLane.MulAdd(x, b1, s41);
            x = TLane.Broadcast(a3[2 * rowA]);
            s50 = TLane.MulAdd(x, b0, s50);
            s51 = TLane.MulAdd(x, b1, s51);
            x = TLane.Broadcast(*a6);
            s60 = TLane.MulAdd(x, b0, s60);
            s61 = TLane.MulAdd(x, b1, s61);
            x = TLane.Broadcast(a6[rowA]);
            s70 = TLane.MulAdd(x, b0, s70);
            s71 = TLane.MulAdd(x, b1, s71);
            x = TLane.Broadcast(a6[2 * rowA]);
            s80 = TLane.MulAdd(x, b0, s80);
            s81 = TLane.MulAdd(x, b1, s81);
            x = TLane.Broadcast(*a9);
            s90 = TLane.MulAdd(x, b0, s90);
            s91 = TLane.MulAdd(x, b1, s91);
            x = TLane.Broadcast(a9[rowA]);
            s100 = TLane.MulAdd(x, b0, s100);
            s101 = TLane.MulAdd(x, b1, s101);
            x = TLane.Broadcast(a9[2 * rowA]);
            s110 = TLane.MulAdd(x, b0, s110);
            s111 = TLane.MulAdd(x, b1, s111);
            a += stepA;
            a3 += stepA;
            a6 += stepA;
            a9 += stepA;
            b += stepB;
        }

        Store(c, s00, s01, add);
        Store(c + rowC, s10, s11, add);
        Store(c + (2 * rowC), s20, s21, add);
        Store(c + (3 * rowC), s30, s31, add);
        Store(c + (4 * rowC), s40, s41, add);
        Store(c + (5 * rowC), s50, s51, add);
        Store(c + (6 * rowC), s60, s61, add);
        Store(c + (7 * rowC), s70, s71, add);
        Store(c + (8 * rowC), s80, s81, add);
        Store(c + (9 * rowC), s90, s91, add);
        Store(c + (10 * rowC), s100, s101, add);
        Store(c + (11 * rowC), s110, s111, add);
    }

    /// <summary>c = a·b, or c += a·b, of 8 rows: what 12 leave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8<TLane, E>(nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s00 = TLane.Zero, s01 = TLane.Zero;
        TLane s10 = TLane.Zero, s11 = TLane.Zero;
        TLane s20 = TLane.Zero, s21 = TLane.Zero;
        TLane s30 = TLane.Zero, s31 = TLane.Zero;
        TLane s40 = TLane.Zero, s41 = TLane.Zero;
        TLane s50 = TLane.Zero, s51 = TLane.Zero;
        TLane s60 = TLane.Zero, s61 = TLane.Zero;
        TLane s70 = TLane.Zero, s71 = TLane.Zero;
        E* a3 = a + (3 * rowA);
        E* a6 = a + (6 * rowA);
        Fetch<TLane, E>(c, rowC, 8);
        for (; terms > 0; terms--)
        {
            TLane b0 = TLane.Load(in *b), b1 = TLane.Load(in b[TLane.Count]), x;
            x = TLane.Broadcast(*a);
            s00 = TLane.MulAdd(x, b0, s00);
            s01 = TLane.MulAdd(x, b1, s01);
            x = TLane.Broadcast(a[rowA]);
            s10 = TLane.MulAdd(x, b0, s10);
            s11 = TLane.MulAdd(x, b1, s11);
            x = TLane.Broadcast(a[2 * rowA]);
            s20 = TLane.MulAdd(x, b0, s20);
            s21 = TLane.MulAdd(x, b1, s21);
            x = TLane.Broadcast(*a3);
            s30 = TLane.MulAdd(x, b0, s30);
            s31 = TLane.MulAdd(x, b1, s31);
            x = TLane.Broadcast(a3[rowA]);
            s40 = TLane.MulAdd(x, b0, s40);
            s41 = TLane.MulAdd(x, b1, s41);
            x = TLane.Broadcast(a3[2 * rowA]);
            s50 = TLane.MulAdd(x, b0, s50);
            s51 = TLane.MulAdd(x, b1, s51);
            x = TLane.Broadcast(*a6);
            s60 = TLane.MulAdd(x, b0, s60);
            s61 = TLane.MulAdd(x, b1, s61);
            x = TLane.Broadcast(a6[rowA]);
            s70 = TLane.MulAdd(x, b0, s70);
            s71 = TLane.MulAdd(x, b1, s71);
            a += stepA;
            a3 += stepA;
            a6 += stepA;
            b += stepB;
        }

        Store(c, s00, s01, add);
        Store(c + rowC, s10, s11, add);
        Store(c + (2 * rowC), s20, s21, add);
        Store(c + (3 * rowC), s30, s31, add);
        Store(c + (4 * rowC), s40, s41, add);
        Store(c + (5 * rowC), s50, s51, add);
        Store(c + (6 * rowC), s60, s61, add);
        Store(c + (7 * rowC), s70, s71, add);
    }

    /// <summary>c = a·b, or c += a·b, of 6 rows: 12 sums, for machines with 16 registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6<TLane, E>(nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s00 = TLane.Zero, s01 = TLane.Zero;
        TLane s10 = TLane.Zero, s11 = TLane.Zero;
        TLane s20 = TLane.Zero, s21 = TLane.Zero;
        TLane s30 = TLane.Zero, s31 = TLane.Zero;
        TLane s40 = TLane.Zero, s41 = TLane.Zero;
        TLane s50 = TLane.Zero, s51 = TLane.Zero;
        E* a3 = a + (3 * rowA);
        Fetch<TLane, E>(c, rowC, 6);
        for (; terms > 0; terms--)
        {
            TLane b0 = TLane.Load(in *b), b1 = TLane.Load(in b[TLane.Count]), x;
            x = TLane.Broadcast(*a);
            s00 = TLane.MulAdd(x, b0, s00);
            s01 = TLane.MulAdd(x, b1, s01);
            x = TLane.Broadcast(a[rowA]);
            s10 = TLane.MulAdd(x, b0, s10);
            s11 = TLane.MulAdd(x, b1, s11);
            x = TLane.Broadcast(a[2 * rowA]);
            s20 = TLane.MulAdd(x, b0, s20);
            s21 = TLane.MulAdd(x, b1, s21);
            x = TLane.Broadcast(*a3);
            s30 = TLane.MulAdd(x, b0, s30);
            s31 = TLane.MulAdd(x, b1, s31);
            x = TLane.Broadcast(a3[rowA]);
            s40 = TLane.MulAdd(x, b0, s40);
            s41 = TLane.MulAdd(x, b1, s41);
            x = TLane.Broadcast(a3[2 * rowA]);
            s50 = TLane.MulAdd(x, b0, s50);
            s51 = TLane.MulAdd(x, b1, s51);
            a += stepA;
            a3 += stepA;
            b += stepB;
        }

        Store(c, s00, s01, add);
        Store(c + rowC, s10, s11, add);
        Store(c + (2 * rowC), s20, s21, add);
        Store(c + (3 * rowC), s30, s31, add);
        Store(c + (4 * rowC), s40, s41, add);
        Store(c + (5 * rowC), s50, s51, add);
    }

    /// <summary>c = a·b, or c += a·b, of 4 rows: what 6 leave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4<TLane, E>(nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s00 = TLane.Zero, s01 = TLane.Zero;
        TLane s10 = TLane.Zero, s11 = TLane.Zero;
        TLane s20 = TLane.Zero, s21 = TLane.Zero;
        TLane s30 = TLane.Zero, s31 = TLane.Zero;
        E* a3 = a + (3 * rowA);
        Fetch<TLane, E>(c, rowC, 4);
        for (; terms > 0; terms--)
        {
            TLane b0 = TLane.Load(in *b), b1 = TLane.Load(in b[TLane.Count]), x;
            x = TLane.Broadcast(*a);
            s00 = TLane.MulAdd(x, b0, s00);
            s01 = TLane.MulAdd(x, b1, s01);
            x = TLane.Broadcast(a[rowA]);
            s10 = TLane.MulAdd(x, b0, s10);
            s11 = TLane.MulAdd(x, b1, s11);
            x = TLane.Broadcast(a[2 * rowA]);
            s20 = TLane.MulAdd(x, b0, s20);
            s21 = TLane.MulAdd(x, b1, s21);
            x = TLane.Broadcast(*a3);
            s30 = TLane.MulAdd(x, b0, s30);
            s31 = TLane.MulAdd(x, b1, s31);
            a += stepA;
            a3 += stepA;
            b += stepB;
        }

        Store(c, s00, s01, add);
        Store(c + rowC, s10, s11, add);
        Store(c + (2 * rowC), s20, s21, add);
        Store(c + (3 * rowC), s30, s31, add);
    }

    /// <summary>c = a·b, or c += a·b, of 8 rows of one register each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow<TLane, E>(nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s0 = TLane.Zero, s1 = TLane.Zero, s2 = TLane.Zero, s3 = TLane.Zero;
        TLane s4 = TLane.Zero, s5 = TLane.Zero, s6 = TLane.Zero, s7 = TLane.Zero;
        E* a4 = a + (4 * rowA);
        nint row3 = 3 * rowA;
        for (; terms > 0; terms--)
        {
            var x = TLane.Load(in *b);
            s0 = TLane.MulAdd(TLane.Broadcast(*a), x, s0);
            s1 = TLane.MulAdd(TLane.Broadcast(a[rowA]), x, s1);
            s2 = TLane.MulAdd(TLane.Broadcast(a[2 * rowA]), x, s2);
            s3 = TLane.MulAdd(TLane.Broadcast(a[row3]), x, s3);
            s4 = TLane.MulAdd(TLane.Broadcast(*a4), x, s4);
            s5 = TLane.MulAdd(TLane.Broadcast(a4[rowA]), x, s5);
            s6 = TLane.MulAdd(TLane.Broadcast(a4[2 * rowA]), x, s6);
            s7 = TLane.MulAdd(TLane.Broadcast(a4[row3]), x, s7);
            a += stepA;
            a4 += stepA;
            b += stepB;
        }

        Store(c, s0, add);
        Store(c + rowC, s1, add);
        Store(c + (2 * rowC), s2, add);
        Store(c + (3 * rowC), s3, add);
        c += 4 * rowC;
        Store(c, s4, add);
        Store(c + rowC, s5, add);
        Store(c + (2 * rowC), s6, add);
        Store(c + (3 * rowC), s7, add);
    }

    /// <summary>c = a·b, or c += a·b, of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row<TLane, E>(nint terms, E* a, nint stepA, E* b, nint stepB, E* c, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s0 = TLane.Zero, s1 = TLane.Zero;
        for (; terms > 0; terms--)
        {
            var x = TLane.Broadcast(*a);
            s0 = TLane.MulAdd(x, TLane.Load(in *b), s0);
            s1 = TLane.MulAdd(x, TLane.Load(in b[TLane.Count]), s1);
            a += stepA;
            b += stepB;
        }

        Store(c, s0, s1, add);
    }

    /// <summary>c = a·b, or c += a·b, of one row and twice the registers: more of each row of b is read at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LongRow<TLane, E>(nint terms, E* a, nint stepA, E* b, nint stepB, E* c, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        TLane s0 = TLane.Zero, s1 = TLane.Zero, s2 = TLane.Zero, s3 = TLane.Zero;
        for (; terms > 0; terms--)
        {
            var x = TLane.Broadcast(*a);
            s0 = TLane.MulAdd(x, TLane.Load(in *b), s0);
            s1 = TLane.MulAdd(x, TLane.Load(in b[TLane.Count]), s1);
            s2 = TLane.MulAdd(x, TLane.Load(in b[2 * TLane.Count]), s2);
            s3 = TLane.MulAdd(x, TLane.Load(in b[3 * TLane.Count]), s3);
            a += stepA;
            b += stepB;
        }

        Store(c, s0, s1, add);
        Store(c + (2 * TLane.Count), s2, s3, add);
    }

    /// <summary>c = a·b for one column a and one row b. The last register of a row overlaps the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Outer<TLane, E>(nint rows, E* a, nint rowA, nint columns, E* b, E* c, nint rowC)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        // 0 + a·b, as in the other tiles: −0 becomes 0.
        nint last = columns - TLane.Count;
        for (; rows > 0; rows--)
        {
            var x = TLane.Broadcast(*a);
            for (nint j = 0; j < last; j += TLane.Count)
            {
                TLane.MulAdd(x, TLane.Load(in b[j]), TLane.Zero).Store(ref c[j]);
            }

            if (last >= 0)
            {
                TLane.MulAdd(x, TLane.Load(in b[last]), TLane.Zero).Store(ref c[last]);
            }
            else
            {
                MapLoops.StoreTail(TLane.MulAdd(x, TLane.Load(in *b), TLane.Zero), c, columns);
            }

            a += rowA;
            c += rowC;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLane, E>(E* c, TLane s0, TLane s1, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        Store(c, s0, add);
        Store(c + TLane.Count, s1, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLane, E>(E* c, TLane sum, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        if (add)
        {
            sum = TLane.Load(in *c) + sum;
        }

        sum.Store(ref *c);
    }

    /// <summary>Asks for the rows of c early: they come while the sums are computed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<TLane, E>(E* c, nint rowC, int rows)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        if (Sse.IsSupported)
        {
            for (int i = 0; i < rows; i++)
            {
                Sse.Prefetch0(c);
                Sse.Prefetch0(c + (Registers * TLane.Count) - 1);
                c += rowC;
            }
        }
    }
}
