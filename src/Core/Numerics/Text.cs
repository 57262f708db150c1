using System.Globalization;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// The formula as text, with no more parentheses than it needs: the slope of LeakyRelu(0.1) is <c>0 &lt; x ? 1 : 0.1</c>.
/// </summary>
public readonly record struct Text : IReal<Text>
{
    private readonly string formula;
    private readonly Rank rank;

    private Text(string formula, Rank rank)
    {
        this.formula = formula;
        this.rank = rank;
    }

    // How tightly a formula holds together, from the loosest.
    private enum Rank
    {
        Choice,
        Sum,
        Negative,
        Product,
        Power,
        Whole,
    }

    /// <summary>A variable by its name.</summary>
    public static Text Named(string name) => new(name, Rank.Whole);

    public static Text Zero => Const(0);

    public static Text One => Const(1);

    public static Text Const(double literal) => literal switch
    {
        Math.PI => Named("π"),
        double.PositiveInfinity => Named("∞"),
        < 0 => -Const(-literal),
        _ => Named(literal.ToString(CultureInfo.InvariantCulture)),
    };

    public static Text Param(Number field) => Const(field.Float64);

    // a + −b is a − b.
    public static Text operator +(Text a, Text b) =>
        new(b.rank == Rank.Negative ? $"{a.In(Rank.Sum)} − {b.formula[1..]}" : $"{a.In(Rank.Sum)} + {b.In(Rank.Sum)}", Rank.Sum);

    public static Text operator -(Text a, Text b) => new($"{a.In(Rank.Sum)} − {b.In(Rank.Product)}", Rank.Sum);

    public static Text operator *(Text a, Text b) =>
        a == b
            ? new($"{a.In(Rank.Whole)}²", Rank.Power)
            : new($"{a.In(Rank.Negative)}·{b.In(Rank.Product)}", a.rank == Rank.Negative ? Rank.Negative : Rank.Product);

    public static Text operator /(Text a, Text b) => new($"{a.In(Rank.Negative)}/{b.In(Rank.Power)}", Rank.Product);

    public static Text operator -(Text a) => new($"−{a.In(Rank.Product)}", Rank.Negative);

    public static Text IfLess(Text a, Text b, Text x, Text y) =>
        new($"{a.In(Rank.Sum)} < {b.In(Rank.Sum)} ? {x.In(Rank.Sum)} : {y}", Rank.Choice);

    public static Text Abs(Text x) => Named($"|{x}|");

    public static Text Sqrt(Text x) => new($"√{x.In(Rank.Whole)}", Rank.Power);

    public static Text Exp(Text x) => Named($"exp({x})");

    public static Text Expm1(Text x) => Named($"expm1({x})");

    public static Text Log(Text x) => Named($"log({x})");

    public static Text Log1p(Text x) => Named($"log1p({x})");

    public static Text Sin(Text x) => Named($"sin({x})");

    public static Text Cos(Text x) => Named($"cos({x})");

    public static Text Tanh(Text x) => Named($"tanh({x})");

    /// <summary>The op by its name, so that a formula built of ops stays short: <c>x·sigmoid(x)</c>.</summary>
    public static Text Map<TOp>(TOp op, Text x)
        where TOp : struct, IUnary => typeof(TOp).IsGenericType ? op.Value(x) : Call(typeof(TOp), $"{x}");

    public static Text Call<TFunction>(TFunction f, Text x)
        where TFunction : struct, IFunction => Call(typeof(TFunction), $"{x}");

    public static Text Call<TFunction>(TFunction f, Text a, Text b)
        where TFunction : struct, IFunction2 => Call(typeof(TFunction), $"{a}, {b}");

    /// <summary>The formula.</summary>
    public override string ToString() => formula;

    private static Text Call(Type f, string operands) => Named($"{char.ToLowerInvariant(f.Name[0])}{f.Name[1..]}({operands})");

    private string In(Rank least) => rank < least ? $"({formula})" : formula;
}
