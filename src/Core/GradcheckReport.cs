namespace Gpu.Autograd;

/// <summary>A derivative that is not what differences of the function say, or a function that cannot be checked.</summary>
/// <param name="Mode">
/// What is wrong: <c>forward</c>, <c>reverse</c>, <c>forward over reverse</c>, <c>reverse over reverse</c>, <c>reverse over forward</c>,
/// <c>forward over forward</c>; or <c>value</c> (not finite), <c>determinism</c> (another value the second time), <c>linearity</c> (a
/// tangent that is not linear in the argument's).
/// </param>
/// <param name="Argument">The argument, by its place in <see cref="Tree.Flatten"/>; null for the value, or a random direction.</param>
/// <param name="Index">The element of the argument that the derivative is taken along.</param>
/// <param name="Of">What it is the derivative of: an element of a result, or of a gradient.</param>
/// <param name="Expected">What differences say.</param>
/// <param name="Got">What the mode says.</param>
/// <param name="Tolerance">The error that is allowed.</param>
/// <param name="Note">What else is known: a kink, the edge of the domain.</param>
public sealed record GradcheckFailure(
    string Mode, int? Argument, IReadOnlyList<int>? Index, string Of, double Expected, double Got, double Tolerance, string? Note = null)
{
    /// <summary>Where the argument stands in a structure, as of <see cref="Tree.Paths"/>: <c>["w"]</c>; empty for a tensor alone.</summary>
    public string Path { get; init; } = "";

    /// <summary>|expected − got|.</summary>
    public double Error => Math.Abs(Expected - Got);

    /// <summary>
    /// The first op of those that the function runs that fails in the same mode by itself, at the values that it has there; null where none
    /// does.
    /// </summary>
    public string? Op { get; init; }

    /// <summary>The line of code that ran the op.</summary>
    public string? Line { get; init; }

    /// <summary>Why the mode cannot be run at all; null where it can.</summary>
    public Exception? Thrown { get; init; }

    /// <summary>The failure in one line.</summary>
    public override string ToString() =>
        $"{Mode}: {Finding}{(Op is null ? "" : $"; in {Op}, run at {Line}")}{(Note is null ? "" : $"; {Note}")}";

    private string Finding => Thrown is not null ? $"cannot be run: {Thrown.Message.TrimEnd('.')}" : Mode switch
    {
        "value" => FormattableString.Invariant($"{Of} is {Got:G8}"),
        "determinism" => FormattableString.Invariant($"{Of} is {Expected:R}, and the second time {Got:R}"),
        _ => FormattableString.Invariant(
            $"{Of}{Along}: expected {Expected:G8}, got {Got:G8} (off by {Error:0.00E+0}, allowed {Tolerance:0.00E+0})"),
    };

    private string Along => Argument is { } k
        ? $" along {(Path.Length > 0 ? Path : $"argument {k}")}{(Index is { Count: > 0 } at ? " " + Shape.Text([.. at]) : "")}"
        : Mode == "linearity" ? "" : " along a random direction";
}

/// <summary>What <see cref="Gradcheck"/> found.</summary>
/// <param name="Failures">What is wrong; empty where nothing is.</param>
public sealed record GradcheckReport(IReadOnlyList<GradcheckFailure> Failures)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool Passed => Failures.Count == 0;

    /// <summary>A line for each failure.</summary>
    public override string ToString() => Passed
        ? "Gradcheck: passed."
        : $"Gradcheck: {Failures.Count} failed:\n  {string.Join("\n  ", Failures)}";
}

/// <summary>A gradient check failed; the message is the report.</summary>
public sealed class GradcheckException(GradcheckReport report)
    : Exception(report.ToString(), report.Failures.Select(failure => failure.Thrown).FirstOrDefault(thrown => thrown is not null))
{
    /// <summary>What was found.</summary>
    public GradcheckReport Report { get; } = report;
}
