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

    // Past the second comparison b is NaN; or it is ∞, and a is ∞ or NaN; or, of integers, both are the greatest.

    /// <inheritdoc/>
    public T Combine<T>(T a, T b)
        where T : IReal<T> => T.IfLess(a, b, b, T.IfLess(b, T.Const(double.PositiveInfinity), a, T.IfLess(T.Zero, b, a, b)));
}

/// <summary>The lesser of two, from +∞; NaN if either is NaN.</summary>
public readonly struct Least : IMonoid
{
    /// <inheritdoc/>
    public T Identity<T>()
        where T : IReal<T> => T.Const(double.PositiveInfinity);

    /// <inheritdoc/>
    public T Combine<T>(T a, T b)
        where T : IReal<T> => T.IfLess(b, a, b, T.IfLess(T.Const(double.NegativeInfinity), b, a, T.IfLess(b, T.Zero, a, b)));
}
