using System.CommandLine;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Display;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Commands;

/// <summary><c>devices</c>: what there is to compute on, and why the rest is missing.</summary>
internal static class DevicesCommand
{
    private static readonly string[] Headings = ["device", "kind", "memory", "state", "description"];

    /// <summary>What the help adds.</summary>
    public static HelpPage Page { get; } = new(
    [
        "The names in the first column are what --device takes; the best device is what it takes by itself.",
    ],
    [
        "devices",
        "devices --json devices.json",
    ]);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var json = Values.Path("--json", "Write the list to this file too, as JSON.");
        var command = new Command(
            "devices", "List every device with its kind, memory and state; for one that is unavailable why, and what to do.")
        {
            json,
        };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(json)));
        return command;
    }

    private static void Run(Terminal terminal, string? json)
    {
        OutputFile.Check("--json", json);
        var devices = Device.All;
        var best = Device.Best;
        if (terminal.Screen is { } screen)
        {
            Draw(screen, devices, best);
        }
        else
        {
            TextTable.Write(terminal.Output, [Headings, .. devices.Select(device => Cells(device, best))]);
            foreach (var device in devices.Where(device => device.Problem is not null))
            {
                terminal.Output.WriteLine();
                terminal.Output.WriteLine($"{device.Name}: {device.Problem}");
            }
        }

        if (json is not null)
        {
            JsonFile.Write(json, writer =>
            {
                writer.WriteStartArray("devices");
                foreach (var device in devices)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", device.Name);
                    writer.WriteString("kind", Kind(device.Kind));
                    writer.WriteString("description", device.Description);
                    JsonFile.Number(writer, "memory_bytes", device.MemoryBytes);
                    writer.WriteBoolean("is_cpu", device.IsCpu);
                    writer.WriteBoolean("best", device.Name == best.Name);
                    writer.WriteString("problem", device.Problem);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
        }
    }

    private static void Draw(IAnsiConsole screen, IReadOnlyList<DeviceInfo> devices, Device best)
    {
        var table = new Table().Border(screen.Profile.Capabilities.Unicode ? TableBorder.Rounded : TableBorder.Ascii);
        foreach (string heading in Headings)
        {
            table.AddColumn(new TableColumn(heading) { NoWrap = heading != Headings[^1] });
        }

        foreach (var device in devices)
        {
            string[] cells = Array.ConvertAll(Cells(device, best), Markup.Escape);
            cells[3] = device.Problem is not null ? $"[yellow]{cells[3]}[/]" : $"[green]{cells[3]}[/]";
            if (device.Problem is not null)
            {
                string separator = cells[^1].Length > 0 ? "\n" : "";
                cells[^1] += $"{separator}[yellow]{Markup.Escape(device.Problem)}[/]";
            }

            table.AddRow(cells);
        }

        screen.Write(table);
    }

    private static string[] Cells(DeviceInfo device, Device best) =>
    [
        device.Name,
        Kind(device.Kind),
        Format.Bytes(device.MemoryBytes),
        device.Problem is not null ? "unavailable" : device.Name == best.Name ? "ready, best" : "ready",
        device.Description,
    ];

    private static string Kind(DeviceKind kind) => kind switch
    {
        DeviceKind.Cpu => "CPU",
        DeviceKind.Cuda => "CUDA",
        DeviceKind.OpenCl => "OpenCL",
        DeviceKind.Accelerator => "CPU accelerator",
        _ => "host",
    };
}
