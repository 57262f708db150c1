using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Gpu.Autograd.Cli.CommandLine;

/// <summary>
/// Options whose values are checked while the command line is read, so that a value that can never be right is an error of usage, told in
/// one line that names option and value.
/// </summary>
internal static class Values
{
    private const string DeviceHelp =
        "Where to compute: cpu, cuda:N, opencl:N, or best (CUDA, else OpenCL on a GPU, else cpu). 'devices' lists what there is.";

    private static readonly string[] DeviceNames = ["cpu", "cuda", "opencl", "accelerator", "host", "best"];

    /// <summary>A whole number of at least <paramref name="least"/>.</summary>
    public static Option<int> Whole(string name, string help, string description, int @default, int least) =>
        Make(name, help, description, @default, text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least
                ? value
                : throw new FormatException($"'{text}' is not a whole number from {least} to {int.MaxValue}."));

    /// <summary>A whole number from 0 to 2⁶⁴ − 1.</summary>
    public static Option<ulong> Seed(string name, string help, string description, ulong @default) =>
        Make(name, help, description, @default, text =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
                ? value
                : throw new FormatException($"'{text}' is not a whole number from 0 to {ulong.MaxValue}."));

    /// <summary>A finite number above 0.</summary>
    public static Option<double?> Positive(string name, string help, string description) =>
        Make<double?>(name, help, description, null, text =>
            Number(text) is > 0 and var value && double.IsFinite(value)
                ? value
                : throw new FormatException($"'{text}' is not a finite number above 0."));

    /// <summary>A finite number of at least 0.</summary>
    public static Option<double> NotNegative(string name, string help, string description, double @default) =>
        Make(name, help, description, @default, text =>
            Number(text) is >= 0 and var value && double.IsFinite(value)
                ? value
                : throw new FormatException($"'{text}' is not a finite number of at least 0."));

    /// <summary>One of a few names, in upper or lower case.</summary>
    public static Option<string> OneOf(string name, string help, string description, string @default, IReadOnlyList<string> names) =>
        Make(name, help, description, @default, text => Known(text, names));

    /// <summary>One of a few names, in upper or lower case; null where the option is not given.</summary>
    public static Option<string?> OneOf(string name, string help, string description, IReadOnlyList<string> names) =>
        Make<string?>(name, help, description, null, text => Known(text, names));

    /// <summary>A list of layer sizes: at least two, each at least 1, none too great for the weights between.</summary>
    public static Option<int[]?> Layers(string name, string description) =>
        Make<int[]?>(name, "LIST", description, null, text =>
        {
            string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
            var sizes = new int[parts.Length];
            for (int i = 0; i < parts.Length; i++)
            {
                if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out sizes[i]) || sizes[i] < 1)
                {
                    throw new FormatException(
                        $"'{text}' is no list of layer sizes such as 64,128,10: '{parts[i]}' is not a whole number of at least 1.");
                }
            }

            if (sizes.Length < 2)
            {
                throw new FormatException(
                    $"'{text}' is one layer; there must be at least the features and the classes, such as 64,128,10.");
            }

            foreach (var (inputs, outputs) in sizes.Zip(sizes.Skip(1)))
            {
                if ((long)inputs * outputs > int.MaxValue)
                {
                    throw new FormatException($"'{text}': {inputs} × {outputs} weights are more than the {int.MaxValue} of a tensor.");
                }
            }

            return sizes;
        });

    /// <summary>The name of a device, whether there is such a device or not.</summary>
    public static Option<string> Device() => Make("--device", "NAME", DeviceHelp, "best", DeviceName);

    /// <summary>The name of a device, whether there is such a device or not; null where the option is not given.</summary>
    public static Option<string?> Device(string description) => Make<string?>("--device", "NAME", description, null, DeviceName);

    /// <summary>One of many names, in upper or lower case; null where the option is not given.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it does.</param>
    /// <param name="kind">What the names are names of, for the message.</param>
    /// <param name="names">The names, too many to list.</param>
    public static Option<string?> OneOfMany(string name, string description, string kind, IReadOnlyList<string> names) =>
        Make<string?>(name, "NAME", description, null, text => names.Contains(text.ToLowerInvariant())
            ? text.ToLowerInvariant()
            : throw new FormatException($"'{text}' is no {kind}.{Nearest.Hint(text, names)}"));

    /// <summary>The path of a file, or the name of something in its place.</summary>
    public static Option<string> Path(string name, string description, string @default) =>
        Make(name, "FILE", description, @default, text => text);

    /// <summary>The path of a file that must be given.</summary>
    public static Option<string> RequiredPath(string name, string description)
    {
        var option = Make<string>(name, "FILE", description, null, text => text);
        option.Required = true;
        return option;
    }

    /// <summary>The path of a file; null where the option is not given.</summary>
    public static Option<string?> Path(string name, string description) => Make<string?>(name, "FILE", description, null, text => text);

    /// <summary>The path of a file, as a word of its own.</summary>
    public static Argument<string> Argument(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => Read(result, name, text => text),
    };

    private static string DeviceName(string text)
    {
        try
        {
            return Gpu.Autograd.Device.Canonical(text);
        }
        catch (FormatException e)
        {
            throw new FormatException(e.Message + Nearest.Hint(text.Split(':')[0], DeviceNames));
        }
    }

    private static string Known(string text, IReadOnlyList<string> names)
    {
        string lower = text.ToLowerInvariant();
        return names.Contains(lower)
            ? lower
            : throw new FormatException($"'{text}' is not one of {string.Join(", ", names)}.{Nearest.Hint(text, names)}");
    }

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;

    private static Option<T> Make<T>(string name, string help, string description, T? @default, Func<string, T> parse)
    {
        var option = new Option<T>(name)
        {
            HelpName = help,
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Read(result, name, parse),
        };
        if (@default is not null)
        {
            option.DefaultValueFactory = _ => @default;
        }

        return option;
    }

    private static T Read<T>(ArgumentResult result, string name, Func<string, T> parse)
    {
        string text = result.Tokens[0].Value;
        try
        {
            // The parser takes whatever follows; an option in the place of a value is a value forgotten, or an option mistyped.
            return text.Length == 0 ? throw new FormatException("the value is empty.")
                : text.StartsWith("--", StringComparison.Ordinal) ? throw new FormatException($"a value is missing before '{text}'.")
                : parse(text);
        }
        catch (FormatException e)
        {
            result.AddError($"{name}: {e.Message}");
            return default!;
        }
    }
}
