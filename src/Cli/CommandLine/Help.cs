using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Gpu.Autograd.Cli.CommandLine;

/// <summary>The help of the parser, with examples and exit codes below.</summary>
internal sealed class Help(HelpAction standard, IReadOnlyDictionary<Command, string[]> examples) : SynchronousCommandLineAction
{
    /// <summary>Asking for help is never an error, whatever else is on the line.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        // Lines longer than this are not read with pleasure, on a wide screen or in a file.
        standard.MaxWidth = Math.Min(standard.MaxWidth, 110);
        standard.Invoke(parseResult);

        var output = parseResult.InvocationConfiguration.Output;
        if (examples.TryGetValue(parseResult.CommandResult.Command, out string[]? lines))
        {
            output.WriteLine("Examples:");
            foreach (string line in lines)
            {
                output.WriteLine($"  {line}");
            }

            output.WriteLine();
        }

        output.WriteLine("Exit codes:");
        foreach (var (code, meaning) in ExitCode.Table)
        {
            output.WriteLine($"  {code,-3}  {meaning}");
        }

        return ExitCode.Ok;
    }
}
