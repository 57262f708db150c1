using Gpu.Autograd.Checking;
using Gpu.Autograd.Kernels;
using Xunit.Abstractions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>
/// The kernels' PTX, executed: all that a device must be able to do, on one that runs the text that a GPU's driver would be given. With the
/// environment variable GPU_AUTOGRAD_EVERY_PTX set to 1 all of it, in three minutes.
/// </summary>
public sealed class PtxDeviceTests(ITestOutputHelper output)
{
    private static readonly bool All = Environment.GetEnvironmentVariable("GPU_AUTOGRAD_EVERY_PTX") == "1";

    // Seconds each. Their kernels run elsewhere, in smaller sizes.
    private static readonly string[] Slow = ["large_map", "large_views", "large_softmax", "large_sort", "large_matmul"];

    /// <summary>Every member of the seam gives what the host gives.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryKernelGivesWhatTheHostGives(bool contracts)
    {
        Skip.If(contracts && !All, "GPU_AUTOGRAD_EVERY_PTX=1 runs it.");
        using var device = new PtxBackend(contracts, seed: 2);
        var expected = EveryOp.Run(new HostBackend()).Results;
        var actual = EveryOp.Run(device).Results;
        for (int i = 0; i < expected.Count; i++)
        {
            // Those of integers alone ask for the sign of what a division leaves: of reals that is a matter of rounding.
            if (contracts && expected[i].DType.IsReal() && expected[i].Call.StartsWith("Whole", StringComparison.Ordinal))
            {
                continue;
            }

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

    /// <summary>
    /// What the command <c>check</c> asks of a GPU: of every op of the table value, gradients and tangents, random numbers, integers,
    /// conversions, and a net that is trained, eager and captured. Products and sums are rounded as they are written, or as one.
    /// </summary>
    [SkippableTheory]
    [InlineData(DType.Float32, true)]
    [InlineData(DType.Float32, false)]
    [InlineData(DType.Float64, true)]
    [InlineData(DType.Float64, false)]
    public void TheCheckHolds(DType dtype, bool contracts)
    {
        bool thin = !All;
        Skip.If(thin && contracts != (dtype == DType.Float32), "GPU_AUTOGRAD_EVERY_PTX=1 runs it.");
        using var backend = new PtxBackend(contracts);
        Probe[] probes =
        [
            .. Probes.All
                .Where(probe => probe.DTypes.Contains(dtype) && !(thin && Slow.Contains(probe.Name)))
                .Select(probe => probe with { DTypes = [dtype, .. dtype == DType.Float32 ? probe.DTypes.Where(other => !other.IsReal()) : []] }),
            .. Probes.All.Where(probe => !probe.DTypes.Contains(DType.Float32) && dtype == DType.Float32),
        ];
        var report = new Checker(probes).Run(
            new DeviceInfo("ptx", DeviceKind.Cuda, "an interpreter of PTX"), () => new Device("ptx", backend), (_, _) => { }, _ => { });
        string[] wrong =
        [
            .. from finding in report.Findings
               where !finding.Holds
               from outcome in finding.Outcomes
               where !outcome.Holds && outcome.NotRun is null
               select $"{finding.Probe}, {outcome.DType}: {(object?)outcome.Failure ?? outcome.Worst}",
        ];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
        Assert.InRange(report.Ran, 250, probes.Length);

        // A captured step is made of kernels that were put together.
        string[] kernels = [.. backend.Kernels.Select(kernel => kernel.Name)];
        Assert.Contains(kernels, name => name.StartsWith("Along", StringComparison.Ordinal));
        Assert.Contains(kernels, name => name.StartsWith("Beside", StringComparison.Ordinal));
        output.WriteLine(
            $"{report.Ran} probes in {report.Time.TotalSeconds:0} s, {kernels.Length} kernels, {backend.Executed} instructions; " +
            $"nearest to what is allowed: {report.Worst?.Probe}, {report.Worst?.Outcome.Worst}.");
    }

    /// <summary>The two launches that a training step of a small net becomes.</summary>
    [Fact]
    public void AStepAsAWholeLearnsTheSame()
    {
        using var backend = new PtxBackend(contracts: true);
        Assert.Equal(TogetherTests.Loss(Device.Cpu), TogetherTests.Loss(new Device("ptx", backend)), 1e-6);
        string[] kernels = [.. backend.Kernels.Select(kernel => kernel.Name)];
        Assert.Contains(kernels, name => name.StartsWith("Whole`", StringComparison.Ordinal) || name.StartsWith("Whole<", StringComparison.Ordinal));
        Assert.Contains(kernels, name => name.StartsWith("Wholly", StringComparison.Ordinal));
    }
}
