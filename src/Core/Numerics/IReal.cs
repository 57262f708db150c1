using Gpu.Autograd.Numerics;

namespace Gpu.Autograd;

/// <summary>
/// A number that an op can be evaluated on. One definition of an op is read by many <em>carriers</em> of this interface: a float or
/// double on a GPU, a SIMD vector on the CPU, a <see cref="Tensor"/> (the rule in differentiable ops), a pair of value and tangent
/// (forward mode), the formula as text.
/// </summary>
/// <remarks>There are no branches on values: <see cref="IfLess"/> is one compare and one select on every carrier.</remarks>
public interface IReal<T>
    where T : IReal<T>
{
    /// <summary>The constant 0.</summary>
    static abstract T Zero { get; }

    /// <summary>The constant 1.</summary>
    static abstract T One { get; }

    /// <summary>a + b.</summary>
    static abstract T operator +(T a, T b);

    /// <summary>a − b.</summary>
    static abstract T operator -(T a, T b);

    /// <summary>a·b.</summary>
    static abstract T operator *(T a, T b);

    /// <summary>a / b; ±∞ or NaN where b is 0.</summary>
    static abstract T operator /(T a, T b);

    /// <summary>−a.</summary>
    static abstract T operator -(T a);

    /// <summary>A literal of the formula. It folds into the code.</summary>
    static abstract T Const(double literal);

    /// <summary>The value of a field of the op struct. It travels with the call, so that changing it compiles nothing anew.</summary>
    static abstract T Param(Number field);

    /// <summary><paramref name="x"/> where a &lt; b, else <paramref name="y"/> (also where a or b is NaN).</summary>
    static abstract T IfLess(T a, T b, T x, T y);

    /// <summary>|x|. The slope at 0 is 0.</summary>
    static abstract T Abs(T x);

    /// <summary>√x; NaN below 0.</summary>
    static abstract T Sqrt(T x);

    /// <summary>eˣ.</summary>
    static abstract T Exp(T x);

    /// <summary>eˣ − 1, accurate near 0.</summary>
    static abstract T Expm1(T x);

    /// <summary>The natural logarithm; −∞ at 0, NaN below.</summary>
    static abstract T Log(T x);

    /// <summary>log(1 + x), accurate near 0.</summary>
    static abstract T Log1p(T x);

    /// <summary>sin x, x in radians.</summary>
    static abstract T Sin(T x);

    /// <summary>cos x, x in radians.</summary>
    static abstract T Cos(T x);

    /// <summary>The hyperbolic tangent.</summary>
    static abstract T Tanh(T x);

    /// <summary>Another op applied inside this one, <c>T.Map(default(Asinh), x)</c>; its slope is used where a slope is needed.</summary>
    static abstract T Map<TOp>(TOp op, T x)
        where TOp : struct, IUnary;

    /// <summary>An elementary function beside those above: the machine's numbers compute it, the others use its slope or its name.</summary>
    static abstract T Call<TFunction>(TFunction f, T x)
        where TFunction : struct, IFunction;

    /// <summary>An elementary function of two operands.</summary>
    static abstract T Call<TFunction>(TFunction f, T a, T b)
        where TFunction : struct, IFunction2;
}

/// <summary>A function of one operand, element by element: what a back end can map over a tensor.</summary>
public interface IMap1
{
    /// <summary>The function's value.</summary>
    T Value<T>(T x)
        where T : IReal<T>;
}

/// <summary>A function of two operands, element by element.</summary>
public interface IMap2
{
    /// <summary>The function's value.</summary>
    T Value<T>(T a, T b)
        where T : IReal<T>;
}

/// <summary>A function of three operands, element by element.</summary>
public interface IMap3
{
    /// <summary>The function's value.</summary>
    T Value<T>(T a, T b, T c)
        where T : IReal<T>;
}

/// <summary>A function of four operands, element by element.</summary>
public interface IMap4
{
    /// <summary>The function's value.</summary>
    T Value<T>(T a, T b, T c, T d)
        where T : IReal<T>;
}

/// <summary>A differentiable op of one operand: y = f(x), with its slope dy/dx. Its fields are its parameters.</summary>
public interface IUnary : IMap1
{
    /// <summary>dy/dx, from the operand, the result, or both. What it does not read is not kept for the backward pass.</summary>
    T Slope<T>(T x, T y)
        where T : IReal<T>;
}

/// <summary>A differentiable op of two operands: y = f(a, b).</summary>
public interface IBinary : IMap2
{
    /// <summary>∂y/∂a.</summary>
    T SlopeA<T>(T a, T b, T y)
        where T : IReal<T>;

    /// <summary>∂y/∂b.</summary>
    T SlopeB<T>(T a, T b, T y)
        where T : IReal<T>;
}

/// <summary>A differentiable op of three operands: y = f(a, b, c).</summary>
public interface ITernary : IMap3
{
    /// <summary>∂y/∂a.</summary>
    T SlopeA<T>(T a, T b, T c, T y)
        where T : IReal<T>;

    /// <summary>∂y/∂b.</summary>
    T SlopeB<T>(T a, T b, T c, T y)
        where T : IReal<T>;

    /// <summary>∂y/∂c.</summary>
    T SlopeC<T>(T a, T b, T c, T y)
        where T : IReal<T>;
}

/// <summary>
/// Says of an op that it is made of pieces, picked by comparing, some of which do not depend on the operand: HardSwish. Then a slope of 0 is
/// no factor but means that the operand was not chosen: its gradient is 0 whatever comes in, ±∞ and NaN too.
/// </summary>
public interface IPiecewise;

/// <summary>
/// Says of an op in pieces that each is linear: Relu, Maximum, Clamp, Where. Then its slopes are constants, and have the derivative 0.
/// </summary>
public interface IPiecewiseLinear : IPiecewise;

/// <summary>
/// Says of an op that it is defined on int32 and int64 too. It takes sums, products, quotients, |x| and comparisons, and its constants are
/// integers, or ±∞ for the greatest and the least number.
/// </summary>
public interface IWhole;

/// <summary>Says of an op that it is defined on bool too, as 0 and 1, and gives one of these.</summary>
public interface ILogical : IWhole;
