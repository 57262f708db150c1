using Spectre.Console;

namespace Gpu.Autograd.Cli.Tests;

/// <summary>Screens that remember what was written to them.</summary>
internal static class Screens
{
    /// <summary>A screen of 100 columns, and the writer behind it.</summary>
    public static (IAnsiConsole Screen, StringWriter Output) New(ColorSystemSupport colours, bool unicode = true)
    {
        var output = new StringWriter();
        var screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = colours,
            Out = new AnsiConsoleOutput(output),
        });
        screen.Profile.Width = 100;
        screen.Profile.Capabilities.Unicode = unicode;
        return (screen, output);
    }
}
