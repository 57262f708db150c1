using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>tan x, x in radians, however large; y' = 1 + y².</summary>
    public readonly struct Tan : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Tan(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One + (y * y);
    }

    /// <summary>The angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1]; y' = 1/√(1 − x²), +∞ at ±1.</summary>
    public readonly struct Asin : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Asin(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / T.Sqrt((T.One - x) * (T.One + x));
    }

    /// <summary>The angle in [0, π] whose cosine is x; NaN outside [−1, 1]; y' = −1/√(1 − x²), −∞ at ±1.</summary>
    public readonly struct Acos : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Acos(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(-1) / T.Sqrt((T.One - x) * (T.One + x));
    }

    /// <summary>The angle in [−π/2, π/2] whose tangent is x; y' = 1/(1 + x²).</summary>
    public readonly struct Atan : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Atan(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One / (T.One + (x * x));
    }

    /// <summary>
    /// The angle of the point (b, a) from the x axis, in [−π, π]; ∂y/∂a = b/(a² + b²), ∂y/∂b = −a/(a² + b²), NaN where both are 0.
    /// </summary>
    public readonly struct Atan2 : IFunction2
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T a, T b)
            where T : IBits<T> => Elementary.Atan2(a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.Call(this, a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => b / ((a * a) + (b * b));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => -a / ((a * a) + (b * b));
    }
}

namespace Gpu.Autograd
{
    /// <content>The tangent, and the inverses of sine, cosine and tangent, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>tan x, x in radians.</summary>
        public Tensor Tan() => Map(default(Tan));

        /// <summary>The angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1]. The slope at ±1 is +∞.</summary>
        public Tensor Asin() => Map(default(Asin));

        /// <summary>The angle in [0, π] whose cosine is x; NaN outside [−1, 1]. The slope at ±1 is −∞.</summary>
        public Tensor Acos() => Map(default(Acos));

        /// <summary>The angle in [−π/2, π/2] whose tangent is x.</summary>
        public Tensor Atan() => Map(default(Atan));

        /// <summary>
        /// The angle of the point (x, y) from the x axis, in [−π, π], element by element; shapes broadcast. Signed zeros and infinities are as
        /// in C: ±0 and +0 give ±0, ±0 and −0 give ±π. The slopes where both are 0 are NaN.
        /// </summary>
        /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
        public static Tensor Atan2(Tensor y, Tensor x) => Map(default(Atan2), y, x);
    }
}
