using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Packs blocks of matrices in the order in which the tiles of the product read them: a few rows of a (or columns of b), term by term.
/// Strides end here. What a panel has beyond the last line is undefined.
/// </summary>
internal static unsafe class Panels
{
    /// <summary>Runs of terms that are read at a time where they lie side by side: one cache line of float32.</summary>
    private const int Run = 16;

    /// <summary>A panel of rows: panel[k·width + r] = a[r, k], where the width is the number of rows.</summary>
    public static void OfRows<TLane, E>(in Matrix<E> a, E* panel)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        if (a.RowStride == 1)
        {
            Lines<TLane, E>(a.Start, a.ColumnStride, a.Columns, a.Rows, panel);
        }
        else
        {
            Turn(a.Start, a.RowStride, a.ColumnStride, a.Rows, a.Columns, a.Rows, panel);
        }
    }

    /// <summary>A panel of columns, as many as a tile has or fewer: panel[k·width + j] = b[k, j], where the width is a tile's.</summary>
    public static void OfColumns<TLane, E>(in Matrix<E> b, E* panel)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        int width = Tiles.Registers * TLane.Count;
        if (b.ColumnStride == 1)
        {
            Lines<TLane, E>(b.Start, b.RowStride, b.Rows, width, panel);
        }
        else
        {
            Turn(b.Start, b.ColumnStride, b.RowStride, b.Columns, b.Rows, width, panel);
        }
    }

    /// <summary>
    /// Lines that lie side by side: whole registers are moved. What is too much is overwritten by the next term; behind the end of memory, and
    /// of what is rented, lies the slack of a few registers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lines<TLane, E>(E* x, nint termStride, int terms, int width, E* panel)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged
    {
        for (int k = terms; k > 0; k--)
        {
            TLane.Load(in *x).Store(ref *panel);
            for (int line = TLane.Count; line < width; line += TLane.Count)
            {
                TLane.Load(in x[line]).Store(ref panel[line]);
            }

            x += termStride;
            panel += width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn<E>(E* x, nint lineStride, nint termStride, int lines, int terms, int width, E* panel)
        where E : unmanaged
    {
        if (termStride == 1)
        {
            Transposition.Copy(x, lineStride, panel, width, lines, terms);
            return;
        }

        for (int first = 0; first < terms; first += Run)
        {
            int run = Math.Min(Run, terms - first);
            for (int line = 0; line < lines; line++)
            {
                E* source = x + (line * lineStride) + (first * termStride);
                E* target = panel + ((nint)first * width) + line;
                for (int k = 0; k < run; k++)
                {
                    *target = *source;
                    source += termStride;
                    target += width;
                }
            }
        }
    }
}
