using System.Globalization;

namespace Gpu.Autograd;

/// <summary>A derivative that is not what differences of the function say, or a function that cannot be checked.</summary>
/// <param name="Mode">
/// What is wrong: <c>forward</c>, <c>reverse</c>, <c>forward over reverse</c>, <c>reverse over reverse</c>, <c>reverse over forward</c>,
/// <c>forward over forward</c>; or <c>value</c> (not finite), <c>determinism</c> (another value the second time).
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
    /// <summary>|expected − got|.</summary>
    public double Error => Math.Abs(Expected - Got);

    /// <summary>The failure in one line.</summary>
    public override string ToString()
    {
        string along = Argument is { } k
            ? $" along argument {k}{(Index is { Count: > 0 } at ? " " + Shape.Text([.. at]) : "")}"
            : Mode is "value" or "determinism" ? "" : " along a random direction";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Mode}: {Of}{along}: expected {Expected:G10}, got {Got:G10} (off by {Error:E2}, allowed {Tolerance:E2})") +
            (Note is null ? "" : $"; {Note}");
    }
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
public sealed class GradcheckException(GradcheckReport report) : Exception(report.ToString())
{
    /// <summary>What was found.</summary>
    public GradcheckReport Report { get; } = report;
}
