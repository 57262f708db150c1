using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Ops;

/// <summary>a + b.</summary>
public readonly struct Add : IBinary, IWhole
{
    /// <inheritdoc/>
    public T Value<T>(T a, T b)
        where T : IReal<T> => a + b;

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.One;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => T.One;
}

/// <summary>a − b.</summary>
public readonly struct Sub : IBinary, IWhole
{
    /// <inheritdoc/>
    public T Value<T>(T a, T b)
        where T : IReal<T> => a - b;

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.One;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => T.Const(-1);
}

/// <summary>a·b.</summary>
public readonly struct Mul : IBinary, IWhole
{
    /// <inheritdoc/>
    public T Value<T>(T a, T b)
        where T : IReal<T> => a * b;

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => b;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => a;
}

/// <summary>a/b.</summary>
public readonly struct Div : IBinary
{
    /// <inheritdoc/>
    public T Value<T>(T a, T b)
        where T : IReal<T> => a / b;

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.One / b;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => -y / b;
}

/// <summary>−x.</summary>
public readonly struct Neg : IUnary, IWhole
{
    /// <inheritdoc/>
    public T Value<T>(T x)
        where T : IReal<T> => -x;

    /// <inheritdoc/>
    public T Slope<T>(T x, T y)
        where T : IReal<T> => T.Const(-1);
}

/// <summary>x³.</summary>
public readonly struct Cube : IUnary, IWhole
{
    /// <inheritdoc/>
    public T Value<T>(T x)
        where T : IReal<T> => x * x * x;

    /// <inheritdoc/>
    public T Slope<T>(T x, T y)
        where T : IReal<T> => T.Const(3) * (x * x);
}

/// <summary>The greater of two, NaN if either is NaN; the gradient of a tie is shared.</summary>
public readonly struct Maximum : IBinary, IPiecewiseLinear, ILogical
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T> => default(Greatest).Combine(a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.IfLess(b, a, T.One, T.IfLess(a, b, T.Zero, T.Const(0.5)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => T.IfLess(a, b, T.One, T.IfLess(b, a, T.Zero, T.Const(0.5)));
}
