using System.Runtime.CompilerServices;
using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>floor(a/b) of integers; 0 where b is 0.</summary>
    public readonly struct WholeQuotient : IMap2, IWhole
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T>
        {
            // The machine truncates: that is one too many where something is left over and its sign is not that of b.
            T q = a / b;
            T r = a - (q * b);
            T below = T.IfLess(b, T.Zero, q, T.IfLess(T.Zero, b, q - T.One, q));
            T above = T.IfLess(b, T.Zero, q - T.One, q);
            return T.IfLess(r, T.Zero, below, T.IfLess(T.Zero, r, above, q));
        }
    }

    /// <summary>a − b·floor(a/b) of integers, with the sign of b; a where b is 0.</summary>
    public readonly struct WholeRemainder : IMap2, IWhole
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => a - (default(WholeQuotient).Value(a, b) * b);
    }

    /// <summary>a − b·trunc(a/b) of integers, with the sign of a; a where b is 0.</summary>
    public readonly struct WholeFmod : IMap2, IWhole
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => a - (a / b * b);
    }

    /// <summary>Whether both are true.</summary>
    public readonly struct And : IMap2, ILogical
    {
        /// <inheritdoc/>
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.IfLess(T.Zero, a, b, T.Zero);
    }

    /// <summary>Whether either is true.</summary>
    public readonly struct Or : IMap2, ILogical
    {
        /// <inheritdoc/>
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.IfLess(T.Zero, a, T.One, b);
    }

    /// <summary>Whether one is true and the other is not.</summary>
    public readonly struct Xor : IMap2, ILogical
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.IfLess(a, b, T.One, T.IfLess(b, a, T.One, T.Zero));
    }
}

namespace Gpu.Autograd
{
    /// <content>What is defined on integers or truth values alone. No gradients.</content>
    public sealed partial class Tensor
    {
        /// <summary>Whether both are true: of bool tensors; shapes broadcast.</summary>
        public static Tensor operator &(Tensor a, Tensor b) => Logical(default(And), a, b, "And");

        /// <summary>Whether either is true: of bool tensors; shapes broadcast.</summary>
        public static Tensor operator |(Tensor a, Tensor b) => Logical(default(Or), a, b, "Or");

        /// <summary>Whether one is true and the other is not: of bool tensors; shapes broadcast.</summary>
        public static Tensor operator ^(Tensor a, Tensor b) => Logical(default(Xor), a, b, "Xor");

        /// <summary>Whether it is not true: of a bool tensor.</summary>
        public static Tensor operator !(Tensor x)
        {
            Check.Bool(x, "Not");
            return Map(default(Less), x, 1);
        }

        /// <summary>
        /// <see cref="Remainder"/>: a − b·floor(a/b), with the sign of b, as % is in Python and PyTorch. What C# means by % for its own numbers,
        /// with the sign of a, is <see cref="Fmod"/>; where a and b have one sign they are the same.
        /// </summary>
        public static Tensor operator %(Tensor a, Tensor b) => Remainder(a, b);

        /// <summary>
        /// floor(a/b), real or of integers (0 where an integer b is 0; a/b where a real one is, and NaN for a = ±∞); with
        /// <see cref="Remainder"/>, a = b·FloorDivide(a, b) + Remainder(a, b): 1 is 9 times 0.1, and a little less than 0.1. No derivative.
        /// </summary>
        public static Tensor FloorDivide(Tensor a, Tensor b) => (a.IsWeak ? b : a).DType.IsReal()
            ? Whole(default(FloorQuotient), a, b, "FloorDivide")
            : Whole(default(WholeQuotient), a, b, "FloorDivide");

        /// <summary>
        /// a − b·floor(a/b), with the sign of b, as Python's %; the gradients are 1 and −floor(a/b). Integers give integers, a where b is 0.
        /// </summary>
        public static Tensor Remainder(Tensor a, Tensor b) =>
            (a.IsWeak ? b : a).DType.IsReal() ? Map(default(Remainder), a, b) : Whole(default(WholeRemainder), a, b, "Remainder");

        /// <summary>
        /// a − b·trunc(a/b), with the sign of a, as C#'s %; the gradients are 1 and −trunc(a/b). Integers give integers, a where b is 0.
        /// </summary>
        public static Tensor Fmod(Tensor a, Tensor b) =>
            (a.IsWeak ? b : a).DType.IsReal() ? Map(default(Fmod), a, b) : Whole(default(WholeFmod), a, b, "Fmod");

        private static Tensor Logical<TOp>(TOp op, Tensor a, Tensor b, string name)
            where TOp : struct, IMap2
        {
            Check.Bool(a, name);
            Check.Bool(b, name);
            return Exact(op, a, b, name);
        }

        private static Tensor Whole<TOp>(TOp op, Tensor a, Tensor b, string name)
            where TOp : struct, IMap2
        {
            var (like, other) = a.IsWeak ? (b, a) : (a, b);
            Check.Number(like, name);
            if (other.IsWeak)
            {
                Check.Fits(other.WeakValue, like.DType, name);
            }

            return Exact(op, a.Strong(like.DType, like.Device), b.Strong(like.DType, like.Device), name);
        }

        private static Tensor Exact<TOp>(TOp op, Tensor a, Tensor b, string name)
            where TOp : struct, IMap2
        {
            Check.Alike(a, b, name);
            var shape = Shape.Broadcast(a.Shape, b.Shape, name);
            return Engine.Apply(new Exact<TOp>(op, name, a.DType.IsReal()), a.Stretch(shape), b.Stretch(shape));
        }
    }
}
