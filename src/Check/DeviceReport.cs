namespace Gpu.Autograd.Checking;

/// <summary>What was found of a device.</summary>
/// <param name="Info">The device.</param>
/// <param name="Findings">What was found, probe by probe; none where the device could not be opened.</param>
/// <param name="Time">How long it took in all.</param>
public sealed record DeviceReport(DeviceInfo Info, IReadOnlyList<Finding> Findings, TimeSpan Time)
{
    /// <summary>Why it could not be opened; null where it was.</summary>
    public string? Failure { get; init; }

    /// <summary>The kernels that were compiled for it.</summary>
    public IReadOnlyList<CompiledKernel> Kernels { get; init; } = [];

    /// <summary>What the device turned out not to be able to do, and what is done in its place; null if nothing.</summary>
    public string? Remark { get; init; }

    /// <summary>The probes that ran.</summary>
    public int Ran => Findings.Count(finding => finding.Ran);

    /// <summary>Of these, those that are as expected.</summary>
    public int Passed => Findings.Count(finding => finding.Ran && finding.Holds);

    /// <summary>Whether the device was opened, and does all that it was asked as the CPU does it.</summary>
    public bool Holds => Failure is null && Ran > 0 && Passed == Ran;

    /// <summary>The comparison nearest to its tolerance, or farthest above it, with its probe; null where nothing was compared.</summary>
    public (Probe Probe, Outcome Outcome)? Worst => Findings
        .SelectMany(finding => finding.Outcomes.Where(outcome => outcome.Worst is not null).Select(outcome => (finding.Probe, outcome)))
        .Cast<(Probe, Outcome Outcome)?>()
        .MaxBy(found => found!.Value.Outcome.Worst!.Share);
}
