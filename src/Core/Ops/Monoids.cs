namespace Gpu.Autograd.Ops;

/// <summary>Addition, from 0.</summary>
public readonly struct Sum : IMonoid
{
    /// <inheritdoc/>
    public T Identity<T>()
        where T : IReal<T> => T.Zero;

    /// <inheritdoc/>
    public T Combine<T>(T a, T b)
        where T : IReal<T> => a + b;
}

/// <summary>The greater of two, from −∞; NaN if either is NaN.</summary>
public readonly struct Greatest : IMonoid
{
    /// <inheritdoc/>
    public T Identity<T>()
        where T : IReal<T> => T.Const(double.NegativeInfinity);

    /// <inheritdoc/>
    public T Combine<T>(T a, T b)
        where T : IReal<T> => T.IfLess(a, b, b, T.IfLess(b, T.Const(double.PositiveInfinity), a, a + b));
}

/// <summary>The lesser of two, from +∞; NaN if either is NaN.</summary>
public readonly struct Least : IMonoid
{
    /// <inheritdoc/>
    public T Identity<T>()
        where T : IReal<T> => T.Const(double.PositiveInfinity);

    /// <inheritdoc/>
    public T Combine<T>(T a, T b)
        where T : IReal<T> => T.IfLess(b, a, b, T.IfLess(T.Const(double.NegativeInfinity), b, a, a + b));
}
