using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>The hyperbolic sine; y' = cosh x.</summary>
    public readonly struct Sinh : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Sinh(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Call(default(Cosh), x);
    }

    /// <summary>The hyperbolic cosine; y' = sinh x.</summary>
    public readonly struct Cosh : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Cosh(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Call(default(Sinh), x);
    }

    /// <summary>The inverse of the hyperbolic sine; y' = 1/√(x² + 1).</summary>
    public readonly struct Asinh : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Asinh(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / T.Sqrt((x * x) + T.One);
    }

    /// <summary>The inverse of the hyperbolic cosine; NaN below 1; y' = 1/√(x² − 1), +∞ at 1.</summary>
    public readonly struct Acosh : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Acosh(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / T.Sqrt((x - T.One) * (x + T.One));
    }

    /// <summary>The inverse of the hyperbolic tangent; ±∞ at ±1, NaN beyond; y' = 1/(1 − x²).</summary>
    public readonly struct Atanh : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Atanh(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / ((T.One - x) * (T.One + x));
    }
}

namespace Gpu.Autograd
{
    /// <content>Hyperbolic functions and their inverses, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>The hyperbolic sine.</summary>
        public Tensor Sinh() => Map(default(Sinh));

        /// <summary>The hyperbolic cosine.</summary>
        public Tensor Cosh() => Map(default(Cosh));

        /// <summary>The inverse of the hyperbolic sine.</summary>
        public Tensor Asinh() => Map(default(Asinh));

        /// <summary>The inverse of the hyperbolic cosine; NaN below 1. The slope at 1 is +∞.</summary>
        public Tensor Acosh() => Map(default(Acosh));

        /// <summary>The inverse of the hyperbolic tangent; ±∞ at ±1, NaN beyond.</summary>
        public Tensor Atanh() => Map(default(Atanh));
    }
}
