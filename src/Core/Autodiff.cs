using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>
/// Derivatives of functions. Functions may use any ops of <see cref="Tensor"/>; calls nest, in any order and mixture of modes.
/// </summary>
public static class Autodiff
{
    /// <summary>The gradient of a scalar function, as a function: <c>Autodiff.Grad(f)(x)</c> has the shape of x. Reverse mode.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor> Grad(Func<Tensor, Tensor> f) => x => ValueAndGrad(f)(x).Gradient;

    /// <summary>The value and the gradient of a scalar function, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, (Tensor Value, Tensor Gradient)> ValueAndGrad(Func<Tensor, Tensor> f) => x =>
    {
        var (y, pullback) = Reverse.Vjp("Grad", arguments => f(arguments[0]), [x]);
        Reverse.RequireScalar(y, "Grad");
        return (y, pullback(Tensor.Ones(y.Shape, y.DType, y.Device))[0]);
    };

    /// <summary>
    /// f(x), and the function that takes a gradient g of the result (of its shape) to gᵀ·J, the gradient of the argument. It may be called
    /// any number of times.
    /// </summary>
    public static (Tensor Value, Func<Tensor, Tensor> Pullback) Vjp(Func<Tensor, Tensor> f, Tensor x)
    {
        var (y, pullback) = Reverse.Vjp("Vjp", arguments => f(arguments[0]), [x]);
        return (y, g => pullback(g)[0]);
    }

    /// <summary>f(x) and J·t, the derivative of f at x along t (of the shape of x). Forward mode, in one run.</summary>
    /// <exception cref="ArgumentException">t is not of x's shape.</exception>
    public static (Tensor Value, Tensor Tangent) Jvp(Func<Tensor, Tensor> f, Tensor x, Tensor t)
    {
        Reverse.RequireReal(x, "Jvp");
        x = x.Strong(DType.Float32, Device.Cpu);
        t = t.Strong(x.DType, x.Device);
        if (t.Shape != x.Shape || t.DType != x.DType)
        {
            throw new ArgumentException($"Jvp: the tangent {t.DType.Name()} {t.Shape} is not like the argument, {x.DType.Name()} {x.Shape}.");
        }

        return Level.Run("Jvp", level =>
        {
            var y = f(new Tensor(new Dual(level, x, t)));
            return y.Box is Dual dual && dual.Level == level
                ? (dual.Inner, dual.Tangent ?? Tensor.Zeros(y.Shape, y.DType, y.Device))
                : (y, Tensor.Zeros(y.Shape, y.DType, y.Device));
        });
    }

    /// <summary>H·v, the Hessian of a scalar function times a vector, without making the Hessian: forward over reverse.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Tensor Hvp(Func<Tensor, Tensor> f, Tensor x, Tensor v) => Jvp(Grad(f), x, v).Tangent;
}
