using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Gpu.Autograd.Tour;

/// <summary>
/// What a case is computed on: it gives the inputs, on one device and in one precision, and takes the results of one mode with what is
/// expected of them.
/// </summary>
public sealed partial class Sheet
{
    private readonly Generator random;
    private readonly int largest;
    private readonly List<Quantity> quantities = [];
    private readonly List<(string Name, Value Value)> inputs = [];
    private readonly List<(string Name, string Code)> definitions = [];
    private bool repeated;
    private bool shown = true;

    internal Sheet(Device device, DType dtype, Mode mode, string id, int largest)
    {
        (Device, DType, Mode, this.largest) = (device, dtype, mode, largest);
        random = new Generator(id.Aggregate(14695981039346656037UL, (hash, c) => (hash ^ c) * 1099511628211UL));
    }

    /// <summary>Where it is computed.</summary>
    public Device Device { get; }

    /// <summary>float32 or float64.</summary>
    public DType DType { get; }

    /// <summary>How derivatives are computed.</summary>
    public Mode Mode { get; }

    /// <summary>The tensors that the lines of code name.</summary>
    public IReadOnlyList<(string Name, Value Value)> Inputs => inputs;

    /// <summary>What else they name, each with its source.</summary>
    public IReadOnlyList<(string Name, string Code)> Definitions => definitions;

    /// <summary>The results.</summary>
    public IReadOnlyList<Quantity> Quantities => quantities;

    /// <summary>The largest error of all; ∞ where there is no result.</summary>
    public double Error => quantities.Count == 0 ? double.PositiveInfinity : quantities.Max(quantity => quantity.Error);

    /// <summary>Whether every result is as expected.</summary>
    public bool Holds => quantities.Count > 0 && quantities.All(quantity => quantity.Holds);

    /// <summary>The error that rounding may leave.</summary>
    internal double Rounding => DType == DType.Float32 ? 1e-6 : 1e-12;

    /// <summary>Whether differences are worth taking: in float64, where the last digit is the same everywhere.</summary>
    internal bool TakesDifferences => DType == DType.Float64 && Device == Device.Cpu;

    /// <summary>A tensor's values as they are, in float64 on the CPU: what closed forms are computed from.</summary>
    internal static Tensor Exact(Tensor x) => x.Detach().To(Device.Cpu).To(DType.Float64);

    /// <summary>A vector.</summary>
    public Tensor Of(params ReadOnlySpan<double> values) => Here(Tensor.From(values));

    /// <summary>A matrix.</summary>
    public Tensor Of(double[,] values) => Here(Tensor.From(values));

    /// <summary>Normal numbers: the same ones wherever the case is run.</summary>
    internal Tensor Normal(params ReadOnlySpan<int> shape) => Here(random.Normal(new Shape(shape), dtype: DType.Float64));

    /// <summary>A random matrix that leaves vectors about as long as they are, in all sizes.</summary>
    internal Tensor Mixing(int rows, int columns) =>
        Here(random.Normal([rows, columns], dtype: DType.Float64) / Math.Sqrt(columns));

    /// <summary>A random matrix far from singular: the largest of its elements stand on its diagonal.</summary>
    internal Tensor Regular(int n) => Here((0.5 / n * random.Normal([n, n], dtype: DType.Float64)) + Tensor.Eye(n, DType.Float64));

    /// <summary>A random symmetric matrix.</summary>
    internal Tensor Symmetric(int n)
    {
        var a = Mixing(n, n);
        return (a + a.Transpose()) / 2;
    }

    /// <summary>A tensor on the device, in the precision.</summary>
    internal Tensor Here(Tensor x) => x.To(DType).To(Device);

    /// <summary>A tensor that the following lines name.</summary>
    internal Tensor Given(string name, Tensor x)
    {
        int known = shown ? inputs.FindIndex(input => input.Name == name) : -1;
        if (shown && known < 0)
        {
            inputs.Add((name, Value.Of(x)));
        }

        return known < 0 || Value.Of(x).ErrorTo(inputs[known].Value) == 0
            ? x
            : throw new InvalidOperationException($"Two inputs are called {name}.");
    }

