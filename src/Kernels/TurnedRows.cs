namespace Gpu.Autograd.Kernels;

/// <summary>The result of Jacobi's method: rows of one or two vectors and a value.</summary>
/// <param name="y">The rows.</param>
/// <param name="rows">Their number.</param>
/// <param name="width">The length of a row.</param>
/// <param name="turned">Where w goes, divided by its length; below 0: nowhere.</param>
/// <param name="vector">Where v goes.</param>
public readonly struct TurnedRows<T, E, M>(M y, int rows, int width, int turned, int vector)
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <summary>The length of a row.</summary>
    public int Width => width;

    /// <summary>Where w goes.</summary>
    public int Turned => turned;

    /// <summary>Where v goes.</summary>
    public int Vector => vector;

    /// <summary>An element of a row.</summary>
    public T Load(int batch, int row, int k) => y.Load<T>((((batch * rows) + row) * width) + k);

    /// <summary>Writes an element of a row.</summary>
    public void Store(int batch, int row, int k, T value) => y.Store((((batch * rows) + row) * width) + k, value);
}

/// <summary>Puts each row at its place, by its value, a thread a row.</summary>
public readonly struct PlaceRow<T, E, M>(TurningRows<T, E, M> work, M values, TurnedRows<T, E, M> y) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int batch = i / work.Rows;
        int row = i - (batch * work.Rows);
        T value = values.Load<T>(i);
        int place = 0;
        for (int other = 0; other < work.Rows; other++)
        {
            T another = values.Load<T>((batch * work.Rows) + other);
            bool isBefore = work.IsSymmetric ? E.Less(another, value) : E.Less(value, another);
            bool isAfter = work.IsSymmetric ? E.Less(value, another) : E.Less(another, value);
            place += isBefore || (!isAfter && other < row) ? 1 : 0;
        }

        // NaN · 0, where the matrix is spoilt.
        T nothing = work.Scale(batch) - work.Scale(batch);
        for (int k = 0; y.Turned >= 0 && k < work.Length; k++)
        {
            T element = work.IsNull(batch, value) ? T.Zero : work.Load(batch, row, k) / value;
            y.Store(batch, place, y.Turned + k, element + nothing);
        }

        for (int k = 0; k < work.Rows; k++)
        {
            y.Store(batch, place, y.Vector + k, work.Load(batch, row, work.Length + k) + nothing);
        }

        y.Store(batch, place, y.Width - 1, value * work.Scale(batch));
    }
}

/// <summary>
/// Vectors for the singular values that are 0, a thread a matrix: unit vectors, one after another, less what they have in common with the
/// rows before, where enough is left.
/// </summary>
public readonly struct CompleteRows<T, E, M>(TurningRows<T, E, M> work, TurnedRows<T, E, M> y) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int unit = 0;
        for (int row = 0; row < work.Rows; row++)
        {
            T value = y.Load(i, row, y.Width - 1);
            if (E.IsNaN(value) || !work.IsNull(i, value / work.Scale(i)))
            {
                continue;
            }

            // Somewhere at least 1/length is left: so much the rows before leave on average.
            T left = T.Zero;
            while (unit < work.Length && E.Less(left * E.Of(2L * work.Length), T.One))
            {
                for (int k = 0; k < work.Length; k++)
                {
                    y.Store(i, row, y.Turned + k, k == unit ? T.One : T.Zero);
                }

                for (int other = 0; other < 2 * row; other++)
                {
                    Clear(i, row, other % row);
                }

                left = Product(i, row, row);
                unit++;
            }

            T length = T.Sqrt(left);
            for (int k = 0; k < work.Length; k++)
            {
                y.Store(i, row, y.Turned + k, y.Load(i, row, y.Turned + k) / length);
            }
        }
    }

    private T Product(int batch, int a, int b)
    {
        T sum = T.Zero;
        for (int k = 0; k < work.Length; k++)
        {
            sum = sum + (y.Load(batch, a, y.Turned + k) * y.Load(batch, b, y.Turned + k));
        }

        return sum;
    }

    private void Clear(int batch, int row, int other)
    {
        T product = Product(batch, row, other);
        for (int k = 0; k < work.Length; k++)
        {
            T element = y.Load(batch, row, y.Turned + k) - (product * y.Load(batch, other, y.Turned + k));
            y.Store(batch, row, y.Turned + k, element);
        }
    }
}

/// <summary>
/// Turns the signs of a row whose first vector points down, a thread a row: where the first of its large elements is negative, those above
/// 0.6 of the greatest.
/// </summary>
public readonly struct PointRow<T, E, M>(M y, int width, int length) : IKernel
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        T greatest = T.Zero;
        for (int k = 0; k < length; k++)
        {
            T magnitude = T.Abs(y.Load<T>((i * width) + k));
            greatest = T.IfLess(greatest, magnitude, magnitude, greatest);
        }

        T first = T.Zero;
        for (int k = length - 1; k >= 0; k--)
        {
            T element = y.Load<T>((i * width) + k);
            first = T.IfLess(T.Abs(element), T.Const(0.6) * greatest, first, element);
        }

        // Not the value, which is last.
        for (int k = 0; E.Less(first, T.Zero) && k < width - 1; k++)
        {
            y.Store((i * width) + k, -y.Load<T>((i * width) + k));
        }
    }
}
