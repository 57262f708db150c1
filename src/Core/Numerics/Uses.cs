namespace Gpu.Autograd.Numerics;

/// <summary>
/// Which operands a formula reads, as a bit mask. The tape asks it what a slope needs and keeps only that. Constants fold, so that an
/// operand multiplied by 0 is not read: Relu with leak 0 is told from Relu with leak 0.1.
/// </summary>
public readonly record struct Uses : IReal<Uses>
{
    private Uses(int mask, double? constant)
    {
        Mask = mask;
        Constant = constant;
    }

    /// <summary>The operands read: bit k is set where operand k is.</summary>
    public int Mask { get; }

    /// <summary>The value, where it is the same whatever the operands.</summary>
    public double? Constant { get; }

    /// <summary>The operand with number <paramref name="bit"/>.</summary>
    public static Uses Operand(int bit) => new(1 << bit, null);

    public static Uses Zero => Const(0);

    public static Uses One => Const(1);

    public static Uses Const(double literal) => new(0, literal);

    public static Uses Param(Number field) => new(0, field.Float64);

    public static Uses operator +(Uses a, Uses b) =>
        a.Constant + b.Constant is { } sum ? Const(sum) : a.Constant == 0 ? b : b.Constant == 0 ? a : Both(a, b);

    public static Uses operator -(Uses a, Uses b) => a.Constant - b.Constant is { } difference ? Const(difference) : a + -b;

    public static Uses operator *(Uses a, Uses b) =>
        a.Constant * b.Constant is { } product ? Const(product)
        : a.Constant == 0 || b.Constant == 0 ? Zero
        : Both(a, b);

    public static Uses operator /(Uses a, Uses b) =>
        a.Constant / b.Constant is { } quotient ? Const(quotient) : a.Constant == 0 ? Zero : Both(a, b);

    public static Uses operator -(Uses a) => new(a.Mask, -a.Constant);

    public static Uses IfLess(Uses a, Uses b, Uses x, Uses y) =>
        a.Constant is { } left && b.Constant is { } right ? (left < right ? x : y)
        : x.Constant is not null && x == y ? x
        : Both(Both(a, b), Both(x, y));

    public static Uses Abs(Uses x) => Of(x, Math.Abs);

    public static Uses Sqrt(Uses x) => Of(x, Math.Sqrt);

    public static Uses Exp(Uses x) => Of(x, static v => F64.Exp(new(v)).Value);

    public static Uses Expm1(Uses x) => Of(x, static v => F64.Expm1(new(v)).Value);

    public static Uses Log(Uses x) => Of(x, static v => F64.Log(new(v)).Value);

    public static Uses Log1p(Uses x) => Of(x, static v => F64.Log1p(new(v)).Value);

    public static Uses Sin(Uses x) => Of(x, static v => F64.Sin(new(v)).Value);

    public static Uses Cos(Uses x) => Of(x, static v => F64.Cos(new(v)).Value);

    public static Uses Tanh(Uses x) => Of(x, static v => F64.Tanh(new(v)).Value);

    public static Uses Map<TOp>(TOp op, Uses x)
        where TOp : struct, IUnary => op.Value(x);

    public static Uses Call<TFunction>(TFunction f, Uses x)
        where TFunction : struct, IFunction => Of(x, v => f.Compute(new F64(v)).Value);

    public static Uses Call<TFunction>(TFunction f, Uses a, Uses b)
        where TFunction : struct, IFunction2 =>
        a.Constant is { } u && b.Constant is { } v ? Const(f.Compute(new F64(u), new F64(v)).Value) : Both(a, b);

    private static Uses Both(Uses a, Uses b) => new(a.Mask | b.Mask, null);

    private static Uses Of(Uses x, Func<double, double> f) => x.Constant is { } v ? Const(f(v)) : x;
}
