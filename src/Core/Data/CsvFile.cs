using System.Globalization;

namespace Gpu.Autograd.Data;

/// <summary>
/// Data sets from <c>.csv</c> and <c>.csv.gz</c>: numbers with commas between them, a row a line, the label (a whole number from 0 on) in
/// the last column. A first line without any number is a header. Empty lines are skipped.
/// </summary>
public static class CsvFile
{
    /// <summary>A greater label is taken for a mistake: each class costs an output.</summary>
    private const int GreatestLabel = 65535;

    /// <summary>The rows of a file, the last column their labels.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed; the message names file, line, column and text.</exception>
    public static Dataset Load(string path)
    {
        using var stream = DataFile.Open(path);
        return Read(stream, path);
    }

    /// <summary>The rows of a file without labels: float32 [N, F].</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed; the message names file, line, column and text.</exception>
    public static Tensor LoadFeatures(string path)
    {
        using var stream = DataFile.Open(path);
        var (features, _, columns) = Parse(stream, path, labelled: false);
        return Tensor.From<float>(features, [features.Length / columns, columns]);
    }

    /// <summary>The same from a stream; the name stands in messages.</summary>
    /// <exception cref="InvalidDataException">The text is malformed.</exception>
    public static Dataset Read(Stream stream, string name)
    {
        var (features, labels, columns) = Parse(stream, name, labelled: true);
        return new(features, labels, [columns]);
    }

    private static (float[] Features, long[] Labels, int Columns) Parse(Stream stream, string name, bool labelled)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        var features = new List<float>();
        var labels = new List<long>();
        int columns = 0;
        int first = 0;
        bool mayBeHeader = true;
        for (int line = 1; reader.ReadLine() is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            if (text.Contains('\0'))
            {
                throw new InvalidDataException($"{name}: line {line} is no text; rows of numbers with commas between them are needed.");
            }

            if (mayBeHeader)
            {
                mayBeHeader = false;
                if (IsHeader(text))
                {
                    continue;
                }
            }

            int count = text.AsSpan().Count(',') + 1;
            if (first == 0)
            {
                (first, columns) = (line, count);
            }

            if (count != columns)
            {
                throw new InvalidDataException($"{name}: line {line} has {Text(count)}, line {first} has {columns}.");
            }

            if (labelled && columns < 2)
            {
                throw new InvalidDataException($"{name}: line {line} has {Text(count)}; at least one feature and the label are needed.");
            }

            int column = 0;
            foreach (var range in text.AsSpan().Split(','))
            {
                var cell = Cell(text.AsSpan(range));
                column++;
                if (labelled && column == columns)
                {
                    labels.Add(Label(cell, name, line, column));
                }
                else
                {
                    features.Add(Feature(cell, name, line, column));
                }
            }
        }

        return first == 0
            ? throw new InvalidDataException($"{name}: the file has no rows.")
            : ([.. features], [.. labels], labelled ? columns - 1 : columns);
    }

    private static float Feature(ReadOnlySpan<char> cell, string name, int line, int column)
    {
        if (!TryNumber(cell, out double number))
        {
            throw Malformed(name, line, column, cell, cell.IsEmpty ? "is empty; a number is needed" : "is not a number");
        }

        return float.IsFinite((float)number) ? (float)number : throw Malformed(name, line, column, cell, "is not a finite float32 number");
    }

    private static long Label(ReadOnlySpan<char> cell, string name, int line, int column)
    {
        if (!TryNumber(cell, out double number) || number < 0 || number != Math.Floor(number))
        {
            throw Malformed(name, line, column, cell, "is not a label, a whole number from 0 on");
        }

        return number <= GreatestLabel
            ? (long)number
            : throw Malformed(name, line, column, cell, $"is too great for a label; {GreatestLabel} is the greatest");
    }

    private static bool IsHeader(string text)
    {
        foreach (var range in text.AsSpan().Split(','))
        {
            if (TryNumber(Cell(text.AsSpan(range)), out _))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> cell, out double number) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private static ReadOnlySpan<char> Cell(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        return text is ['"', .. var quoted, '"'] ? quoted.Trim() : text;
    }

    private static string Text(int columns) => columns == 1 ? "1 column" : $"{columns} columns";

    private static InvalidDataException Malformed(string name, int line, int column, ReadOnlySpan<char> cell, string what)
    {
        // A file that is no text at all has very long lines.
        string shown = cell.Length > 40 ? $"{cell[..40]}…" : cell.ToString();
        return new($"{name}: line {line}, column {column}: '{shown}' {what}.");
    }
}
