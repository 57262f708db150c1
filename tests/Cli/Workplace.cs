using System.Globalization;
using System.Text;

namespace Gpu.Autograd.Cli.Tests;

/// <summary>What a run of the program left behind.</summary>
public sealed record Outcome(int Code, string Output, string Error);

/// <summary>A folder of its own, and the program run in this process on files in it.</summary>
public sealed class Workplace : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("gpu-autograd-");

    /// <summary>The path of a file in the folder.</summary>
    public string this[string name] => Path.Combine(folder.FullName, name);

    /// <summary>Runs the program; its output is no screen.</summary>
    public static Outcome Run(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = App.Run(args, new Terminal(output, error));
        return new Outcome(code, output.ToString(), error.ToString());
    }

    /// <summary>Writes a text file; returns its path.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Writes samples of three classes in four features, which lie well apart; returns the file's path.</summary>
    public string WriteSamples(string name = "samples.csv", bool labels = true)
    {
        var random = new Random(1);
        var text = new StringBuilder();
        for (int i = 0; i < 150; i++)
        {
            int label = i % 3;
            double[] centre = label switch { 0 => [0, 0, 5, 100], 1 => [4, 0, 5, 300], _ => [4, 8, 5, 200] };
            var cells = centre.Select(c => (c + random.NextDouble()).ToString("0.000", CultureInfo.InvariantCulture));
            text.AppendJoin(',', labels ? cells.Append($"{label}") : cells).Append('\n');
        }

        return Write(name, text.ToString());
    }

    /// <summary>Trains on the samples for a moment; returns the model's path.</summary>
    public string Train(string name = "model.safetensors", string[]? more = null, int epochs = 10, int batch = 16)
    {
        string[] args = ["train", "--data", WriteSamples(), "--device", "cpu", "--epochs", $"{epochs}", "--batch", $"{batch}"];
        var outcome = Run([.. args, "--out", this[name], .. more ?? []]);
        Assert.Equal((0, ""), (outcome.Code, outcome.Error));
        return this[name];
    }

    /// <inheritdoc/>
    public void Dispose() => folder.Delete(recursive: true);
}
