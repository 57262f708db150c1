using System.Globalization;
using Gpu.Autograd.Cli.Training;

namespace Gpu.Autograd.Cli.Display;

/// <summary>Numbers for people.</summary>
internal static class Format
{
    /// <summary>1,437.</summary>
    public static string Count(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A loss, with four significant digits.</summary>
    public static string Loss(double value) =>
        value.ToString(value is >= 1000 or < 0.001 and not 0 ? "0.00e+0" : value >= 1 ? "0.000" : "0.0000", CultureInfo.InvariantCulture);

    /// <summary>97.22 %; a dash where it is not known yet.</summary>
    public static string Percent(double? fraction) =>
        fraction is { } value ? (value * 100).ToString("0.00", CultureInfo.InvariantCulture) + " %" : "–";

    /// <summary>0.4 s, 12 s, 3:20 min, 1:02:03 h.</summary>
    public static string Time(TimeSpan time)
    {
        if (time.TotalSeconds < 9.95)
        {
            return time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
        }

        long seconds = (long)Math.Round(time.TotalSeconds);
        return seconds switch
        {
            < 60 => $"{seconds} s",
            < 3600 => $"{seconds / 60}:{seconds % 60:00} min",
            _ => $"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00} h",
        };
    }

    /// <summary>12.3 µs, 1.23 ms, 1.23 s; a dash where it is not known.</summary>
    public static string Duration(double? seconds) => seconds switch
    {
        null => "–",
        < 0.9995e-3 => Three(seconds.Value * 1e6) + " µs",
        < 0.9995 => Three(seconds.Value * 1e3) + " ms",
        _ => Three(seconds.Value) + " s",
    };

    /// <summary>Three significant digits of a number; all before the point.</summary>
    public static string Three(double value) =>
        value.ToString(value < 9.995 ? "0.00" : value < 99.95 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    /// <summary>0.4 s left; done.</summary>
    public static string Remaining(TrainingReport report) => report.Step == report.Steps ? "done" : $"{Time(report.Remaining)} left";

    /// <summary>15.6 GiB; a dash where it is not known.</summary>
    public static string Bytes(long? bytes)
    {
        if (bytes is not { } value)
        {
            return "–";
        }

        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        double scaled = value;
        while (scaled >= 1024 && unit < units.Length - 1)
        {
            scaled /= 1024;
            unit++;
        }

        return scaled.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
