using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Ops;

/// <summary>The kinds of op. Composites have no rules of their own; the rules of the others come from the kind.</summary>
public enum OpKind
{
    /// <summary>Element by element, with a slope for each operand.</summary>
    Elementwise,

    /// <summary>Linear, one of an adjoint pair.</summary>
    Linear,

    /// <summary>Linear in each of two operands.</summary>
    Bilinear,

    /// <summary>A matrix factorisation, or what is computed by one.</summary>
    Factorisation,

    /// <summary>Picks or compares; its derivative, where there is one, goes to what was picked.</summary>
    Selection,

    /// <summary>Made of other ops.</summary>
    Composite,
}

/// <summary>An open interval that sample operands are drawn from.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
public readonly record struct Domain(double Low, double High)
{
    /// <summary>Numbers of both signs, of ordinary size.</summary>
    public static Domain Real { get; } = new(-3, 3);

    /// <summary>Positive numbers, away from 0.</summary>
    public static Domain Positive { get; } = new(0.2, 4);
}

/// <summary>What tests, documentation and benchmarks need to know of an op.</summary>
/// <param name="Name">The op's name in files and tables: <c>leaky_relu</c>.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Apply">Runs it on operands of the sample shapes.</param>
public record OpRow(string Name, OpKind Kind, Func<Tensor[], Tensor> Apply)
{
    /// <summary>The same without what <see cref="Apply"/> does to make any sample a good operand (a regular matrix, say).</summary>
    public Func<Tensor[], Tensor> Bare { get; init; } = Apply;

    /// <summary>Shapes of operands that it takes, one list a sample.</summary>
    public required IReadOnlyList<Shape[]> Shapes { get; init; }

    /// <summary>Where its operands lie.</summary>
    public Domain Domain { get; init; } = Domain.Real;

    /// <summary>The allowed |a − b| / max(1, max |b|) in float32.</summary>
    public double Tolerance32 { get; init; } = 1e-5;

    /// <summary>The allowed |a − b| / max(1, max |b|) in float64.</summary>
    public double Tolerance64 { get; init; } = 1e-12;

    /// <summary>The allowed |a − b| / max(1, max |b|) in float32 or float64.</summary>
    public double Tolerance(DType dtype) => dtype == DType.Float32 ? Tolerance32 : Tolerance64;

    /// <summary>How often it can be differentiated: 0 for a selection.</summary>
    public int Order { get; init; } = int.MaxValue;

    /// <summary>The name, for test reports.</summary>
    public override string ToString() => Name;
}

/// <summary>An elementwise op: its struct gives the oracle, the slopes and the formulas.</summary>
public abstract record ElementwiseRow(string Name, Func<Tensor[], Tensor> Apply, Type Op) : OpRow(Name, OpKind.Elementwise, Apply)
{
    /// <summary>The number of operands.</summary>
    public abstract int Arity { get; }

    /// <summary>The formula as text.</summary>
    public abstract string Formula { get; }

    /// <summary>The slope along operand k as text, in terms of the operands and the result y.</summary>
    public abstract string SlopeFormula(int k);

    /// <summary>The value in float64.</summary>
    public abstract double Value(params ReadOnlySpan<double> x);

    /// <summary>The slope along operand k, as the op states it.</summary>
    public abstract double Slope(int k, params ReadOnlySpan<double> x);

    /// <summary>The slope along operand k, as forward mode derives it from the value.</summary>
    public abstract double TangentSlope(int k, params ReadOnlySpan<double> x);

    private protected static Tangent<F64> Along(bool moving, double x) => new(new F64(x), new F64(moving ? 1 : 0));
}

internal sealed record UnaryRow<TOp>(string Name, TOp Struct, Func<Tensor[], Tensor> Apply) : ElementwiseRow(Name, Apply, typeof(TOp))
    where TOp : struct, IUnary
{
    public override int Arity => 1;

    public override string Formula => Struct.Value(Text.Named("x")).ToString();

    public override string SlopeFormula(int k) => Struct.Slope(Text.Named("x"), Text.Named("y")).ToString();

    public override double Value(params ReadOnlySpan<double> x) => Struct.Value(new F64(x[0])).Value;

    public override double Slope(int k, params ReadOnlySpan<double> x) => Struct.Slope(new F64(x[0]), new F64(Value(x))).Value;

    public override double TangentSlope(int k, params ReadOnlySpan<double> x) => Struct.Value(Along(true, x[0])).Slope.Value;
}

internal sealed record BinaryRow<TOp>(string Name, TOp Struct, Func<Tensor[], Tensor> Apply) : ElementwiseRow(Name, Apply, typeof(TOp))
    where TOp : struct, IBinary
{
    public override int Arity => 2;

    public override string Formula => Struct.Value(Text.Named("a"), Text.Named("b")).ToString();

    public override string SlopeFormula(int k) =>
        (k == 0
            ? Struct.SlopeA(Text.Named("a"), Text.Named("b"), Text.Named("y"))
            : Struct.SlopeB(Text.Named("a"), Text.Named("b"), Text.Named("y"))).ToString();

    public override double Value(params ReadOnlySpan<double> x) => Struct.Value(new F64(x[0]), new F64(x[1])).Value;

    public override double Slope(int k, params ReadOnlySpan<double> x)
    {
        var (a, b, y) = (new F64(x[0]), new F64(x[1]), new F64(Value(x)));
        return (k == 0 ? Struct.SlopeA(a, b, y) : Struct.SlopeB(a, b, y)).Value;
    }

    public override double TangentSlope(int k, params ReadOnlySpan<double> x) =>
        Struct.Value(Along(k == 0, x[0]), Along(k == 1, x[1])).Slope.Value;
}

internal sealed record TernaryRow<TOp>(string Name, TOp Struct, Func<Tensor[], Tensor> Apply) : ElementwiseRow(Name, Apply, typeof(TOp))
    where TOp : struct, ITernary
{
    public override int Arity => 3;

    public override string Formula => Struct.Value(Text.Named("a"), Text.Named("b"), Text.Named("c")).ToString();

    public override string SlopeFormula(int k)
    {
        var (a, b, c, y) = (Text.Named("a"), Text.Named("b"), Text.Named("c"), Text.Named("y"));
        return (k == 0 ? Struct.SlopeA(a, b, c, y) : k == 1 ? Struct.SlopeB(a, b, c, y) : Struct.SlopeC(a, b, c, y)).ToString();
    }

    public override double Value(params ReadOnlySpan<double> x) =>
        Struct.Value(new F64(x[0]), new F64(x[1]), new F64(x[2])).Value;

    public override double Slope(int k, params ReadOnlySpan<double> x)
    {
        var (a, b, c, y) = (new F64(x[0]), new F64(x[1]), new F64(x[2]), new F64(Value(x)));
        return (k == 0 ? Struct.SlopeA(a, b, c, y) : k == 1 ? Struct.SlopeB(a, b, c, y) : Struct.SlopeC(a, b, c, y)).Value;
    }

    public override double TangentSlope(int k, params ReadOnlySpan<double> x) =>
        Struct.Value(Along(k == 0, x[0]), Along(k == 1, x[1]), Along(k == 2, x[2])).Slope.Value;
}