    /// <summary>Something that the following lines name, shown with its source.</summary>
    public T Let<T>(string name, T value, [CallerArgumentExpression(nameof(value))] string code = "")
    {
        if (shown && !definitions.Contains((name, Line(code))))
        {
            definitions.Add((name, Line(code)));
        }

        return value;
    }

    /// <summary>A result by one mode or the other.</summary>
    public void Check(
        string name,
        Func<Tensor> reverse,
        Func<Tensor> forward,
        Tensor expected,
        [CallerArgumentExpression(nameof(reverse))] string reverseCode = "",
        [CallerArgumentExpression(nameof(forward))] string forwardCode = "")
    {
        var (f, code) = Mode == Mode.Reverse ? (reverse, reverseCode) : (forward, forwardCode);
        Add(name, code, Value.Of(f()), Value.Of(expected));
    }

    /// <summary>A result that is no derivative.</summary>
    public void Check(
        string name,
        Func<Tensor> value,
        Tensor expected,
        [CallerArgumentExpression(nameof(value))] string code = "") =>
        Add(name, code, Value.Of(value()), Value.Of(expected));

    /// <summary>An error, whose message must have a text in it.</summary>
    public void Refuses<TException>(string name, Action act, string telling, [CallerArgumentExpression(nameof(act))] string code = "")
        where TException : Exception
    {
        string said = "no error";
        try
        {
            act();
        }
        catch (TException e)
        {
            said = e.Message.Contains(telling, StringComparison.Ordinal) ? telling : e.Message;
        }

        Add(name, code, Value.Of(said), Value.Of(telling));
    }

    /// <summary>An identity at a point, and at a batch of points near it all at once.</summary>
    public void Identity(
        string name,
        Tensor at,
        Func<Tensor, Tensor> reverse,
        Func<Tensor, Tensor> forward,
        Func<Tensor, Tensor> expected,
        [CallerArgumentExpression(nameof(reverse))] string reverseCode = "",
        [CallerArgumentExpression(nameof(forward))] string forwardCode = "")
    {
        var (f, code) = Mode == Mode.Reverse ? (reverse, reverseCode) : (forward, forwardCode);
        Given(code.Split(' ')[0], at);
        Add(name, code, Value.Of(f(at)), Value.Of(expected(Exact(at))));
        var batch = Tensor.Stack([at, at * 1.125, at * 0.75]);
        var points = Exact(batch);
        Add(
            name,
            code,
            Value.Of(Autodiff.Vmap(f)(batch)),
            Value.Of(Tensor.Stack([expected(points[0]), expected(points[1]), expected(points[2])])),
            again: true);
    }

    /// <summary>Runs a case in several sizes. Shown is size 2; the errors are the largest of all.</summary>
    public void Sizes(int first, int last, Action<int> body)
    {
        // What is shown comes first; the others are added to it.
        body(2);
        (repeated, shown) = (true, false);
        for (int n = first; n <= Math.Min(last, largest); n++)
        {
            if (n != 2)
            {
                body(n);
            }
        }

        (repeated, shown) = (false, true);
    }

    /// <summary>Code on one line, without what the ends of lines left behind a bracket or in front of one.</summary>
    private static string Line(string code) => Closing().Replace(Opening().Replace(Blanks().Replace(code, " "), "$1"), "$1").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"([(\[]) ")]
    private static partial Regex Opening();

    [GeneratedRegex(@",? ([)\]])")]
    private static partial Regex Closing();

    /// <summary>The head of a function of nothing or of one argument: what comes after it is what was run.</summary>
    [GeneratedRegex(@"^(\(\)|\w+) => ")]
    private static partial Regex Head();

    private void Add(string name, string code, Value computed, Value expected, bool again = false)
    {
        double error = computed.ErrorTo(expected);
        int known = quantities.FindIndex(quantity => quantity.Name == name);
        if (known < 0)
        {
            quantities.Add(new Quantity(name, Head().Replace(Line(code), ""), computed, expected, Rounding, error));
            return;
        }

        if (!again && !repeated)
        {
            throw new InvalidOperationException($"Two results are called {name}.");
        }

        quantities[known] = quantities[known] with { Error = Math.Max(quantities[known].Error, error) };
    }
}
