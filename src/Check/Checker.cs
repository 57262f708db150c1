using System.Diagnostics;

namespace Gpu.Autograd.Checking;

/// <summary>Asks devices one probe after the other. Whatever one of them throws is a finding; the next is asked all the same.</summary>
/// <param name="probes">What is asked.</param>
/// <param name="quick">Whether to ask for less: float32 alone, one sample an op, nothing large.</param>
public sealed class Checker(IReadOnlyList<Probe> probes, bool quick = false)
{
    /// <summary>How many probes there are.</summary>
    public int Count => probes.Count;

    /// <summary>Checks a device.</summary>
    /// <param name="info">What is known of it.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="begun">Told of every probe before it is asked.</param>
    /// <param name="found">Told of what was found.</param>
    public DeviceReport Run(DeviceInfo info, Func<Device> open, Action<Device, Probe> begun, Action<Finding> found)
    {
        var clock = Stopwatch.StartNew();
        Device device;
        try
        {
            device = open();
        }
        catch (Exception e)
        {
            return new DeviceReport(info, [], clock.Elapsed) { Failure = e.Message };
        }

        var findings = new List<Finding>();
        foreach (var probe in probes)
        {
            begun(device, probe);
            var since = Stopwatch.StartNew();
            Outcome[] outcomes = [.. probe.DTypes.Select(dtype => Ask(probe, info, device, dtype))];
            findings.Add(new Finding(probe, outcomes, since.Elapsed));
            found(findings[^1]);
        }

        return new DeviceReport(info, findings, clock.Elapsed) { Kernels = device.CompiledKernels, Remark = device.Remark };
    }

    private Outcome Ask(Probe probe, DeviceInfo info, Device device, DType dtype)
    {
        if (ReasonAgainst(probe, info, dtype) is { } reason)
        {
            return new Outcome(dtype, [], NotRun: reason);
        }

        var comparisons = new List<Comparison>();
        try
        {
            foreach (var comparison in probe.Compare(device, dtype, quick))
            {
                comparisons.Add(comparison);
            }

            // What went wrong on the device after its last answer.
            device.Synchronize();
            return new Outcome(dtype, comparisons);
        }
        catch (Exception e)
        {
            return new Outcome(dtype, comparisons, e);
        }
    }

    private string? ReasonAgainst(Probe probe, DeviceInfo info, DType dtype) =>
        dtype == DType.Float64 && !info.HasFloat64 ? "the device has no float64"
        : quick && dtype.Size() == 8 && probe.DTypes.Any(other => other.Size() < 8) ? "left out by --quick"
        : quick && probe.IsLarge ? "left out by --quick"
        : probe.IsLarge && info.Kind is DeviceKind.Host or DeviceKind.Accelerator ? "too large where a GPU is emulated"
        : null;
}
