namespace Gpu.Autograd.Numerics;

/// <summary>How the result of an op depends on some of its operands, the others held fixed.</summary>
internal enum Dependence
{
    /// <summary>Not at all.</summary>
    Fixed,

    /// <summary>Linear in them, and so 0 where they are 0.</summary>
    Linear,

    /// <summary>Linear in them but for a constant, which may be 0.</summary>
    Affine,

    /// <summary>Otherwise, as far as the formula tells.</summary>
    Nonlinear,
}

/// <summary>
/// How a formula depends on some of its operands: reverse mode, which transposes linear functions, asks it whether this is one. What is
/// picked by comparing them is not linear, nor are their functions.
/// </summary>
internal readonly record struct Dependent : IReal<Dependent>
{
    private Dependent(Dependence kind, double? constant = null)
    {
        Kind = kind;
        Constant = constant;
    }

    /// <summary>How it depends on the operands that move.</summary>
    public Dependence Kind { get; }

    /// <summary>The value, where it is the same whatever the operands.</summary>
    public double? Constant { get; }

    /// <summary>An operand that moves, or is held fixed.</summary>
    public static Dependent Operand(bool moves) => new(moves ? Dependence.Linear : Dependence.Fixed);

    public static Dependent Zero => Const(0);

    public static Dependent One => Const(1);

    private bool IsFixed => Kind == Dependence.Fixed;

    public static Dependent Const(double literal) => new(Dependence.Fixed, literal);

    public static Dependent Param(Number field) => Const(field.Float64);

    public static Dependent operator +(Dependent a, Dependent b) =>
        a.Constant == 0 ? b : b.Constant == 0 ? a : a.IsFixed && b.IsFixed ? Folded(a.Constant + b.Constant) : Joined(a, b);

    public static Dependent operator -(Dependent a, Dependent b) => a + -b;

    public static Dependent operator *(Dependent a, Dependent b) =>
        a.Constant == 0 || b.Constant == 0 ? Zero
        : a.IsFixed && b.IsFixed ? Folded(a.Constant * b.Constant)
        : a.IsFixed ? b
        : b.IsFixed ? a
        : new(Dependence.Nonlinear);

    public static Dependent operator /(Dependent a, Dependent b) =>
        b.IsFixed ? a.IsFixed ? Folded(a.Constant / b.Constant) : a
        : a.Constant == 0 ? Zero
        : new(Dependence.Nonlinear);

    public static Dependent operator -(Dependent a) => new(a.Kind, -a.Constant);

    public static Dependent IfLess(Dependent a, Dependent b, Dependent x, Dependent y) =>
        a.Constant is { } left && b.Constant is { } right ? (left < right ? x : y)
        : x.Constant is not null && x == y ? x
        : a.IsFixed && b.IsFixed ? Joined(x, y)
        : new(Dependence.Nonlinear);

    public static Dependent Abs(Dependent x) => Of(x);

    public static Dependent Sqrt(Dependent x) => Of(x);

    public static Dependent Exp(Dependent x) => Of(x);

    public static Dependent Expm1(Dependent x) => Of(x);

    public static Dependent Log(Dependent x) => Of(x);

    public static Dependent Log1p(Dependent x) => Of(x);

    public static Dependent Sin(Dependent x) => Of(x);

    public static Dependent Cos(Dependent x) => Of(x);

    public static Dependent Tanh(Dependent x) => Of(x);

    public static Dependent Map<TOp>(TOp op, Dependent x)
        where TOp : struct, IUnary => op.Value(x);

    public static Dependent Call<TFunction>(TFunction f, Dependent x)
        where TFunction : struct, IFunction => Of(x);

    public static Dependent Call<TFunction>(TFunction f, Dependent a, Dependent b)
        where TFunction : struct, IFunction2 => a.IsFixed ? Of(b) : Of(a);

    private static Dependent Folded(double? constant) => new(Dependence.Fixed, constant);

    /// <summary>A sum, or one or the other: linear where both are, or one is and the other is 0.</summary>
    private static Dependent Joined(Dependent a, Dependent b) => new(
        a.IsFixed && b.IsFixed ? Dependence.Fixed
        : a.Kind == Dependence.Nonlinear || b.Kind == Dependence.Nonlinear ? Dependence.Nonlinear
        : IsHomogeneous(a) && IsHomogeneous(b) ? Dependence.Linear
        : Dependence.Affine);

    private static bool IsHomogeneous(Dependent x) => x.Kind == Dependence.Linear || x.Constant == 0;

    private static Dependent Of(Dependent x) => new(x.IsFixed ? Dependence.Fixed : Dependence.Nonlinear);
}
