using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>
/// The tensor as a carrier of formulas: the rule of an op, evaluated on tensors, is itself made of differentiable ops. So derivatives
/// exist to any order.
/// </summary>
public sealed partial class Tensor : IReal<Tensor>
{
    /// <summary>The weak scalar 0.</summary>
    public static Tensor Zero { get; } = 0.0;

    /// <summary>The weak scalar 1.</summary>
    public static Tensor One { get; } = 1.0;

    /// <summary>A literal: a weak scalar.</summary>
    public static Tensor Const(double literal) => literal;

    /// <summary>An op's parameter: a weak scalar.</summary>
    public static Tensor Param(Number field) => field.Float64;

    /// <summary>x where a &lt; b, else y; shapes broadcast.</summary>
    public static Tensor IfLess(Tensor a, Tensor b, Tensor x, Tensor y) => Map(default(Select), Map(default(Less), a, b), x, y);

    static Tensor IReal<Tensor>.Abs(Tensor x) => x.Abs();

    static Tensor IReal<Tensor>.Sqrt(Tensor x) => x.Sqrt();

    static Tensor IReal<Tensor>.Exp(Tensor x) => x.Exp();

    static Tensor IReal<Tensor>.Expm1(Tensor x) => x.Expm1();

    static Tensor IReal<Tensor>.Log(Tensor x) => x.Log();

    static Tensor IReal<Tensor>.Log1p(Tensor x) => x.Log1p();

    static Tensor IReal<Tensor>.Sin(Tensor x) => x.Sin();

    static Tensor IReal<Tensor>.Cos(Tensor x) => x.Cos();

    static Tensor IReal<Tensor>.Tanh(Tensor x) => x.Tanh();

    static Tensor IReal<Tensor>.Map<TOp>(TOp op, Tensor x) => x.Map(op);

    static Tensor IReal<Tensor>.Call<TFunction>(TFunction f, Tensor x) => x.Map(f);

    static Tensor IReal<Tensor>.Call<TFunction>(TFunction f, Tensor a, Tensor b) => Map(f, a, b);

    /// <summary>The sum, element by element; shapes broadcast.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Map(default(Add), a, b);

    /// <summary>The difference, element by element; shapes broadcast.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Map(default(Sub), a, b);

    /// <summary>The product, element by element; shapes broadcast.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Map(default(Mul), a, b);

    /// <summary>The quotient, element by element; shapes broadcast.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Map(default(Div), a, b);

    /// <summary>The negative.</summary>
    public static Tensor operator -(Tensor x) => x.Map(default(Neg));

    /// <summary>Where a &lt; b, as bool; false for NaN.</summary>
    public static Tensor operator <(Tensor a, Tensor b) => Map(default(Less), a.Detach(), b.Detach()).To(DType.Bool);

    /// <summary>Where a &gt; b, as bool; false for NaN.</summary>
    public static Tensor operator >(Tensor a, Tensor b) => b < a;

    /// <summary>Where a ≤ b, as bool; false for NaN.</summary>
    public static Tensor operator <=(Tensor a, Tensor b) => Map(default(LessOrEqual), a.Detach(), b.Detach()).To(DType.Bool);

    /// <summary>Where a ≥ b, as bool; false for NaN.</summary>
    public static Tensor operator >=(Tensor a, Tensor b) => b <= a;
}
