using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Ops;

/// <summary>The text of <c>docs/ops.md</c>, from the op table and the comments on the ops.</summary>
internal static partial class OpsDocument
{
    private const string Head = """
        # Ops
        Written by a test from the op table and from the comments on the ops; do not edit. To renew it:
        `GPU_AUTOGRAD_WRITE_DOCS=1 dotnet test tests/Backends --filter OpsDocument`.

        Every op runs on every device (`cpu`, `cuda:N`, `opencl:N`, `accelerator`, `host`), on float32 and float64, on views as on dense tensors,
        in both modes, to any order, and under `Vmap`; where one does not, its line says so. *Also* are the other dtypes that it takes: whole
        numbers are int32 and int64, and there is no derivative then. Parameters stand in formulas with the values of the samples. *Error* is
        the allowed |a − b| / max(1, max |b|)
        against float64 in the tests of every device, float32 first; the functions' own errors in units in the last place stand beside them in
        `src/Core/Numerics`.


        """;

    private static readonly XElement[] Comments = [.. XDocument
        .Load(Path.ChangeExtension(typeof(Tensor).Assembly.Location, ".xml")).Descendants("member")];

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The signs of operators.</summary>
    private static readonly Dictionary<string, string> Signs = new()
    {
        ["op_Addition"] = "a + b",
        ["op_Subtraction"] = "a - b",
        ["op_Multiply"] = "a * b",
        ["op_Division"] = "a / b",
        ["op_Modulus"] = "a % b",
        ["op_UnaryNegation"] = "-x",
        ["op_LessThan"] = "a < b",
        ["op_GreaterThan"] = "a > b",
        ["op_LessThanOrEqual"] = "a <= b",
        ["op_GreaterThanOrEqual"] = "a >= b",
        ["op_BitwiseAnd"] = "a & b",
        ["op_BitwiseOr"] = "a \\| b",
        ["op_ExclusiveOr"] = "a ^ b",
        ["op_OnesComplement"] = "~a",
        ["op_LogicalNot"] = "!a",
        ["get_Part"] = "x[…]",
    };

    /// <summary>The whole text.</summary>
    public static string Text()
    {
        var text = new StringBuilder(Head.ReplaceLineEndings("\n"));
        var elementwise = OpTable.Rows.OfType<ElementwiseRow>().ToArray();
        Unary(text, [.. elementwise.Where(row => row.Arity == 1)]);
        Several(text, [.. elementwise.Where(row => row.Arity > 1)]);
        Section(text, OpKind.Linear, "Linear", "Linear in their first operand: the derivative is the op itself, and its adjoint.");
        Section(text, OpKind.Bilinear, "Products", "Linear in each operand.");
        Section(text, OpKind.Factorisation, "Factorisations", "Matrices, batched over the axes in front.");
        Section(text, OpKind.Selection, "Selections", "These pick or compare; their derivative, where there is one, goes to what was picked.");
        Section(text, OpKind.Composite, "Composites", "Made of other ops, which give them their derivatives.");
        Others(text);
        return text.ToString();
    }

    /// <summary>What gives tensors but is no op of tensors: it has no row, and no derivative of its own.</summary>
    private static void Others(StringBuilder text)
    {
        text.Append("## Others\nThese make tensors, cast them, or give as many elements as the values say.\n\n| call | what it is |\n|---|---|\n");
        var methods = typeof(Tensor).GetMethods(Declared).Where(method => OpTableTests.IsSource(method.Name))
            .Concat(typeof(Generator).GetMethods(Declared).Where(method => !method.IsSpecialName));
        foreach (var group in methods
            .GroupBy(method => (Type: method.DeclaringType!, method.Name))
            .OrderBy(group => group.Key.Type == typeof(Generator)).ThenBy(group => group.Key.Name, StringComparer.Ordinal))
        {
            string prefix = $"M:{group.Key.Type.FullName}.{group.Key.Name}";
            var summary = Comments.First(member => member.Attribute("name")!.Value is var n && n.StartsWith(prefix, StringComparison.Ordinal)
                && n[prefix.Length..] is "" or ['(' or '`', ..]).Element("summary")!;
            string calls = string.Join(", ", group.Select(Call).Distinct().Select(call => $"`{call}`"));
            text.Append(CultureInfo.InvariantCulture, $"| {calls} | {Plain(summary)} |\n");
        }
    }

