using System.Globalization;
using System.Text.RegularExpressions;

namespace Gpu.Autograd.Backends;

/// <summary>
/// ILGPU numbers what it names through all that it ever compiled, so that a kernel's text depends on those before it. Drivers keep what they
/// built under its text: numbered within the kernel alone, it is found again, by the same program or another.
/// </summary>
internal static partial class NeutralNames
{
    /// <summary>The same code with its names numbered in the order in which they appear.</summary>
    internal static string In(string source)
    {
        var numbers = new Dictionary<string, string>();
        return Numbered().Replace(source, name =>
        {
            if (!numbers.TryGetValue(name.Value, out string? neutral))
            {
                numbers[name.Value] = neutral = numbers.Count.ToString(CultureInfo.InvariantCulture);
            }

            return neutral;
        });
    }

    // The types and labels of OpenCL C (type_19928, L_1098102) and the labels and parameters of PTX (L_2310_5, _kernel_1234). A number
    // belongs to one thing alone.
    [GeneratedRegex(@"(?<=\b(?:type|L|_[a-z]+)_)\d+")]
    private static partial Regex Numbered();
}
