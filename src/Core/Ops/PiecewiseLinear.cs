using System.Runtime.CompilerServices;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>The lesser of two, NaN if either is NaN; the gradient of a tie is shared.</summary>
    public readonly struct Minimum : IBinary, IPiecewiseLinear, ILogical
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => default(Least).Combine(a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => default(Maximum).SlopeB(a, b, y);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => default(Maximum).SlopeA(a, b, y);
    }

    /// <summary>x between low and high, else the bound that it is beyond; the slope is 1 from bound to bound, both included, and 0 at NaN.</summary>
    public readonly struct Clamp(Number low, Number high) : IUnary, IPiecewiseLinear, IWhole
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T>
        {
            var (least, greatest) = (T.Param(low), T.Param(high));
            x = T.IfLess(x, least, least, x);
            return T.IfLess(greatest, x, greatest, x);
        }

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T>
        {
            // A NaN is the only number that is neither less than 1 nor greater than 0.
            var inside = T.IfLess(x, T.One, T.One, T.IfLess(T.Zero, x, T.One, T.Zero));
            return T.IfLess(x, T.Param(low), T.Zero, T.IfLess(T.Param(high), x, T.Zero, inside));
        }
    }

    /// <summary>x between low and high, else the bound that it is beyond; the slope is 1 between the bounds and at NaN, and 0 at the bounds.</summary>
    public readonly struct HardTanh(Number low, Number high) : IUnary, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => new Clamp(low, high).Value(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(
                x, T.Param(high), T.IfLess(T.Param(low), x, T.One, T.Zero), T.IfLess(T.Param(low), x, T.Zero, T.One));
    }

    /// <summary>x/6 + ½, kept between 0 and 1; the slope at ±3 is 0.</summary>
    public readonly struct HardSigmoid : IUnary, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(x, T.Const(-3), T.Zero, T.IfLess(T.Const(3), x, T.One, (x / T.Const(6)) + T.Const(0.5)));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Abs(x), T.Const(3), T.Const(1.0 / 6), T.Zero);
    }

    /// <summary>x moved towards 0 by d, and 0 where it is no farther than that; the slope is 0 at ±d and 1 at NaN.</summary>
    public readonly struct SoftShrink(Number d) : IUnary, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T>
        {
            var greatest = T.Param(d);
            var kept = T.IfLess(x, -greatest, -greatest, x);
            return x - T.IfLess(greatest, kept, greatest, kept);
        }

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Param(d), T.Abs(x), T.One, T.IfLess(T.Abs(x), T.Const(double.PositiveInfinity), T.Zero, T.One));
    }

    /// <summary>x where |x| is above d, else 0; the slope is 0 at ±d and 1 at NaN.</summary>
    public readonly struct HardShrink(Number d) : IUnary, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Abs(x), T.Param(d), T.Zero, T.IfLess(T.Param(d), T.Abs(x), x, x - x));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Param(d), T.Abs(x), T.One, T.IfLess(T.Abs(x), T.Const(double.PositiveInfinity), T.Zero, T.One));
    }

    /// <summary>x above t, else v; NaN for NaN. The slope is 0 at t and 1 at NaN.</summary>
    public readonly struct Threshold(Number t, Number v) : IUnary, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Param(t), x, x, T.IfLess(x, T.Const(double.PositiveInfinity), T.Param(v), x));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Param(t), x, T.One, T.IfLess(x, T.Const(double.PositiveInfinity), T.Zero, T.One));
    }

    /// <summary>x where it is finite, else a number in its place: one for NaN, one for ∞, one for −∞; the slope of these is 0.</summary>
    public readonly struct NanToNum(Number nan, Number positive, Number negative) : IUnary, IPiecewiseLinear
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(
                T.Abs(x),
                T.Const(double.PositiveInfinity),
                x,
                T.IfLess(T.Zero, x, T.Param(positive), T.IfLess(x, T.Zero, T.Param(negative), T.Param(nan))));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Abs(x), T.Const(double.PositiveInfinity), T.One, T.Zero);
    }
}

namespace Gpu.Autograd
{
    /// <content>Piecewise linear functions, element by element. Where their slope is 0, the gradient is 0 whatever comes in.</content>
    public sealed partial class Tensor
    {
        /// <summary>The greater of two, element by element; NaN if either is NaN; the gradient of a tie is shared.</summary>
        public static Tensor Maximum(Tensor a, Tensor b) => Map(default(Maximum), a, b);

        /// <summary>The lesser of two, element by element; NaN if either is NaN; the gradient of a tie is shared.</summary>
        public static Tensor Minimum(Tensor a, Tensor b) => Map(default(Minimum), a, b);

        /// <summary>
        /// x between min and max, else the bound that it is beyond (max, where the bounds cross); the gradient passes from bound to bound, at
        /// the bounds too.
        /// </summary>
        public Tensor Clamp(double min = double.NegativeInfinity, double max = double.PositiveInfinity)
        {
            var (least, greatest) = DType.Range();
            return Map(new Clamp(double.IsNegativeInfinity(min) ? least : min, double.IsPositiveInfinity(max) ? greatest : max));
        }

        /// <summary>The same with bounds for each element; shapes broadcast. Beyond a bound the gradient goes to it, at it to x, at NaN nowhere.</summary>
        public Tensor Clamp(Tensor min, Tensor max)
        {
            foreach (var bound in new[] { min, max }.Where(bound => !bound.IsWeak))
            {
                Check.Alike(this, bound, "Clamp");
            }

            var x = DType.IsReal() ? Map(new Clamp(double.NegativeInfinity, double.PositiveInfinity)) : this;
            x = Map(default(Select), Map(default(Less), x, min), min, x, "Clamp");
            return Map(default(Select), Map(default(Less), max, x), max, x, "Clamp");
        }

        /// <summary>x between min and max, else the bound that it is beyond; the slope at the bounds is 0.</summary>
        /// <exception cref="ArgumentException">min is not less than max.</exception>
        public Tensor HardTanh(double min = -1, double max = 1) => min < max
            ? Map(new HardTanh(min, max))
            : throw new ArgumentException(FormattableString.Invariant($"HardTanh: min is {min}, which is not less than max, {max}."));

        /// <summary>min(max(0, x), 6); the slope at 0 and 6 is 0.</summary>
        public Tensor Relu6() => Map(new HardTanh(0, 6));

        /// <summary>x/6 + ½, kept between 0 and 1; the slope at ±3 is 0.</summary>
        public Tensor HardSigmoid() => Map(default(HardSigmoid));

        /// <summary>x moved towards 0 by d, and 0 where it is no farther than that; the slope at ±d is 0.</summary>
        public Tensor SoftShrink(double d = 0.5) => Map(new SoftShrink(d));

        /// <summary>x where |x| is above d, else 0; the slope at ±d is 0.</summary>
        public Tensor HardShrink(double d = 0.5) => Map(new HardShrink(d));

        /// <summary>x above the threshold, else the value; the slope at the threshold is 0.</summary>
        public Tensor Threshold(double threshold, double value) => Map(new Threshold(threshold, value));

        /// <summary>
        /// x where it is finite; else 0 for NaN and the dtype's greatest and least numbers for ±∞, or the numbers given. The gradient of these
        /// is 0.
        /// </summary>
        public Tensor NanToNum(double nan = 0, double? positive = null, double? negative = null)
        {
            double greatest = DType == DType.Float64 ? double.MaxValue : float.MaxValue;
            return Map(new NanToNum(nan, positive ?? greatest, negative ?? -greatest));
        }
    }
}
