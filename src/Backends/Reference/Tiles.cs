using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The innermost loops of the matrix product: a tile of c, held in registers, is the sum of outer products of a column of a and a row of
/// b. Written out by hand, since only named locals stay in registers.
/// </summary>
internal static unsafe class Tiles
{
    /// <summary>The registers side by side in a tile.</summary>
    public const int Registers = 2;

    /// <summary>The rows of the lower tile: its 12 sums fit into 16 registers.</summary>
    public const int LowRows = 6;

    /// <summary>The rows of the tile that is one register wide.</summary>
    public const int NarrowRows = 8;

    /// <summary>The rows of the higher tile: its 24 sums fit into 32 registers, as machines with 512 bits have.</summary>
    public const int HighRows = 12;

    /// <summary>
    /// c = a·b, or c += a·b: 6 rows of a, at distances <paramref name="rowA"/> and with <paramref name="stepA"/> from term to term; two
    /// registers of b with <paramref name="stepB"/> from term to term.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Low<TLane, E>(
        nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC, bool add)
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

    /// <summary>c = a·b, or c += a·b: 12 rows of a and two registers of b, both packed term by term.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void High<TLane, E>(nint terms, E* a, E* b, E* c, nint rowC, bool add)
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
        for (; terms > 0; terms--)
        {
            TLane b0 = TLane.Load(in *b), b1 = TLane.Load(in b[TLane.Count]), x;
            x = TLane.Broadcast(*a);
            s00 = TLane.MulAdd(x, b0, s00);
            s01 = TLane.MulAdd(x, b1, s01);
            x = TLane.Broadcast(a[1]);
            s10 = TLane.MulAdd(x, b0, s10);
            s11 = TLane.MulAdd(x, b1, s11);
            x = TLane.Broadcast(a[2]);
            s20 = TLane.MulAdd(x, b0, s20);
            s21 = TLane.MulAdd(x, b1, s21);
            x = TLane.Broadcast(a[3]);
            s30 = TLane.MulAdd(x, b0, s30);
            s31 = TLane.MulAdd(x, b1, s31);
            x = TLane.Broadcast(a[4]);
            s40 = TLane.MulAdd(x, b0, s40);
            s41 = TLane.MulAdd(x, b1, s41);
            x = TLane.Broadcast(a[5]);
            s50 = TLane.MulAdd(x, b0, s50);
            s51 = TLane.MulAdd(x, b1, s51);
            x = TLane.Broadcast(a[6]);
            s60 = TLane.MulAdd(x, b0, s60);
            s61 = TLane.MulAdd(x, b1, s61);
            x = TLane.Broadcast(a[7]);
            s70 = TLane.MulAdd(x, b0, s70);
            s71 = TLane.MulAdd(x, b1, s71);
            x = TLane.Broadcast(a[8]);
            s80 = TLane.MulAdd(x, b0, s80);
            s81 = TLane.MulAdd(x, b1, s81);
            x = TLane.Broadcast(a[9]);
            s90 = TLane.MulAdd(x, b0, s90);
            s91 = TLane.MulAdd(x, b1, s91);
            x = TLane.Broadcast(a[10]);
            s100 = TLane.MulAdd(x, b0, s100);
            s101 = TLane.MulAdd(x, b1, s101);
            x = TLane.Broadcast(a[11]);
            s110 = TLane.MulAdd(x, b0, s110);
            s111 = TLane.MulAdd(x, b1, s111);
            a += HighRows;
            b += Registers * TLane.Count;
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

    /// <summary>c = a·b, of one register a row: 8 rows of a, at distances <paramref name="rowA"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow<TLane, E>(nint terms, E* a, nint rowA, nint stepA, E* b, nint stepB, E* c, nint rowC)
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

        s0.Store(ref *c);
        s1.Store(ref c[rowC]);
        s2.Store(ref c[2 * rowC]);
        s3.Store(ref c[3 * rowC]);
        c += 4 * rowC;
        s4.Store(ref *c);
        s5.Store(ref c[rowC]);
        s6.Store(ref c[2 * rowC]);
        s7.Store(ref c[3 * rowC]);
    }

    /// <summary>One row of c, four registers of it: c = a·b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Single<TLane, E>(nint terms, E* a, nint stepA, E* b, nint stepB, E* c)
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

        s0.Store(ref *c);
        s1.Store(ref c[TLane.Count]);
        s2.Store(ref c[2 * TLane.Count]);
        s3.Store(ref c[3 * TLane.Count]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLane, E>(E* c, TLane s0, TLane s1, bool add)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        if (add)
        {
            s0 = TLane.Load(in *c) + s0;
            s1 = TLane.Load(in c[TLane.Count]) + s1;
        }

        s0.Store(ref *c);
        s1.Store(ref c[TLane.Count]);
    }
}
