using System.Reflection;
using Gpu.Autograd.Checking;

namespace Gpu.Autograd.Tests.Checking;

/// <summary>The checker is checked: a device that is wrong in one place fails, and one that is right does not.</summary>
public sealed class CheckerTests
{
    private static readonly string[] Memory = ["Allocate", "Free", "Synchronize"];

    /// <summary>What every device does itself, but for memory and waiting.</summary>
    public static TheoryData<string> Members =>
    [
        .. typeof(Backend).GetMethods(BindingFlags.Public | BindingFlags.Instance)
            .Where(method => method.IsAbstract && !Memory.Contains(method.Name))
            .Select(method => method.Name == "Map" ? $"Map{method.GetParameters().Length - 2}" : method.Name),
    ];

    [Fact]
    public void What_is_right_holds_in_every_probe()
    {
        var report = Run(new FaultyBackend("none", FaultyBackend.Bend), Probes.All);

        Assert.Equal([], report.Findings.Where(finding => !finding.Holds).Select(finding => finding.Probe.Name));
        Assert.True(report.Holds);
        Assert.Equal((Probes.All.Count, Probes.All.Count), (report.Ran, report.Passed));
        Assert.All(report.Findings.SelectMany(finding => finding.Outcomes), outcome => Assert.NotNull(outcome.Worst));
    }

    /// <summary>A tenth of a per cent in one member's results, or integers that are 0, and even the quick check finds it.</summary>
    [Theory]
    [MemberData(nameof(Members))]
    public void What_is_wrong_in_one_member_is_found(string member)
    {
        var faulty = new FaultyBackend(member, FaultyBackend.Bend);

        Assert.Contains(Probes.All, probe => !Run(faulty, [probe], quick: true).Holds);
    }

    [Fact]
    public void What_is_thrown_is_a_finding_and_the_others_go_on()
    {
        var report = Run(
            new FaultyBackend("Cholesky", (_, _) => throw new NotSupportedException("no such kernel")), Pick("exp", "cholesky", "matmul"));

        Assert.Equal([true, false, true], report.Findings.Select(finding => finding.Holds));
        Assert.Equal((3, 2, false), (report.Ran, report.Passed, report.Holds));
        Assert.All(report.Findings[1].Outcomes, outcome => Assert.Equal("no such kernel", outcome.Failure!.Message));
    }

    /// <summary>What was compared before the device was lost stands; all after it has failed.</summary>
    [Fact]
    public void A_device_that_is_lost_fails_all_that_comes_after()
    {
        int calls = 0;
        var report = Run(
            new FaultyBackend("Map1", (_, _) => _ = ++calls > 20 ? throw new InvalidOperationException("device lost") : 0),
            Pick("exp", "log", "sin", "cos"));

        Assert.True(report.Findings[0].Holds);
        Assert.False(report.Findings[^1].Holds);
        Assert.Equal(report.Findings.Count, report.Ran);
    }

    [Fact]
    public void A_device_that_does_not_open_is_told()
    {
        var report = new Checker(Probes.All).Run(
            Info, () => throw new DeviceNotFoundException("It is busy."), (_, _) => Assert.Fail("nothing was to be asked"), _ => { });

        Assert.Equal(("It is busy.", false, 0), (report.Failure, report.Holds, report.Ran));
    }

    [Fact]
    public void What_is_not_run_says_why()
    {
        var right = new FaultyBackend("none", FaultyBackend.Bend);
        var large = Assert.Single(Run(right, Pick("large_sum"), info: Info with { Kind = DeviceKind.Host }).Findings);
        Assert.All(large.Outcomes, outcome => Assert.Equal("too large where a GPU is emulated", outcome.NotRun));
        Assert.False(large.Ran);

        var exp = Assert.Single(Run(right, Pick("exp"), info: Info with { HasFloat64 = false }).Findings);
        Assert.Equal([null, "the device has no float64"], exp.Outcomes.Select(outcome => outcome.NotRun));
        Assert.True(exp.Ran && exp.Holds);

        var quick = Assert.Single(Run(right, Pick("exp"), quick: true).Findings);
        Assert.Equal([null, "left out by --quick"], quick.Outcomes.Select(outcome => outcome.NotRun));

        // A device of which nothing is known is not called right.
        Assert.False(Run(right, Pick("large_sum"), quick: true).Holds);
    }

    [Fact]
    public void A_probe_that_compares_nothing_does_not_hold() =>
        Assert.False(Run(new FaultyBackend("none", FaultyBackend.Bend), [new Probe("empty", (_, _, _) => [])]).Holds);

    [Fact]
    public void A_comparison_names_the_element()
    {
        var comparison = Comparison.Of("value", Tensor.From([1.0, 4.0]), Tensor.From([1.0, 5.0]), 0.1);

        Assert.Equal((0.25, 2.5, false), (comparison.Error, comparison.Share, comparison.Holds));
        Assert.Equal("value: error 2.5e-1, allowed 1.0e-1: element 1 is 5, not 4", comparison.ToString());
        Assert.Equal("the shape is [1], not [2]", Comparison.Of("value", Tensor.Ones([2]), Tensor.Ones([1]), 1).Detail);
    }

    private static DeviceInfo Info => new("planted", DeviceKind.OpenCl, "A device that is made for a test");

    private static Probe[] Pick(params string[] names) => [.. names.Select(name => Probes.All.Single(probe => probe.Name == name))];

    private static DeviceReport Run(Backend backend, IReadOnlyList<Probe> probes, bool quick = false, DeviceInfo? info = null)
    {
        var device = new Device("planted", backend);
        return new Checker(probes, quick).Run(info ?? Info, () => device, (_, _) => { }, _ => { });
    }
}
