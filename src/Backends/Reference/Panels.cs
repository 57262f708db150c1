using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Packs blocks of matrices in the order in which the tiles of the product read them: panels of a few rows of a (or columns of b), term by
/// term, filled up with zeros. Strides end here.
/// </summary>
internal static unsafe class Panels
{
    /// <summary>Runs of terms that are read at a time where they lie side by side: one cache line of float32.</summary>
    private const int Run = 16;

    /// <summary>Panels of <paramref name="width"/> rows: panel[k·width + r] = a[r, k].</summary>
    public static void OfRows<E>(in Matrix<E> a, int width, E* panel)
        where E : unmanaged
    {
        for (int row = 0; row < a.Rows; row += width)
        {
            Fill(a.Start + (row * a.RowStride), a.RowStride, a.ColumnStride, Math.Min(width, a.Rows - row), a.Columns, width, panel);
            panel += (nint)width * a.Columns;
        }
    }

    /// <summary>Panels of <paramref name="width"/> columns: panel[k·width + j] = b[k, j].</summary>
    public static void OfColumns<E>(in Matrix<E> b, int width, E* panel)
        where E : unmanaged
    {
        for (int column = 0; column < b.Columns; column += width)
        {
            Fill(b.Start + (column * b.ColumnStride), b.ColumnStride, b.RowStride, Math.Min(width, b.Columns - column), b.Rows, width, panel);
            panel += (nint)width * b.Rows;
        }
    }

    /// <summary>One panel: <paramref name="lines"/> of its <paramref name="width"/> lines are there, the others are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill<E>(E* x, nint lineStride, nint termStride, int lines, int terms, int width, E* panel)
        where E : unmanaged
    {
        if (lines < width)
        {
            new Span<E>(panel, width * terms).Clear();
        }

        if (lineStride == 1)
        {
            for (int k = 0; k < terms; k++)
            {
                Unsafe.CopyBlockUnaligned(panel, x, (uint)(lines * sizeof(E)));
                x += termStride;
                panel += width;
            }

            return;
        }

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
