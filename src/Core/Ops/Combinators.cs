using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Ops;

/// <summary>An op of two operands with a number for the first: how <c>2 / x</c> runs as one kernel of one operand.</summary>
public readonly struct BindA<TOp>(TOp op, Number a) : IUnary
    where TOp : struct, IBinary
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x)
        where T : IReal<T> => op.Value(T.Param(a), x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T x, T y)
        where T : IReal<T> => op.SlopeB(T.Param(a), x, y);
}

/// <summary>An op of two operands with a number for the second: <c>x / 2</c>.</summary>
public readonly struct BindB<TOp>(TOp op, Number b) : IUnary
    where TOp : struct, IBinary
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x)
        where T : IReal<T> => op.Value(x, T.Param(b));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T x, T y)
        where T : IReal<T> => op.SlopeA(x, T.Param(b), y);
}

/// <summary>
/// g·s where s is not 0, and 0 where it is, whatever g is: the product with the slope of an <see cref="IPiecewise"/>.
/// </summary>
public readonly struct Masked : IMap2
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T g, T s)
        where T : IReal<T> => T.IfLess(T.Zero, T.Abs(s), g * s, s);
}

/// <summary>
/// g·dy/dx: the fused backward (and forward) kernel of an op of one operand. The product is <see cref="Mul"/> or <see cref="Masked"/>.
/// </summary>
public readonly struct TimesSlope<TOp, TProduct>(TOp op) : IMap3
    where TOp : struct, IUnary
    where TProduct : struct, IMap2
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T g, T x, T y)
        where T : IReal<T> => default(TProduct).Value(g, op.Slope(x, y));
}

/// <summary>g·∂y/∂a: the fused backward (and forward) kernel of an op of two operands.</summary>
public readonly struct TimesSlopeA<TOp, TProduct>(TOp op) : IMap4
    where TOp : struct, IBinary
    where TProduct : struct, IMap2
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T g, T a, T b, T y)
        where T : IReal<T> => default(TProduct).Value(g, op.SlopeA(a, b, y));
}

/// <summary>g·∂y/∂b.</summary>
public readonly struct TimesSlopeB<TOp, TProduct>(TOp op) : IMap4
    where TOp : struct, IBinary
    where TProduct : struct, IMap2
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T g, T a, T b, T y)
        where T : IReal<T> => default(TProduct).Value(g, op.SlopeB(a, b, y));
}
