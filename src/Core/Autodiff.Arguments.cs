using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>
/// Derivatives of functions of several arguments: along all of them, or along one (<c>argument: 0</c>) with the others held fixed. What is
/// never differentiated, like labels, a function may as well capture.
/// </content>
public static partial class Autodiff
{
    /// <summary>The gradients of a scalar function of two tensors.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, (Tensor, Tensor)> Grad(Func<Tensor, Tensor, Tensor> f) => Grad<Tensor, Tensor>(f);

    /// <summary>The gradients of a scalar function of three tensors.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, Tensor, (Tensor, Tensor, Tensor)> Grad(Func<Tensor, Tensor, Tensor, Tensor> f) =>
        Grad<Tensor, Tensor, Tensor>(f);

    /// <summary>The gradients of a scalar function of two arguments.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T1, T2, (T1, T2)> Grad<T1, T2>(Func<T1, T2, Tensor> f) => (a, b) => ValueAndGrad(f)(a, b).Gradients;

    /// <summary>The gradients of a scalar function of three arguments.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T1, T2, T3, (T1, T2, T3)> Grad<T1, T2, T3>(Func<T1, T2, T3, Tensor> f) => (a, b, c) => ValueAndGrad(f)(a, b, c).Gradients;

    /// <summary>The value and the gradients of a scalar function of two tensors, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, (Tensor Value, (Tensor, Tensor) Gradients)> ValueAndGrad(Func<Tensor, Tensor, Tensor> f) =>
        ValueAndGrad<Tensor, Tensor>(f);

    /// <summary>The value and the gradients of a scalar function of three tensors, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, Tensor, (Tensor Value, (Tensor, Tensor, Tensor) Gradients)> ValueAndGrad(
        Func<Tensor, Tensor, Tensor, Tensor> f) => ValueAndGrad<Tensor, Tensor, Tensor>(f);

    /// <summary>The value and the gradients of a scalar function of two arguments, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T1, T2, (Tensor Value, (T1, T2) Gradients)> ValueAndGrad<T1, T2>(Func<T1, T2, Tensor> f) =>
        (a, b) => Gradient<(T1 A, T2 B)>(x => f(x.A, x.B), (a, b), several: true);

    /// <summary>The value and the gradients of a scalar function of three arguments, from one run of it.</summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<T1, T2, T3, (Tensor Value, (T1, T2, T3) Gradients)> ValueAndGrad<T1, T2, T3>(Func<T1, T2, T3, Tensor> f) =>
        (a, b, c) => Gradient<(T1 A, T2 B, T3 C)>(x => f(x.A, x.B, x.C), (a, b, c), several: true);

    /// <summary>The value, the gradients of two arguments, and what else the function returns beside its value.</summary>
    /// <exception cref="InvalidOperationException">The function's value is not a scalar.</exception>
    public static Func<T1, T2, (Tensor Value, TAux Auxiliary, (T1, T2) Gradients)> ValueAndGrad<T1, T2, TAux>(
        Func<T1, T2, (Tensor Value, TAux Auxiliary)> f) =>
        (a, b) => Gradient<(T1 A, T2 B), TAux>(x => f(x.A, x.B), (a, b), several: true);

    /// <summary>The value, the gradients of three arguments, and what else the function returns beside its value.</summary>
    /// <exception cref="InvalidOperationException">The function's value is not a scalar.</exception>
    public static Func<T1, T2, T3, (Tensor Value, TAux Auxiliary, (T1, T2, T3) Gradients)> ValueAndGrad<T1, T2, T3, TAux>(
        Func<T1, T2, T3, (Tensor Value, TAux Auxiliary)> f) =>
        (a, b, c) => Gradient<(T1 A, T2 B, T3 C), TAux>(x => f(x.A, x.B, x.C), (a, b, c), several: true);

    /// <summary>The value of a scalar function and its gradient along one of its arguments, the others held fixed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor[], (Tensor Value, Tensor Gradient)> ValueAndGrad(Func<Tensor[], Tensor> f, int argument) =>
        x => Along("ValueAndGrad", f, argument, x);

    /// <summary>The value of a scalar function of two tensors and its gradient along one of them, 0 or 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, (Tensor Value, Tensor Gradient)> ValueAndGrad(Func<Tensor, Tensor, Tensor> f, int argument) =>
        (a, b) => ValueAndGrad(x => f(x[0], x[1]), argument)([a, b]);

    /// <summary>The value of a scalar function of three tensors and its gradient along one of them, 0 to 2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, Tensor, (Tensor Value, Tensor Gradient)> ValueAndGrad(
        Func<Tensor, Tensor, Tensor, Tensor> f, int argument) =>
        (a, b, c) => ValueAndGrad(x => f(x[0], x[1], x[2]), argument)([a, b, c]);

    /// <summary>The partial derivative of a scalar function along one of its arguments, the others held fixed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor[], Tensor> Partial(Func<Tensor[], Tensor> f, int argument) =>
        x => Along("Partial", f, argument, x).Gradient;

    /// <summary>The partial derivative of a scalar function of two arguments along one of them, 0 or 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, Tensor> Partial(Func<Tensor, Tensor, Tensor> f, int argument) =>
        (a, b) => Along("Partial", x => f(x[0], x[1]), argument, [a, b]).Gradient;

    /// <summary>The partial derivative of a scalar function of three arguments along one of them, 0 to 2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Func<Tensor, Tensor, Tensor, Tensor> Partial(Func<Tensor, Tensor, Tensor, Tensor> f, int argument) =>
        (a, b, c) => Along("Partial", x => f(x[0], x[1], x[2]), argument, [a, b, c]).Gradient;

    /// <summary>f(a, b), and the function that takes a gradient g of the result to the gradients of both arguments.</summary>
    public static (TOut Value, Func<TOut, (T1, T2)> Pullback) Vjp<T1, T2, TOut>(Func<T1, T2, TOut> f, T1 a, T2 b) =>
        Reverse.Vjp<(T1 A, T2 B), TOut>("Vjp", x => f(x.A, x.B), (a, b), several: true);

    /// <summary>
    /// f(a, b), and its derivative along tangents of both: <c>Jvp(f, (a, b), (ta, tb))</c>. Forward mode, in one run.
    /// </summary>
    /// <exception cref="ArgumentException">The tangents are not like the arguments.</exception>
    public static (TOut Value, TOut Tangent) Jvp<T1, T2, TOut>(Func<T1, T2, TOut> f, (T1, T2) x, (T1, T2) t) =>
        Forward<(T1 A, T2 B), TOut>(z => f(z.A, z.B), x, t, several: true);

    private static (Tensor Value, Tensor Gradient) Along(string transform, Func<Tensor[], Tensor> f, int argument, Tensor[] x) =>
        argument < 0 || argument >= x.Length
            ? throw new ArgumentOutOfRangeException(null, $"{transform}: there is no argument {argument} among {x.Length}.")
            : Gradient<Tensor>(moved => f([.. x[..argument], moved, .. x[(argument + 1)..]]), x[argument]);
}
