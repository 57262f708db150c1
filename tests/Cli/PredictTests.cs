using System.Globalization;
using System.Text.Json;

namespace Gpu.Autograd.Cli.Tests;

public sealed class PredictTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void Rows_with_labels_give_the_accuracy_too()
    {
        var outcome = Workplace.Run("predict", work.Train(), "--data", work["samples.csv"], "--device", "cpu", "--json", work["j"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        string[] lines = outcome.Output.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.Equal(152, lines.Length);
        Assert.Matches(@"^row +predicted +probability +label$", lines[0]);
        Assert.Matches(@"^1 +0 +(0\.\d{4}|1\.0000) +0$", lines[1]);
        Assert.Matches(@"^150 +2 +(0\.\d{4}|1\.0000) +2$", lines[150]);
        Assert.Equal("Accuracy 100.00 % (150 of 150).", lines[151]);
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.Equal(150, json.RootElement.GetProperty("rows").GetInt32());
        Assert.Equal(1, json.RootElement.GetProperty("accuracy").GetDouble());
        Assert.Equal("cpu", json.RootElement.GetProperty("device").GetString());
    }

    [Fact]
    public void A_wrong_prediction_is_marked()
    {
        string data = work.Write("one.csv", "0.5,0.5,5.5,100.5,2\n0.5,0.5,5.5,100.5,0\n");

        var outcome = Workplace.Run("predict", work.Train(), "--data", data, "--device", "cpu");

        string[] lines = outcome.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.Matches(@"^1 +0 +\S+ +2  wrong$", lines[1]);
        Assert.Matches(@"^2 +0 +\S+ +0$", lines[2]);
        Assert.Equal("Accuracy 50.00 % (1 of 2).", lines[3]);
    }

    [Fact]
    public void Rows_without_labels_get_the_same_predictions()
    {
        string model = work.Train();
        string bare = work.WriteSamples("bare.csv", labels: false);

        var outcome = Workplace.Run("predict", model, "--data", bare, "--device", "cpu", "--out", work["bare.out"], "--json", work["j"]);
        Workplace.Run("predict", model, "--data", work["samples.csv"], "--device", "cpu", "--out", work["labelled.out"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.DoesNotContain("Accuracy", outcome.Output);
        Assert.Equal(File.ReadAllText(work["labelled.out"]), File.ReadAllText(work["bare.out"]));
        using var json = JsonDocument.Parse(File.ReadAllText(work["j"]));
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("accuracy").ValueKind);
    }

    [Fact]
    public void The_file_of_predictions_has_a_label_and_a_probability_for_every_row()
    {
        var outcome = Workplace.Run("predict", work.Train(), "--data", work["samples.csv"], "--device", "cpu", "--out", work["p.csv"]);

        Assert.Equal($"Accuracy 100.00 % (150 of 150).\nPredictions: {work["p.csv"]}\n", outcome.Output.ReplaceLineEndings("\n"));
        string[] lines = File.ReadAllLines(work["p.csv"]);
        Assert.Equal("label,probability", lines[0]);
        Assert.Equal(151, lines.Length);
        Assert.All(lines[1..].Index(), row =>
        {
            string[] cells = row.Item.Split(',');
            Assert.Equal($"{row.Index % 3}", cells[0]);
            Assert.InRange(double.Parse(cells[1], CultureInfo.InvariantCulture), 1.0 / 3, 1);
        });
    }

    [Fact]
    public void Another_device_gives_the_same_predictions()
    {
        string model = work.Train();
        string few = work.Write("few.csv", string.Join('\n', File.ReadLines(work["samples.csv"]).Take(6)));

        Workplace.Run("predict", model, "--data", few, "--device", "cpu", "--out", work["cpu.out"]);
        var outcome = Workplace.Run("predict", model, "--data", few, "--device", "host", "--out", work["host.out"]);

        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        Assert.Equal(File.ReadAllText(work["cpu.out"]), File.ReadAllText(work["host.out"]));
    }

    public void Dispose() => work.Dispose();
}
