using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Cli.Tests;

/// <summary>A world that is wrong is told in one line that names the values, with exit code 1.</summary>
public sealed class BadWorldTests : IDisposable
{
    private readonly Workplace work = new();

    [Fact]
    public void A_missing_data_file() => Fails(["train", "--data", work["none.csv"]], $"{work["none.csv"]}: there is no such file.");

    [Theory]
    [InlineData("1,2,0\n1,2\n", "line 2 has 2 columns, line 1 has 3.")]
    [InlineData("1,2,0\n1,x,1\n", "line 2, column 2: 'x' is not a number.")]
    [InlineData("1,2,0\n1,2,0.5\n", "line 2, column 3: '0.5' is not a label, a whole number from 0 on.")]
    [InlineData("", "the file has no rows.")]
    [InlineData("1\n2\n", "line 1 has 1 column; at least one feature and the label are needed.")]
    [InlineData("1,0\n2,0\n3,0\n", "every label is 0; there must be at least two classes.")]
    [InlineData("1,0\n2,1\n", "Split: 2 rows in 2 classes are too few to hold out a share of 0.2.")]
    public void A_malformed_data_file(string text, string expected)
    {
        string path = work.Write("bad.csv", text);

        Fails(["train", "--data", path], $"{path}: {expected}");
    }

    [Fact]
    public void A_folder_in_the_place_of_data() =>
        Fails(["train", "--data", Path.GetDirectoryName(work["x"])!], $"{Path.GetDirectoryName(work["x"])}: this is a folder, not a file.");

    [Fact]
    public void A_device_that_is_not_there()
    {
        var outcome = Workplace.Run("train", "--device", "cuda:65535", "--out", work["m"]);

        Assert.Equal(1, outcome.Code);
        Assert.StartsWith("error: ", outcome.Error);
        Assert.Contains("cuda:65535", outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Empty(outcome.Output);
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--json")]
    public void A_missing_folder_is_found_before_training(string option)
    {
        string path = work[Path.Combine("no", "file")];

        Fails(
            ["train", "--data", work.WriteSamples(), option, path],
            $"{option}: {path} cannot be written: there is no folder {Path.GetDirectoryName(path)}.");
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--json")]
    public void A_folder_is_no_output_file(string option)
    {
        string path = Path.GetDirectoryName(work["x"])!;

        Fails(["train", "--data", work.WriteSamples(), option, path], $"{option}: {path} is a folder.");
    }

    [SkippableFact]
    public void A_device_file_is_never_replaced()
    {
        Skip.If(OperatingSystem.IsWindows(), "There is no /dev.");

        Fails(["train", "--out", "/dev/null"], "--out: /dev/null is not a plain file.");
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_saves_nothing()
    {
        string model = work.Write("model.safetensors", "as it was");

        var outcome = Workplace.Run(
            "train", "--data", work.WriteSamples(), "--device", "cpu", "--optimizer", "sgd", "--lr", "1e30", "--out", model);

        Assert.Equal(1, outcome.Code);
        Assert.Matches(
            @"^error: The loss is (NaN|Infinity) in epoch 1, by step \d+: try a learning rate \(--lr\) below 1E\+30\.\r?\n$",
            outcome.Error);
        Assert.Equal("as it was", File.ReadAllText(model));
    }

    [Fact]
    public void A_missing_model() => Fails(["predict", work["none"], "--data", "digits"], $"{work["none"]}: there is no such file.");

    [Fact]
    public void A_model_that_is_something_else()
    {
        string path = work.Write("text.safetensors", "this is a text and not a model");

        var outcome = Workplace.Run("predict", path, "--data", "digits");

        Assert.Equal(1, outcome.Code);
        Assert.StartsWith($"error: {path}", outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData(null, "2,2", "relu", "this is not a model of the train command: its metadata have no kind 'classifier'.")]
    [InlineData("classifier", "2,x", "relu", "the metadata's layers '2,x' are no list of sizes.")]
    [InlineData("classifier", "2", "relu", "the metadata's layers '2' are no list of sizes.")]
    [InlineData("classifier", "2,2", "rleu", "the metadata's activation 'rleu' is not one of relu, leaky-relu, tanh, sigmoid, silu, softplus.")]
    [InlineData("classifier", "2,2000000000", "relu", "layers 2,2000000000 have 6000000004 numbers, the file holds 1.")]
    public void A_model_whose_metadata_are_wrong(string? kind, string layers, string activation, string expected)
    {
        var metadata = new Dictionary<string, string> { ["layers"] = layers, ["activation"] = activation };
        if (kind is not null)
        {
            metadata["kind"] = kind;
        }

        Safetensors.Save(work["m"], new Dictionary<string, Tensor> { ["x"] = Tensor.Ones([1]) }, metadata);

        Fails(["predict", work["m"], "--data", "digits"], $"{work["m"]}: {expected}");
    }

    [Fact]
    public void A_model_with_other_tensors_than_its_layers_have()
    {
        var tensors = new Dictionary<string, Tensor> { ["x"] = Tensor.Ones([2 + 2 + 4 + 2]) };
        Safetensors.Save(
            work["m"], tensors, new Dictionary<string, string> { ["kind"] = "classifier", ["layers"] = "2,2", ["activation"] = "relu" });

        var outcome = Workplace.Run("predict", work["m"], "--data", "digits");

        Assert.Equal(1, outcome.Code);
        Assert.StartsWith($"error: {work["m"]}: ", outcome.Error);
        Assert.Contains("missing: mean, scale, network.0.weight, network.0.bias", outcome.Error);
    }

    [Fact]
    public void Data_with_another_number_of_columns_than_the_model_takes()
    {
        string data = work.Write("three.csv", "1,2,3\n");

        Fails(
            ["predict", work.Train(), "--data", data],
            $"{data}: there are 3 columns; the model takes 4 features, and after them a label where there is one.");
        Fails(
            ["predict", work.Train(), "--data", "digits"],
            "digits: there are 65 columns; the model takes 4 features, and after them a label where there is one.");
    }

    [Fact]
    public void A_label_that_the_model_does_not_know()
    {
        string data = work.Write("labels.csv", "0,0,5,100,0\n0,0,5,100,3\n");

        Fails(["predict", work.Train(), "--data", data], $"{data}: the label 3 of row 2 is not among the model's classes, 0 to 2.");
    }

    public void Dispose() => work.Dispose();

    private void Fails(string[] args, string expected)
    {
        string[] elsewhere = args[0] == "train" && !args.Contains("--out") ? ["--out", work["unwanted"]] : [];
        var outcome = Workplace.Run([.. args, .. elsewhere]);

        Assert.Equal($"error: {expected}{Environment.NewLine}", outcome.Error);
        Assert.Equal(1, outcome.Code);
        Assert.Empty(outcome.Output);
        Assert.False(File.Exists(work["unwanted"]));
    }
}
