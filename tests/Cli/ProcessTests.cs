using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gpu.Autograd.Cli.Tests;

/// <summary>The program as a process of its own: what only the system can tell.</summary>
public sealed class ProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Workplace work = new();

    [Fact]
    public void Exit_codes_reach_the_system_and_errors_the_error_stream()
    {
        Assert.Equal(0, Run("--version").Code);

        var missing = Run("predict", work["none"], "--data", "digits");
        Assert.Equal((1, "", $"error: {work["none"]}: there is no such file."), (missing.Code, missing.Output, missing.Error.TrimEnd()));

        var unknown = Run("train", "--frobnicate");
        Assert.Equal((2, "", "error: train: there is no option --frobnicate."), (unknown.Code, unknown.Output, unknown.Error.TrimEnd()));
    }

    [Fact]
    public void Redirected_output_has_no_escape_codes_and_another_process_gives_the_same_bytes()
    {
        string here = work.Train("here");

        var outcome = Run(
            "train", "--data", work["samples.csv"], "--device", "cpu", "--epochs", "10", "--batch", "16", "--out", work["there"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.DoesNotContain('\e', outcome.Output);
        Assert.Contains("Training 4 → 128 → 3", outcome.Output);
        Assert.Equal(File.ReadAllBytes(here), File.ReadAllBytes(work["there"]));
    }

    [SkippableFact]
    public void The_first_Ctrl_C_saves_the_model_and_says_so()
    {
        Skip.IfNot(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Signals are sent with kill.");
        string[] endless = ["train", "--data", work.WriteSamples(), "--device", "cpu", "--epochs", "10000000"];
        using var process = Start("dotnet", [Program, .. endless, "--out", work["m"], "--json", work["j"]]);
        while (process.StandardOutput.ReadLine() is { } line && !line.StartsWith("epoch ", StringComparison.Ordinal))
        {
        }

        using (var kill = Start("kill", ["-INT", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }

        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Patience));
        Assert.Equal(130, process.ExitCode);
        Assert.Matches(@"Stopped by Ctrl-C after [\d,]+ steps; the model as it is now is saved\.", output);
        Assert.Contains($"Model:  {work["m"]}", output);
        Assert.Empty(process.StandardError.ReadToEnd());

        using var metrics = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.InRange(metrics.RootElement.GetProperty("epochs").GetInt32(), 1, 9_999_999);
        Assert.Equal(0, Workplace.Run("predict", work["m"], "--data", work["samples.csv"], "--device", "cpu").Code);
    }

    [SkippableTheory]
    [InlineData("xterm-256color", null, true, true)]
    [InlineData("xterm-256color", "1", true, false)]
    [InlineData("dumb", null, false, false)]
    public void A_terminal_is_drawn_on_as_it_wishes(string term, string? noColor, bool redrawn, bool coloured)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "A pseudo-terminal is made with script.");
        string command = $"dotnet {Program} train --data {work.WriteSamples()} --device cpu --epochs 3 --out {work["m"]}";
        var environment = new Dictionary<string, string?> { ["TERM"] = term, ["NO_COLOR"] = noColor };
        using var process = Start("/usr/bin/script", ["-qec", command, "/dev/null"], environment);

        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Patience));

        Assert.Equal(0, process.ExitCode);
        Assert.Contains("Held-out accuracy", output);
        Assert.Equal(redrawn, output.Contains("\e[?25l", StringComparison.Ordinal));
        Assert.Equal(coloured, Regex.IsMatch(output, @"\e\[[\d;]*m"));
    }

    /// <summary>Two OpenCL devices at once, which PoCL gives to whoever asks for them.</summary>
    [SkippableFact]
    public void The_second_device_of_a_kind_is_named_by_its_number()
    {
        var first = Device.All.First(device => device.Name == "opencl:0");
        Skip.IfNot(first.Problem is null && first.Driver!.StartsWith("Portable Computing Language", StringComparison.Ordinal), "There is no PoCL.");
        var two = new Dictionary<string, string?> { ["POCL_DEVICES"] = "pthread basic" };
        using var process = Start(
            "dotnet", [Program, "check", "--quick", "--op", "exp", "--device", "OpenCL:1", "--json", work["j"]], two);

        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Patience));
        Assert.Equal((0, ""), (process.ExitCode, process.StandardError.ReadToEnd()));
        Assert.Matches(@"(?m)^✓ opencl:1: 1 of 1 ops", output);

        // PoCL chooses the order.
        string[] kinds = [.. Enumerable.Range(0, 2).Select(i => Regex.Match(output, $@"(?m)^opencl:{i} +(basic|pthread)").Groups[1].Value)];
        Assert.Equal(["basic", "pthread"], kinds.Order());
        using var report = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.StartsWith(kinds[1], report.RootElement.GetProperty("devices")[0].GetProperty("description").GetString());
    }

    public void Dispose() => work.Dispose();

    private static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "gpu-autograd.dll");

    private static Outcome Run(params string[] args)
    {
        using var process = Start("dotnet", [Program, .. args]);
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Patience));
        return new Outcome(process.ExitCode, output, error.Result);
    }

    private static Process Start(string file, string[] args, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(file, args) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
