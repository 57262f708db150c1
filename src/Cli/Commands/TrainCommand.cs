using System.CommandLine;
using System.Diagnostics;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Display;
using Gpu.Autograd.Cli.Training;
using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Commands;

/// <summary><c>train</c>: a multilayer perceptron on labelled rows of numbers.</summary>
internal sealed class TrainCommand
{
    /// <summary>Where the model goes, where nothing else is said.</summary>
    public const string DefaultModel = "model.safetensors";

    private const int DefaultHidden = 128;

    private readonly Option<string> data = Values.Path(
        "--data",
        "The samples (.csv or .csv.gz): numbers with commas between them, the label (0, 1, 2, …) in the last column. " +
        $"'{DataSource.Digits}' are the handwritten digits that come with the program.",
        DataSource.Digits);

    private readonly Option<int[]?> layers = Values.Layers(
        "--layers",
        $"The units of every layer, from the features to the classes, such as 64,{DefaultHidden},10. " +
        $"[default: FEATURES,{DefaultHidden},CLASSES of the data]");

    private readonly Option<string> activation = Values.OneOf(
        "--activation", "NAME", $"What stands between the layers: {string.Join(", ", Activation.Names)}.", "relu", Activation.Names);

    private readonly Option<int> epochs = Values.Whole("--epochs", "N", "How often every sample is seen.", 30, least: 1);

    private readonly Option<int> batch = Values.Whole("--batch", "N", "Samples a step.", 32, least: 1);

    private readonly Option<double?> rate = Values.Positive(
        "--lr",
        "RATE",
        $"The learning rate to begin with; it falls to 0 along half a cosine. [default: {string.Join(", ", DefaultRates)}]");

    private readonly Option<double> noise = Values.NotNegative(
        "--noise",
        "SIZE",
        "Noise added to the features in every step, so that the network does not learn the samples by heart. 1 is the deviation of a " +
        "feature that is uniform; 0 adds none.",
        0.5);

    private readonly Option<string> optimizer = Values.OneOf(
        "--optimizer",
        "NAME",
        $"How the weights follow the gradients: {string.Join(", ", TrainingSettings.Optimizers)} (with momentum 0.9).",
        TrainingSettings.Optimizers[0],
        TrainingSettings.Optimizers);

    private readonly Option<ulong> seed = Values.Seed(
        "--seed", "N", "What all random choices follow from: the same seed, the same result.", 0);

    private readonly Option<string> device = Values.Device();

    private readonly Option<string> output = Values.Path("--out", "Where the model goes, in the safetensors format.", DefaultModel);

    private readonly Option<string?> json = Values.Path(
        "--json",
        "Write the final metrics to this file: accuracy, loss, epochs, steps, seconds, samples_per_second, parameters, device, seed.");

    private readonly Terminal terminal;

    private TrainCommand(Terminal terminal) => this.terminal = terminal;

    private static IEnumerable<string> DefaultRates =>
        TrainingSettings.Optimizers.Select(name => FormattableString.Invariant($"{TrainingSettings.DefaultRate(name)} for {name}"));

