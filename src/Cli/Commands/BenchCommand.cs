using System.CommandLine;
using System.Runtime.InteropServices;
using Gpu.Autograd.Checking;
using Gpu.Autograd.Cli.Benchmark;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Display;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Commands;

/// <summary><c>bench</c>: how fast the devices are.</summary>
internal sealed class BenchCommand
{
    private static readonly string[] Headings = ["measured", "one run", "rate", "of"];

    private readonly Option<string?> device = Values.Device("Measure this device only: cpu, cuda:N, opencl:N, accelerator, host, or best.");
    private readonly Option<bool> quick = new("--quick") { Description = "Small sizes and short turns: the order of magnitude." };
    private readonly Option<string?> json = Values.Path("--json", "Write the figures to this file too, with machine and runtime, as JSON.");
    private readonly Terminal terminal;

    private BenchCommand(Terminal terminal) => this.terminal = terminal;

    /// <summary>What the help adds.</summary>
    public static HelpPage Page { get; } = new(
    [
        "Every device that is ready is measured; it takes about 15 s each. Products and training are in float32 where nothing else is said.",
        "A figure is the median of several turns. It means something on a machine that does nothing else.",
    ],
    [
        "bench",
        "bench --device cpu --quick",
        "bench --json bench.json",
    ]);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var bench = new BenchCommand(terminal);
        var command = new Command("bench", "Measure the devices: products, memory, launches, training steps.")
        {
            bench.device, bench.quick, bench.json,
        };
        command.SetAction(bench.Run);
        return command;
    }

    private void Run(ParseResult given)
    {
        string? jsonPath = given.GetValue(json);
        OutputFile.Check("--json", jsonPath);
        Device[] devices = given.GetValue(device) is { } name ? [Device.Parse(name)] : [.. Ready()];
        var results = new List<(Device Device, List<Measured> Figures)>();
        foreach (var target in devices)
        {
            results.Add((target, Measure(target, given.GetValue(quick))));
        }

        if (jsonPath is not null)
        {
            Write(jsonPath, results, given.GetValue(quick));
        }
    }

    /// <summary>The devices that people compute on: those that only look like a GPU are for finding mistakes.</summary>
    private static IEnumerable<Device> Ready() => Device.All
        .Where(device => device is { Problem: null, Kind: DeviceKind.Cpu or DeviceKind.Cuda or DeviceKind.OpenCl })
        .Select(device => Device.Parse(device.Name));

    private List<Measured> Measure(Device target, bool quick)
    {
        var figures = new List<Measured>();
        var info = Device.All.First(device => device.Name == target.Name);
        bool tiny = info.Kind is DeviceKind.Accelerator or DeviceKind.Host;
        Measurement[] measurements = [.. new Measurements(target, quick, tiny).All];
        string title = $"{target.Name}: {info.Description}{(info.Driver is { } driver ? $"; {driver}" : "")}";
        if (tiny)
        {
            title += Environment.NewLine + "It is for finding mistakes, and slow: all sizes are tiny, and no figure says anything of a GPU.";
        }

        if (terminal.Screen is { } screen)
        {
            screen.MarkupLineInterpolated($"[bold]{title}[/]");
            var table = new Table().Border(screen.Profile.Capabilities.Unicode ? TableBorder.Rounded : TableBorder.Ascii);
            foreach (var (column, heading) in Headings.Index())
            {
                table.AddColumn(new TableColumn(heading) { Alignment = column is 1 or 2 ? Justify.Right : Justify.Left, NoWrap = column < 3 });
            }

            screen.Live(table).Start(context =>
            {
                context.Refresh();
                foreach (var measurement in measurements)
                {
                    figures.Add(measurement.Take());
                    table.AddRow(Array.ConvertAll(Cells(figures[^1]), Markup.Escape));
                    context.Refresh();
                }
            });
        }
        else
        {
            // Line by line: who waits sees what there is.
            int[] widths = [measurements.Max(measurement => measurement.Name.Length), 8, 8, 0];
            terminal.Output.WriteLine(title);
            WriteLine(Headings);
            foreach (var measurement in measurements)
            {
                figures.Add(measurement.Take());
                WriteLine(Cells(figures[^1]));
            }

            void WriteLine(string[] cells) => terminal.Output.WriteLine(string.Join(
                "  ",
                cells.Select((cell, column) => column is 1 or 2 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))));
        }

        if (target.CompiledKernels is { Count: > 0 } kernels)
        {
            var time = TimeSpan.FromTicks(kernels.Sum(kernel => kernel.Time.Ticks));
            terminal.Output.WriteLine($"{kernels.Count} kernels were compiled in {Format.Time(time)}.");
        }

        if (target.Remark is { } remark)
        {
            terminal.Output.WriteLine(remark);
        }

        return figures;
    }

    private static string[] Cells(Measured figure) =>
    [
        figure.What.Name,
        Format.Duration(figure.Seconds),
        figure.Value is { } value ? Format.Three(value) : "–",
        figure.Problem ?? (figure.By is { } by ? $"{figure.What.Unit}, {by}" : figure.What.Unit),
    ];

    private static void Write(string path, List<(Device Device, List<Measured> Figures)> results, bool quick) => JsonFile.Write(path, writer =>
    {
        writer.WriteString("version", App.Version);
        writer.WriteString("ilgpu", Machine.Ilgpu);
        writer.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        writer.WriteString("system", RuntimeInformation.OSDescription);
        writer.WriteString("architecture", RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());
        writer.WriteNumber("processors", Environment.ProcessorCount);
        writer.WriteBoolean("quick", quick);
        writer.WriteStartArray("devices");
        foreach (var (device, figures) in results)
        {
            var info = Device.All.First(other => other.Name == device.Name);
            writer.WriteStartObject();
            writer.WriteString("name", info.Name);
            writer.WriteString("description", info.Description);
            writer.WriteString("driver", info.Driver);
            JsonFile.Number(writer, "memory_bytes", info.MemoryBytes);
            writer.WriteNumber("kernels", device.CompiledKernels.Count);
            writer.WriteNumber("compile_seconds", device.CompiledKernels.Sum(kernel => kernel.Time.TotalSeconds));
            writer.WriteString("remark", device.Remark);
            writer.WriteStartArray("figures");
            foreach (var figure in figures)
            {
                writer.WriteStartObject();
                writer.WriteString("name", figure.What.Name);
                writer.WriteString("unit", figure.What.Unit);
                writer.WriteString("by", figure.By);
                JsonFile.Number(writer, "value", figure.Value);
                JsonFile.Number(writer, "seconds", figure.Seconds);
                writer.WriteString("problem", figure.Problem);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
