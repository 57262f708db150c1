using System.CommandLine;
using System.Globalization;
using System.Text;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Display;
using Gpu.Autograd.Cli.Training;

namespace Gpu.Autograd.Cli.Commands;

/// <summary><c>predict</c>: what a trained network says of rows of numbers.</summary>
internal sealed class PredictCommand
{
    private readonly Argument<string> model = Values.Argument("MODEL", "The file that train has written.");

    private readonly Option<string> data = Values.RequiredPath(
        "--data",
        "The rows (.csv or .csv.gz): the features, and after them the label where it is known. " +
        $"'{DataSource.Digits}' are the handwritten digits that come with the program.");

    private readonly Option<string> device = Values.Device();

    private readonly Option<string?> output = Values.Path(
        "--out", "Write the predictions to this file, as CSV (label, probability), in place of the screen.");

    private readonly Option<string?> json = Values.Path(
        "--json", "Write the summary to this file: rows, and accuracy (null without labels), device.");

    private readonly Terminal terminal;

    private PredictCommand(Terminal terminal) => this.terminal = terminal;

    /// <summary>What the help adds.</summary>
    public static HelpPage Page { get; } = new(
    [
        "Where the rows have labels, the accuracy is shown too. Samples that the model was trained on flatter it.",
    ],
    [
        $"predict {TrainCommand.DefaultModel} --data {DataSource.Digits}",
        $"predict {TrainCommand.DefaultModel} --data samples.csv --out predictions.csv",
    ]);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var predict = new PredictCommand(terminal);
        var command = new Command(
            "predict",
            "Name the class of every row with a trained model, and how probable the model holds it.")
        {
            predict.model, predict.data, predict.device, predict.output, predict.json,
        };
        command.SetAction(predict.Run);
        return command;
    }

    private void Run(ParseResult given)
    {
        string modelPath = given.GetRequiredValue(model);
        string source = given.GetRequiredValue(data);
        string? outputPath = given.GetValue(output);
        string? jsonPath = given.GetValue(json);
        OutputFile.Distinct(("MODEL", modelPath), ("--data", DataSource.FileOf(source)), ("--out", outputPath), ("--json", jsonPath));
        OutputFile.Check("--out", outputPath);
        OutputFile.Check("--json", jsonPath);
        var classifier = ModelFile.Load(modelPath);
        var (features, labels) = DataSource.Load(source, classifier.Features);
        if (labels is not null && Array.FindIndex(labels, label => label >= classifier.Classes) is >= 0 and var unknown)
        {
            throw new FailureException(
                $"{source}: the label {labels[unknown]} of row {unknown + 1} is not among the model's classes, " +
                $"0 to {classifier.Classes - 1}.");
        }

        var target = Device.Parse(given.GetRequiredValue(device));
        classifier.To(target);
        var predictions = Predict(classifier, features, target);
        Write(predictions, labels, outputPath);

        int right = labels is null ? 0 : predictions.Zip(labels).Count(pair => pair.First.Label == pair.Second);
        double? accuracy = labels is null ? null : (double)right / predictions.Count;
        if (accuracy is not null)
        {
            terminal.Output.WriteLine($"Accuracy {Format.Percent(accuracy)} ({Format.Count(right)} of {Format.Count(predictions.Count)}).");
        }

        if (outputPath is not null)
        {
            terminal.Output.WriteLine($"Predictions: {outputPath}");
        }

        if (jsonPath is not null)
        {
            JsonFile.Write(jsonPath, writer =>
            {
                writer.WriteNumber("rows", predictions.Count);
                JsonFile.Number(writer, "accuracy", accuracy);
                writer.WriteString("device", target.Name);
            });
        }
    }

    private static List<Prediction> Predict(Classifier classifier, Tensor features, Device device) => Tensor.NoGrad(() =>
    {
        var result = new List<Prediction>(features.Shape[0]);
        for (int start = 0; start < features.Shape[0]; start += Trainer.EvaluationBatch)
        {
            var rows = features[start..Math.Min(start + Trainer.EvaluationBatch, features.Shape[0])].To(device);
            var probabilities = classifier.Forward(rows).Softmax();
            var (classes, greatest) = (probabilities.ArgMax().ToArray<long>(), probabilities.Max().ToArray<float>());
            result.AddRange(classes.Zip(greatest, (label, probability) => new Prediction(label, probability)));
        }

        return result;
    });

    private void Write(List<Prediction> predictions, long[]? labels, string? path)
    {
        if (path is not null)
        {
            var lines = predictions.Select(p => $"{p.Label},{p.Confidence}\n").Prepend("label,probability\n");
            OutputFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(lines)));
            return;
        }

        string[] headings = labels is null ? ["row", "predicted", "probability"] : ["row", "predicted", "probability", "label"];
        TextTable.Write(terminal.Output, [headings, .. predictions.Select((p, i) => Cells(p, i))]);

        string[] Cells(Prediction p, int i)
        {
            string[] cells = [$"{i + 1}", $"{p.Label}", p.Confidence];
            return labels is null ? cells : [.. cells, p.Label == labels[i] ? $"{labels[i]}" : $"{labels[i]}  wrong"];
        }
    }

    private readonly record struct Prediction(long Label, float Probability)
    {
        public string Confidence => Probability.ToString("0.0000", CultureInfo.InvariantCulture);
    }
}