    /// <summary>What the help adds.</summary>
    public static HelpPage Page { get; } = new(
    [
        "A fifth of the samples of every class, chosen by the seed, is held out to measure the accuracy.",
        "The model knows the scale of its features: predict needs the file and nothing else.",
        "Ctrl-C stops at the end of the step and saves the model; a second Ctrl-C ends at once.",
    ],
    [
        "train",
        "train --layers 64,256,128,10 --activation silu --epochs 50 --seed 7",
        "train --data samples.csv --out samples.safetensors --json metrics.json",
        "train --optimizer sgd --lr 0.05 --batch 32 --device cpu",
    ]);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var train = new TrainCommand(terminal);
        var command = new Command(
            "train",
            "Train a multilayer perceptron to classify rows of numbers, on the best device there is.")
        {
            train.data, train.layers, train.activation, train.epochs, train.batch, train.rate, train.optimizer, train.noise, train.seed,
            train.device, train.output, train.json,
        };
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult given)
    {
        string source = given.GetRequiredValue(data);
        string modelPath = given.GetRequiredValue(output);
        string? jsonPath = given.GetValue(json);
        string optimizerName = given.GetRequiredValue(optimizer);
        var settings = new TrainingSettings(
            given.GetValue(epochs),
            given.GetValue(batch),
            given.GetValue(rate) ?? TrainingSettings.DefaultRate(optimizerName),
            given.GetValue(noise),
            optimizerName,
            given.GetValue(seed));

        // All that can be wrong is found before there is anything to lose.
        OutputFile.Distinct(("--data", DataSource.FileOf(source)), ("--out", modelPath), ("--json", jsonPath));
        OutputFile.Check("--out", modelPath, replaced: true);
        OutputFile.Check("--json", jsonPath);
        var samples = DataSource.Load(source);
        int[] sizes = given.GetValue(layers) is { Length: > 0 } list ? list : [samples.FeatureCount, DefaultHidden, samples.Classes];
        Require(sizes, samples, source);
        var target = Device.Parse(given.GetRequiredValue(device));

        var generator = new Generator(settings.Seed);
        var parts = Split(samples, source, settings.Seed);
        var model = new Classifier(sizes, given.GetRequiredValue(activation), generator);
        terminal.Output.WriteLine(
            $"Training {string.Join(" → ", sizes)} with {model.ActivationName} ({Format.Count(model.ParameterCount)} parameters) " +
            $"on {target}: {Format.Count(parts.Training.Count)} samples, {Format.Count(parts.HeldOut.Count)} held out.");
        WarmUp(model, parts.Training, settings, target);
        using var interrupt = new Interrupt(terminal);
        var trainer = new Trainer(model, parts, settings, generator, target);
        ITrainingDisplay display = terminal.Screen is { } screen ? new ScreenDisplay(screen) : new PlainDisplay(terminal.Output);
        var result = display.Follow(report => trainer.Run(report, interrupt.Token));
        ModelFile.Save(modelPath, model);
        if (jsonPath is not null)
        {
            WriteMetrics(jsonPath, result, model, target, settings);
        }

        Summarise(result, modelPath, source);
        return result.Interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }

    /// <summary>Compiles first what else the first steps would wait for.</summary>
    private void WarmUp(Classifier model, Dataset samples, TrainingSettings settings, Device target)
    {
        long start = Stopwatch.GetTimestamp();
        var kernels = terminal.Screen is { } screen
            ? screen.Status().Start($"Compiling for {target} …", context =>
            {
                int count = 0;
                return Trainer.WarmUp(model, samples, settings, target, new Progress(kernel =>
                    context.Status(Markup.Escape($"Compiling for {target}: {Interlocked.Increment(ref count)} kernels, {kernel.Name}"))));
            })
            : Trainer.WarmUp(model, samples, settings, target);
        if (kernels.Count > 0)
        {
            var work = TimeSpan.FromTicks(kernels.Sum(kernel => kernel.Time.Ticks));
            terminal.Output.WriteLine(
                $"Compiled {kernels.Count} kernels for {target} in {Format.Time(Stopwatch.GetElapsedTime(start))}: " +
                $"{Format.Time(work)} of work on {Environment.ProcessorCount} threads.");
        }
    }

    private static (Dataset Training, Dataset HeldOut) Split(Dataset samples, string source, ulong seed)
    {
        try
        {
            return samples.Split(TrainingSettings.HeldOut, seed);
        }
        catch (InvalidDataException e)
        {
            throw new FailureException($"{source}: {e.Message}", e);
        }
    }

    private static void Require(int[] sizes, Dataset samples, string source)
    {
        if (samples.Classes < 2)
        {
            throw new FailureException($"{source}: every label is 0; there must be at least two classes.");
        }

        string list = string.Join(',', sizes);
        if (sizes[0] != samples.FeatureCount)
        {
            throw new UsageException(
                $"--layers: {list} begins with {sizes[0]}, but the samples of {source} have {samples.FeatureCount} features.");
        }

        if (sizes[^1] != samples.Classes)
        {
            throw new UsageException(
                $"--layers: {list} ends with {sizes[^1]}, but the samples of {source} have {samples.Classes} classes.");
        }
    }

    private static void WriteMetrics(string path, TrainingResult result, Classifier model, Device device, TrainingSettings settings) =>
        JsonFile.Write(path, writer =>
        {
            writer.WriteNumber("accuracy", result.Evaluation.Accuracy);
            writer.WriteNumber("loss", result.Evaluation.Loss);
            writer.WriteNumber("epochs", result.Epochs);
            writer.WriteNumber("steps", result.Steps);
            writer.WriteNumber("seconds", result.Seconds);
            writer.WriteNumber("samples_per_second", result.SamplesPerSecond);
            writer.WriteNumber("parameters", model.ParameterCount);
            writer.WriteString("device", device.Name);
            writer.WriteNumber("seed", settings.Seed);
        });

    private void Summarise(TrainingResult result, string modelPath, string source)
    {
        if (result.Interrupted)
        {
            terminal.Output.WriteLine($"Stopped by Ctrl-C after {Format.Count(result.Steps)} steps; the model as it is now is saved.");
        }

        var evaluation = result.Evaluation;
        terminal.Output.WriteLine(
            $"Held-out accuracy {Format.Percent(evaluation.Accuracy)} " +
            $"({Format.Count(evaluation.Right)} of {Format.Count(evaluation.Count)}), loss {Format.Loss(evaluation.Loss)}, " +
            $"after {result.Epochs} {(result.Epochs == 1 ? "epoch" : "epochs")} in {Format.Time(TimeSpan.FromSeconds(result.Seconds))}.");
        terminal.Output.WriteLine($"Model:  {modelPath}");
        terminal.Output.WriteLine($"Use it: {Invocation.Program} predict {Invocation.Quote(modelPath)} --data {Invocation.Quote(source)}");
    }

    /// <summary>Tells at once, from whatever thread.</summary>
    private sealed class Progress(Action<CompiledKernel> tell) : IProgress<CompiledKernel>
    {
        public void Report(CompiledKernel value) => tell(value);
    }
}
