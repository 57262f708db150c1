using Gpu.Autograd.Data;

namespace Gpu.Autograd.Cli;

/// <summary>What <c>--data</c> names: a file, or the digits that come with the program.</summary>
internal static class DataSource
{
    /// <summary>The name of the digits.</summary>
    public const string Digits = "digits";

    /// <summary>The file that is named; null for the digits.</summary>
    public static string? FileOf(string source) => source == Digits ? null : source;

    /// <summary>Samples with labels.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed.</exception>
    public static Dataset Load(string source) => source == Digits ? Data.Digits.Load() : CsvFile.Load(source);

    /// <summary>Features [N, F] with labels [N] where there is one column more than the features; else without.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed.</exception>
    /// <exception cref="FailureException">It has another number of columns.</exception>
    public static (Tensor Features, long[]? Labels) Load(string source, int features)
    {
        // The digits have labels; of a file the number of columns tells.
        var rows = source == Digits ? null : CsvFile.LoadFeatures(source);
        if (rows is not null && rows.Shape[1] == features)
        {
            return (rows, null);
        }

        int found = (rows?.Shape[1] - 1) ?? Data.Digits.Load().FeatureCount;
        if (found != features)
        {
            throw new FailureException(
                $"{source}: there are {found + 1} columns; the model takes {features} features, " +
                "and after them a label where there is one.");
        }

        var labelled = Load(source);
        return (labelled.Features, labelled.Labels.ToArray<long>());
    }
}
