using Spectre.Console;

namespace Gpu.Autograd.Cli;

/// <summary>Where the program writes.</summary>
/// <param name="Output">Results.</param>
/// <param name="Error">The one line that says what is wrong.</param>
/// <param name="Screen">The output as a screen that can be redrawn; null where it is a file, a pipe or a terminal that cannot.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, IAnsiConsole? Screen = null)
{
    /// <summary>The streams of this process.</summary>
    public static Terminal OfProcess()
    {
        if (OperatingSystem.IsWindows())
        {
            // Elsewhere it is the default.
            Console.OutputEncoding = System.Text.Encoding.UTF8;
        }

        return new Terminal(Console.Out, Console.Error, Console.IsOutputRedirected ? null : FindScreen());
    }

    /// <summary>Leaves the screen as the next program wants it, whatever is being drawn: the cursor visible, on a new line.</summary>
    public void Release()
    {
        Screen?.Cursor.Show();
        Screen?.WriteLine();
    }

    private static IAnsiConsole? FindScreen()
    {
        // Spectre honours NO_COLOR and finds out what the terminal can do.
        var screen = AnsiConsole.Console;
        return screen.Profile.Capabilities is { Ansi: true, Interactive: true } ? screen : null;
    }
}
