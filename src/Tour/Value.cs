using System.Globalization;

namespace Gpu.Autograd.Tour;

/// <summary>What was computed or is expected: numbers in a shape, or a text.</summary>
/// <param name="Shape">The shape; of a text [].</param>
/// <param name="Numbers">The numbers in order; of a text none.</param>
/// <param name="Text">The text; null of numbers.</param>
public sealed record Value(Shape Shape, double[] Numbers, string? Text = null)
{
    /// <summary>More numbers than these are not shown to the last digit.</summary>
    private const int Exact = 4;

    /// <summary>More numbers than these are not all shown.</summary>
    private const int Most = 12;

    /// <summary>A text.</summary>
    public static Value Of(string text) => new(Shape.Scalar, [], text);

    /// <summary>The numbers of a tensor.</summary>
    public static Value Of(Tensor x)
    {
        var numbers = Sheet.Exact(x);
        return new(numbers.Shape, numbers.ToArray<double>());
    }

    /// <summary>The largest |a − b| as a share of max(1, max |b|); ∞ where shapes, texts or what is not finite differ.</summary>
    public double ErrorTo(Value expected)
    {
        if (Text != expected.Text || Shape != expected.Shape)
        {
            return double.PositiveInfinity;
        }

        double scale = 1;
        double error = 0;
        for (int i = 0; i < Numbers.Length; i++)
        {
            double difference = Numbers[i].Equals(expected.Numbers[i]) ? 0 : Math.Abs(Numbers[i] - expected.Numbers[i]);
            error = Math.Max(error, double.IsFinite(difference) ? difference : double.PositiveInfinity);
            scale = double.IsFinite(expected.Numbers[i]) ? Math.Max(scale, Math.Abs(expected.Numbers[i])) : scale;
        }

        return error / scale;
    }

    /// <summary>As a person reads it; of many numbers the shape and the first.</summary>
    public override string ToString()
    {
        if (Text is not null)
        {
            return Text;
        }

        if (Numbers.Length > Most)
        {
            return $"{string.Join('×', Shape)}: {string.Join(", ", Numbers.Take(Most / 2).Select(Number))}, …";
        }

        int next = 0;
        return Nested(0);

        string Nested(int axis) => axis == Shape.Rank
            ? Number(Numbers[next++])
            : $"[{string.Join(", ", Enumerable.Range(0, Shape[axis]).Select(_ => Nested(axis + 1)))}]";
    }

    private string Number(double value) =>
        (value == 0 ? 0 : value).ToString(Numbers.Length > Exact ? "G6" : "R", CultureInfo.InvariantCulture);
}
