using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>
/// Derivatives of functions. Arguments and results are tensors or structures of them (<see cref="Tree"/>): tuples, records, arrays,
/// dictionaries, modules. Functions may use any ops of <see cref="Tensor"/>; calls nest, to any depth, in any order and mixture of modes.
/// </summary>
public static partial class Autodiff
{
    /// <summary>
    /// The gradient of a scalar function, as a function: <c>Autodiff.Grad(f)(x)</c> is of the structure and shapes of x. Reverse mode.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T, T> Grad<T>(Func<T, Tensor> f) => x => ValueAndGrad(f)(x).Gradient;

    /// <summary>The gradient of a scalar function of one tensor.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor> Grad(Func<Tensor, Tensor> f) => Grad<Tensor>(f);

    /// <summary>The value and the gradient of a scalar function, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T, (Tensor Value, T Gradient)> ValueAndGrad<T>(Func<T, Tensor> f) => x => Gradient(f, x);

    /// <summary>The value and the gradient of a scalar function of one tensor, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, (Tensor Value, Tensor Gradient)> ValueAndGrad(Func<Tensor, Tensor> f) => ValueAndGrad<Tensor>(f);

    /// <summary>
    /// The value, the gradient and what else the function returns beside its value: predictions, statistics. Only the value is
    /// differentiated.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's value is not a scalar.</exception>
    public static Func<T, (Tensor Value, TAux Auxiliary, T Gradient)> ValueAndGrad<T, TAux>(Func<T, (Tensor Value, TAux Auxiliary)> f) =>
        x => Gradient(f, x);

    /// <summary>
    /// f(x), and the function that takes a gradient g of the result (of its structure and shapes) to gᵀ·J, the gradient of the argument. It
    /// may be called any number of times.
    /// </summary>
    public static (TOut Value, Func<TOut, TIn> Pullback) Vjp<TIn, TOut>(Func<TIn, TOut> f, TIn x) => Reverse.Vjp("Vjp", f, x);

    /// <summary>f(x) and J·t, the derivative of f at x along t (of the structure and shapes of x). Forward mode, in one run.</summary>
    /// <exception cref="ArgumentException">t is not like x.</exception>
    public static (TOut Value, TOut Tangent) Jvp<TIn, TOut>(Func<TIn, TOut> f, TIn x, TIn t) => Forward(f, x, t);

    /// <summary>
    /// f(x), and J as a function of a tangent that does not run f again. It costs what a backward pass costs, each time.
    /// </summary>
    public static (TOut Value, Func<TIn, TOut> Jacobian) Linearize<TIn, TOut>(Func<TIn, TOut> f, TIn x)
    {
        // gᵀ·J is linear in g; its transpose, which is its own pullback, is J·t.
        var (y, pullback) = Reverse.Vjp("Linearize", f, x);
        return (y, Transposed("Linearize", pullback, y));
    }

    /// <summary>H·v, the Hessian of a scalar function times a vector (of x's structure), without making the Hessian: forward over reverse.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static T Hvp<T>(Func<T, Tensor> f, T x, T v) => Jvp(Grad(f), x, v).Tangent;

    /// <summary>J as a function of t: the transpose of gᵀ·J, a linear function of g, which is its own pullback.</summary>
    private static Func<TIn, TOut> Transposed<TIn, TOut>(string transform, Func<TOut, TIn> pullback, TOut y) => Reverse.Vjp(
        transform,
        pullback,
        Tree.Map(y, Reverse.ZerosLike),
        given: "tangent",
        result: "argument",
        linearity: new Linearity(
            $"{transform}: the gradient of the argument must be linear in the gradient g of the result, and a custom rule or a hook makes it " +
            "not so")).Pullback;

    private static (Tensor Value, T Gradient) Gradient<T>(Func<T, Tensor> f, T x, bool several = false)
    {
        var (y, pullback) = Reverse.Vjp("Grad", f, x, several);
        Reverse.RequireScalar(y, "Grad");
        return (y, pullback(Reverse.OnesLike(y)));
    }

    private static (Tensor Value, TAux Auxiliary, T Gradient) Gradient<T, TAux>(
        Func<T, (Tensor Value, TAux Auxiliary)> f, T x, bool several = false)
    {
        var (y, pullback) = Reverse.Vjp("Grad", f, x, several);
        Reverse.RequireScalar(y.Value, "Grad");
        return (y.Value, y.Auxiliary, pullback((Reverse.OnesLike(y.Value), Tree.Map(y.Auxiliary, Reverse.ZerosLike))));
    }

    private static (TOut Value, TOut Tangent) Forward<TIn, TOut>(Func<TIn, TOut> f, TIn x, TIn t, bool several = false)
    {
        Tensor[] arguments = Reverse.Arguments("Jvp", x, several);
        var whose = TreeName.Arguments(several);
        var names = several ? new TreeName("the tangents", "tangent") : new TreeName("the tangent");
        var tangents = TreeMatch.Pairs("Jvp", whose, x, names, t);
        var duals = new Tensor[arguments.Length];
        return Level.Run("Jvp", level =>
        {
            for (int k = 0; k < arguments.Length; k++)
            {
                var (path, _, given) = tangents[k];
                var tangent = Scope.Resolved(given).Strong(arguments[k].DType, arguments[k].Device);
                Reverse.RequireLike(tangent, arguments[k], "Jvp", names.At(path), whose.At(path));
                duals[k] = new Tensor(new Dual(level, arguments[k], tangent));
            }

            var y = f(Tree.Rebuild(x, duals));
            return (
                Tree.Map(y, output => Own(output)?.Inner ?? output),
                Tree.Map(y, output => Own(output)?.Tangent ?? Reverse.ZerosLike(Own(output)?.Inner ?? output)));

            Dual? Own(Tensor output) => output.Box is Dual dual && dual.Level == level ? dual : null;
        });
    }
}
