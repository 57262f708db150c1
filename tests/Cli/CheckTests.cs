using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gpu.Autograd.Checking;
using Gpu.Autograd.Cli.Commands;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Tests;

public sealed class CheckTests : IDisposable
{
    private static readonly DeviceInfo Cpu = new("cpu", DeviceKind.Cpu, "A processor", IsCpu: true);
    private static readonly DeviceInfo Absent = new("cuda:0", DeviceKind.Cuda, "NVIDIA GPU", Problem: "There is none.");
    private static readonly DeviceInfo Host = new("host", DeviceKind.Host, "Kernels on the CPU", 1L << 30, IsCpu: true);

    private readonly Workplace work = new();

    [Fact]
    public void The_kernels_on_the_host_do_what_the_cpu_does()
    {
        var outcome = Workplace.Run("check", "--device", "host", "--quick", "--json", work["j"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.DoesNotContain('✗', outcome.Output);
        Assert.Contains("No GPU is checked: these are the GPU's kernels, run by the CPU.", outcome.Output);
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        var device = Assert.Single(json.RootElement.GetProperty("devices").EnumerateArray());
        var ops = device.GetProperty("ops").EnumerateArray().ToList();
        Assert.Equal(Probes.All.Select(probe => probe.Name), ops.Select(op => op.GetProperty("op").GetString()));
        foreach (var op in ops)
        {
            string name = op.GetProperty("op").GetString()!;
            bool ran = !name.StartsWith("large_", StringComparison.Ordinal);
            Assert.Equal((ran, ran), (op.GetProperty("ran").GetBoolean(), op.GetProperty("pass").GetBoolean()));
            Assert.Matches($@"(?m)^{name} +host +{(ran ? @"[\d.e-]+ +[\d.e-]+ .*✓" : "– +– +not run: left out by --quick")}\r?$", outcome.Output);
        }

        int count = ops.Count(op => op.GetProperty("ran").GetBoolean());
        Assert.Equal(count, device.GetProperty("passed").GetInt32());
        Assert.Contains($"✓ host: {count} of {count} ops do what they do on the CPU, in ", outcome.Output);
    }

    [Fact]
    public void What_a_bug_report_needs_is_said()
    {
        var outcome = Workplace.Run("check", "--device", "host", "--op", "ADD", "--json", work["j"]);

        Assert.Equal(0, outcome.Code);
        string[] lines = outcome.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.Matches(@"^gpu-autograd \d+\.\d+\.\d+\S*, ILGPU (\d+\.\d+\.\d+|is missing), \.NET \d+\S*, \S.*, \w+$", lines[0]);
        foreach (var device in Device.All)
        {
            string line = Assert.Single(lines, line => line.StartsWith($"{device.Name} ", StringComparison.Ordinal));
            Assert.Contains(device.Description, line);
            Assert.Contains(device.Driver ?? "", line);
            Assert.Equal(device.Name == "host", !line.Contains("not checked", StringComparison.Ordinal) && device.Kind != DeviceKind.Cpu);
            Assert.Contains(device.Problem ?? "", line);
        }

        // One op alone was asked for.
        Assert.Single(lines, line => line.EndsWith('✓'));
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.Equal(
            ["version", "ilgpu", "runtime", "os", "cpu", "pass", "devices"], json.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.True(json.RootElement.GetProperty("pass").GetBoolean());
    }

    /// <summary>By itself it checks GPUs, and where there is none the kernels on the host.</summary>
    [Fact]
    public void Without_a_gpu_the_host_is_checked()
    {
        var outcome = Run([Right], [Cpu, Absent, Host]);

        Assert.Equal(0, outcome.Code);
        Assert.Contains("cuda:0  NVIDIA GPU: not checked. There is none.", outcome.Output);
        Assert.Contains("host    Kernels on the CPU; 1.0 GiB\n", outcome.Output.ReplaceLineEndings("\n"));
        Assert.Contains("✓ host: 1 of 1 ops do what they do on the CPU", outcome.Output);
    }

    [Fact]
    public void An_op_that_is_wrong_is_a_row_with_the_element_and_ends_with_1()
    {
        var wrong = new Probe("wrong", (device, dtype, _) =>
            [Comparison.Of("value of [2]", Tensor.From([1.0, 2]), Tensor.From([1.0, 2.002], device: device), dtype == DType.Float32 ? 1 : 1e-4)]);

        var outcome = Run([wrong, Right], [Cpu, Host], "--json", work["j"]);

        Assert.Equal((1, ""), (outcome.Code, outcome.Error));
        Assert.Matches(
            @"(?m)^wrong +host +1\.0e-3 +1\.0e\+0 +1\.0e-3 +1\.0e-4 +✗\r?\n    float64, value of \[2\]: error 1\.0e-3, allowed 1\.0e-4: " +
            @"element 1 is 2\.002, not 2\r?\nright +host .*✓\r?$",
            outcome.Output);
        Assert.Matches(@"(?m)^✗ host: 1 of 2 ops do what they do on the CPU", outcome.Output);
        Assert.Matches(@"(?m)^  Failed: wrong\.\r?$", outcome.Output);
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.False(json.RootElement.GetProperty("pass").GetBoolean());
    }

    [Fact]
    public void An_op_that_fails_is_a_row_with_the_message_and_the_others_go_on()
    {
        var failing = new Probe("failing", (_, _, _) => throw new NotSupportedException("the kernel Each<…>\ncannot be loaded"));

        var outcome = Run([failing, Right], [Cpu, Host], "--json", work["j"]);

        Assert.Equal(1, outcome.Code);
        Assert.Matches(@"(?m)^failing +host +failed +failed +✗\r?\n    float32: NotSupportedException: the kernel Each<…> cannot be loaded\r?$", outcome.Output);
        Assert.Matches(@"(?m)^right +host .*✓\r?$", outcome.Output);
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        var op = json.RootElement.GetProperty("devices")[0].GetProperty("ops")[0];
        Assert.Contains("NotSupportedException", op.GetProperty("results")[0].GetProperty("failure").GetString());
        Assert.False(op.GetProperty("pass").GetBoolean());
    }

    [Fact]
    public void A_device_that_does_not_open_is_told_and_the_others_go_on()
    {
        DeviceInfo broken = new("opencl:65", DeviceKind.OpenCl, "A list's claim");
        DeviceInfo another = new("host", DeviceKind.OpenCl, "Taken for a GPU");

        var outcome = Run([Right], [Cpu, broken, another]);

        Assert.Equal(1, outcome.Code);
        Assert.Matches(@"(?m)^✗ opencl:65: it cannot be opened: There is no device opencl:65 here", outcome.Output);
        Assert.Matches(@"(?m)^✓ host: 1 of 1 ops", outcome.Output);
        Assert.DoesNotContain("No GPU is checked", outcome.Output);
    }

    [Fact]
    public void The_cpu_is_not_held_against_itself()
    {
        var outcome = Workplace.Run("check", "--device", "cpu");

        Assert.Equal(
            (1, "", $"error: --device: cpu is what the others are held against; host runs the GPU's kernels on it.{Environment.NewLine}"),
            (outcome.Code, outcome.Output, outcome.Error));
    }

    [Fact]
    public void An_absent_device_is_told()
    {
        var outcome = Workplace.Run("check", "--device", "cuda:65535");

        Assert.Equal((1, ""), (outcome.Code, outcome.Output));
        Assert.StartsWith("error: There is no device cuda:65535 here", outcome.Error);
        Assert.Contains("The devices here are: cpu (", outcome.Error);
    }

    [Fact]
    public void A_device_with_a_problem_says_which()
    {
        var outcome = Run([Right], [Cpu, Absent, Host], "--device", "cuda:0");

        Assert.Equal((1, ""), (outcome.Code, outcome.Output));
        Assert.StartsWith("error: cuda:0 cannot be used: There is none. The devices here are: cpu (", outcome.Error);
    }

    [Fact]
    public void A_screen_shows_what_it_is_at()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.TrueColor);

        int code = App.Run(["check", "--device", "host", "--quick", "--op", "matmul"], new Terminal(output, TextWriter.Null, screen));

        Assert.Equal(0, code);
        string plain = Regex.Replace(output.ToString(), @"\e\[[?\d;]*[A-Za-z]", "");
        Assert.Contains("host: matmul, 1 of 1; 0 kernels compiled", plain);
        Assert.Matches(@"matmul +host +\S+ +\S+ +– +✓", plain);
    }

    public void Dispose() => work.Dispose();

    private static Probe Right => new("right", (device, _, _) => [Comparison.Of("value", Tensor.Ones([3]), Tensor.Ones([3], device: device), 0)]);

    private static Outcome Run(IReadOnlyList<Probe> probes, IReadOnlyList<DeviceInfo> devices, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var command = CheckCommand.Create(new Terminal(output, error), probes, devices);
        try
        {
            int code = command.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return new Outcome(code, output.ToString(), error.ToString());
        }
        catch (DeviceNotFoundException e)
        {
            return new Outcome(1, output.ToString(), $"error: {e.Message}");
        }
    }
}
