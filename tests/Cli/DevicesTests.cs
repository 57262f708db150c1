using System.Text.Json;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Tests;

public sealed class DevicesTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void Every_device_has_a_line_and_every_problem_is_told_in_full()
    {
        var outcome = Workplace.Run("devices");

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.DoesNotContain('\e', outcome.Output);
        string[] lines = outcome.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.Matches("^device +kind +memory +state +description$", lines[0]);
        foreach (var device in Device.All)
        {
            string line = Assert.Single(lines, line => line.StartsWith(device.Name + " ", StringComparison.Ordinal));
            Assert.EndsWith(device.Description, line);
            Assert.Contains(device.Problem is null ? " ready" : " unavailable", line);
            Assert.Equal(device.Name == Device.Best.Name, line.Contains("ready, best", StringComparison.Ordinal));
            if (device.Problem is not null)
            {
                Assert.Contains($"{device.Name}: {device.Problem}", outcome.Output);
            }
        }
    }

    [Fact]
    public void The_kinds_that_users_look_for_are_all_there()
    {
        string output = Workplace.Run("devices").Output;

        Assert.Matches(@"(?m)^cpu +CPU +[\d.]+ [KMGT]iB +ready", output);
        Assert.Matches(@"(?m)^cuda:0 +CUDA ", output);
        Assert.Matches(@"(?m)^opencl:0 +OpenCL ", output);
    }

    [Fact]
    public void The_list_as_json()
    {
        var outcome = Workplace.Run("devices", "--json", work["j"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        var devices = json.RootElement.GetProperty("devices").EnumerateArray().ToList();
        Assert.Equal(Device.All.Select(device => device.Name), devices.Select(device => device.GetProperty("name").GetString()));
        Assert.Equal(Device.All.Select(device => device.Problem), devices.Select(device => device.GetProperty("problem").GetString()));
        Assert.Equal(Device.Best.Name, devices.Single(device => device.GetProperty("best").GetBoolean()).GetProperty("name").GetString());
    }

    [Fact]
    public void A_screen_shows_a_table()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.NoColors);

        int code = App.Run(["devices"], new Terminal(output, TextWriter.Null, screen));

        Assert.Equal(0, code);
        Assert.All(Device.All, device => Assert.Contains($"│ {device.Name} ", output.ToString()));
    }

    public void Dispose() => work.Dispose();
}
