namespace Gpu.Autograd.Cli.Display;

/// <summary>Columns of plain text, two blanks apart, as wide as their contents.</summary>
internal static class TextTable
{
    /// <summary>Writes the rows; the first holds the headings. The last column is not padded.</summary>
    public static void Write(TextWriter output, IReadOnlyList<string[]> rows)
    {
        int columns = rows[0].Length;
        var widths = new int[columns - 1];
        foreach (string[] row in rows)
        {
            for (int i = 0; i < widths.Length; i++)
            {
                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        foreach (string[] row in rows)
        {
            output.WriteLine(string.Concat(row[..^1].Select((cell, i) => cell.PadRight(widths[i] + 2))) + row[^1]);
        }
    }
}
