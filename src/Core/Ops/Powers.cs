using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Ops
{
    /// <summary>2ˣ; y' = y·log 2.</summary>
    public readonly struct Exp2 : IFunction
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Compute<T>(T x)
            where T : IBits<T> => Elementary.Exp2(x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => T.Call(this, x);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T> => y * T.Const(0.6931471805599453);
    }
}

namespace Gpu.Autograd
{
    /// <content>Powers, element by element.</content>
    public sealed partial class Tensor
    {
        /// <summary>2ˣ.</summary>
        public Tensor Exp2() => Map(default(Exp2));
    }
}
