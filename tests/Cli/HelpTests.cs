using System.Text.RegularExpressions;
using Gpu.Autograd.Cli.CommandLine;

namespace Gpu.Autograd.Cli.Tests;

public sealed class HelpTests
{
    [Theory]
    [InlineData("--help", new[] { "train", "predict", "tour", "devices", "check", "bench", "--version" })]
    [InlineData("-h", new[] { "train", "predict", "tour", "devices", "check", "bench", "--version" })]
    [InlineData("", new[] { "train", "predict", "tour", "devices", "check", "bench", "--version" })]
    [InlineData("train --help", new[] { "--data", "--layers", "--activation", "--epochs", "--batch", "--lr", "--optimizer", "--noise" })]
    [InlineData("train -h", new[] { "--seed", "--device", "--out", "--json" })]
    [InlineData("predict --help", new[] { "<MODEL>", "--data", "--device", "--out", "--json" })]
    [InlineData("tour --help", new[] { "--chapter", "--device", "--json" })]
    [InlineData("devices --help", new[] { "--json" })]
    [InlineData("bench --help", new[] { "--device", "--quick", "--json" })]
    [InlineData("check --help", new[] { "--device", "--op", "--quick", "--json" })]
    [InlineData("train --epochs x --nonsense --help", new[] { "--epochs" })]
    public void Help_names_everything_and_the_exit_codes(string line, string[] names)
    {
        var outcome = Workplace.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.All(names, name => Assert.Matches($@"(?m)^  {Regex.Escape(name)}\b?", outcome.Output));
        Assert.Matches(@"(?s)Examples:.*Exit codes:.*\n  0 .*\n  1 .*\n  2 .*\n  130 ", outcome.Output);
        string options = outcome.Output[..outcome.Output.IndexOf("Notes:", StringComparison.Ordinal)];
        Assert.All(options.Split('\n'), text => Assert.InRange(text.Length, 0, 112));
    }

    [Fact]
    public void The_help_of_train_says_every_default()
    {
        string help = Regex.Replace(Workplace.Run("train", "--help").Output, @"\s+", " ");

        foreach (string value in new[]
        {
            "digits", "FEATURES,128,CLASSES of the data", "relu", "30", "32", "0.01 for adam, 0.01 for adamw, 0.1 for sgd", "0.5", "adam",
            "0", "best", "model.safetensors",
        })
        {
            Assert.Contains($"[default: {value}]", help);
        }
    }

    [Fact]
    public void Every_example_is_a_command_line_that_is_understood()
    {
        foreach (string command in new[] { "", "train", "predict", "tour", "devices", "check", "bench" })
        {
            var outcome = Workplace.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            string examples = Regex.Match(outcome.Output, @"(?s)Examples:\r?\n(.*?)\r?\n\r?\n").Groups[1].Value;
            Assert.NotEmpty(examples);
            foreach (string example in examples.Split('\n'))
            {
                string[] words = example.Trim().Split(' ')[1..];
                Assert.Empty(App.Parse(words, new Terminal(TextWriter.Null, TextWriter.Null)).Errors);
            }
        }
    }

    [Fact]
    public void Version()
    {
        Assert.Matches(@"^gpu-autograd \d+\.\d+\.\d+\S*\r?\n$", Workplace.Run("--version").Output);

        // One home: the program, the library and the package take it from the properties of the whole.
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Gpu.Autograd.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        }

        string version = Regex.Match(File.ReadAllText(Path.Combine(root, "Directory.Build.props")), "<Version>(.*)</Version>").Groups[1].Value;
        Assert.Equal($"gpu-autograd {version}{Environment.NewLine}", Workplace.Run("--version").Output);
        Assert.Equal(version, typeof(Tensor).Assembly.GetName().Version!.ToString(3));
        Assert.DoesNotContain("Version>", File.ReadAllText(Path.Combine(root, "src", "Package", "Gpu.Autograd.csproj")));
    }

    [Theory]
    [InlineData("train", "train", 0)]
    [InlineData("tran", "train", 1)]
    [InlineData("rleu", "relu", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    public void Distances_between_words(string a, string b, int expected) => Assert.Equal(expected, Nearest.Distance(a, b));

    [Fact]
    public void Nothing_is_suggested_for_a_word_that_is_far_from_all() => Assert.Empty(Nearest.Hint("xyzzy", ["relu", "tanh"]));
}
