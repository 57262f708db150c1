using System.Runtime.CompilerServices;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>eˣ.</summary>
    public readonly struct Exp : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Exp(x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => y;
    }

    /// <summary>eˣ − 1, accurate near 0.</summary>
    public readonly struct Expm1 : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Expm1(x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => y + T.One;
    }

    /// <summary>The natural logarithm; −∞ at 0, NaN below.</summary>
    public readonly struct Log : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Log(x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / x;
    }

    /// <summary>log(1 + x), accurate near 0.</summary>
    public readonly struct Log1p : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Log1p(x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / (T.One + x);
    }

    /// <summary>√x; NaN below 0. The slope at 0 is +∞.</summary>
    public readonly struct Sqrt : IUnary
    {
        /// <inheritdoc/>
        public T Value<T>(T x)
            where T : IReal<T> => T.Sqrt(x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(0.5) / y;
    }

    /// <summary>x².</summary>
    public readonly struct Square : IUnary, IWhole
    {
        /// <inheritdoc/>
        public T Value<T>(T x)
            where T : IReal<T> => x * x;

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(2) * x;
    }

    /// <summary>1/x.</summary>
    public readonly struct Reciprocal : IUnary
    {
        /// <inheritdoc/>
        public T Value<T>(T x)
            where T : IReal<T> => T.One / x;

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => -y * y;
    }

    /// <summary>|x|. The slope at 0 is 0.</summary>
    public readonly struct Abs : IUnary, IWhole
    {
        /// <inheritdoc/>
        public T Value<T>(T x)
            where T : IReal<T> => T.Abs(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Zero, x, T.One, T.IfLess(x, T.Zero, T.Const(-1), T.Zero));
    }

    /// <summary>sin x, x in radians, however large.</summary>
    public readonly struct Sin : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Sin(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Cos(x);
    }

    /// <summary>cos x, x in radians, however large.</summary>
    public readonly struct Cos : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Cos(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => -T.Sin(x);
    }
}

namespace Gpu.Autograd
{
    /// <content>Elementary functions, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>eˣ, element by element.</summary>
        public Tensor Exp() => Map(default(Exp));

        /// <summary>eˣ − 1, accurate near 0.</summary>
        public Tensor Expm1() => Map(default(Expm1));

        /// <summary>The natural logarithm; −∞ at 0, NaN below.</summary>
        public Tensor Log() => Map(default(Log));

        /// <summary>log(1 + x), accurate near 0.</summary>
        public Tensor Log1p() => Map(default(Log1p));

        /// <summary>√x; NaN below 0. The slope at 0 is +∞.</summary>
        public Tensor Sqrt() => Map(default(Sqrt));

        /// <summary>x².</summary>
        public Tensor Square() => Map(default(Square));

        /// <summary>x³.</summary>
        public Tensor Cube() => Map(default(Cube));

        /// <summary>1/x.</summary>
        public Tensor Reciprocal() => Map(default(Reciprocal));

        /// <summary>|x|. The slope at 0 is 0.</summary>
        public Tensor Abs() => Map(default(Abs));

        /// <summary>sin x, x in radians, however large.</summary>
        public Tensor Sin() => Map(default(Sin));

        /// <summary>cos x, x in radians, however large.</summary>
        public Tensor Cos() => Map(default(Cos));
    }
}
