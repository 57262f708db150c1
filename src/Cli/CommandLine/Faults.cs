using System.CommandLine;
using System.CommandLine.Parsing;

namespace Gpu.Autograd.Cli.CommandLine;

/// <summary>What is wrong with a command line, in one line.</summary>
internal static class Faults
{
    /// <summary>The most telling of the parser's errors: a wrong value, then a word that nothing knows, then what is missing.</summary>
    public static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (parsed.Errors.FirstOrDefault(error => error.SymbolResult is OptionResult) is { } wrongValue)
        {
            return wrongValue.Message;
        }

        if (parsed.UnmatchedTokens.Count > 0)
        {
            return Unknown(command, parsed.UnmatchedTokens[0]);
        }

        string? mistyped = parsed.Tokens
            .Where(token => token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal))
            .Select(token => token.Value)
            .FirstOrDefault();
        return mistyped is null ? parsed.Errors[0].Message : Unknown(command, mistyped);
    }

    private static string Unknown(Command command, string word)
    {
        if (word.StartsWith('-'))
        {
            string option = word.Split('=')[0];
            return $"{Of(command)}there is no option {option}.{Nearest.Hint(option, command.Options.Select(known => known.Name))}";
        }

        if (command.Subcommands.Count == 0)
        {
            return $"{Of(command)}'{word}' is one word too many.";
        }

        var names = command.Subcommands.Select(known => known.Name).ToList();
        return $"there is no command '{word}': the commands are {string.Join(", ", names)}.{Nearest.Hint(word, names)}";
    }

    private static string Of(Command command) => command is RootCommand ? "" : $"{command.Name}: ";
}
