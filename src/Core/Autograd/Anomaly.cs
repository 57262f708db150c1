using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// Watches every op of a thread for the first NaN or infinity. Only what an op makes counts: an infinity from finite operands, a NaN from
/// operands without one; so a mask of −∞ may pass through, and is an error where it becomes ∞ − ∞.
/// </summary>
internal sealed class Anomaly
{
    [ThreadStatic]
    private static Anomaly? current;

    /// <summary>Lines by the place in the code, as reading them from the symbols is slow.</summary>
    private static readonly ConcurrentDictionary<(MethodBase Method, int Offset), string> Lines = new();

    /// <summary>The node whose gradient is being computed: within it only the gradient as a whole is looked at.</summary>
    private Node? within;

    /// <summary>Whether ops are part of a rule that is looked at as a whole.</summary>
    private bool inRule;

    /// <summary>The watch of this thread; null while the mode is off.</summary>
    public static Anomaly? Current
    {
        get => current;
        set => current = value;
    }

    /// <summary>The line of user code that is running; in a backward pass, the line whose gradient is being computed.</summary>
    public string Here()
    {
        if (within is { } node)
        {
            return $"{node.Origin ?? "an unknown line"}, in the gradient of {node.Op!.Name}";
        }

        var trace = new StackTrace(fNeedFileInfo: false);
        for (int k = 0; k < trace.FrameCount; k++)
        {
            var frame = trace.GetFrame(k)!;
            if (frame.GetMethod() is { } method && IsUsers(method.Module.Assembly))
            {
                return Lines.GetOrAdd((method, frame.GetILOffset()), static (_, k) => Line(new StackTrace(fNeedFileInfo: true), k), k);
            }
        }

        return "an unknown line";
    }

    /// <summary>Checks the result of an op.</summary>
    /// <exception cref="AnomalyException">The op made a NaN or an infinity.</exception>
    public void Forward(Primitive op, ReadOnlySpan<Tensor> x, Tensor y)
    {
        if (!inRule && Made([y], x, op) is { } made)
        {
            throw new AnomalyException($"{op.Name}: the result {made.Text}{Operands(op, x, made)}; run at {Here()}.");
        }
    }

    /// <summary>The gradient of operand k, checked.</summary>
    /// <exception cref="AnomalyException">The rule made a NaN or an infinity.</exception>
    public Tensor? Backward(Node node, int k, Tensor g)
    {
        var outer = within;
        within = node;
        try
        {
            var gradient = Run(() => node.Vjp(k, g));
            if (gradient is not null && !inRule && Made([gradient], [g, .. node.Kept], node.Op!) is { } made)
            {
                string seen = made.At(g) is { } value ? $", where the gradient of the result is {value}" : $", from a gradient {Of(g)} of the result";
                string origin = node.Origin is { } line
                    ? $"was run at {line}"
                    : "was recorded before; have the forward pass watched too, to see where";
                throw new AnomalyException(
                    $"Backward of {node.Op!.Name}: the gradient of operand {k} {made.Text}{seen}; {node.Op.Name} {origin}.");
            }

            return gradient;
        }
        finally
        {
            within = outer;
        }
    }

    /// <summary>The tangent of an op's result, checked.</summary>
    /// <exception cref="AnomalyException">The rule made a NaN or an infinity.</exception>
    public Tensor? Tangent(Primitive op, Tensor[] x, Tensor y, Tensor?[] t)
    {
        var tangent = Run(() => op.Jvp(x, y, t));
        if (tangent is not null && !inRule && Made([tangent], [.. x, y, .. t.OfType<Tensor>()], op) is { } made)
        {
            throw new AnomalyException($"Jvp of {op.Name}: the tangent {made.Text}{Operands(op, x, made)}; run at {Here()}.");
        }

        return tangent;
    }

    private Tensor? Run(Func<Tensor?> rule)
    {
        bool outer = inRule;
        inRule = true;
        try
        {
            return rule();
        }
        finally
        {
            inRule = outer;
        }
    }

    /// <summary>Neither the library's front end, which all ops pass through, nor the framework's.</summary>
    private static bool IsUsers(Assembly assembly) =>
        assembly != typeof(Tensor).Assembly && assembly.GetName().Name is { } name
        && name != "System" && !name.StartsWith("System.", StringComparison.Ordinal);

    private static string Line(StackTrace trace, int atLeast)
    {
        // This trace was taken some frames deeper than the other one.
        for (int k = atLeast; k < trace.FrameCount; k++)
        {
            var frame = trace.GetFrame(k)!;
            if (frame.GetMethod() is { } method && IsUsers(method.Module.Assembly))
            {
                return frame.GetFileName() is { } file
                    ? $"{file}:line {frame.GetFileLineNumber()}"
                    : $"{method.DeclaringType?.FullName}.{method.Name}";
            }
        }

        return "an unknown line";
    }

    /// <summary>What the results have that no operand had; null where there is nothing new.</summary>
    private static Finding? Made(ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor> operands, Primitive op)
    {
        if (First(results, double.IsNaN) is { } nan)
        {
            return First(operands, double.IsNaN) is null ? nan : null;
        }

        return First(results, double.IsInfinity) is { } infinity && op.HasFiniteParameters && First(operands, x => !double.IsFinite(x)) is null
            ? infinity
            : null;
    }

    private static Finding? First(ReadOnlySpan<Tensor> tensors, Predicate<double> bad)
    {
        foreach (var tensor in tensors)
        {
            foreach (var part in Concrete(tensor))
            {
                if (Array.FindIndex(part.ToDoubles(), bad) is var index and >= 0)
                {
                    return new Finding(part, index);
                }
            }
        }

        return null;
    }

    /// <summary>The values in a tensor: beneath its boxes, with tangents.</summary>
    private static IEnumerable<Tensor> Concrete(Tensor x) => x.Box switch
    {
        null => x.DType.IsReal() && !x.IsWeak ? [x] : [],
        Dual { Tangent: { } tangent } dual => [.. Concrete(dual.Inner), .. Concrete(tangent)],
        var box => Concrete(box.Inner),
    };

    private static string Operands(Primitive op, ReadOnlySpan<Tensor> x, Finding made)
    {
        var values = new List<string>();
        var shapes = new List<string>();
        foreach (var operand in x)
        {
            shapes.Add(Of(operand));
            if (op.IsElementwise && made.At(operand) is { } value)
            {
                values.Add(value);
            }
        }

        string several = x.Length == 1 ? "the operand is" : "the operands are";
        return values.Count == x.Length
            ? $", where {several} {string.Join(" and ", values)}"
            : $", from {string.Join(" and ", shapes)}";
    }

    private static string Of(Tensor x) => $"{x.DType.Name()} {x.Shape}";

    /// <summary>An element that is not finite.</summary>
    private sealed record Finding(Tensor Tensor, int Index)
    {
        /// <summary>What and where, as the end of "the result …".</summary>
        public string Text => $"{Of(Tensor)} has {At(Tensor)} at {Shape.Text(Tensor.Shape.Position(Index))}";

        /// <summary>The element of another tensor of the same shape at this place.</summary>
        public string? At(Tensor other)
        {
            other = other.Innermost;
            return other.Shape == Tensor.Shape && other.DType.IsReal() && !other.IsWeak ? Number(other.ToDoubles()[Index]) : null;
        }

        private static string Number(double value) => value switch
        {
            double.PositiveInfinity => "∞",
            double.NegativeInfinity => "−∞",
            _ => value.ToString("G7", CultureInfo.InvariantCulture),
        };
    }
}
