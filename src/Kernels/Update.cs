namespace Gpu.Autograd.Kernels;

/// <summary>The arrays of one parameter, and where their elements end in the count of all.</summary>
public readonly struct UpdatePart<M>(M x, M m, M v, M g, int end)
    where M : struct, IMemory
{
    /// <summary>The first element's number in the next part.</summary>
    public int End => end;

    /// <summary>Changes one element of each array.</summary>
    public void Run<TOp, T>(TOp op, int i, T rate, T p, T q)
        where TOp : struct, IUpdate
        where T : unmanaged, IReal<T> => new Stepped<T, M>(x, m, v).Put(op, i, g.Load<T>(i), rate, p, q);
}

/// <summary>A sum over all rows that is the gradient of a parameter, whose arrays make a step of the optimizer.</summary>
public readonly struct Stepped<T, M>(M x, M m, M v) : IEnd<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Put<TOp>(TOp op, int i, T sum, T rate, T p, T q)
        where TOp : struct, IUpdate
    {
        T a = x.Load<T>(i);
        T b = TOp.Arrays > 1 ? m.Load<T>(i) : a;
        T c = TOp.Arrays > 2 ? v.Load<T>(i) : a;
        op.Apply(ref a, ref b, ref c, sum, rate, p, q);
        x.Store(i, a);
        if (TOp.Arrays > 1)
        {
            m.Store(i, b);
        }

        if (TOp.Arrays > 2)
        {
            v.Store(i, c);
        }
    }
}

/// <summary>A step of an optimizer for up to four parameters: a thread changes one element of each array of one of them.</summary>
public readonly struct Update<TOp, T, M>(
    TOp op, M rate, M count, UpdatePart<M> part0, UpdatePart<M> part1, UpdatePart<M> part2, UpdatePart<M> part3) : IKernel
    where TOp : struct, IUpdate
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <summary>The parameters of one launch.</summary>
    public const int Most = 4;

    /// <inheritdoc/>
    public void Run(int i)
    {
        T r = rate.Load<T>(0);
        op.Begin(count.Load<T>(0), out T p, out T q);
        if (i < part0.End)
        {
            part0.Run(op, i, r, p, q);
        }
        else if (i < part1.End)
        {
            part1.Run(op, i - part0.End, r, p, q);
        }
        else if (i < part2.End)
        {
            part2.Run(op, i - part1.End, r, p, q);
        }
        else
        {
            part3.Run(op, i - part2.End, r, p, q);
        }
    }
}

/// <summary>The product is the gradient of a parameter, and each of its elements makes a step of the optimizer.</summary>
public readonly struct Updated<TOp, T, M>(TOp op, M rate, M count, Matrices<M> x, Matrices<M> m, Matrices<M> v) : IResult<T>
    where TOp : struct, IUpdate
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Put(int batch, int row, int column, T value)
    {
        op.Begin(count.Load<T>(0), out T p, out T q);
        Step(row, column, value, rate.Load<T>(0), p, q);
    }

    /// <inheritdoc/>
    public void Put(int batch, int row, int column, Quad<T> values)
    {
        if (row < x.Rows && column < x.Columns)
        {
            T r = rate.Load<T>(0);
            op.Begin(count.Load<T>(0), out T p, out T q);
            Step(row, column, values.V0, r, p, q);
            StepWithin(row, column + 1, values.V1, r, p, q);
            StepWithin(row, column + 2, values.V2, r, p, q);
            StepWithin(row, column + 3, values.V3, r, p, q);
        }
    }

    private void StepWithin(int row, int column, T g, T r, T p, T q)
    {
        if (column < x.Columns)
        {
            Step(row, column, g, r, p, q);
        }
    }

    private void Step(int row, int column, T g, T r, T p, T q)
    {
        T a = x.Load<T>(x.Start(0), row, column);
        T b = TOp.Arrays > 1 ? m.Load<T>(m.Start(0), row, column) : a;
        T c = TOp.Arrays > 2 ? v.Load<T>(v.Start(0), row, column) : a;
        op.Apply(ref a, ref b, ref c, g, r, p, q);
        x.Store(x.Start(0), row, column, a);
        if (TOp.Arrays > 1)
        {
            m.Store(m.Start(0), row, column, b);
        }

        if (TOp.Arrays > 2)
        {
            v.Store(v.Start(0), row, column, c);
        }
    }
}
