namespace Gpu.Autograd.Checking;

/// <summary>What became of a probe in one dtype.</summary>
/// <param name="DType">The dtype.</param>
/// <param name="Comparisons">What was compared.</param>
/// <param name="Failure">The exception that ended it; null where there was none.</param>
/// <param name="NotRun">Why it was not run; null where it was.</param>
public sealed record Outcome(DType DType, IReadOnlyList<Comparison> Comparisons, Exception? Failure = null, string? NotRun = null)
{
    /// <summary>The comparison that is nearest to its tolerance, or farthest above; null where nothing was compared.</summary>
    public Comparison? Worst => Comparisons.MaxBy(comparison => comparison.Share);

    /// <summary>Whether it ran, and all of it is as expected. What compares nothing shows nothing.</summary>
    public bool Holds => Failure is null && NotRun is null && Comparisons.Count > 0 && Comparisons.All(comparison => comparison.Holds);
}

/// <summary>What became of a probe on a device.</summary>
/// <param name="Probe">What was asked.</param>
/// <param name="Outcomes">One for each dtype.</param>
/// <param name="Time">How long it took, with the compiling of kernels.</param>
public sealed record Finding(Probe Probe, IReadOnlyList<Outcome> Outcomes, TimeSpan Time)
{
    /// <summary>Whether any of it ran.</summary>
    public bool Ran => Outcomes.Any(outcome => outcome.NotRun is null);

    /// <summary>Whether all of it that ran is as expected.</summary>
    public bool Holds => Outcomes.All(outcome => outcome.Holds || outcome.NotRun is not null);
}
