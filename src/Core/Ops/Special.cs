using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>The error function 2/√π ∫₀ˣ exp(−t²) dt; y' = 2/√π·exp(−x²).</summary>
    public readonly struct Erf : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Erf(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(1.1283791670955126) * T.Exp(-(x * x));
    }

    /// <summary>1 − erf x, to its own last places where it is small; y' = −2/√π·exp(−x²).</summary>
    public readonly struct Erfc : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Erfc(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(-1.1283791670955126) * T.Exp(-(x * x));
    }

    /// <summary>log |Γ(x)|; +∞ at 0 and the negative integers; y' = digamma x.</summary>
    public readonly struct Lgamma : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Lgamma(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Map(default(Digamma), x);
    }

    /// <summary>The digamma function Γ′(x)/Γ(x); −∞ at 0, +∞ at −0, NaN at the negative integers; y' = polygamma(1, x).</summary>
    public readonly struct Digamma : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Digamma(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Map(new Polygamma(1), x);
    }

    /// <summary>The derivative of order n ≥ 1 of the digamma function; ±∞ at 0 and the negative integers; y' = polygamma(n + 1, x).</summary>
    public readonly struct Polygamma(int n) : IFunction
    {
        // Counted from 1, so that the default is the first derivative.
        private readonly int above = n - 1;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Polygamma(above + 1, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Map(new Polygamma(above + 2), x);
    }
}

namespace Gpu.Autograd
{
    /// <content>The error function, the gamma function and their kin, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>The error function 2/√π ∫₀ˣ exp(−t²) dt.</summary>
        public Tensor Erf() => Map(default(Erf));

        /// <summary>1 − erf x, to its own last places where it is small.</summary>
        public Tensor Erfc() => Map(default(Erfc));

        /// <summary>log |Γ(x)|; +∞ at 0 and the negative integers, where its slope is NaN.</summary>
        public Tensor Lgamma() => Map(default(Lgamma));

        /// <summary>The digamma function Γ′(x)/Γ(x); −∞ at 0, +∞ at −0, NaN at the negative integers.</summary>
        public Tensor Digamma() => Map(default(Digamma));

        /// <summary>
        /// The derivative of order n of the digamma function, which itself is that of order 0; +∞ (n odd) or −∞ (n even) at 0 and the
        /// negative integers.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">n is negative.</exception>
        public Tensor Polygamma(int n) => n switch
        {
            < 0 => throw new ArgumentOutOfRangeException(nameof(n), $"Polygamma: n is {n}; it must not be negative."),
            0 => Digamma(),
            _ => Map(new Polygamma(n)),
        };
    }
}
