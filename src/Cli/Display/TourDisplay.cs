using System.Globalization;
using Gpu.Autograd.Tour;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Display;

/// <summary>The tour as it is read: a heading for each chapter, and each case as soon as it is computed.</summary>
internal sealed class TourDisplay(Terminal terminal)
{
    /// <summary>Where text begins: after the id.</summary>
    private const int Indent = 9;

    /// <summary>Where values and code begin, after Indent: beside what they are.</summary>
    private const int Labels = 10;

    private const int Narrowest = 24;

    private bool Unicode => terminal.Screen?.Profile.Capabilities.Unicode ?? true;

    /// <summary>Lines are broken for a screen; whoever reads a file or a pipe wants them whole.</summary>
    private int Width => terminal.Screen is { } screen ? Math.Max(screen.Profile.Width - 1, Indent + Labels + Narrowest) : int.MaxValue;

    /// <summary>What it is, before anything is computed.</summary>
    public void Begin(Device device) => Line(0, "", $"Matrix calculus on {device}, in float64, by reverse and by forward mode.", "");

    /// <summary>The heading of a chapter.</summary>
    public void Begin(Chapter chapter)
    {
        Line(0, "", "", "");
        Line(0, "", chapter.Title, "bold underline");
        Line(0, "", chapter.Summary, "grey");
    }

    /// <summary>A case.</summary>
    public void Show(Outcome outcome)
    {
        var found = outcome.Case;
        Line(0, "", "", "");
        Line(0, found.Id.PadRight(Indent), found.Title, "bold", outcome.Holds ? "bold green" : "bold red");
        Line(Indent, "", found.Formula, "");
        foreach (var (name, value) in outcome.Reverse.Inputs)
        {
            Line(Indent, "", $"{name} = {value}", "grey", hang: name.Length + 3);
        }

        // A definition that is another one by forward mode stands below that by reverse mode.
        foreach (var (name, code) in outcome.Reverse.Definitions.Union(outcome.Forward.Definitions).OrderBy(definition =>
            outcome.Reverse.Definitions.Index().First(other => other.Item.Name == definition.Name).Index))
        {
            Line(Indent, "", $"{name} = {code}", "aqua", hang: name.Length + 3);
        }

        foreach (var result in outcome.Results)
        {
            Show(result);
        }

        if (found.Printed is not null)
        {
            Line(Indent, "printed", found.Printed, "yellow");
            Line(Indent, "true", found.True ?? "", "");
        }
    }

    /// <summary>The last line.</summary>
    public void End(int held, int all)
    {
        Line(0, "", "", "");
        Line(0, "", $"{held} of {all} cases hold", held == all ? "bold green" : "bold red");
    }

    private static string Number(double error) => error.ToString(error is 0 ? "0" : "0.0e+0", CultureInfo.InvariantCulture);

    private void Show(Result result)
    {
        var (tick, colour) = (result.Holds, Unicode) switch
        {
            (true, true) => ("✓", "green"),
            (true, false) => ("+", "green"),
            (false, true) => ("✗", "bold red"),
            (false, false) => ("x", "bold red"),
        };
        var worse = result.Worse;
        string error = worse.Error == 0 ? "exact" : $"error {Number(worse.Error)}";
        Line(Indent - 2, tick + " ", $"{worse.Name}   {(result.Holds ? error : $"{error}, above {Number(worse.Tolerance)}")}", "", colour);
        if (result.Reverse.Code == result.Forward.Code)
        {
            Line(Indent, "C#", result.Reverse.Code, "aqua");
        }
        else
        {
            Line(Indent, "reverse", result.Reverse.Code, "aqua");
            Line(Indent, "forward", result.Forward.Code, "aqua");
        }

        Line(Indent, "computed", worse.Computed.ToString(), result.Holds ? "green" : "red");
        Line(Indent, "expected", worse.Expected.ToString(), "");
    }

    /// <summary>
    /// A text with something in front of it, broken at blanks where it is too long for a line; from the second line on it stands farther right by
    /// <paramref name="hang"/>.
    /// </summary>
    private void Line(int indent, string label, string text, string style, string labelStyle = "grey", int hang = 0)
    {
        string front = new string(' ', indent) + (indent == Indent && label.Length > 0 ? label.PadRight(Labels) : label);
        foreach (string part in Broken(text, Width - front.Length, hang))
        {
            if (terminal.Screen is { } screen)
            {
                screen.MarkupLine(Styled(front, labelStyle) + Styled(part, style));
            }
            else
            {
                terminal.Output.WriteLine((front + part).TrimEnd());
            }

            (front, hang) = (new string(' ', front.Length + hang), 0);
        }
    }

    private static string Styled(string text, string style) =>
        text.Length == 0 || style.Length == 0 ? Markup.Escape(text) : $"[{style}]{Markup.Escape(text)}[/]";

    private static IEnumerable<string> Broken(string text, int width, int hang)
    {
        while (text.Length > width)
        {
            // A word that is longer than a line is cut.
            int blank = text.LastIndexOf(' ', width);
            int end = blank > 0 ? blank : width;
            yield return text[..end].TrimEnd();
            text = text[end..].TrimStart();
            (width, hang) = (width - hang, 0);
        }

        yield return text;
    }
}
