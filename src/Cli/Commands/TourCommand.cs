using System.CommandLine;
using System.Text.Json;
using Gpu.Autograd.Cli.CommandLine;
using Gpu.Autograd.Cli.Display;
using Gpu.Autograd.Tour;

namespace Gpu.Autograd.Cli.Commands;

/// <summary><c>tour</c>: matrix calculus, case by case, with what the library computes and what is true.</summary>
internal sealed class TourCommand
{
    private readonly IReadOnlyList<Case> cases;

    private readonly Option<string?> chapter = Values.OneOf(
        "--chapter",
        "NAME",
        $"Only this chapter: {string.Join(", ", Chapter.All.Select(chapter => chapter.Name))}.",
        [.. Chapter.All.Select(chapter => chapter.Name)]);

    private readonly Option<string> device = Values.Device();

    private readonly Option<string?> json = Values.Path(
        "--json", "Write the cases to this file too, as a JSON array of id, expected, computed, error, pass.");

    private readonly Terminal terminal;

    private TourCommand(Terminal terminal, IReadOnlyList<Case> cases) => (this.terminal, this.cases) = (terminal, cases);

    /// <summary>What the help adds.</summary>
    public static HelpPage Page { get; } = new(
    [
        "Each case is computed in float64, by reverse and by forward mode. The lines of C# that are shown are those that ran.",
        "An error is the largest |computed − expected|, as a share of max(1, max |expected|), of both modes.",
        "Where a case does not hold, the exit code is 1.",
    ],
    [
        "tour",
        "tour --chapter jacobian",
        "tour --device cpu --json tour.json",
    ]);

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal, IReadOnlyList<Case>? cases = null)
    {
        var tour = new TourCommand(terminal, cases ?? Cases.All);
        var command = new Command(
            "tour", "Walk through matrix calculus case by case: the formula, the line of C#, what it computes and what is true.")
        {
            tour.chapter, tour.device, tour.json,
        };
        command.SetAction(tour.Run);
        return command;
    }

    private int Run(ParseResult given)
    {
        string? name = given.GetValue(chapter);
        string? jsonPath = given.GetValue(json);
        OutputFile.Check("--json", jsonPath);
        var target = Device.Parse(given.GetRequiredValue(device));

        var display = new TourDisplay(terminal);
        display.Begin(target);
        var outcomes = new List<Outcome>();
        foreach (var part in Chapter.All.Where(part => name is null || part.Name == name))
        {
            display.Begin(part);
            foreach (var found in cases.Where(found => found.Chapter == part))
            {
                outcomes.Add(found.Run(target));
                display.Show(outcomes[^1]);
            }
        }

        int held = outcomes.Count(outcome => outcome.Holds);
        display.End(held, outcomes.Count);
        if (jsonPath is not null)
        {
            JsonFile.WriteValue(jsonPath, writer => Write(writer, outcomes));
        }

        return held == outcomes.Count ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Write(Utf8JsonWriter writer, List<Outcome> outcomes)
    {
        writer.WriteStartArray();
        foreach (var outcome in outcomes)
        {
            var results = outcome.Results.Select(result => result.Worse).ToList();
            writer.WriteStartObject();
            writer.WriteString("id", outcome.Case.Id);
            writer.WritePropertyName("expected");
            Write(writer, results, quantity => quantity.Expected);
            writer.WritePropertyName("computed");
            Write(writer, results, quantity => quantity.Computed);
            JsonFile.Number(writer, "error", double.IsFinite(outcome.Error) ? outcome.Error : null);
            writer.WriteBoolean("pass", outcome.Holds);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>One result as it is, several by name.</summary>
    private static void Write(Utf8JsonWriter writer, List<Quantity> results, Func<Quantity, Value> value)
    {
        if (results.Count == 1)
        {
            Write(writer, value(results[0]));
            return;
        }

        writer.WriteStartObject();
        foreach (var quantity in results)
        {
            writer.WritePropertyName(quantity.Name);
            Write(writer, value(quantity));
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Value value)
    {
        if (value.Text is { } text)
        {
            writer.WriteStringValue(text);
            return;
        }

        int next = 0;
        Nested(0);

        void Nested(int axis)
        {
            if (axis == value.Shape.Rank)
            {
                // JSON has no word for what is not finite.
                double number = value.Numbers[next++];
                if (double.IsFinite(number))
                {
                    writer.WriteNumberValue(number);
                }
                else
                {
                    writer.WriteNullValue();
                }

                return;
            }

            writer.WriteStartArray();
            for (int i = 0; i < value.Shape[axis]; i++)
            {
                Nested(axis + 1);
            }

            writer.WriteEndArray();
        }
    }
}
