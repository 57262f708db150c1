using System.Globalization;

namespace Gpu.Autograd;

/// <summary>Numbers as NumPy prints them: the shortest digits that mean the same number, aligned at the point.</summary>
internal static class ElementText
{
    private const int MostDecimals = 8;

    /// <summary>An integer.</summary>
    public static string Integer(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>An integer.</summary>
    public static string Integer(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Words of one width, flush right.</summary>
    public static string[] Aligned(string[] words)
    {
        int width = words.Length == 0 ? 0 : words.Max(word => word.Length);
        return [.. words.Select(word => word.PadLeft(width))];
    }

    /// <summary>A number by itself.</summary>
    public static string Scalar(double value, bool single)
    {
        if (!double.IsFinite(value))
        {
            return NotFinite(value);
        }

        double size = Math.Abs(value);
        var digits = Digits.Of(value, single);
        if (size is 0 or (>= 1e-4 and < 1e16))
        {
            return digits.Positional(int.MaxValue) is var text && text.EndsWith('.') ? text + "0" : text;
        }

        var (mantissa, exponent) = digits.Scientific(int.MaxValue);
        return mantissa.TrimEnd('.') + Exponent(exponent, 2);
    }

    /// <summary>Numbers of a column.</summary>
    public static string[] Reals(double[] values, bool single)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        double[] sizes = [.. finite.Where(value => value != 0).Select(Math.Abs)];
        bool hasExponents = sizes.Length > 0 && (sizes.Max() >= 1e8 || sizes.Min() < 1e-4 || Ratio(sizes.Max(), sizes.Min(), single) > 1000);
        (string Text, int Exponent)[] texts = [.. values.Select(value =>
            !double.IsFinite(value) ? (NotFinite(value), 0)
            : hasExponents ? Digits.Of(value, single).Scientific(MostDecimals)
            : (Digits.Of(value, single).Positional(MostDecimals), 0))];
        var numbers = texts.Where((_, i) => double.IsFinite(values[i])).ToArray();
        int decimals = numbers.Length == 0 ? 0 : numbers.Max(number => Decimals(number.Text));

        // With so many decimals a float32 may be just below the power of ten that its shortest digits name: 9.9999997e-06 for 1e-5.
        if (hasExponents)
        {
            texts = [.. texts.Select((part, i) => double.IsFinite(values[i]) ? Digits.Exactly(values[i], decimals) : part)];
        }

        int exponentDigits = numbers.Length == 0 ? 2 : numbers.Max(number => Exponent(number.Exponent, 2).Length - 2);
        return Aligned([.. texts.Select((part, i) => !double.IsFinite(values[i]) ? part.Text
            : hasExponents ? part.Text + Exponent(part.Exponent, exponentDigits)
            : part.Text + new string(' ', decimals - Decimals(part.Text)))]);

        static int Decimals(string text) => text.Length - 1 - text.IndexOf('.', StringComparison.Ordinal);
    }

    // In the numbers' own precision, so that the limit is met by the same columns.
    private static double Ratio(double most, double least, bool single) => single ? (float)most / (float)least : most / least;

    private static string NotFinite(double value) => double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

    private static string Exponent(int exponent, int digits) =>
        (exponent < 0 ? "e-" : "e+") + Math.Abs(exponent).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');

    /// <summary>A number's shortest decimal digits, d.ddd·10ᵉ, and the number itself for where more are cut off.</summary>
    private readonly record struct Digits(double Value, string Text, int Power)
    {
        public static Digits Of(double value, bool single)
        {
            // "E" without a number of digits would give six; the shortest ones come from the plain form.
            string plain = single
                ? Math.Abs((float)value).ToString("R", CultureInfo.InvariantCulture)
                : Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
            string[] parts = plain.Split('E');
            int power = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
            string[] halves = parts[0].Split('.');
            string all = halves[0] + (halves.Length == 2 ? halves[1] : "");
            string digits = all.TrimStart('0');
            power += halves[0].Length - 1 - (all.Length - digits.Length);
            digits = digits.TrimEnd('0');
            return digits.Length == 0 ? new(value, "0", 0) : new(value, digits, power);
        }

        /// <summary>Without an exponent, the point always there: <c>12.</c>, <c>0.25</c>.</summary>
        public string Positional(int most)
        {
            string text = Text.Length - 1 - Power > most
                ? Math.Abs(Value).ToString("F" + most, CultureInfo.InvariantCulture).TrimEnd('0')
                : Power < 0
                    ? "0." + new string('0', -1 - Power) + Text
                    : Text.Length > Power + 1 ? Text.Insert(Power + 1, ".") : Text.PadRight(Power + 1, '0') + ".";
            return Signed(text);
        }

        /// <summary>With one digit before the point, and the exponent apart.</summary>
        public (string Mantissa, int Exponent) Scientific(int most)
        {
            if (Text.Length - 1 > most)
            {
                string[] parts = Math.Abs(Value).ToString("E" + most, CultureInfo.InvariantCulture).Split('E');
                return (Signed(parts[0].TrimEnd('0')), int.Parse(parts[1], CultureInfo.InvariantCulture));
            }

            return (Signed(Text[..1] + "." + Text[1..]), Power);
        }

        /// <summary>The mantissa with so many decimals, and the exponent that goes with it.</summary>
        public static (string Mantissa, int Exponent) Exactly(double value, int decimals)
        {
            string[] parts = value.ToString("E" + decimals, CultureInfo.InvariantCulture).Split('E');
            return (decimals == 0 ? parts[0] + "." : parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture));
        }

        private string Signed(string text) => double.IsNegative(Value) ? "-" + text : text;
    }
}
