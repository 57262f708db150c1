using System.Reflection;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// Ops of one operand, element by element. The rule is the slope: jvp = t·slope, vjp = g·slope, in one fused kernel where nothing
/// watches, else in ops.
/// </summary>
internal sealed class Unary<TOp>(TOp op) : Primitive
    where TOp : struct, IUnary
{
    private static readonly Unary<TOp>? Shared = OpName.HasFields(typeof(TOp)) ? null : new(default);
    private static readonly Masking? Mask = Masking.For(typeof(TOp));
    private readonly Uses slope = op.Slope(Uses.Operand(0), Uses.Operand(ResultBit));

    /// <summary>The name for messages.</summary>
    public static string NameOf { get; } = OpName.Of(typeof(TOp));

    /// <summary>The dtypes beside the real ones that it is defined on.</summary>
    public static IReadOnlyList<DType> Exact { get; } = OpName.Exact(typeof(TOp));

    public override string Name => NameOf;

    public override bool IsElementwise => true;

    public override bool HasFiniteParameters => OpName.HasFiniteFields(op);

    public override string Formula(IReadOnlyList<string> operands) => op.Value(Text.Named(operands[0])).ToString();

    public override uint Reads => (uint)slope.Mask;

    public override Dependence In(ReadOnlySpan<bool> moving) =>
        op.Value(Dependent.Operand(moving[0])).Kind;

    /// <summary>The op with these parameters; one object for all calls of an op that has none.</summary>
    public static Unary<TOp> Of(TOp op) => Shared ?? new(op);

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Launch.Map(op, x[0]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => Times(t[0], x[0], y);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Times(g, x[0], y);

    private Tensor? Times(Tensor? g, Tensor x, Tensor y)
    {
        if (g is null || slope.Constant is not null)
        {
            return Rule.Times(g, slope);
        }

        if (!Engine.IsPlain(g) || !Engine.IsPlain(x) || !Engine.IsPlain(y))
        {
            return Rule.Times(g, op.Slope(x, y), Mask);
        }

        return Mask is not null
            ? Launch.Map(new TimesSlope<TOp, Masked>(op), g, x ?? g, y ?? g)
            : Launch.Map(new TimesSlope<TOp, Mul>(op), g, x ?? g, y ?? g);
    }
}

/// <summary>Ops of two operands of one shape, element by element.</summary>
internal sealed class Binary<TOp>(TOp op) : Primitive
    where TOp : struct, IBinary
{
    private static readonly Binary<TOp>? Shared = OpName.HasFields(typeof(TOp)) ? null : new(default);
    private static readonly Masking? Mask = Masking.For(typeof(TOp));
    private readonly Uses slopeA = op.SlopeA(Uses.Operand(0), Uses.Operand(1), Uses.Operand(ResultBit));
    private readonly Uses slopeB = op.SlopeB(Uses.Operand(0), Uses.Operand(1), Uses.Operand(ResultBit));

    /// <summary>The name for messages.</summary>
    public static string NameOf { get; } = OpName.Of(typeof(TOp));

    /// <summary>The dtypes beside the real ones that it is defined on.</summary>
    public static IReadOnlyList<DType> Exact { get; } = OpName.Exact(typeof(TOp));

    public override string Name => NameOf;

    public override bool IsElementwise => true;

    public override bool HasFiniteParameters => OpName.HasFiniteFields(op);

    public override string Formula(IReadOnlyList<string> operands) => op.Value(Text.Named(operands[0]), Text.Named(operands[1])).ToString();

    public override uint Reads => (uint)(slopeA.Mask | slopeB.Mask);

    public override Dependence In(ReadOnlySpan<bool> moving) =>
        op.Value(Dependent.Operand(moving[0]), Dependent.Operand(moving[1])).Kind;

    /// <summary>The op with these parameters; one object for all calls of an op that has none.</summary>
    public static Binary<TOp> Of(TOp op) => Shared ?? new(op);

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Launch.Map(op, x[0], x[1]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(Times(0, t[0], x, y), Times(1, t[1], x, y));

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Times(k, g, x, y);

    private Tensor? Times(int k, Tensor? g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var slope = k == 0 ? slopeA : slopeB;
        if (g is null || slope.Constant is not null)
        {
            return Rule.Times(g, slope);
        }

        var (a, b) = (x[0], x[1]);
        if (!Engine.IsPlain(g) || !Engine.IsPlain(a) || !Engine.IsPlain(b) || !Engine.IsPlain(y))
        {
            return Rule.Times(g, k == 0 ? op.SlopeA(a, b, y) : op.SlopeB(a, b, y), Mask);
        }

        (a, b, y) = (a ?? g, b ?? g, y ?? g);
        return (k, Mask is not null) switch
        {
            (0, false) => Launch.Map(new TimesSlopeA<TOp, Mul>(op), g, a, b, y),
            (0, true) => Launch.Map(new TimesSlopeA<TOp, Masked>(op), g, a, b, y),
            (_, false) => Launch.Map(new TimesSlopeB<TOp, Mul>(op), g, a, b, y),
            (_, true) => Launch.Map(new TimesSlopeB<TOp, Masked>(op), g, a, b, y),
        };
    }
}

/// <summary>Ops of three operands of one shape, element by element.</summary>
internal sealed class Ternary<TOp>(TOp op) : Primitive
    where TOp : struct, ITernary
{
    private static readonly Masking? Mask = Masking.For(typeof(TOp));
    private readonly Uses[] slopes = [SlopeOf(op, 0), SlopeOf(op, 1), SlopeOf(op, 2)];

    /// <summary>The name for messages.</summary>
    public static string NameOf { get; } = OpName.Of(typeof(TOp));

    /// <summary>The dtypes beside the real ones that it is defined on.</summary>
    public static IReadOnlyList<DType> Exact { get; } = OpName.Exact(typeof(TOp));

    public override string Name => NameOf;

    public override bool IsElementwise => true;

    public override bool HasFiniteParameters => OpName.HasFiniteFields(op);

    public override string Formula(IReadOnlyList<string> operands) => op.Value(Text.Named(operands[0]), Text.Named(operands[1]), Text.Named(operands[2])).ToString();

    public override uint Reads => (uint)(slopes[0].Mask | slopes[1].Mask | slopes[2].Mask);

    public override Dependence In(ReadOnlySpan<bool> moving) =>
        op.Value(Dependent.Operand(moving[0]), Dependent.Operand(moving[1]), Dependent.Operand(moving[2])).Kind;

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Launch.Map(op, x[0], x[1], x[2]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(Rule.Sum(Times(0, t[0], x, y), Times(1, t[1], x, y)), Times(2, t[2], x, y));

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Times(k, g, x, y);

    private static Uses SlopeOf(TOp op, int k)
    {
        var (a, b, c, y) = (Uses.Operand(0), Uses.Operand(1), Uses.Operand(2), Uses.Operand(ResultBit));
        return k == 0 ? op.SlopeA(a, b, c, y) : k == 1 ? op.SlopeB(a, b, c, y) : op.SlopeC(a, b, c, y);
    }

    private Tensor? Times(int k, Tensor? g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        if (g is null || slopes[k].Constant is not null)
        {
            return Rule.Times(g, slopes[k]);
        }

        var (a, b, c) = (x[0], x[1], x[2]);
        return Rule.Times(g, k == 0 ? op.SlopeA(a, b, c, y) : k == 1 ? op.SlopeB(a, b, c, y) : op.SlopeC(a, b, c, y), Mask);
    }
}

/// <summary>
/// An op of one operand whose result moves in steps alone: to ask for its derivative is a mistake more often than a wish for 0, and an
/// error. Inside of other formulas the op has the slope 0.
/// </summary>
internal sealed class Step<TOp>(TOp op) : Primitive
    where TOp : struct, IUnary
{
    public override string Name => Unary<TOp>.NameOf;

    public override bool IsElementwise => true;

    public override string Formula(IReadOnlyList<string> operands) => op.Value(Text.Named(operands[0])).ToString();

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Launch.Map(op, x[0]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => throw NoDerivative();

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => throw NoDerivative();
}

/// <summary>An op on integers or truth values, which have no derivatives; or a step of two real operands, where asking for one is an error.</summary>
internal sealed class Exact<TOp>(TOp op, string name, bool isReal) : Primitive
    where TOp : struct, IMap2
{
    public override string Name => name;

    public override bool IsDifferentiable => isReal;

    public override bool IsElementwise => true;

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Launch.Map(op, x[0], x[1]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => throw NoDerivative();

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => throw NoDerivative();
}

/// <summary>
/// The product with the slope of an op in pieces, for derivatives of derivatives: linear in its first operand, and 0 where the second, the
/// slope, is. A slope that is constant on each piece has itself the derivative 0.
/// </summary>
internal sealed class Masking(bool isConstant) : Primitive
{
    /// <summary>For slopes that are constant on each piece.</summary>
    public static Masking Constant { get; } = new(true);

    /// <summary>For slopes that are not.</summary>
    public static Masking Moving { get; } = new(false);

    public override string Name => "Masked";

    public override bool IsElementwise => true;

    public override uint Reads => isConstant ? Bit(1) : Bit(0) | Bit(1);

    /// <summary>That of an op, by what it says of itself; null where the product is the plain one.</summary>
    public static Masking? For(Type op) =>
        OpName.Is<IPiecewiseLinear>(op) ? Constant : OpName.Is<IPiecewise>(op) ? Moving : null;

    public override Dependence In(ReadOnlySpan<bool> moving) => moving[1] ? Dependence.Nonlinear : Dependence.Linear;

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Launch.Map(default(Masked), x[0], x[1]);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => Rule.Sum(
        t[0] is { } tg ? Engine.Apply(this, tg, x[1]) : null, !isConstant && t[1] is { } ts ? Engine.Apply(this, x[0], ts) : null);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        k == 0 ? Engine.Apply(this, g, x[1]) : isConstant ? null : g * x[0];
}

/// <summary>The small steps that rules have in common.</summary>
internal static class Rule
{
    /// <summary>g times a slope that is the same number everywhere: nothing for 0, g itself for 1.</summary>
    public static Tensor? Times(Tensor? g, Uses slope) => slope.Constant switch
    {
        _ when g is null => null,
        0 => null,
        1 => g,
        { } c => g * c,
        null => throw new InvalidOperationException("The slope is not a constant."),
    };

    /// <summary>g times a slope, in ops; where a slope of 0 says what was not picked, it stays 0 whatever g is.</summary>
    public static Tensor Times(Tensor g, Tensor slope, Masking? mask) => mask is null ? g * slope : Engine.Apply(mask, g, slope);

    /// <summary>The sum of two gradients, either of which may be zero (null).</summary>
    public static Tensor? Sum(Tensor? a, Tensor? b) => a is null ? b : b is null ? a : a + b;
}

/// <summary>What is known of an op from its type.</summary>
internal static class OpName
{
    /// <summary>The name for messages; of an op with a bound operand, that op's own.</summary>
    public static string Of(Type op) => Unbound(op).Name.Split('`')[0];

    /// <summary>Whether the op, or the op with a bound operand, says of itself what a marker stands for.</summary>
    public static bool Is<TMarker>(Type op) => typeof(TMarker).IsAssignableFrom(Unbound(op));

    /// <summary>The dtypes beside the real ones that the op is defined on.</summary>
    public static IReadOnlyList<DType> Exact(Type op) =>
        Is<ILogical>(op) ? [DType.Int32, DType.Int64, DType.Bool] : Is<IWhole>(op) ? [DType.Int32, DType.Int64] : [];

    /// <summary>Whether the op has parameters.</summary>
    public static bool HasFields(Type op) =>
        op.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Length > 0;

    /// <summary>Whether every number among the op's parameters is finite.</summary>
    public static bool HasFiniteFields(object op) => Numbers(op).All(double.IsFinite);

    /// <summary>The numbers among the op's parameters.</summary>
    public static IEnumerable<double> Numbers(object op)
    {
        foreach (var field in op.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            switch (field.GetValue(op))
            {
                case Number number:
                    yield return number.Float64;
                    break;
                case double number:
                    yield return number;
                    break;
                case float number:
                    yield return number;
                    break;
                case ValueType part when !field.FieldType.IsPrimitive:
                    foreach (double number in Numbers(part))
                    {
                        yield return number;
                    }

                    break;
            }
        }
    }

    private static Type Unbound(Type op)
    {
        while (op.IsGenericType && op.GetGenericTypeDefinition() is var g && (g == typeof(BindA<>) || g == typeof(BindB<>)))
        {
            op = op.GetGenericArguments()[0];
        }

        return op;
    }
}
