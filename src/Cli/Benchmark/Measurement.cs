namespace Gpu.Autograd.Cli.Benchmark;

/// <summary>What is measured on a device.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Unit">What the value counts.</param>
/// <param name="Run">Measures it: the seconds of one run, and the value.</param>
internal sealed record Measurement(string Name, string Unit, Func<(double Seconds, double Value)> Run)
{
    /// <summary>Whose work it was, once it was measured, where it may be that of several.</summary>
    public Func<string>? By { get; init; }

    /// <summary>Measures it; where the device cannot, says why.</summary>
    public Measured Take()
    {
        try
        {
            var (seconds, value) = Run();
            return new Measured(this, seconds, value, null) { By = By?.Invoke() };
        }
        catch (Exception e)
        {
            // A driver may throw whatever it likes, and the other figures are wanted all the same.
            return new Measured(this, null, null, string.Join(' ', e.Message.Split('\n', StringSplitOptions.TrimEntries)));
        }
    }
}

/// <summary>What came of it.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Seconds">The seconds of one run.</param>
/// <param name="Value">The value, in the measurement's unit.</param>
/// <param name="Problem">Why there is none.</param>
internal sealed record Measured(Measurement What, double? Seconds, double? Value, string? Problem)
{
    /// <summary>Whose work it was, where it may be that of several.</summary>
    public string? By { get; init; }
}
