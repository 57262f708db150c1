namespace Gpu.Autograd.Kernels;

/// <summary>A batch of dense n × n matrices, the scratch that elimination works in.</summary>
public readonly struct Square<T, E, M>(M memory, int n)
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <summary>The number of rows.</summary>
    public int N => n;

    /// <summary>The element at a row and column of a matrix.</summary>
    public T Load(int batch, int row, int column) => memory.Load<T>((((batch * n) + row) * n) + column);

    /// <summary>Writes the element at a row and column of a matrix.</summary>
    public void Store(int batch, int row, int column, T value) => memory.Store((((batch * n) + row) * n) + column, value);

    /// <summary>The row from k on whose element in column k is the greatest in magnitude; the first NaN, if there is one.</summary>
    public int Pivot(int batch, int k)
    {
        int best = k;
        T greatest = T.Abs(Load(batch, k, k));
        for (int row = k + 1; row < n; row++)
        {
            T magnitude = T.Abs(Load(batch, row, k));
            if (Ranking.Before<T, E>(magnitude, row, greatest, best))
            {
                best = row;
                greatest = magnitude;
            }
        }

        return best;
    }

    /// <summary>Exchanges two rows.</summary>
    public void Swap(int batch, int a, int b)
    {
        for (int column = 0; a != b && column < n; column++)
        {
            T kept = Load(batch, a, column);
            Store(batch, a, column, Load(batch, b, column));
            Store(batch, b, column, kept);
        }
    }

    /// <summary>Row ← row − factor·other, from a column on.</summary>
    public void Subtract(int batch, int row, T factor, int other, int from)
    {
        for (int column = from; column < n; column++)
        {
            Store(batch, row, column, Load(batch, row, column) - (factor * Load(batch, other, column)));
        }
    }

    /// <summary>Whether x is ±0.</summary>
    public static bool IsZero(T x) => !E.Less(x, T.Zero) && !E.Less(T.Zero, x) && !E.IsNaN(x);
}

/// <summary>y = x⁻¹ by Gauss and Jordan's elimination with partial pivoting, a thread a matrix; NaN where x is singular. x is overwritten.</summary>
public readonly struct Inverse<T, E, M>(Square<T, E, M> x, Square<T, E, M> y) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        for (int row = 0; row < x.N; row++)
        {
            for (int column = 0; column < x.N; column++)
            {
                y.Store(i, row, column, row == column ? T.One : T.Zero);
            }
        }

        bool singular = false;
        for (int k = 0; k < x.N; k++)
        {
            int pivotRow = x.Pivot(i, k);
            x.Swap(i, k, pivotRow);
            y.Swap(i, k, pivotRow);
            T pivot = x.Load(i, k, k);
            singular |= Square<T, E, M>.IsZero(pivot);
            for (int column = 0; column < x.N; column++)
            {
                x.Store(i, k, column, x.Load(i, k, column) / pivot);
                y.Store(i, k, column, y.Load(i, k, column) / pivot);
            }

            for (int row = 0; row < x.N; row++)
            {
                if (row != k)
                {
                    T factor = x.Load(i, row, k);
                    x.Subtract(i, row, factor, k, k);
                    y.Subtract(i, row, factor, k, 0);
                }
            }
        }

        for (int at = 0; singular && at < x.N * x.N; at++)
        {
            y.Store(i, at / x.N, at % x.N, E.Missing);
        }
    }
}

/// <summary>y = log |det x|, a thread a matrix; −∞ where x is singular. x is overwritten.</summary>
public readonly struct LogAbsDet<T, E, M>(Square<T, E, M> x, M y) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        bool singular = false;
        T sum = T.Zero;
        for (int k = 0; k < x.N; k++)
        {
            x.Swap(i, k, x.Pivot(i, k));
            T pivot = x.Load(i, k, k);
            singular |= Square<T, E, M>.IsZero(pivot);
            sum = sum + T.Log(T.Abs(pivot));
            for (int row = k + 1; row < x.N; row++)
            {
                x.Subtract(i, row, x.Load(i, row, k) / pivot, k, k);
            }
        }

        y.Store(i, singular ? T.Const(double.NegativeInfinity) : sum);
    }
}
