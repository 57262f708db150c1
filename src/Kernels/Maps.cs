namespace Gpu.Autograd.Kernels;

/// <summary>y = op(x).</summary>
public readonly struct Map1<TOp, T, M>(TOp op, Walk<M> x, Walk<M> y) : IBody
    where TOp : struct, IMap1
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, op.Value(x.Load<T>(p)));
}

/// <summary>y = op(a, b).</summary>
public readonly struct Map2<TOp, T, M>(TOp op, Walk<M> a, Walk<M> b, Walk<M> y) : IBody
    where TOp : struct, IMap2
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, op.Value(a.Load<T>(p), b.Load<T>(p)));
}

/// <summary>y = op(a, b, c).</summary>
public readonly struct Map3<TOp, T, M>(TOp op, Walk<M> a, Walk<M> b, Walk<M> c, Walk<M> y) : IBody
    where TOp : struct, IMap3
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, op.Value(a.Load<T>(p), b.Load<T>(p), c.Load<T>(p)));
}

/// <summary>y = op(a, b, c, d).</summary>
public readonly struct Map4<TOp, T, M>(TOp op, Walk<M> a, Walk<M> b, Walk<M> c, Walk<M> d, Walk<M> y) : IBody
    where TOp : struct, IMap4
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, op.Value(a.Load<T>(p), b.Load<T>(p), c.Load<T>(p), d.Load<T>(p)));
}

/// <summary>y = value everywhere.</summary>
public readonly struct Fill<T, M>(T value, Walk<M> y) : IBody
    where T : unmanaged
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, value);
}

/// <summary>y = x.</summary>
public readonly struct Copy<T, M>(Walk<M> x, Walk<M> y) : IBody
    where T : unmanaged
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, x.Load<T>(p));
}

/// <summary>y = x, converted.</summary>
public readonly struct Convert<TFrom, EFrom, TTo, ETo, M>(Walk<M> x, Walk<M> y) : IBody
    where TFrom : unmanaged
    where EFrom : struct, IElement<TFrom>
    where TTo : unmanaged
    where ETo : struct, IElement<TTo>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(Place p) => y.Store(p, EFrom.To<TTo, ETo>(x.Load<TFrom>(p)));
}
