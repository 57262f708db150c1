using System.CommandLine;
using System.Text.Json;
using Gpu.Autograd.Checking;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Display;

namespace Gpu.Autograd.Cli.Commands;

/// <summary><c>check</c>: whether the devices of this machine do what the CPU does.</summary>
internal sealed class CheckCommand
{
    private readonly IReadOnlyList<Probe> probes;
    private readonly IReadOnlyList<DeviceInfo>? planted;

    private readonly Option<string?> device = Values.Device(
        "Check this device alone. [default: every CUDA and OpenCL device; where there is none, host: the GPU kernels, run by the CPU]");

    private readonly Option<string?> op;

    private readonly Option<bool> quick = new("--quick") { Description = "Check less: float32 alone, one sample an op, no tangents, nothing large." };

    private readonly Option<string?> json = Values.Path(
        "--json", "Write machine, devices and every comparison to this file too, as JSON.");

    private readonly Terminal terminal;

    private CheckCommand(Terminal terminal, IReadOnlyList<Probe> probes, IReadOnlyList<DeviceInfo>? devices)
    {
        (this.terminal, this.probes, planted) = (terminal, probes, devices);
        op = Values.OneOfMany(
            "--op", "Check this op alone, as docs/ops.md names it.", "op that is checked", [.. probes.Select(probe => probe.Name)]);
    }

    /// <summary>What the help adds.</summary>
    public static HelpPage Page { get; } = new(
    [
        "This is the first thing to run on a new GPU, and what a bug report should hold.",
        "Each op's value, gradients and tangents are held against the CPU in float64 at the same point; losses of a training, too.",
        "An error is the largest |device − CPU| as a share of max(1, max |CPU|). One above what is allowed, or a failure, ends with 1.",
    ],
    [
        "check",
        "check --device cuda:0 --json check.json",
        "check --device accelerator --quick",
        "check --op matmul",
    ]);

    /// <summary>The command.</summary>
    public static Command Create(
        Terminal terminal, IReadOnlyList<Probe>? probes = null, IReadOnlyList<DeviceInfo>? devices = null)
    {
        var check = new CheckCommand(terminal, probes ?? Probes.All, devices);
        var command = new Command("check", "Check every op and a training on the GPU against the CPU, and print what a bug report needs.")
        {
            check.device, check.op, check.quick, check.json,
        };
        command.SetAction(check.Run);
        return command;
    }

    private int Run(ParseResult given)
    {
        string? jsonPath = given.GetValue(json);
        OutputFile.Check("--json", jsonPath);
        var all = planted ?? Device.All;
        var chosen = Choose(all, given.GetValue(device));
        string? name = given.GetValue(op);
        Probe[] asked = [.. probes.Where(probe => name is null || probe.Name == name)];

        var display = new CheckDisplay(terminal, [.. chosen.Select(info => info.Name)], [.. asked.Select(probe => probe.Name)]);
        display.Begin(all, chosen);
        var checker = new Checker(asked, given.GetValue(quick));
        var reports = display.Follow((begun, found) => chosen
            .Select(info => checker.Run(info, () => Device.Parse(info.Name), begun, finding => found(info, finding)))
            .ToList());
        display.End(reports);
        if (jsonPath is not null)
        {
            JsonFile.Write(jsonPath, writer => Write(writer, all, reports));
        }

        return reports.TrueForAll(report => report.Holds) ? ExitCode.Ok : ExitCode.Failed;
    }

    private static List<DeviceInfo> Choose(IReadOnlyList<DeviceInfo> all, string? name)
    {
        if (name is null)
        {
            var gpus = all.Where(info => info.Kind is DeviceKind.Cuda or DeviceKind.OpenCl && info.Problem is null).ToList();
            return gpus.Count > 0 ? gpus : [all.First(info => info.Kind == DeviceKind.Host)];
        }

        string found = name == "best" ? Device.Best.Name : name;
        if (found == "cpu")
        {
            throw new FailureException(
                $"--device: {(name == "best" ? "the best device here is cpu, which" : "cpu")} is what the others are held against; " +
                "host runs the GPU's kernels on it.");
        }

        return [DeviceInfo.Find(all, found)];
    }

    private static void Write(Utf8JsonWriter writer, IReadOnlyList<DeviceInfo> all, List<DeviceReport> reports)
    {
        writer.WriteString("version", App.Version);
        writer.WriteString("ilgpu", Machine.Ilgpu);
        writer.WriteString("runtime", Machine.Runtime);
        writer.WriteString("os", Machine.OperatingSystem);
        writer.WriteString("cpu", all.FirstOrDefault(info => info.Kind == DeviceKind.Cpu)?.Description);
        writer.WriteBoolean("pass", reports.TrueForAll(report => report.Holds));
        writer.WriteStartArray("devices");
        reports.ForEach(report => Write(writer, report));
        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, DeviceReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("device", report.Info.Name);
        writer.WriteString("description", report.Info.Description);
        writer.WriteString("driver", report.Info.Driver);
        JsonFile.Number(writer, "memory_bytes", report.Info.MemoryBytes);
        writer.WriteBoolean("pass", report.Holds);
        writer.WriteNumber("passed", report.Passed);
        writer.WriteNumber("checked", report.Ran);
        writer.WriteNumber("seconds", report.Time.TotalSeconds);
        writer.WriteString("failure", report.Failure);
        writer.WriteString("remark", report.Remark);
        writer.WriteStartArray("kernels");
        foreach (var kernel in report.Kernels)
        {
            writer.WriteStartObject();
            writer.WriteString("name", kernel.Name);
            writer.WriteNumber("seconds", kernel.Time.TotalSeconds);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("ops");
        foreach (var finding in report.Findings)
        {
            writer.WriteStartObject();
            writer.WriteString("op", finding.Probe.Name);
            writer.WriteBoolean("ran", finding.Ran);
            writer.WriteBoolean("pass", finding.Ran && finding.Holds);
            writer.WriteNumber("seconds", finding.Time.TotalSeconds);
            writer.WriteStartArray("results");
            foreach (var outcome in finding.Outcomes)
            {
                Write(writer, outcome);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Outcome outcome)
    {
        writer.WriteStartObject();
        writer.WriteString("dtype", outcome.DType.Name());
        writer.WriteString("not_run", outcome.NotRun);
        writer.WriteString("failure", outcome.Failure?.ToString());
        writer.WriteStartArray("comparisons");
        foreach (var comparison in outcome.Comparisons)
        {
            writer.WriteStartObject();
            writer.WriteString("what", comparison.What);
            JsonFile.Number(writer, "error", double.IsFinite(comparison.Error) ? comparison.Error : null);
            writer.WriteNumber("tolerance", comparison.Tolerance);
            writer.WriteBoolean("pass", comparison.Holds);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
