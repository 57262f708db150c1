using System.Runtime.CompilerServices;
using Gpu.Autograd.Autograd;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>1 above 0, −1 below, 0 at ±0 and for NaN; its slope is 0.</summary>
    public readonly struct Sign : IUnary, IWhole
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, T.One, T.IfLess(x, T.Zero, T.Const(-1), T.Zero));

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>The nearest integer, of two the even one; ±∞ and NaN are their own.</summary>
    public readonly struct Round : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Round(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>The greatest integer that is not above x; ±∞ and NaN are their own.</summary>
    public readonly struct Floor : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Floor(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>The least integer that is not below x; ±∞ and NaN are their own.</summary>
    public readonly struct Ceil : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => -Elementary.Floor(-x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>x without its fraction; ±∞ and NaN are their own.</summary>
    public readonly struct Trunc : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Trunc(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Zero;
    }

    /// <summary>a − b·trunc(a/b), with the sign of a; NaN for b = 0 and a = ±∞.</summary>
    public readonly struct Fmod : IFunction2
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T a, T b)
            where T : IBits<T> => Elementary.Fmod(a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.Call(this, a, b);

        /// <inheritdoc/>
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => T.One;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => -T.Call(default(Round), (a - y) / b);
    }

    /// <summary>a − b·floor(a/b), with the sign of b; NaN for b = 0 and a = ±∞.</summary>
    public readonly struct Remainder : IFunction2
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T a, T b)
            where T : IBits<T> => Elementary.Remainder(a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.Call(this, a, b);

        /// <inheritdoc/>
        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => T.One;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => -T.Call(default(Round), (a - y) / b);
    }

    /// <summary>
    /// floor(a/b), the whole number that goes with <see cref="Remainder"/>: a quotient that rounds up to a whole number is still the one below.
    /// ±∞ or NaN for b = 0, NaN for a = ±∞.
    /// </summary>
    public readonly struct FloorQuotient : IMap2
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T>
        {
            T r = T.Call(default(Fmod), a, b);
            T q = (a - r) / b;
            T below = T.IfLess(b, T.Zero, q, T.IfLess(T.Zero, b, q - T.One, q));
            T above = T.IfLess(b, T.Zero, q - T.One, q);
            q = T.IfLess(r, T.Zero, below, T.IfLess(T.Zero, r, above, q));

            // The nearest whole number, of two the lower: a half is what rounding has added. Of zeros the one with the quotient's sign.
            T floor = T.Call(default(Floor), q);
            floor = T.IfLess(T.Const(0.5), q - floor, floor + T.One, floor);
            floor = T.IfLess(T.Abs(floor), T.One, T.Call(default(CopySign), T.Zero, a / b), floor);
            return T.IfLess(T.Zero, T.Abs(b), floor, a / b);
        }
    }
}

namespace Gpu.Autograd
{
    /// <content>Rounding, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>1 above 0, −1 below, 0 at 0 and for NaN. The gradient is 0.</summary>
        public Tensor Sign() => Map(default(Sign));

        /// <summary>The nearest integer, of two the even one. No derivative: asking for one is an error.</summary>
        public Tensor Round() => Step(default(Round));

        /// <summary>The greatest integer that is not above x. No derivative: asking for one is an error.</summary>
        public Tensor Floor() => Step(default(Floor));

        /// <summary>The least integer that is not below x. No derivative: asking for one is an error.</summary>
        public Tensor Ceil() => Step(default(Ceil));

        /// <summary>x without its fraction. No derivative: asking for one is an error.</summary>
        public Tensor Trunc() => Step(default(Trunc));

        private Tensor Step<TOp>(TOp op)
            where TOp : struct, IUnary
        {
            if (IsWeak)
            {
                return Map(op);
            }

            Check.Real(this, Unary<TOp>.NameOf);
            return Engine.Apply(new Step<TOp>(op), this);
        }
    }
}
