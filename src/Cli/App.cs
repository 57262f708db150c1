using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Commands;

namespace Gpu.Autograd.Cli;

/// <summary>The program: from the words of a command line to an exit code.</summary>
internal static class App
{
    /// <summary>Set it to anything to see where an unexpected exception came from.</summary>
    private const string TraceVariable = "GPU_AUTOGRAD_TRACE";

    /// <summary>The version, without the commit that the build may add.</summary>
    public static string Version { get; } =
        typeof(App).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Runs a command line. Whatever is wrong becomes one line on the error stream.</summary>
    public static int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        try
        {
            var parsed = Parse(args, terminal);
            if (parsed.Errors.Count > 0)
            {
                throw new UsageException(Faults.Describe(parsed));
            }

            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UsageException e)
        {
            return Fail(e.Message, ExitCode.Usage);
        }
        catch (Exception e) when (Environment.GetEnvironmentVariable(TraceVariable) is null)
        {
            bool foreseen = e is FailureException or DeviceNotFoundException or IOException or InvalidDataException
                or UnauthorizedAccessException or OutOfMemoryException;
            return Fail(
                foreseen ? e.Message : $"{e.GetType().Name}: {e.Message} (Set {TraceVariable}=1 to see where it came from.)",
                ExitCode.Failed);
        }

        int Fail(string message, int code)
        {
            // A message of the system may have several lines.
            terminal.Error.WriteLine("error: " + string.Join(' ', message.Split('\n', StringSplitOptions.TrimEntries)));
            return code;
        }
    }

    /// <summary>A command line as it is understood. A word that begins with @ is a word: there are no response files.</summary>
    internal static ParseResult Parse(IReadOnlyList<string> args, Terminal terminal) =>
        Root(terminal).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });

    private static RootCommand Root(Terminal terminal)
    {
        var (train, predict) = (TrainCommand.Create(terminal), PredictCommand.Create(terminal));
        var (tour, devices) = (TourCommand.Create(terminal), DevicesCommand.Create(terminal));
        var (check, bench) = (CheckCommand.Create(terminal), BenchCommand.Create(terminal));
        var root = new RootCommand("Trains and uses neural networks on the GPU, or on the CPU where there is none.")
        {
            train, predict, tour, devices, check, bench,
        };
        root.Directives.Clear();

        var help = root.Options.OfType<HelpOption>().Single();
        help.Description = "Show this help.";
        help.Action = new Help((HelpAction)help.Action!, new Dictionary<Command, HelpPage>
        {
            [root] = new(
                ["Each command has a help of its own."],
                ["train", PredictCommand.Page.Examples[0], "tour", "devices", "check", "bench", "train --help"]),
            [train] = TrainCommand.Page,
            [predict] = PredictCommand.Page,
            [tour] = TourCommand.Page,
            [devices] = DevicesCommand.Page,
            [check] = CheckCommand.Page,
            [bench] = BenchCommand.Page,
        });
        var version = root.Options.OfType<VersionOption>().Single();
        version.Description = "Show the version.";
        version.Action = new ShowVersion(terminal.Output);

        // No command: say what there is.
        root.SetAction(parsed => help.Action is Help action ? action.Invoke(parsed) : ExitCode.Ok);
        return root;
    }

    private sealed class ShowVersion(TextWriter output) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            output.WriteLine($"gpu-autograd {Version}");
            return ExitCode.Ok;
        }
    }
}
