using System.Globalization;
using Gpu.Autograd.Checking;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Display;

/// <summary>A check as it goes: the machine, a line for each op of each device, and what came out in the end.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="devices">The names of the devices that are checked.</param>
/// <param name="probes">The names of the probes.</param>
internal sealed class CheckDisplay(Terminal terminal, IReadOnlyList<string> devices, IReadOnlyList<string> probes)
{
    /// <summary>More faults of one op in one dtype than these are only counted.</summary>
    private const int MostFaults = 3;

    private readonly int probeWidth = probes.Append("op").Max(name => name.Length);
    private readonly int deviceWidth = devices.Append("device").Max(name => name.Length);

    private bool Unicode => terminal.Screen?.Profile.Capabilities.Unicode ?? true;

    private string Tick => Unicode ? "✓" : "+";

    private string Cross => Unicode ? "✗" : "x";

    /// <summary>The machine, and which of its devices are checked.</summary>
    public void Begin(IReadOnlyList<DeviceInfo> all, IReadOnlyList<DeviceInfo> chosen)
    {
        Line($"gpu-autograd {App.Version}, ILGPU {Machine.Ilgpu ?? "is missing"}, {Machine.Runtime}, {Machine.OperatingSystem}");
        int width = all.Max(info => info.Name.Length) + 2;
        foreach (var info in all)
        {
            string driver = info.Driver is null ? "" : $"; {info.Driver}";
            string memory = info.MemoryBytes is null ? "" : $"; {Format.Bytes(info.MemoryBytes)}";
            string state = chosen.Contains(info) ? ""
                : info.Kind == DeviceKind.Cpu ? ": what the others are held against"
                : info.Problem is not null ? $": not checked. {info.Problem}"
                : $": not checked; --device {info.Name} does";
            Line($"{info.Name.PadRight(width)}{info.Description}{driver}{memory}{state}", chosen.Contains(info) ? "bold" : "grey");
        }

        if (chosen.All(info => info.Kind is DeviceKind.Host or DeviceKind.Accelerator))
        {
            Line("");
            Line("No GPU is checked: these are the GPU's kernels, run by the CPU.", "yellow");
        }

        Line("");
        Line(Columns("op", "device", "error, 32 bits", "allowed", "error, 64 bits", "allowed", ""), "grey");
    }

    /// <summary>Runs a check, showing what it is at and what it finds.</summary>
    public T Follow<T>(Func<Action<Device, Probe>, Action<DeviceInfo, Finding>, T> check)
    {
        if (terminal.Screen is not { } screen)
        {
            return check((_, _) => { }, Show);
        }

        return screen.Status().Start("…", context => check(
            (device, probe) => context.Status(Markup.Escape(
                $"{device}: {probe}, {1 + probes.Index().First(at => at.Item == probe.Name).Index} of {probes.Count}; " +
                $"{device.CompiledKernels.Count} kernels compiled")),
            Show));
    }

    /// <summary>What came out.</summary>
    public void End(IReadOnlyList<DeviceReport> reports)
    {
        Line("");
        foreach (var report in reports)
        {
            string name = report.Info.Name;
            if (report.Failure is not null)
            {
                Line($"{Cross} {name}: it cannot be opened: {report.Failure}", "bold red");
                continue;
            }

            string kernels = report.Kernels.Count == 0 ? ""
                : $", of which {Format.Time(TimeSpan.FromTicks(report.Kernels.Sum(kernel => kernel.Time.Ticks)))} for {report.Kernels.Count} kernels";
            Line(
                $"{(report.Holds ? Tick : Cross)} {name}: {report.Passed} of {report.Ran} ops do what they do on the CPU, " +
                $"in {Format.Time(report.Time)}{kernels}.",
                report.Holds ? "bold green" : "bold red");
            if (report.Worst is { } worst)
            {
                var comparison = worst.Outcome.Worst!;
                Line(
                    $"  Nearest to what is allowed: {worst.Probe}, {worst.Outcome.DType.Name()}, {comparison.What}: " +
                    $"{Number(comparison.Error)} of {Number(comparison.Tolerance)}.");
            }

            foreach (var reason in report.Findings.Where(finding => !finding.Ran)
                .GroupBy(finding => finding.Outcomes[0].NotRun, finding => finding.Probe.Name))
            {
                Line($"  Not run, {reason.Key}: {string.Join(", ", reason)}.");
            }

            if (report.Passed < report.Ran)
            {
                var failed = report.Findings.Where(finding => finding.Ran && !finding.Holds).Select(finding => finding.Probe.Name);
                Line($"  Failed: {string.Join(", ", failed)}.", "red");
            }

            if (report.Remark is not null)
            {
                Line($"  {report.Remark}", "grey");
            }
        }
    }

    private static string Number(double error) =>
        double.IsPositiveInfinity(error) ? "∞" : error.ToString(error is 0 ? "0" : "0.0e+0", CultureInfo.InvariantCulture);

    private static IEnumerable<string> Faults(Outcome outcome)
    {
        string dtype = outcome.DType.Name();
        if (outcome.Failure is { } failure)
        {
            string message = string.Join(' ', failure.Message.Split('\n', StringSplitOptions.TrimEntries));
            yield return $"{dtype}: {failure.GetType().Name}: {message}";
        }

        var wrong = outcome.Comparisons.Where(comparison => !comparison.Holds).ToList();
        foreach (var comparison in wrong.Take(MostFaults))
        {
            yield return $"{dtype}, {comparison}";
        }

        if (wrong.Count > MostFaults)
        {
            yield return $"{dtype}: and {wrong.Count - MostFaults} more";
        }
    }

    private void Show(DeviceInfo info, Finding finding)
    {
        if (!finding.Ran)
        {
            Line(Columns(finding.Probe.Name, info.Name, "–", "", "–", "", $"not run: {finding.Outcomes[0].NotRun}"), "grey");
            return;
        }

        var (error32, allowed32) = Cells(finding.Outcomes.Where(outcome => outcome.DType.Size() == 4));
        var (error64, allowed64) = Cells(finding.Outcomes.Where(outcome => outcome.DType.Size() == 8));
        Line(
            Columns(finding.Probe.Name, info.Name, error32, allowed32, error64, allowed64, finding.Holds ? Tick : Cross),
            finding.Holds ? "" : "bold red");
        foreach (string fault in finding.Outcomes.SelectMany(Faults))
        {
            Line($"    {fault}", "red");
        }
    }

    /// <summary>The comparison nearest to what is allowed, or what there is in place of one.</summary>
    private static (string Error, string Allowed) Cells(IEnumerable<Outcome> outcomes)
    {
        var ran = outcomes.Where(outcome => outcome.NotRun is null).ToList();
        var worst = ran.Select(outcome => outcome.Worst).MaxBy(comparison => comparison?.Share ?? -1);
        return ran.Exists(outcome => outcome.Failure is not null) ? ("failed", "")
            : worst is null ? ("–", "")
            : (Number(worst.Error), Number(worst.Tolerance));
    }

    private string Columns(string op, string device, string error32, string allowed32, string error64, string allowed64, string end) =>
        $"{op.PadRight(probeWidth)}  {device.PadRight(deviceWidth)}  {error32,14}  {allowed32,-7}  {error64,14}  {allowed64,-7}  {end}".TrimEnd();

    private void Line(string text, string style = "")
    {
        if (terminal.Screen is { } screen)
        {
            screen.MarkupLine(style.Length == 0 || text.Length == 0 ? Markup.Escape(text) : $"[{style}]{Markup.Escape(text)}[/]");
        }
        else
        {
            terminal.Output.WriteLine(text);
        }
    }
}