    private static void Unary(StringBuilder text, ElementwiseRow[] rows)
    {
        text.Append("## Elementwise, of one operand\n");
        text.Append("The slope is in terms of x and the result y; the edge values are those of the formula in float64.\n\n");
        text.Append("| op | call | what it is | y | y′ | samples | y(−∞) | y(−0) | y(0) | y(∞) | y′(0) | y′(NaN) | also | error |\n");
        text.Append("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {Calls(row)} | {About(row)} | `{Bars(row.Formula)}` | {Slope(row, 0)} | {Samples(row)} | ");
            foreach (double x in new[] { double.NegativeInfinity, -0.0, 0.0, double.PositiveInfinity })
            {
                text.Append(CultureInfo.InvariantCulture, $"{Number(row.Value(x))} | ");
            }

            foreach (double x in new[] { 0.0, double.NaN })
            {
                text.Append(CultureInfo.InvariantCulture, $"{(row.Order == 0 ? "none" : Number(row.Slope(0, x)))} | ");
            }

            text.Append(CultureInfo.InvariantCulture, $"{Also(row)} | {Error(row)} |\n");
        }

        text.Append('\n');
    }

    private static void Several(StringBuilder text, ElementwiseRow[] rows)
    {
        text.Append("## Elementwise, of several operands\n");
        text.Append("Shapes are broadcast.\n\n");
        text.Append("| op | call | what it is | y | slopes | samples | also | error |\n");
        text.Append("|---|---|---|---|---|---|---|---|\n");
        foreach (var row in rows)
        {
            string slopes = row.Order == 0 ? "none" : string.Join("; ", Enumerable.Range(0, row.Arity).Select(k => Slope(row, k)));
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {Calls(row)} | {About(row)} | `{Bars(row.Formula)}` | {slopes} | {Samples(row)} | {Also(row)} | {Error(row)} |\n");
        }

        text.Append('\n');
    }

    private static void Section(StringBuilder text, OpKind kind, string title, string about)
    {
        text.Append(CultureInfo.InvariantCulture, $"## {title}\n{about}\n\n| op | call | what it is | also | error |\n|---|---|---|---|---|\n");
        foreach (var row in OpTable.Rows.Where(row => row.Kind == kind && Members(row).Length > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {Calls(row)} | {About(row)} | {Also(row)} | {Error(row)} |\n");
        }

        text.Append('\n');
    }

    /// <summary>The dtypes beside float32 and float64 that the row's op runs on: it is tried.</summary>
    private static string Also(OpRow row)
    {
        // The samples of these are compared first.
        if (row.Name is "and" or "or" or "xor" or "not")
        {
            return "bool alone";
        }

        var (whole, logical) = (Takes(DType.Int64), Takes(DType.Bool));
        return (whole, logical) switch { (true, true) => "whole, bool", (true, _) => "whole", (_, true) => "bool", _ => "–" };

        bool Takes(DType dtype)
        {
            try
            {
                row.Apply([.. OpSamples.Operands(row, row.Shapes[0], DType.Float64, Device.Cpu).Select(x => x.To(dtype))]);
                return true;
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    private static string Slope(ElementwiseRow row, int k) => row.Order == 0 ? "none" : $"`{Bars(row.SlopeFormula(k))}`";

    /// <summary>A bar would end the cell.</summary>
    private static string Bars(string text) => text.Replace("|", "\\|");

    private static string Samples(OpRow row) => string.Create(CultureInfo.InvariantCulture, $"({row.Domain.Low}, {row.Domain.High})");

    private static string Error(OpRow row) => string.Create(CultureInfo.InvariantCulture, $"{row.Tolerance32:0e-0} / {row.Tolerance64:0e-0}");

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "∞",
        double.NegativeInfinity => "−∞",
        0 when double.IsNegative(value) => "−0",
        _ => value.ToString("G6", CultureInfo.InvariantCulture).Replace('-', '−'),
    };

    /// <summary>The members of Tensor that the row stands for; one that binds an operand of another op is called as that one is.</summary>
    private static MethodInfo[] Members(OpRow row)
    {
        string name = Bound(row) is { } bound ? OpTable.Rows.OfType<ElementwiseRow>().Single(other => other.Op == bound).Name : row.Name;
        return [.. typeof(Tensor).GetMethods(Declared)
            .Where(method => OpTableTests.IsOp(method)
                && OpTableTests.RowName(method.Name).Equals(name.Replace("_", ""), StringComparison.OrdinalIgnoreCase))];
    }

    private static Type? Bound(OpRow row) => row is ElementwiseRow { Op: { IsGenericType: true } op } ? op.GetGenericArguments()[0] : null;

    private static string Calls(OpRow row)
    {
        var calls = Members(row).Select(Call).Distinct().ToArray();
        return calls.Length == 0 ? "`Tensor.Map`" : string.Join(", ", calls.Select(call => $"`{call}`"));
    }

    private static string Call(MethodInfo method)
    {
        if (Signs.TryGetValue(method.Name, out string? sign))
        {
            return sign;
        }

        string parameters = string.Join(", ", method.GetParameters().Select(p => p.IsOptional ? $"{p.Name}: {Default(p)}" : p.Name));
        string of = method.DeclaringType == typeof(Generator) ? "generator" : method.IsStatic ? "Tensor" : "x";
        return $"{of}.{method.Name}({parameters})";
    }

    private static string Default(ParameterInfo p) => p.DefaultValue switch
    {
        null => p.ParameterType.IsValueType && Nullable.GetUnderlyingType(p.ParameterType) is null ? "default" : "null",
        bool flag => flag ? "true" : "false",
        var value => System.Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>The comment on an op's struct, or on its first member.</summary>
    private static string About(OpRow row)
    {
        string? name = row is ElementwiseRow elementwise ? $"T:{(Bound(row) ?? elementwise.Op).FullName}" : null;
        var prefixes = Members(row).Select(method => $"M:{typeof(Tensor).FullName}.{method.Name}");
        var comment = name is not null
            ? Comments.FirstOrDefault(member => member.Attribute("name")!.Value == name)
            : Comments.FirstOrDefault(member => prefixes.Any(prefix => member.Attribute("name")!.Value is var n
                && (n == prefix || n.StartsWith(prefix + "(", StringComparison.Ordinal) || n.StartsWith(prefix + "`", StringComparison.Ordinal))));
        comment ??= Comments.FirstOrDefault(member => Members(row).Any(method => method.Name.StartsWith("get_", StringComparison.Ordinal)
            && member.Attribute("name")!.Value.StartsWith($"P:{typeof(Tensor).FullName}.{method.Name[4..]}", StringComparison.Ordinal)));
        return comment?.Element("summary") is { } summary ? Plain(summary) : "";
    }

    private static string Plain(XElement summary)
    {
        var text = new StringBuilder();
        foreach (var node in summary.Nodes())
        {
            text.Append(node switch
            {
                XText t => t.Value,
                XElement { Name.LocalName: "c" } c => $"`{c.Value}`",
                XElement e when (e.Attribute("name") ?? e.Attribute("langword")) is { } name => $"`{name.Value}`",
                XElement e when e.Attribute("cref") is { } cref => $"`{Cref().Match(cref.Value).Groups[1].Value}`",
                XElement e => e.Value,
                _ => "",
            });
        }

        return Bars(Spaces().Replace(text.ToString(), " ").Trim());
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"(\w+)(`+\d+)?(\(.*\))?$")]
    private static partial Regex Cref();
}
