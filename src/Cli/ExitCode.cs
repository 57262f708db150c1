namespace Gpu.Autograd.Cli;

/// <summary>What the program returns to the shell.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The world is wrong: a missing or malformed file, an absent device, a run that failed, a case or a device that does not hold.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong: an unknown option or name, a value that can never be right.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by Ctrl-C, after saving.</summary>
    public const int Interrupted = 130;

    /// <summary>The table for the help.</summary>
    public static IReadOnlyList<(string Code, string Meaning)> Table { get; } =
    [
        ($"{Ok}", "done"),
        ($"{Failed}", "the world is wrong: a missing or malformed file, an absent device, a run, a case or a check that failed"),
        ($"{Usage}", "the command line is wrong: an unknown option or name, a value that can never be right"),
        ($"{Interrupted}", "stopped by Ctrl-C; train has saved the model"),
    ];
}
