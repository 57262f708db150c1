using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Elimination of one matrix, dense in rows of n elements, in blocks of columns: what is to the right of and below a block is changed by one
/// product of matrices.
/// </summary>
internal static unsafe class LargeElimination<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, IFloatingPointIeee754<E>
{
    private const int Width = 32;

    /// <summary>The factors of m × n, in place, and which row came to stand where. True if the permutation is even.</summary>
    public static bool Factor(E* x, int m, int n, int* order, Workers workers)
    {
        bool isEven = true;
        for (int i = 0; i < m; i++)
        {
            order[i] = i;
        }

        for (int from = 0; from < Math.Min(m, n); from += Width)
        {
            int to = Math.Min(from + Width, Math.Min(m, n));
            for (int k = from; k < to; k++)
            {
                int pivot = Greatest(x, k, m, n);
                if (pivot != k)
                {
                    Swap(x + ((nint)k * n), x + ((nint)pivot * n), n);
                    (order[k], order[pivot]) = (order[pivot], order[k]);
                    isEven = !isEven;
                }

                Clear(x, k, m, n, to);
            }

            for (int k = from; k < to; k++)
            {
                for (int i = k + 1; i < to; i++)
                {
                    Subtract(x + ((nint)i * n) + to, x[((nint)i * n) + k], x + ((nint)k * n) + to, n - to);
                }
            }

            var whole = new Matrix<E>(x, m, n, n, 1);
            var (left, upper) = (whole.Part(to, m - to, from, to - from), whole.Part(from, to - from, to, n - to));
            Reduce(left, upper, whole.Part(to, m - to, to, n - to), workers);
        }

        return isEven;
    }

    /// <summary>y ← a⁻¹·y of a's lower triangle.</summary>
    public static void SolveLower(E* a, int n, Matrix<E> y, bool unit, Workers workers)
    {
        var whole = new Matrix<E>(a, n, n, n, 1);
        for (int from = 0; from < n; from += Width)
        {
            int to = Math.Min(from + Width, n);
            for (int k = from; k < to; k++)
            {
                Divide(y, k, unit ? E.One : a[((nint)k * n) + k]);
                for (int i = k + 1; i < to; i++)
                {
                    Subtract(y.Start + (i * y.RowStride), a[((nint)i * n) + k], y.Start + (k * y.RowStride), y.Columns);
                }
            }

            Reduce(
                whole.Part(to, n - to, from, to - from), y.Part(from, to - from, 0, y.Columns), y.Part(to, n - to, 0, y.Columns), workers);
        }
    }

    /// <summary>y ← a⁻¹·y of a's upper triangle.</summary>
    public static void SolveUpper(E* a, int n, Matrix<E> y, bool unit, Workers workers)
    {
        var whole = new Matrix<E>(a, n, n, n, 1);
        for (int to = n; to > 0; to -= Width)
        {
            int from = Math.Max(to - Width, 0);
            for (int k = to - 1; k >= from; k--)
            {
                Divide(y, k, unit ? E.One : a[((nint)k * n) + k]);
                for (int i = from; i < k; i++)
                {
                    Subtract(y.Start + (i * y.RowStride), a[((nint)i * n) + k], y.Start + (k * y.RowStride), y.Columns);
                }
            }

            Reduce(whole.Part(0, from, from, to - from), y.Part(from, to - from, 0, y.Columns), y.Part(0, from, 0, y.Columns), workers);
        }
    }

    /// <summary>The lower triangle, in place; what is above is undefined. The first minor that is not positive, or 0.</summary>
    public static int Cholesky(E* x, int n, Workers workers)
    {
        var whole = new Matrix<E>(x, n, n, n, 1);
        for (int from = 0; from < n; from += Width)
        {
            int to = Math.Min(from + Width, n);
            for (int i = from; i < n; i++)
            {
                E* row = x + ((nint)i * n);
                for (int k = from; k < Math.Min(i, to); k++)
                {
                    E* other = x + ((nint)k * n);
                    row[k] = (row[k] - Dot(row + from, other + from, k - from)) / other[k];
                }

                if (i < to)
                {
                    E d = row[i] - Dot(row + from, row + from, i - from);
                    if (!(d > E.Zero))
                    {
                        return i + 1;
                    }

                    row[i] = E.Sqrt(d);
                }
            }

            var below = whole.Part(to, n - to, from, to - from);
            Reduce(below, new Matrix<E>(below.Start, below.Columns, below.Rows, 1, n), whole.Part(to, n - to, to, n - to), workers);
        }

        return 0;
    }

    /// <summary>y −= a·c.</summary>
    private static void Reduce(Matrix<E> a, Matrix<E> c, Matrix<E> y, Workers workers)
    {
        if (y.Rows == 0 || y.Columns == 0)
        {
            return;
        }

        if (y.Columns < TLane.Count)
        {
            for (int i = 0; i < y.Rows; i++)
            {
                for (int k = 0; k < a.Columns; k++)
                {
                    E factor = a.Start[(i * a.RowStride) + k];
                    for (int j = 0; j < y.Columns; j++)
                    {
                        y.Start[(i * y.RowStride) + j] -= factor * c.Start[(k * c.RowStride) + (j * c.ColumnStride)];
                    }
                }
            }

            return;
        }

        var minus = new E[a.Rows * a.Columns];
        fixed (E* start = minus)
        {
            for (int i = 0; i < a.Rows; i++)
            {
                for (int k = 0; k < a.Columns; k++)
                {
                    start[(i * a.Columns) + k] = -a.Start[(i * a.RowStride) + k];
                }
            }

            MatrixProduct<TLane, E>.Add(new Matrix<E>(start, a.Rows, a.Columns, a.Columns, 1), c, y, workers);
        }
    }

    private static int Greatest(E* x, int k, int m, int n)
    {
        int best = k;
        E greatest = E.Abs(x[((nint)k * n) + k]);
        for (int i = k + 1; i < m; i++)
        {
            E magnitude = E.Abs(x[((nint)i * n) + k]);
            if (magnitude > greatest)
            {
                (best, greatest) = (i, magnitude);
            }
        }

        return best;
    }

    /// <summary>Takes row k out of the rows below, up to a column; a pivot of 0 has only zeros below it.</summary>
    private static void Clear(E* x, int k, int m, int n, int to)
    {
        E* row = x + ((nint)k * n);
        if (E.IsZero(row[k]))
        {
            return;
        }

        for (int i = k + 1; i < m; i++)
        {
            E* lower = x + ((nint)i * n);
            lower[k] /= row[k];
            Subtract(lower + k + 1, lower[k], row + k + 1, to - k - 1);
        }
    }

    private static void Divide(Matrix<E> y, int row, E by)
    {
        E* start = y.Start + (row * y.RowStride);
        for (int j = 0; by != E.One && j < y.Columns; j++)
        {
            start[j] /= by;
        }
    }

    private static void Swap(E* a, E* b, int count)
    {
        for (int j = 0; j < count; j++)
        {
            (a[j], b[j]) = (b[j], a[j]);
        }
    }

    private static E Dot(E* a, E* b, int count)
    {
        E sum = E.Zero;
        for (int i = 0; i < count; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>y −= factor·x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Subtract(E* y, E factor, E* x, nint count)
    {
        var minus = TLane.Broadcast(-factor);
        nint i = 0;
        for (; i + TLane.Count <= count; i += TLane.Count)
        {
            TLane.MulAdd(minus, TLane.Load(in x[i]), TLane.Load(in y[i])).Store(ref y[i]);
        }

        for (; i < count; i++)
        {
            y[i] -= factor * x[i];
        }
    }
}
