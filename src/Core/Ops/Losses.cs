using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Ops;

/// <summary>½x² up to |x| = delta, from there on linear: delta·(|x| − ½·delta); the slope is x between −delta and delta.</summary>
public readonly struct Huber(Number delta) : IUnary
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x)
        where T : IReal<T>
    {
        var d = T.Param(delta);
        var size = T.Abs(x);
        return T.IfLess(size, d, T.Const(0.5) * x * x, d * (size - (T.Const(0.5) * d)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Slope<T>(T x, T y)
        where T : IReal<T>
    {
        var d = T.Param(delta);
        return T.IfLess(T.Abs(x), d, x, T.IfLess(x, T.Zero, -d, d));
    }
}

/// <summary>
/// −b·log a − (1 − b)·log(1 − a) for probabilities a and b. The logarithms are no less than −100, and the slope along a,
/// (a − b)/(a·(1 − a)), divides by no less than 1e-12: both are finite at 0 and 1.
/// </summary>
public readonly struct BinaryEntropy : IBinary
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T> => -((b * LogOf(a)) + ((T.One - b) * LogOf(T.One - a)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T SlopeA<T>(T a, T b, T y)
        where T : IReal<T>
    {
        var variance = a * (T.One - a);
        var least = T.Const(1e-12);
        return (a - b) / T.IfLess(variance, least, least, variance);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T SlopeB<T>(T a, T b, T y)
        where T : IReal<T> => LogOf(T.One - a) - LogOf(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogOf<T>(T x)
        where T : IReal<T>
    {
        var log = T.Log(x);
        return T.IfLess(log, T.Const(-100), T.Const(-100), log);
    }
}
