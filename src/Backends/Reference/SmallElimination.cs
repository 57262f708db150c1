using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Elimination of as many small matrices as a register has elements, all at once: element (i, j) of all of them is one register in memory.
/// There are no branches on values: rows are exchanged by selecting, and a pivot of 0, below which there are only zeros, is taken for 1.
/// </summary>
internal static unsafe class SmallElimination<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, IFloatingPointIeee754<E>
{
    private static TLane Least
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TLane.Broadcast(E.Epsilon);
    }

    /// <summary>Brings matrices in, in rows of so many registers; places of matrices that are not there get the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load(Operand x, nint batch, int count, E* work, int columns)
    {
        var strides = x.Layout.Strides;
        nint rowStride = strides[1], columnStride = strides[2];
        int rows = x.Shape.Lengths[1], width = x.Shape.Lengths[2];
        E* start = (E*)CpuBlock.StartOf(x);
        for (int lane = 0; lane < TLane.Count; lane++)
        {
            E* source = start + ((batch + Math.Min(lane, count - 1)) * strides[0]);
            for (int i = 0; i < rows; i++)
            {
                E* row = source + (i * rowStride);
                E* target = work + ((nint)i * columns * TLane.Count) + lane;
                for (int j = 0; j < width; j++)
                {
                    *target = *row;
                    row += columnStride;
                    target += TLane.Count;
                }
            }
        }
    }

    /// <summary>Brings columns from the given one on out, into dense matrices (or vectors) of y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store(E* work, int columns, int first, Operand y, nint batch, int count)
    {
        int width = y.Shape.Lengths[^1];
        int rows = y.Shape.Rank == 3 ? y.Shape.Lengths[1] : 1;
        E* target = (E*)CpuBlock.StartOf(y) + (batch * rows * width);
        for (int lane = 0; lane < count; lane++)
        {
            for (int i = 0; i < rows; i++)
            {
                E* source = work + ((((nint)i * columns) + first) * TLane.Count) + lane;
                for (int j = 0; j < width; j++)
                {
                    *target++ = *source;
                    source += TLane.Count;
                }
            }
        }
    }

    /// <summary>The factors of m rows and n columns, in place; the column behind them gets the order of the rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Lu(E* work, int m, int n)
    {
        int columns = n + 1;
        for (int i = 0; i < m; i++)
        {
            Put(work, (i * columns) + n, TLane.Const(i));
        }

        for (int k = 0; k < Math.Min(m, n); k++)
        {
            Exchange(work, m, columns, k, 0);
            Subtract(work, m, columns, n, k, NotZero(At(work, (k * columns) + k)));
        }
    }

    /// <summary>The determinant, its sign and the logarithm of its magnitude, one register each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Determinant(E* work, int n, E* y)
    {
        TLane det = TLane.One, sign = TLane.One, log = TLane.Zero, least = TLane.One;
        for (int k = 0; k < n; k++)
        {
            var parity = Exchange(work, n, n, k, k);
            var pivot = At(work, (k * n) + k);
            det = det * parity * pivot;
            sign = sign * parity;
            sign = TLane.IfLess(pivot, TLane.Zero, -sign, TLane.IfLess(TLane.Zero, pivot, sign, pivot));
            log += TLane.Log(TLane.Abs(pivot));
            least = TLane.IfLess(TLane.Abs(pivot), Least, TLane.Zero, least);
            Subtract(work, n, n, n, k, NotZero(pivot));
        }

        Put(y, 0, TLane.IfLess(least, TLane.One, TLane.Zero, det));
        Put(y, 1, TLane.IfLess(least, TLane.One, TLane.Zero, sign));
        Put(y, 2, TLane.IfLess(least, TLane.One, TLane.Const(double.NegativeInfinity), log));
    }

    /// <summary>The solution for k columns behind n, in their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Solve(E* work, int n, int k, E* status)
    {
        int columns = n + k;
        var stopped = TLane.Zero;
        for (int p = 0; p < n; p++)
        {
            Exchange(work, n, columns, p, p);
            var pivot = At(work, (p * columns) + p);
            stopped = TLane.IfLess(TLane.Abs(pivot), Least, First(stopped, p + 1), stopped);
            Subtract(work, n, columns, columns, p, NotZero(pivot));
        }

        for (int p = n - 1; p >= 0; p--)
        {
            Back(work, p, 0, p, columns, n, NotZero(At(work, (p * columns) + p)));
        }

        Spoil(work, n, columns, n, stopped);
        Put(status, 0, stopped);
    }

    /// <summary>The same for a triangle, as it stands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TriangularSolve(E* work, int n, int k, bool upper, bool unit)
    {
        int columns = n + k;
        for (int step = 0; step < n; step++)
        {
            int p = upper ? n - 1 - step : step;
            var pivot = unit ? TLane.One : At(work, (p * columns) + p);
            Back(work, p, upper ? 0 : p + 1, upper ? p : n, columns, n, pivot);
        }
    }

    /// <summary>The lower triangle whose product with its transpose is the matrix, and zeros above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Cholesky(E* work, int n, E* status)
    {
        var stopped = TLane.Zero;
        for (int k = 0; k < n; k++)
        {
            var d = At(work, (k * n) + k);
            for (int p = 0; p < k; p++)
            {
                var x = At(work, (k * n) + p);
                d -= x * x;
            }

            stopped = TLane.IfLess(TLane.Zero, d, stopped, First(stopped, k + 1));
            d = TLane.Sqrt(TLane.IfLess(TLane.Zero, d, d, TLane.One));
            Put(work, (k * n) + k, d);
            for (int i = k + 1; i < n; i++)
            {
                var x = At(work, (i * n) + k);
                for (int p = 0; p < k; p++)
                {
                    x -= At(work, (i * n) + p) * At(work, (k * n) + p);
                }

                Put(work, (i * n) + k, x / d);
                Put(work, (k * n) + i, TLane.Zero);
            }
        }

        Spoil(work, n, n, 0, stopped);
        Put(status, 0, stopped);
    }

    /// <summary>
    /// Brings the element of greatest magnitude in column k up to row k, and with it its row from a column on. Each exchange turns the
    /// sign of what is returned.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Exchange(E* work, int rows, int columns, int k, int from)
    {
        var parity = TLane.One;
        E* upper = work + ((nint)k * columns * TLane.Count);
        for (int i = k + 1; i < rows; i++)
        {
            E* lower = work + ((nint)i * columns * TLane.Count);
            var (a, b) = (TLane.Abs(At(upper, k)), TLane.Abs(At(lower, k)));
            parity = TLane.IfLess(a, b, -parity, parity);
            for (int j = from; j < columns; j++)
            {
                var (u, l) = (At(upper, j), At(lower, j));
                Put(upper, j, TLane.IfLess(a, b, l, u));
                Put(lower, j, TLane.IfLess(a, b, u, l));
            }
        }

        return parity;
    }

    /// <summary>Subtracts row k from those below it, up to a column; the factors stay in column k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract(E* work, int rows, int columns, int to, int k, TLane pivot)
    {
        E* upper = work + ((nint)k * columns * TLane.Count);
        for (int i = k + 1; i < rows; i++)
        {
            E* lower = work + ((nint)i * columns * TLane.Count);
            var factor = At(lower, k) / pivot;
            Put(lower, k, factor);
            for (int j = k + 1; j < to; j++)
            {
                Put(lower, j, TLane.MulAdd(-factor, At(upper, j), At(lower, j)));
            }
        }

    }

    /// <summary>Divides the right-hand sides of row p by its pivot, and takes them out of some rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back(E* work, int p, int from, int to, int columns, int first, TLane pivot)
    {
        E* own = work + ((nint)p * columns * TLane.Count);
        for (int j = first; j < columns; j++)
        {
            Put(own, j, At(own, j) / pivot);
        }

        for (int i = from; i < to; i++)
        {
            E* row = work + ((nint)i * columns * TLane.Count);
            var factor = -At(row, p);
            for (int j = first; j < columns; j++)
            {
                Put(row, j, TLane.MulAdd(factor, At(own, j), At(row, j)));
            }
        }
    }

    /// <summary>NaN in the columns from the given one on, of matrices that stopped.</summary>
    private static void Spoil(E* work, int rows, int columns, int from, TLane stopped)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = from; j < columns; j++)
            {
                int at = (i * columns) + j;
                Put(work, at, TLane.IfLess(TLane.Zero, stopped, TLane.Const(double.NaN), At(work, at)));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane First(TLane stopped, int now) => TLane.IfLess(TLane.Zero, stopped, stopped, TLane.Const(now));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane NotZero(TLane pivot) => TLane.IfLess(TLane.Abs(pivot), Least, TLane.One, pivot);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane At(E* work, int at) => TLane.Load(in work[(nint)at * TLane.Count]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(E* work, int at, TLane value) => value.Store(ref work[(nint)at * TLane.Count]);
}
