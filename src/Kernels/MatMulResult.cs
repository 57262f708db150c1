namespace Gpu.Autograd.Kernels;

/// <summary>Where the elements of a product go.</summary>
public interface IResult<T>
    where T : unmanaged, IReal<T>
{
    /// <summary>Takes the element at a row and column, which the matrix has.</summary>
    void Put(int batch, int row, int column, T value);

    /// <summary>Takes four elements of a row, as far as the matrix has them.</summary>
    void Put(int batch, int row, int column, Quad<T> values);
}

/// <summary>What a product is given to before it is written.</summary>
public interface IFinish
{
    /// <summary>What stands in y where the product has this value.</summary>
    T Of<T>(int batch, int row, int column, T value)
        where T : unmanaged, IReal<T>;
}

/// <summary>The product itself.</summary>
public readonly struct AsItIs : IFinish
{
    /// <inheritdoc/>
    public T Of<T>(int batch, int row, int column, T value)
        where T : unmanaged, IReal<T> => value;
}

/// <summary>op(product, b): a bias and an activation, in registers.</summary>
public readonly struct Through<TOp, M>(TOp op, Matrices<M> b) : IFinish
    where TOp : struct, IMap2
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public T Of<T>(int batch, int row, int column, T value)
        where T : unmanaged, IReal<T> => op.Value(value, b.Load<T>(b.Start(batch), row, column));
}

/// <summary>The elements are finished, and written to y; four at once where <paramref name="quads"/> is 1: then they lie so.</summary>
public readonly struct Result<F, T, M>(F finish, Matrices<M> y, int quads) : IResult<T>
    where F : struct, IFinish
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Put(int batch, int row, int column, T value) =>
        y.Store(y.Start(batch), row, column, finish.Of(batch, row, column, value));

    /// <inheritdoc/>
    public void Put(int batch, int row, int column, Quad<T> v)
    {
        if (row >= y.Rows)
        {
            return;
        }

        if (quads != 0)
        {
            if (column < y.Columns)
            {
                y.Store(y.Start(batch), row, column, new Quad<T>(
                    finish.Of(batch, row, column, v.V0),
                    finish.Of(batch, row, column + 1, v.V1),
                    finish.Of(batch, row, column + 2, v.V2),
                    finish.Of(batch, row, column + 3, v.V3)));
            }

            return;
        }

        PutWithin(batch, row, column, v.V0);
        PutWithin(batch, row, column + 1, v.V1);
        PutWithin(batch, row, column + 2, v.V2);
        PutWithin(batch, row, column + 3, v.V3);
    }

    private void PutWithin(int batch, int row, int column, T value)
    {
        if (column < y.Columns)
        {
            Put(batch, row, column, value);
        }
    }
}
