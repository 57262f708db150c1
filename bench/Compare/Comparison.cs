using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>One line of the outcome: a work with one number of threads.</summary>
internal sealed record Outcome(
    string Name, int Threads, double OursSeconds, double? TheirsSeconds, double? Ratio, double Low, double High, double Target, double? BoundSeconds);

/// <summary>
/// <c>compare</c>: this library beside PyTorch, in turns, on the same work, with one thread and with all. Both must compute the same first.
/// </summary>
internal static class Comparison
{
    /// <summary>What one turn takes at least, so that the clock is fine enough.</summary>
    private const double TurnSeconds = 0.04;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static int Run(string[] arguments)
    {
        var json = new Option<FileInfo?>("--json") { Description = "Write the outcome to this file." };
        var svg = new Option<FileInfo?>("--svg") { Description = "Draw the outcome into this file." };
        var only = new Option<string[]>("--only") { Description = "Only these works.", AllowMultipleArgumentsPerToken = true };
        var rounds = new Option<int>("--rounds") { Description = "How many turns each side has.", DefaultValueFactory = _ => 11 };
        var python = new Option<string>("--python") { Description = "The Python that has PyTorch.", DefaultValueFactory = _ => "/usr/bin/python3" };
        only.AcceptOnlyFromAmong([.. Works.All.Select(entry => entry.Name)]);
        var command = new RootCommand("This library beside PyTorch, on the same work, in turns.") { json, svg, only, rounds, python };
        command.SetAction(parsed =>
        {
            var works = parsed.GetValue(only) is { Length: > 0 } names ? Works.All.Where(entry => names.Contains(entry.Name)) : Works.All;
            var outcomes = Measure([.. works], Math.Max(3, parsed.GetValue(rounds)), parsed.GetValue(python)!);
            if (parsed.GetValue(json) is { } jsonFile)
            {
                File.WriteAllText(jsonFile.FullName, JsonSerializer.Serialize(
                    outcomes.Select(o => new { o.Name, o.Threads, o.OursSeconds, o.TheirsSeconds, o.Ratio, o.Target, o.BoundSeconds }), Indented));
            }

            if (parsed.GetValue(svg) is { } svgFile)
            {
                File.WriteAllText(svgFile.FullName, Chart.Draw(outcomes));
            }

            return outcomes.Any(o => o.Ratio is { } ratio && double.IsNaN(ratio)) ? 1 : 0;
        });
        return command.Parse(arguments).Invoke();
    }

    private static List<Outcome> Measure(Entry[] works, int rounds, string python)
    {
        var outcomes = new List<Outcome>();
        var counts = new[] { 1, Environment.ProcessorCount }.Distinct();
        foreach (int threads in counts)
        {
            using var ours = Side.Ours(threads);
            using var theirs = Side.Theirs(threads, python, out string peer);
            double[] machine = ours.Machine();
            Console.WriteLine(
                $"{threads} thread{(threads == 1 ? "" : "s")}: copies {machine[0] / 1e9:F1} GB/s, multiplies and adds {machine[1] / 1e9:F0} GFLOP/s; " +
                (theirs is null ? $"no PyTorch ({peer})" : $"PyTorch {peer.Split(' ')[1]}"));
            Console.WriteLine($"{"work",-20}{"ours",12}{"theirs",12}{"ratio",9}{"spread",14}{"target",9}{"bound",12}");
            foreach (var entry in works)
            {
                var outcome = Measure(entry, threads, ours, theirs, machine, rounds);
                outcomes.Add(outcome);
                Console.WriteLine(
                    $"{outcome.Name,-20}{Text(outcome.OursSeconds),12}{Text(outcome.TheirsSeconds),12}{Number(outcome.Ratio),9}" +
                    $"{$"{outcome.Low:F2}–{outcome.High:F2}",14}{Number(outcome.Target),9}{Text(outcome.BoundSeconds),12}");
            }

            Console.WriteLine();
        }

        return outcomes;
    }

    private static Outcome Measure(Entry entry, int threads, Side ours, Side? theirs, double[] machine, int rounds)
    {
        RequireSame(entry.Name, ours.Begin(entry.Name), theirs?.Begin(entry.Name));
        int ourRuns = Runs(ours);
        int theirRuns = theirs is null ? 0 : Runs(theirs);
        double[] our = new double[rounds], their = new double[rounds];
        for (int i = 0; i < rounds; i++)
        {
            our[i] = ours.Time(ourRuns);
            their[i] = theirs?.Time(theirRuns) ?? double.NaN;
        }

        double[] ratios = [.. their.Zip(our, (t, o) => t / o).Order()];
        double bound = Math.Max(entry.Bytes / machine[0], entry.Operations / machine[1]);
        return new Outcome(
            entry.Name, threads, Median(our), theirs is null ? null : Median(their), theirs is null ? null : Median(their) / Median(our),
            ratios[rounds / 4], ratios[^(1 + (rounds / 4))], entry.Target, bound > 0 ? bound : null);
    }

    /// <summary>So many runs that a turn is long enough; they warm the side up, too.</summary>
    private static int Runs(Side side)
    {
        int runs = 1;
        for (double seconds = side.Time(1); seconds * runs < TurnSeconds; seconds = side.Time(runs))
        {
            runs = Math.Max(runs + 1, Math.Min(runs * 8, (int)(TurnSeconds / Math.Max(seconds, 1e-7)) + 1));
        }

        // The JIT compiles once more what it has seen to be hot.
        Thread.Sleep(150);
        side.Time(runs);
        return Math.Max(1, (int)(TurnSeconds / side.Time(runs)));
    }

    private static void RequireSame(string name, double[] ours, double[]? theirs)
    {
        for (int i = 0; i < ours.Length && theirs is not null; i++)
        {
            if (!(Math.Abs(ours[i] - theirs[i]) <= 1e-3 * Math.Max(Math.Abs(theirs[i]), 1e-3)))
            {
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"{name}: the two sides do not compute the same: number {i} is {ours[i]} here and {theirs[i]} there."));
            }
        }
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static string Number(double? value) => value?.ToString("F2", CultureInfo.InvariantCulture) ?? "–";

    private static string Text(double? seconds) => seconds switch
    {
        null => "–",
        < 1e-3 => FormattableString.Invariant($"{seconds * 1e6:F2} µs"),
        < 1 => FormattableString.Invariant($"{seconds * 1e3:F2} ms"),
        _ => FormattableString.Invariant($"{seconds:F2} s"),
    };
}
