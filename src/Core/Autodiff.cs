using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>
/// Derivatives of functions. Arguments and results are tensors or structures of them (<see cref="Tree"/>): tuples, records, arrays,
/// dictionaries. Functions may use any ops of <see cref="Tensor"/>; calls nest, to any depth, in any order and mixture of modes.
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

    /// <summary>The gradients of a scalar function of two tensors.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, (Tensor, Tensor)> Grad(Func<Tensor, Tensor, Tensor> f) => Grad<Tensor, Tensor>(f);

    /// <summary>The gradients of a scalar function of two arguments.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T1, T2, (T1, T2)> Grad<T1, T2>(Func<T1, T2, Tensor> f) =>
        (a, b) => Grad<(T1 A, T2 B)>(x => f(x.A, x.B))((a, b));

    /// <summary>The gradients of a scalar function of three arguments.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T1, T2, T3, (T1, T2, T3)> Grad<T1, T2, T3>(Func<T1, T2, T3, Tensor> f) =>
        (a, b, c) => Grad<(T1 A, T2 B, T3 C)>(x => f(x.A, x.B, x.C))((a, b, c));

    /// <summary>The value and the gradient of a scalar function, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T, (Tensor Value, T Gradient)> ValueAndGrad<T>(Func<T, Tensor> f) => x =>
    {
        var (y, pullback) = Reverse.Vjp("Grad", f, x);
        Reverse.RequireScalar(y, "Grad");
        return (y, pullback(Reverse.OnesLike(y)));
    };

    /// <summary>The value and the gradient of a scalar function of one tensor, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, (Tensor Value, Tensor Gradient)> ValueAndGrad(Func<Tensor, Tensor> f) => ValueAndGrad<Tensor>(f);

    /// <summary>
    /// The value, the gradient and what else the function returns beside its value: predictions, statistics. Only the value is
    /// differentiated.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's value is not a scalar.</exception>
    public static Func<T, (Tensor Value, TAux Auxiliary, T Gradient)> ValueAndGrad<T, TAux>(Func<T, (Tensor Value, TAux Auxiliary)> f) => x =>
    {
        var (y, pullback) = Reverse.Vjp("Grad", f, x);
        Reverse.RequireScalar(y.Value, "Grad");
        return (y.Value, y.Auxiliary, pullback((Reverse.OnesLike(y.Value), Tree.Map(y.Auxiliary, Reverse.ZerosLike))));
    };

    /// <summary>The partial derivative of a scalar function along one of its arguments, the others held fixed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<Tensor[], Tensor> Partial(Func<Tensor[], Tensor> f, int argument) => x =>
    {
        if (argument < 0 || argument >= x.Length)
        {
            throw new ArgumentOutOfRangeException(null, $"Partial: there is no argument {argument} among {x.Length}.");
        }

        return Grad<Tensor>(moved => f([.. x[..argument], moved, .. x[(argument + 1)..]]))(x[argument]);
    };

    /// <summary>The partial derivative of a scalar function of two arguments along one of them, 0 or 1.</summary>
    public static Func<Tensor, Tensor, Tensor> Partial(Func<Tensor, Tensor, Tensor> f, int argument) =>
        (a, b) => Partial(x => f(x[0], x[1]), argument)([a, b]);

    /// <summary>The partial derivative of a scalar function of three arguments along one of them, 0 to 2.</summary>
    public static Func<Tensor, Tensor, Tensor, Tensor> Partial(Func<Tensor, Tensor, Tensor, Tensor> f, int argument) =>
        (a, b, c) => Partial(x => f(x[0], x[1], x[2]), argument)([a, b, c]);

    /// <summary>
    /// f(x), and the function that takes a gradient g of the result (of its structure and shapes) to gᵀ·J, the gradient of the argument. It
    /// may be called any number of times.
    /// </summary>
    public static (TOut Value, Func<TOut, TIn> Pullback) Vjp<TIn, TOut>(Func<TIn, TOut> f, TIn x) => Reverse.Vjp("Vjp", f, x);

    /// <summary>f(x) and J·t, the derivative of f at x along t (of the structure and shapes of x). Forward mode, in one run.</summary>
    /// <exception cref="ArgumentException">t is not like x.</exception>
    public static (TOut Value, TOut Tangent) Jvp<TIn, TOut>(Func<TIn, TOut> f, TIn x, TIn t)
    {
        Tensor[] arguments = [.. Tree.Flatten(x).Select(argument => Scope.Resolved(argument).Strong(DType.Float32, Device.Cpu))];
        var tangents = Tree.Flatten(t);
        var duals = new Tensor[arguments.Length];
        return Level.Run("Jvp", level =>
        {
            for (int k = 0; k < arguments.Length; k++)
            {
                duals[k] = new Tensor(new Dual(level, arguments[k], TangentOf(arguments[k], tangents, k)));
            }

            var y = f(Tree.Rebuild(x, duals));
            return (
                Tree.Map(y, output => Own(output)?.Inner ?? output),
                Tree.Map(y, output => Own(output)?.Tangent ?? Reverse.ZerosLike(Own(output)?.Inner ?? output)));

            Dual? Own(Tensor output) => output.Box is Dual dual && dual.Level == level ? dual : null;
        });
    }

    /// <summary>
    /// f(x), and J as a function of a tangent that does not run f again. It costs what a backward pass costs, each time.
    /// </summary>
    public static (TOut Value, Func<TIn, TOut> Jacobian) Linearize<TIn, TOut>(Func<TIn, TOut> f, TIn x)
    {
        // gᵀ·J is linear in g; its transpose, which is its own pullback, is J·t.
        var (y, pullback) = Reverse.Vjp("Linearize", f, x);
        return (y, Reverse.Vjp("Linearize", pullback, Tree.Map(y, Reverse.ZerosLike)).Pullback);
    }

    /// <summary>H·v, the Hessian of a scalar function times a vector (of x's structure), without making the Hessian: forward over reverse.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static T Hvp<T>(Func<T, Tensor> f, T x, T v) => Jvp(Grad(f), x, v).Tangent;

    private static Tensor TangentOf(Tensor x, IReadOnlyList<Tensor> tangents, int k)
    {
        Reverse.RequireReal(x, "Jvp", $"argument {k},");
        var t = k < tangents.Count
            ? Scope.Resolved(tangents[k]).Strong(x.DType, x.Device)
            : throw new ArgumentException($"Jvp: there are {tangents.Count} tangents for more arguments.");
        Reverse.RequireLike(t, x, "Jvp", "tangent", $"argument {k}");
        return t;
    }
}
