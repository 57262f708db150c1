using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gpu.Autograd.Cli.Commands;
using Gpu.Autograd.Tour;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Tests;

public sealed class TourTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void Every_case_is_shown_and_holds()
    {
        var outcome = Workplace.Run("tour", "--device", "cpu");

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.DoesNotContain('\e', outcome.Output);
        Assert.DoesNotContain('✗', outcome.Output);
        string[] lines = outcome.Output.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.Equal("Matrix calculus on cpu, in float64, by reverse and by forward mode.", lines[0]);
        Assert.Equal($"{Cases.All.Count} of {Cases.All.Count} cases hold", lines[^1]);
        Assert.All(Cases.All, found => Assert.Contains($"{found.Id,-9}{found.Title}", lines));
        Assert.Equal(
            Chapter.All.Select(chapter => chapter.Title), lines.Where(line => Chapter.All.Any(chapter => chapter.Title == line)));
        Assert.All(lines, line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public void A_case_says_what_is_computed_how_and_what_is_true()
    {
        string output = Workplace.Run("tour", "--chapter", "determinant", "--device", "cpu").Output.ReplaceLineEndings("\n");

        Assert.Contains(
            string.Join(
                '\n',
                "001-2    The area of a parallelogram",
                "         b₁, b₂ → c₁ = (−2, 1), c₂ = (1, 1);  det J = −3, so areas grow by |det J| = 3",
                "         b = [[1, 0], [0, 1]]",
                "         c = [[-2, 1], [1, 1]]",
                "         x = [0.5, 0.25]",
                "         f = v => Tensor.Stack([(-2 * v[0]) + v[1], v[0] + v[1]])\n"),
            output);
        Assert.Contains(
            string.Join(
                '\n',
                "       ✓ det J   exact",
                "         reverse   Autodiff.JacobianReverse(f, x).Det()",
                "         forward   Autodiff.JacobianForward(f, x).Det()",
                "         computed  -3",
                "         expected  -3\n"),
            output);
    }

    [Fact]
    public void Misprints_are_shown_beside_the_truth()
    {
        string output = Workplace.Run("tour", "--chapter", "backpropagation", "--device", "cpu").Output;

        Assert.Matches(@"computed  \[0\.995164913282539\]\r?\n", output);
        Assert.Matches(@"computed  \[0\.928152832063861\d\]\r?\n", output);
        Assert.Matches(@"printed   0\.995164913282539 after training", output);
        Assert.Matches(@"true      gradient descent .* ends at 0\.9281528320638617", output);
    }

    [Theory]
    [InlineData("jacobian")]
    [InlineData("Hessian")]
    public void A_chapter_alone(string name)
    {
        var outcome = Workplace.Run("tour", "--chapter", name, "--device", "cpu");

        int count = Cases.All.Count(found => found.Chapter.Name == name.ToLowerInvariant());
        Assert.Equal(0, outcome.Code);
        Assert.EndsWith($"{count} of {count} cases hold", outcome.Output.TrimEnd());
        Assert.All(Cases.All, found => Assert.Equal(
            found.Chapter.Name == name.ToLowerInvariant(),
            outcome.Output.Contains($"{found.Id,-9}{found.Title}", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_cases_as_json()
    {
        var outcome = Workplace.Run("tour", "--device", "cpu", "--json", work["j"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        var cases = json.RootElement.EnumerateArray().ToDictionary(found => found.GetProperty("id").GetString()!);
        Assert.Equal(Cases.All.Select(found => found.Id), cases.Keys);
        Assert.All(cases.Values, found =>
        {
            Assert.Equal(["id", "expected", "computed", "error", "pass"], found.EnumerateObject().Select(member => member.Name));
            Assert.True(found.GetProperty("pass").GetBoolean());
            Assert.InRange(found.GetProperty("error").GetDouble(), 0, 1e-10);
        });

        // One result is itself, several are named.
        Assert.Equal("[-3,4.5]", Regex.Replace(cases["000-1"].GetProperty("computed").GetRawText(), @"\s", ""));
        var network = cases["001-17"].GetProperty("computed");
        Assert.Equal(0.9281528320638617, network.GetProperty("after, by gradient descent")[0].GetDouble(), 1e-14);
        Assert.Equal(0.995164913282539, network.GetProperty("after, on stale activations")[0].GetDouble(), 1e-14);
        Assert.Equal(JsonValueKind.String, cases["003-6"].GetProperty("expected").GetProperty("∇f").ValueKind);
    }

    [Fact]
    public void A_case_that_does_not_hold_is_marked_counted_and_ends_with_1()
    {
        var (outcome, json) = RunPlanted(Tensor.From([1.0, 2.5]));

        Assert.Equal(1, outcome.Code);
        Assert.Empty(outcome.Error);
        Assert.Matches(@"✗ ∇f   error 2\.0e-1, above 1\.0e-12\r?\n", outcome.Output);
        Assert.Matches(@"computed  \[1, 2\]\r?\n +expected  \[1, 2\.5\]\r?\n", outcome.Output);
        Assert.EndsWith("1 of 2 cases hold", outcome.Output.TrimEnd());
        var (right, wrong) = (json[0], json[1]);
        Assert.Equal((true, 0), (right.GetProperty("pass").GetBoolean(), right.GetProperty("error").GetDouble()));
        Assert.Equal((false, 0.2), (wrong.GetProperty("pass").GetBoolean(), wrong.GetProperty("error").GetDouble()));
    }

    [Fact]
    public void One_mode_that_is_wrong_is_enough()
    {
        var (outcome, json) = RunPlanted(Tensor.From([1.0, 2]), forward: Tensor.From([1.0, 3]));

        Assert.Equal(1, outcome.Code);
        Assert.Matches(@"computed  \[1, 3\]\r?\n +expected  \[1, 2\]\r?\n", outcome.Output);
        Assert.Equal([true, false], json.Select(found => found.GetProperty("pass").GetBoolean()));
    }

    [Fact]
    public void Another_shape_does_not_hold_and_its_error_is_null()
    {
        var (outcome, json) = RunPlanted(Tensor.From([1.0, 2, 3]));

        Assert.Equal(1, outcome.Code);
        Assert.Equal(JsonValueKind.Null, json[1].GetProperty("error").ValueKind);
        Assert.False(json[1].GetProperty("pass").GetBoolean());
    }

    [Fact]
    public void What_is_not_a_number_is_null_in_json()
    {
        var (outcome, json) = RunPlanted(Tensor.From([1.0, 2]), forward: Tensor.From([1, double.NaN]));

        Assert.Equal((1, ""), (outcome.Code, outcome.Error));
        Assert.Equal(1, json[1].GetProperty("computed")[0].GetDouble());
        Assert.Equal(JsonValueKind.Null, json[1].GetProperty("computed")[1].ValueKind);
        Assert.False(json[1].GetProperty("pass").GetBoolean());
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_found_before_anything_is_computed()
    {
        string path = work[Path.Combine("no", "file")];

        var outcome = Workplace.Run("tour", "--json", path);

        Assert.Equal(
            (1, "", $"error: --json: {path} cannot be written: there is no folder {Path.GetDirectoryName(path)}.{Environment.NewLine}"),
            (outcome.Code, outcome.Output, outcome.Error));
    }

    [Fact]
    public void An_absent_device_is_told()
    {
        var outcome = Workplace.Run("tour", "--device", "cuda:65535", "--json", work["j"]);

        Assert.Equal((1, ""), (outcome.Code, outcome.Output));
        Assert.Contains("cuda:65535", outcome.Error);
        Assert.False(File.Exists(work["j"]));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(120)]
    public void A_screen_of_any_width_is_kept_to(int width)
    {
        var (screen, output) = Screens.New(ColorSystemSupport.TrueColor);
        screen.Profile.Width = width;

        int code = App.Run(["tour", "--device", "cpu"], new Terminal(output, TextWriter.Null, screen));

        Assert.Equal(0, code);
        Assert.Matches(@"\e\[[\d;]*m", output.ToString());
        string plain = Regex.Replace(output.ToString(), @"\e\[[?\d;]*[A-Za-z]", "");
        string[] lines = plain.ReplaceLineEndings("\n").Split('\n');
        Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, Math.Max(width, 44)));
        Assert.Contains($"{Cases.All.Count} of {Cases.All.Count} cases hold", plain);

        // Whatever is broken is put together again.
        string together = Regex.Replace(plain, @"\s", "");
        Assert.All(Cases.All, found => Assert.Contains(Regex.Replace(found.Formula, @"\s", ""), together));
    }

    [Fact]
    public void What_is_broken_stands_beside_its_name()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.TrueColor);
        screen.Profile.Width = 80;

        App.Run(["tour", "--device", "cpu", "--chapter", "backpropagation"], new Terminal(output, TextWriter.Null, screen));

        string plain = Regex.Replace(output.ToString(), @"\e\[[?\d;]*[A-Za-z]", "").ReplaceLineEndings("\n");
        Assert.Matches(@"\n {9}loss = p => \(y - p\.Chunk\(2\).* *\n {16}\S", plain);
    }

    [Fact]
    public void A_screen_without_unicode_gets_signs_that_it_can_show()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.NoColors, unicode: false);

        App.Run(["tour", "--chapter", "hessian", "--device", "cpu"], new Terminal(output, TextWriter.Null, screen));

        Assert.DoesNotContain('✓', output.ToString());
        Assert.Contains("+ H   exact", output.ToString());
    }

    public void Dispose() => work.Dispose();

    /// <summary>A right case, and one of which something else is expected than is computed.</summary>
    private (Cli.Tests.Outcome Outcome, JsonElement[] Json) RunPlanted(Tensor expected, Tensor? forward = null)
    {
        var computed = Tensor.From([1.0, 2]);
        Case[] cases =
        [
            new("right", Chapter.Gradient, "Right", "", t => t.Check("∇f", () => computed, computed)),
            new("wrong", Chapter.Gradient, "Wrong", "", t => t.Check("∇f", () => computed, () => forward ?? computed, expected)),
        ];
        using var output = new StringWriter();
        using var error = new StringWriter();
        var command = TourCommand.Create(new Terminal(output, error), cases);
        int code = command.Parse(["--device", "cpu", "--json", work["planted"]]).Invoke();
        using var json = JsonDocument.Parse(File.ReadAllText(work["planted"]));
        return (
            new Cli.Tests.Outcome(code, output.ToString(), error.ToString()),
            [.. json.RootElement.EnumerateArray().Select(found => found.Clone())]);
    }
}
