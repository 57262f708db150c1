using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// Forward mode over any carrier: a value and the slope it moves with. Evaluating f on (x, t) gives (f(x), f′(x)·t), and on a tangent
/// of tangents the second derivative, without end.
/// </summary>
public readonly struct Tangent<C>(C value, C slope) : IReal<Tangent<C>>
    where C : IReal<C>
{
    /// <summary>The value.</summary>
    public readonly C Value = value;

    /// <summary>The slope.</summary>
    public readonly C Slope = slope;

    /// <summary>The variable itself: its slope is 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Variable(C x) => new(x, C.One);

    /// <summary>What does not depend on the variable: its slope is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Constant(C x) => new(x, C.Zero);

    public static Tangent<C> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Constant(C.Zero);
    }

    public static Tangent<C> One
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Constant(C.One);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> operator +(Tangent<C> a, Tangent<C> b) => new(a.Value + b.Value, a.Slope + b.Slope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> operator -(Tangent<C> a, Tangent<C> b) => new(a.Value - b.Value, a.Slope - b.Slope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> operator *(Tangent<C> a, Tangent<C> b) => new(a.Value * b.Value, a.Slope * b.Value + a.Value * b.Slope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> operator /(Tangent<C> a, Tangent<C> b)
    {
        C y = a.Value / b.Value;
        return new(y, (a.Slope - y * b.Slope) / b.Value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> operator -(Tangent<C> a) => new(-a.Value, -a.Slope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Const(double literal) => Constant(C.Const(literal));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Param(Number field) => Constant(C.Param(field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> IfLess(Tangent<C> a, Tangent<C> b, Tangent<C> x, Tangent<C> y) =>
        new(C.IfLess(a.Value, b.Value, x.Value, y.Value), C.IfLess(a.Value, b.Value, x.Slope, y.Slope));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Abs(Tangent<C> x) =>
        new(C.Abs(x.Value), C.IfLess(C.Zero, x.Value, x.Slope, C.IfLess(x.Value, C.Zero, -x.Slope, C.Zero)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Sqrt(Tangent<C> x)
    {
        C y = C.Sqrt(x.Value);
        return new(y, x.Slope / (y + y));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Exp(Tangent<C> x)
    {
        C y = C.Exp(x.Value);
        return new(y, y * x.Slope);
    }

    // Not y + 1, which loses all digits for x far below 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Expm1(Tangent<C> x) => new(C.Expm1(x.Value), C.Exp(x.Value) * x.Slope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Log(Tangent<C> x) => new(C.Log(x.Value), x.Slope / x.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Log1p(Tangent<C> x) => new(C.Log1p(x.Value), x.Slope / (C.One + x.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Sin(Tangent<C> x) => new(C.Sin(x.Value), C.Cos(x.Value) * x.Slope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Cos(Tangent<C> x) => new(C.Cos(x.Value), -(C.Sin(x.Value) * x.Slope));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Tanh(Tangent<C> x)
    {
        C y = C.Tanh(x.Value);
        return new(y, (C.One - y * y) * x.Slope);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Map<TOp>(TOp op, Tangent<C> x)
        where TOp : struct, IUnary
    {
        C y = C.Map(op, x.Value);
        return new(y, op.Slope(x.Value, y) * x.Slope);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Call<TFunction>(TFunction f, Tangent<C> x)
        where TFunction : struct, IFunction => Map(f, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Tangent<C> Call<TFunction>(TFunction f, Tangent<C> a, Tangent<C> b)
        where TFunction : struct, IFunction2
    {
        C y = C.Call(f, a.Value, b.Value);
        return new(y, Times(f.SlopeA(a.Value, b.Value, y), a.Slope) + Times(f.SlopeB(a.Value, b.Value, y), b.Slope));
    }

    // An operand that does not move adds nothing, even where the slope along it is NaN: aᵇ for a < 0 and a constant b.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static C Times(C slope, C t) =>
        C.IfLess(C.Zero, C.Abs(t), slope * t, C.IfLess(C.Abs(slope), C.Const(double.PositiveInfinity), slope, C.Zero) * t);

    public override string ToString() => $"({Value}, {Slope})";
}
