namespace Gpu.Autograd.Checking;

/// <summary>How far numbers are from those expected, as the project means it: the largest |a − b| as a share of max(1, max |b|).</summary>
/// <param name="Error">The share; ∞ where a NaN or an infinity stands on one side alone.</param>
/// <param name="Element">Where it is; −1 where all are equal.</param>
public readonly record struct Distance(double Error, int Element)
{
    /// <summary>The distance between numbers of one count.</summary>
    public static Distance Of(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        double scale = 1;
        foreach (double value in expected)
        {
            scale = double.IsFinite(value) ? Math.Max(scale, Math.Abs(value)) : scale;
        }

        var worst = new Distance(0, -1);
        for (int i = 0; i < expected.Length; i++)
        {
            // NaN equals NaN here, and an infinity itself.
            double error = expected[i].Equals(actual[i]) ? 0 : Math.Abs(expected[i] - actual[i]) / scale;
            error = double.IsNaN(error) ? double.PositiveInfinity : error;
            worst = error > worst.Error ? new(error, i) : worst;
        }

        return worst;
    }
}
