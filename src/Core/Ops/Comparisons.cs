using System.Runtime.CompilerServices;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>1 where a &lt; b, else 0 (also for NaN). A step: its slope is 0.</summary>
    public readonly struct Less : IBinary, ILogical
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
    public readonly struct LessOrEqual : IBinary, ILogical
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
    public readonly struct Equal : IBinary, ILogical
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
    public readonly struct Select : ITernary, IPiecewiseLinear, ILogical
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

    /// <summary>1 where x is NaN, else 0. A step: its slope is 0.</summary>
    public readonly struct IsNaN : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(x, T.One, T.Zero, T.IfLess(T.Zero, x, T.Zero, T.One));

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>1 where x is ∞ or −∞, else 0. A step: its slope is 0.</summary>
    public readonly struct IsInfinity : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Abs(x), T.Const(double.PositiveInfinity), T.Zero, T.IfLess(T.Zero, T.Abs(x), T.One, T.Zero));

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>1 where x is neither NaN nor ±∞, else 0. A step: its slope is 0.</summary>
    public readonly struct IsFinite : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Abs(x), T.Const(double.PositiveInfinity), T.One, T.Zero);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }
}

namespace Gpu.Autograd
{
    /// <content>Comparisons and choices, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>a where the condition holds (is true, or a number other than 0), else b; shapes broadcast. The gradient goes to the one chosen.</summary>
        public static Tensor Where(Tensor condition, Tensor a, Tensor b)
        {
            var like = a.IsWeak ? b : a;
            return Map(default(Select), condition.To(DType.Bool).To(like.DType), a, b, "Where");
        }

        /// <summary>Where a = b, as bool; false for NaN.</summary>
        public static Tensor Equal(Tensor a, Tensor b) => Map(default(Equal), a.Detach(), b.Detach()).To(DType.Bool);

        /// <summary>Where a ≠ b, as bool; true for NaN.</summary>
        public static Tensor NotEqual(Tensor a, Tensor b) => !Equal(a, b);

        /// <summary>Where the element is NaN, as bool; no integer is.</summary>
        public Tensor IsNaN() => OfReal(default(IsNaN), false);

        /// <summary>Where the element is ∞ or −∞, as bool; no integer is.</summary>
        public Tensor IsInfinity() => OfReal(default(IsInfinity), false);

        /// <summary>Where the element is neither NaN nor ±∞, as bool; every integer is.</summary>
        public Tensor IsFinite() => OfReal(default(IsFinite), true);

        /// <summary>A question that only real elements make a difference to.</summary>
        private Tensor OfReal<TOp>(TOp op, bool ofOthers)
            where TOp : struct, IUnary => DType.IsReal()
            ? Detach().Map(op).To(DType.Bool)
            : ofOthers ? Equal(this, this) : NotEqual(this, this);
    }
}
