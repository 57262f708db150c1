using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Gpu.Autograd.Cli.CommandLine;

/// <summary>What a command's help says beside its options.</summary>
/// <param name="Notes">Sentences.</param>
/// <param name="Examples">Command lines without the program's name.</param>
internal sealed record HelpPage(IReadOnlyList<string> Notes, IReadOnlyList<string> Examples);

/// <summary>The help of the parser, with notes, examples and exit codes below.</summary>
internal sealed class Help(HelpAction standard, IReadOnlyDictionary<Command, HelpPage> pages) : SynchronousCommandLineAction
{
    /// <summary>Lines longer than this are not read with pleasure, on a wide screen or in a file.</summary>
    private const int WidestLine = 110;

    /// <summary>Asking for help is never an error, whatever else is on the line.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        standard.MaxWidth = Math.Min(standard.MaxWidth, WidestLine);
        standard.Invoke(parseResult);

        var output = parseResult.InvocationConfiguration.Output;
        var page = pages[parseResult.CommandResult.Command];
        output.WriteLine("Notes:");
        foreach (string note in page.Notes)
        {
            output.WriteLine($"  {note}");
        }

        output.WriteLine();
        output.WriteLine("Examples:");
        foreach (string example in page.Examples)
        {
            output.WriteLine($"  {Invocation.Program} {example}");
        }

        output.WriteLine();
        output.WriteLine("Exit codes:");
        foreach (var (code, meaning) in ExitCode.Table)
        {
            output.WriteLine($"  {code,-3}  {meaning}");
        }

        return ExitCode.Ok;
    }
}
