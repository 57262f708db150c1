using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>Products of matrices of integers: exact, and what is beyond the range wraps.</summary>
internal static unsafe class WholeProduct<E>
    where E : unmanaged, IBinaryInteger<E>
{
    /// <summary>y[b] = a[b]·c[b].</summary>
    public static void Run(Operand a, Operand c, Operand y, Workers workers, Finished? finished)
    {
        var (rows, columns) = (y.Shape.Lengths[1], y.Shape.Lengths[2]);
        long cost = (long)columns * a.Shape.Lengths[2];
        workers.Range((nint)y.Shape.Lengths[0] * rows, (nint)Math.Max(1, MapLoops.Grain / Math.Max(cost, 1)), (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                var (batch, row) = Math.DivRem(i, rows);
                Row(Matrix<E>.Of(a, batch).Part((int)row, 1, 0, a.Shape.Lengths[2]), Matrix<E>.Of(c, batch), (E*)CpuBlock.StartOf(y) + (i * columns));
                finished?.Invoke(batch, (int)row, 1, 0, columns);
            }
        });
    }

    /// <summary>A row of y, which is dense: the rows of c, each times an element of the row of a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(Matrix<E> a, Matrix<E> c, E* y)
    {
        new Span<E>(y, c.Columns).Clear();
        for (int k = 0; k < a.Columns; k++)
        {
            E factor = a.Start[k * a.ColumnStride];
            E* row = c.Start + (k * c.RowStride);
            for (int j = 0; j < c.Columns; j++)
            {
                y[j] += factor * row[j * c.ColumnStride];
            }
        }
    }
}
