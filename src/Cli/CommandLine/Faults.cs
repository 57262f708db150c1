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
        foreach (var error in parsed.Errors)
        {
            if (error.SymbolResult is OptionResult { IdentifierToken: not null } option)
            {
                return option.Tokens.Count switch
                {
                    0 => $"{option.Option.Name}: a value is missing.",
                    1 => error.Message,
                    var count => $"{option.Option.Name}: it is given {count} times.",
                };
            }
        }

        // An option mistyped may have been taken for an argument, and what was meant for its value is left over.
        string? unknown = parsed.Tokens
            .Where(token => token.Type == TokenType.Argument)
            .Select(token => token.Value)
            .Concat(parsed.UnmatchedTokens)
            .OrderByDescending(word => word.StartsWith("--", StringComparison.Ordinal))
            .FirstOrDefault(word => word.StartsWith("--", StringComparison.Ordinal) || parsed.UnmatchedTokens.Contains(word));
        if (unknown is not null)
        {
            return Unknown(command, unknown);
        }

        var first = parsed.Errors.FirstOrDefault(error => error.SymbolResult is ArgumentResult) ?? parsed.Errors[0];
        return first.SymbolResult switch
        {
            ArgumentResult { Tokens.Count: 0 } argument => $"{Of(command)}{argument.Argument.Name} is missing.",
            OptionResult option => $"{Of(command)}{option.Option.Name} is missing.",
            _ => first.Message,
        };
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
