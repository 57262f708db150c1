using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>√(a² + b²), without overflow; ∞ where either is ±∞. The slopes are a/y and b/y, NaN at (0, 0).</summary>
    public readonly struct Hypot : IBinary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T>
        {
            T high = T.IfLess(T.Abs(a), T.Abs(b), T.Abs(b), T.Abs(a));
            T low = T.IfLess(T.Abs(a), T.Abs(b), T.Abs(a), T.Abs(b));
            T q = low / high;
            T y = high * T.Sqrt(T.One + (q * q));
            T infinity = T.Const(double.PositiveInfinity);

            // Beside ∞ a NaN does not matter, whichever of the two it is.
            T far = T.IfLess(low, infinity, high, T.IfLess(T.Zero, low, low, high));
            return T.IfLess(high, infinity, T.IfLess(T.Zero, high, y, high + low), far);
        }

        /// <inheritdoc/>
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => a / y;

        /// <inheritdoc/>
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => b / y;
    }

    /// <summary>log(eᵃ + eᵇ), without overflow; −∞ where both are.</summary>
    public readonly struct LogAddExp : IBinary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T>
        {
            T high = default(Greatest).Combine(a, b);
            return T.IfLess(T.Abs(high), T.Const(double.PositiveInfinity), high + T.Log1p(T.Exp(-T.Abs(a - b))), high);
        }

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => T.Map(default(Sigmoid), a - b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => T.Map(default(Sigmoid), b - a);
    }

    /// <summary>a·log b, and 0 where a is 0, unless b is NaN. At a = 0 and b ≤ 0 the slope along a is 0, that along b is a/b.</summary>
    public readonly struct Xlogy : IBinary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T>
        {
            // b + a is NaN where b is; else there is none.
            T none = T.IfLess(b, T.One, a, T.IfLess(T.Zero, b, a, b + a));
            return T.IfLess(T.Zero, T.Abs(a), a * T.Log(b), none);
        }

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => T.IfLess(T.Zero, T.Abs(a), T.Log(b), T.IfLess(T.Zero, b, T.Log(b), T.Zero));

        /// <inheritdoc/>
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => a / b;
    }

    /// <summary>−x·log x, a term of an entropy: 0 at 0, −∞ below. The slope at 0 is ∞.</summary>
    public readonly struct Entr : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, -x * T.Log(x), T.IfLess(x, T.Zero, T.Const(double.NegativeInfinity), x));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(-1) - T.Log(x);
    }

    /// <summary>The magnitude of a with the sign of b, that of a zero too; the slope along a is ±1, 0 where it is 0, and along b 0.</summary>
    public readonly struct CopySign : IFunction2, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T a, T b)
            where T : IBits<T> => T.CopySign(a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.Call(this, a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => default(Sign).Value(a) * default(Sign).Value(y);

        /// <inheritdoc/>
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>a + c·(b − a): a for c = 0, b for c = 1.</summary>
    public readonly struct Lerp : ITernary
    {
        /// <inheritdoc/>
        public T Value<T>(T a, T b, T c)
            where T : IReal<T> => a + (c * (b - a));

        /// <inheritdoc/>
        public T SlopeA<T>(T a, T b, T c, T y)
            where T : IReal<T> => T.One - c;

        /// <inheritdoc/>
        public T SlopeB<T>(T a, T b, T c, T y)
            where T : IReal<T> => c;

        /// <inheritdoc/>
        public T SlopeC<T>(T a, T b, T c, T y)
            where T : IReal<T> => b - a;
    }
}

namespace Gpu.Autograd
{
    /// <content>Functions of several operands, element by element; shapes broadcast.</content>
    public sealed partial class Tensor
    {
        /// <summary>√(a² + b²), without overflow. The gradients are a/y and b/y, NaN at (0, 0).</summary>
        public static Tensor Hypot(Tensor a, Tensor b) => Map(default(Hypot), a, b);

        /// <summary>log(eᵃ + eᵇ), without overflow; −∞ where both are.</summary>
        public static Tensor LogAddExp(Tensor a, Tensor b) => Map(default(LogAddExp), a, b);

        /// <summary>a·log b, and 0 where a is 0, unless b is NaN.</summary>
        public static Tensor Xlogy(Tensor a, Tensor b) => Map(default(Xlogy), a, b);

        /// <summary>−x·log x, a term of an entropy: 0 at 0, −∞ below. The slope at 0 is ∞.</summary>
        public Tensor Entr() => Map(default(Entr));

        /// <summary>The magnitude of a with the sign of b, that of a zero too.</summary>
        public static Tensor CopySign(Tensor a, Tensor b) => Map(default(CopySign), a, b);

        /// <summary>a + weight·(b − a): a for 0, b for 1.</summary>
        public static Tensor Lerp(Tensor a, Tensor b, Tensor weight) => Map(default(Lerp), a, b, weight);
    }
}
