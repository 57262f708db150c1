using Gpu.Autograd.Checking;
using Gpu.Autograd.Kernels;
using Xunit.Abstractions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>The kernels' PTX, executed: all that a device must be able to do, on one that runs the text that a GPU's driver would be given.</summary>
public sealed class PtxDeviceTests(ITestOutputHelper output)
{
    /// <summary>Every member of the seam gives what the host gives, with products and sums rounded as they are written.</summary>
    [Fact]
    public void EveryKernelGivesWhatTheHostGives()
    {
        using var device = new PtxBackend(contracts: false);
        var expected = EveryOp.Run(new HostBackend()).Results;
        var actual = EveryOp.Run(device).Results;
        for (int i = 0; i < expected.Count; i++)
        {
            double tolerance = expected[i].DType switch { DType.Float32 => 2e-6, DType.Float64 => 1e-14, _ => 0 };
            double scale = expected[i].Elements.Where(double.IsFinite).Select(Math.Abs).Append(1).Max();
            for (int k = 0; k < expected[i].Elements.Length; k++)
            {
                var (y, e) = (actual[i].Elements[k], expected[i].Elements[k]);
                Assert.True(y.Equals(e) || Math.Abs(y - e) <= tolerance * scale, $"{expected[i].Call}, element {k}: {y:R}, the host {e:R}.");
            }
        }

        output.WriteLine($"{device.Kernels.Count} kernels, {device.Executed} instructions.");
    }

    /// <summary>All that <c>check</c> asks of a GPU.</summary>
    [Theory]
    [InlineData(DType.Float32, true)]
    [InlineData(DType.Float64, false)]
    public void TheCheckHolds(DType dtype, bool contracts)
    {
        using var backend = new PtxBackend(contracts);
        var device = new Device("ptx", backend);
        var info = new DeviceInfo("ptx", DeviceKind.Cuda, "an interpreter of PTX");
        Probe[] probes = [.. Probes.All.Where(p => p.DTypes.Contains(dtype)).Select(probe => probe with { DTypes = [dtype] })];
        var report = new Checker(probes).Run(info, () => device, (_, _) => { }, f => { if (f.Time.TotalSeconds > 0.5) { output.WriteLine($"{f.Probe}: {f.Time.TotalSeconds:0.0} s"); } });
        foreach (var finding in report.Findings.Where(finding => !finding.Holds))
        {
            output.WriteLine($"{finding.Probe}: " + string.Join("; ", finding.Outcomes.Select(outcome => $"{outcome.DType}: {(object?)outcome.Failure ?? outcome.Worst}")));
        }

        output.WriteLine($"{report.Passed} of {report.Ran}, nearest {report.Worst}; {backend.Kernels.Count} kernels, {backend.Executed} instructions, {report.Time}.");
        Assert.True(report.Holds);
    }
}
