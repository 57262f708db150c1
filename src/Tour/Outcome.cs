namespace Gpu.Autograd.Tour;

/// <summary>One result of a case by both modes.</summary>
/// <param name="Reverse">By reverse mode.</param>
/// <param name="Forward">By forward mode.</param>
public sealed record Result(Quantity Reverse, Quantity Forward)
{
    /// <summary>The one of the two that is farther from what is expected.</summary>
    public Quantity Worse => Forward.Error > Reverse.Error ? Forward : Reverse;

    /// <summary>Whether it is as expected by both modes.</summary>
    public bool Holds => Reverse.Holds && Forward.Holds;
}

/// <summary>A case as it was computed by both modes.</summary>
/// <param name="Case">The case.</param>
/// <param name="Reverse">By reverse mode.</param>
/// <param name="Forward">By forward mode.</param>
public sealed record Outcome(Case Case, Sheet Reverse, Sheet Forward)
{
    /// <summary>The results, each by both modes.</summary>
    public IReadOnlyList<Result> Results { get; } =
    [
        .. Reverse.Quantities.Zip(Forward.Quantities, (reverse, forward) => reverse.Name == forward.Name
            ? new Result(reverse, forward)
            : throw new InvalidOperationException($"{Case.Id}: {reverse.Name} is {forward.Name} by forward mode.")),
    ];

    /// <summary>The largest error of both; see <see cref="Quantity.Error"/>.</summary>
    public double Error => Math.Max(Reverse.Error, Forward.Error);

    /// <summary>Whether all of it holds, by both modes.</summary>
    public bool Holds => Reverse.Holds && Forward.Holds;
}
