using System.Runtime.CompilerServices;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>x above 0, a·(eˣ − 1) below; the slope at 0 is a.</summary>
    public readonly struct Elu(Number a) : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, x, T.Param(a) * T.Expm1(Below(x)));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.IfLess(T.Zero, x, T.One, T.Param(a) * T.Exp(Below(x)));

        // Above 0 the exponential is not taken, and must not overflow all the same: ∞ times a gradient of 0 is NaN.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Below<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, T.Zero, x);
    }

    /// <summary>x above 0, a·(e^(x/a) − 1) below; the slope at 0 is 1.</summary>
    public readonly struct Celu(Number a) : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, x, T.Param(a) * T.Expm1(Below(x)));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Exp(Below(x));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private T Below<T>(T x)
            where T : IReal<T> => T.IfLess(T.Zero, x, T.Zero, x / T.Param(a));
    }

    /// <summary>x·tanh(log(1 + eˣ)); NaN at −∞.</summary>
    public readonly struct Mish : IUnary
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => x * T.Tanh(T.Map(default(Softplus), x));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T>
        {
            var t = T.Tanh(T.Map(default(Softplus), x));
            return t + (x * ((T.One - (t * t)) * T.Map(default(Sigmoid), x)));
        }
    }

    /// <summary>
    /// x·Φ(x) with the normal distribution's Φ(x) = ½·erfc(−x/√2), accurate in the tail too; y' = Φ(x) + x·φ(x). NaN at −∞, as in PyTorch.
    /// </summary>
    public readonly struct Gelu : IUnary
    {
        private const double OverRootTwo = 0.7071067811865476;

        // 1/√(2π)
        private const double Peak = 0.3989422804014327;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => x * Below(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => Below(x) + (x * (T.Const(Peak) * T.Exp(T.Const(-0.5) * (x * x))));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Below<T>(T x)
            where T : IReal<T> => T.Const(0.5) * T.Call(default(Erfc), T.Const(-OverRootTwo) * x);
    }

    /// <summary>½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), near to x·Φ(x).</summary>
    public readonly struct GeluTanh : IUnary
    {
        // ½·(1 + tanh u) is the logistic function of 2u: 2√(2/π) = 1.5957…
        private const double Twice = 1.5957691216057308;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => x * Gate(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T>
        {
            var s = Gate(x);
            return s * (T.One + (x * ((T.One - s) * (T.Const(Twice) + (T.Const(3 * 0.044715 * Twice) * (x * x))))));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static T Gate<T>(T x)
            where T : IReal<T> => T.Map(default(Sigmoid), x * (T.Const(Twice) + (T.Const(0.044715 * Twice) * (x * x))));
    }

    /// <summary>x·(x + 3)/6 between −3 and 3, 0 below and x above; the slope at −3 is 0, at 3 it is 1; where it is 0, so is the gradient.</summary>
    public readonly struct HardSwish : IUnary, IPiecewise
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> =>
            T.IfLess(x, T.Const(-3), T.Zero, T.IfLess(x, T.Const(3), x * ((x + T.Const(3)) / T.Const(6)), x));

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> =>
            T.IfLess(T.Const(-3), x, T.IfLess(x, T.Const(3), (x / T.Const(3)) + T.Const(0.5), T.One), T.Zero);
    }
}

namespace Gpu.Autograd
{
    /// <content>Activations that are linear far above 0, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>x above 0, alpha·(eˣ − 1) below; the slope at 0 is alpha.</summary>
        public Tensor Elu(double alpha = 1) => Map(new Elu(alpha));

        /// <summary>1.0507·x above 0, 1.0507·1.6733·(eˣ − 1) below: layers of it keep mean 0 and variance 1.</summary>
        public Tensor Selu()
        {
            Check.Real(this, "Selu");
            return 1.0507009873554804934193349852946 * Elu(1.6732632423543772848170429916717);
        }

        /// <summary>x above 0, alpha·(e^(x/alpha) − 1) below; the slope at 0 is 1.</summary>
        public Tensor Celu(double alpha = 1) => Map(new Celu(alpha));

        /// <summary>x·tanh(log(1 + eˣ)), without overflow.</summary>
        public Tensor Mish() => Map(default(Mish));

        /// <summary>x·Φ(x), Φ being the normal distribution.</summary>
        public Tensor Gelu() => Map(default(Gelu));

        /// <summary>½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), near to x·Φ(x).</summary>
        public Tensor GeluTanh() => Map(default(GeluTanh));

        /// <summary>x·(x + 3)/6 between −3 and 3, 0 below and x above.</summary>
        public Tensor HardSwish() => Map(default(HardSwish));

        /// <summary>x − tanh x.</summary>
        public Tensor TanhShrink()
        {
            Check.Real(this, "TanhShrink");
            return this - Tanh();
        }
    }
}
