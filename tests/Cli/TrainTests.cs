using System.Text.Json;
using System.Text.RegularExpressions;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Cli.Tests;

public sealed class TrainTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void The_digits_reach_97_percent_by_the_default_settings()
    {
        var outcome = Workplace.Run("train", "--device", "cpu", "--out", work["m"], "--json", work["j"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.StartsWith("Training 64 → 128 → 10 with relu (9,610 parameters) on cpu: 1,438 samples, 359 held out.", outcome.Output);
        using var metrics = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.InRange(metrics.RootElement.GetProperty("accuracy").GetDouble(), 0.97, 1);
    }

    [Fact]
    public void The_metrics_say_what_was_done()
    {
        work.Train("m", ["--seed", "18446744073709551615", "--json", work["j"], "--layers", "4,8,3"]);

        using var metrics = JsonDocument.Parse(File.ReadAllText(work["j"]));
        var root = metrics.RootElement;
        Assert.Equal(
            ["accuracy", "loss", "epochs", "steps", "seconds", "samples_per_second", "parameters", "device", "seed"],
            root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(1, root.GetProperty("accuracy").GetDouble());
        Assert.InRange(root.GetProperty("loss").GetDouble(), 1e-9, 1);
        Assert.Equal(10, root.GetProperty("epochs").GetInt32());
        Assert.Equal(80, root.GetProperty("steps").GetInt32());
        double seconds = root.GetProperty("seconds").GetDouble();
        Assert.InRange(seconds, 1e-6, 600);
        Assert.Equal(1200, root.GetProperty("samples_per_second").GetDouble() * seconds, 1e-3);
        Assert.Equal((4 * 8) + 8 + (8 * 3) + 3, root.GetProperty("parameters").GetInt32());
        Assert.Equal("cpu", root.GetProperty("device").GetString());
        Assert.Equal(ulong.MaxValue, root.GetProperty("seed").GetUInt64());
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_does_not()
    {
        byte[] first = File.ReadAllBytes(work.Train("a", ["--seed", "5"]));

        Assert.Equal(first, File.ReadAllBytes(work.Train("b", ["--seed", "5"])));
        Assert.NotEqual(first, File.ReadAllBytes(work.Train("c", ["--seed", "6"])));
    }

    [Fact]
    public void Every_option_has_its_effect()
    {
        byte[] plain = File.ReadAllBytes(work.Train("plain"));

        string[][] options =
        [
            ["--layers", "4,8,8,3"], ["--activation", "TANH"], ["--lr", "0.02"], ["--optimizer", "sgd"], ["--optimizer", "adamw"],
            ["--noise", "0"],
        ];
        Assert.All(options, option => Assert.NotEqual(plain, File.ReadAllBytes(work.Train("other", option))));
        Assert.NotEqual(plain, File.ReadAllBytes(work.Train("other", epochs: 11)));
        Assert.NotEqual(plain, File.ReadAllBytes(work.Train("other", batch: 15)));
    }

    [Fact]
    public void Values_may_follow_an_equals_sign_and_a_batch_may_be_greater_than_the_data()
    {
        var outcome = Workplace.Run(
            "train", $"--data={work.WriteSamples()}", "--device=cpu", "--epochs=2", "--batch=1000000", $"--out={work["m"]}");

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains("epoch 2/2  step 2/2", outcome.Output);
    }

    [Fact]
    public void The_model_tells_how_it_is_built()
    {
        var (tensors, metadata) = Safetensors.Load(work.Train("m", ["--layers", "4,8,3", "--activation", "silu"]));

        Assert.Equal(("4,8,3", "silu", "4", "3"), (metadata["layers"], metadata["activation"], metadata["features"], metadata["classes"]));
        Assert.Equal(
            ["mean", "network.0.bias", "network.0.weight", "network.2.bias", "network.2.weight", "scale"],
            tensors.Keys.Order(StringComparer.Ordinal));

        // The third feature is 5 and less than one more, the fourth from 100 to 301.
        float[] mean = tensors["mean"].ToArray<float>();
        Assert.InRange(mean[2], 5, 6);
        Assert.InRange(mean[3], 195, 206);
        Assert.InRange(tensors["scale"].ToArray<float>()[3], Math.Sqrt(12) / 201.1, Math.Sqrt(12) / 199);
    }

    [Fact]
    public void Plain_output_has_about_twenty_lines_and_no_escape_codes()
    {
        string data = work.WriteSamples();

        var outcome = Workplace.Run("train", "--data", data, "--device", "cpu", "--epochs", "100", "--out", work["m"]);

        string[] lines = outcome.Output.TrimEnd().Split('\n');
        Assert.DoesNotContain('\e', outcome.Output);
        Assert.InRange(lines.Count(line => line.StartsWith("epoch ", StringComparison.Ordinal)), 20, 22);
        Assert.Matches(
            @"^epoch 100/100  step 400/400  loss \S+ +accuracy +\d+\.\d\d %  +[\d,]+ samples/s  done\r?$",
            lines.Single(line => line.StartsWith("epoch 100/", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_command_that_is_shown_at_the_end_works_as_it_stands()
    {
        string data = work.WriteSamples("my samples.csv");
        var trained = Workplace.Run("train", "--data", data, "--device", "cpu", "--epochs", "10", "--out", work["my model"]);

        string command = Regex.Match(trained.Output, @"Use it: .*?(predict .*?)\r?\n").Groups[1].Value;
        string[] words = [.. Regex.Matches(command, "\"[^\"]*\"|\\S+").Select(match => match.Value.Trim('"'))];
        var outcome = Workplace.Run(words);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Contains("Accuracy 100.00 % (150 of 150).", outcome.Output);
    }

    [Fact]
    public void An_existing_model_is_replaced_and_nothing_else_is_left()
    {
        string model = work.Write("m", "old");

        work.Train("m");

        Assert.NotEqual("old", File.ReadAllText(model));
        Assert.Equal(["m", "samples.csv"], Directory.GetFiles(Path.GetDirectoryName(model)!).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    public void Dispose() => work.Dispose();
}
