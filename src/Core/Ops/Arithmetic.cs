using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Ops;

/// <summary>a + b.</summary>
public readonly struct Add : IBinary
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
public readonly struct Sub : IBinary
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
public readonly struct Mul : IBinary
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
public readonly struct Neg : IUnary
{
    /// <inheritdoc/>
    public T Value<T>(T x)
        where T : IReal<T> => -x;

    /// <inheritdoc/>
    public T Slope<T>(T x, T y)
        where T : IReal<T> => T.Const(-1);
}

/// <summary>The greater of two, NaN if either is NaN; the gradient of a tie is shared.</summary>
public readonly struct Maximum : IBinary, IPiecewiseLinear
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

/// <summary>1 where a &lt; b, else 0 (also for NaN). A step: its slope is 0.</summary>
public readonly struct Less : IBinary
{
    /// <inheritdoc/>
    public T Value<T>(T a, T b)
        where T : IReal<T> => T.IfLess(a, b, T.One, T.Zero);

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.Zero;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => T.Zero;
}

/// <summary>1 where a ≤ b, else 0 (also for NaN). A step: its slope is 0.</summary>
public readonly struct LessOrEqual : IBinary
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T> => T.IfLess(a, b, T.One, T.IfLess(b, a, T.Zero, default(Equal).Value(a, b)));

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.Zero;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => T.Zero;
}

/// <summary>1 where a = b, else 0 (also for NaN). A step: its slope is 0.</summary>
public readonly struct Equal : IBinary
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T>
    {
        // Neither less nor greater leaves equal and NaN; the greater of the two is less than +∞ or equal to it, unless it is NaN.
        var ordered = T.IfLess(a, T.Const(double.PositiveInfinity), T.One, T.IfLess(T.Zero, a, T.One, T.Zero));
        var orderedB = T.IfLess(b, T.Const(double.PositiveInfinity), T.One, T.IfLess(T.Zero, b, T.One, T.Zero));
        return T.IfLess(a, b, T.Zero, T.IfLess(b, a, T.Zero, ordered * orderedB));
    }

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T> => T.Zero;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => T.Zero;
}

/// <summary>b where the mask a is 1, c where it is 0; it must be one of these. No gradient for the mask.</summary>
public readonly struct Select : ITernary, IPiecewiseLinear
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c)
        where T : IReal<T> => T.IfLess(T.Zero, a, b, c);

    /// <inheritdoc/>
    public T SlopeA<T>(T a, T b, T c, T y)
        where T : IReal<T> => T.Zero;

    /// <inheritdoc/>
    public T SlopeB<T>(T a, T b, T c, T y)
        where T : IReal<T> => a;

    /// <inheritdoc/>
    public T SlopeC<T>(T a, T b, T c, T y)
        where T : IReal<T> => T.One - a;
}
