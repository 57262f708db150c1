using System.Text.Json;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Tests;

/// <summary>The benchmark, in quick turns: that every figure is there, not how large it is.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void Every_figure_is_in_the_table_and_in_the_file()
    {
        var outcome = Workplace.Run("bench", "--device", "cpu", "--quick", "--json", work["j"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        var root = json.RootElement;
        Assert.StartsWith(".NET ", root.GetProperty("runtime").GetString());
        Assert.Equal(Environment.ProcessorCount, root.GetProperty("processors").GetInt32());
        Assert.True(root.GetProperty("quick").GetBoolean());
        var device = Assert.Single(root.GetProperty("devices").EnumerateArray());
        Assert.Equal("cpu", device.GetProperty("name").GetString());
        Assert.Equal(Device.All.Single(device => device.Name == "cpu").Description, device.GetProperty("description").GetString());

        var figures = device.GetProperty("figures").EnumerateArray().ToList();
        string[] units = [.. figures.Select(figure => figure.GetProperty("unit").GetString()!)];
        foreach (var (unit, count) in new[] { ("GFLOP/s", 2), ("GB/s", 7), ("µs", 2), ("steps/s", 8), ("samples/s", 1) })
        {
            Assert.Equal(count, units.Count(other => other == unit));
        }

        string[] lines = outcome.Output.Split(Environment.NewLine);
        Assert.StartsWith("cpu: ", lines[0]);
        Assert.Matches("^measured +one run +rate +of$", lines[1]);
        foreach (var figure in figures)
        {
            Assert.True(figure.GetProperty("value").GetDouble() > 0);
            Assert.InRange(figure.GetProperty("seconds").GetDouble(), 1e-9, 60);
            Assert.Null(figure.GetProperty("problem").GetString());
            Assert.Single(lines, line => line.StartsWith(figure.GetProperty("name").GetString() + "  ", StringComparison.Ordinal));
        }

        // Where a device's maker has a library of its own, which of the two was measured.
        Assert.Equal(["our kernel"], figures.Select(figure => figure.GetProperty("by").GetString()).OfType<string>().Distinct());
        Assert.Equal(2, lines.Count(line => line.EndsWith("GFLOP/s, our kernel", StringComparison.Ordinal)));

        // What the rate counts: two operations for each of 256³ products, by the seconds that stand beside it.
        var product = figures.First(figure => figure.GetProperty("name").GetString() == "product of 256 × 256, float32");
        double seconds = product.GetProperty("seconds").GetDouble();
        Assert.Equal(2 * Math.Pow(256, 3) / seconds / 1e9, product.GetProperty("value").GetDouble(), 6);
    }

    /// <summary>A debugger for kernels is measured in moments, and the figures say what they are worth.</summary>
    [Fact]
    public void A_slow_device_gets_tiny_sizes()
    {
        var outcome = Workplace.Run("bench", "--device", "host", "--quick");

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains("no figure says anything of a GPU", outcome.Output);
        Assert.Contains("product of 16 × 16, float32", outcome.Output);
        Assert.DoesNotContain("–", outcome.Output);
    }

    [Fact]
    public void A_screen_shows_a_table()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.NoColors);

        int code = App.Run(["bench", "--quick", "--device", "cpu"], new Terminal(output, TextWriter.Null, screen));

        Assert.Equal(0, code);
        Assert.Contains("│ product of 256 × 256, float32 ", output.ToString());
        Assert.Contains("│ train on the digits, ", output.ToString());
    }

    [Fact]
    public void A_device_that_is_not_there_or_a_file_that_cannot_be_written_is_found_before_anything_is_measured()
    {
        var absent = Workplace.Run("bench", "--device", "cuda:65535", "--json", work["j"]);
        Assert.Equal((1, ""), (absent.Code, absent.Output));
        Assert.Contains("cuda:65535", absent.Error);
        Assert.False(File.Exists(work["j"]));

        string path = work[Path.Combine("no", "file")];
        var unwritable = Workplace.Run("bench", "--device", "cpu", "--json", path);
        Assert.Equal(
            (1, "", $"error: --json: {path} cannot be written: there is no folder {Path.GetDirectoryName(path)}.{Environment.NewLine}"),
            (unwritable.Code, unwritable.Output, unwritable.Error));
    }

    public void Dispose() => work.Dispose();
}
