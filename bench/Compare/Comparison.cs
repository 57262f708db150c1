using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>One line of the outcome: a work with one number of threads.</summary>
internal sealed record Outcome(
    string Name, int Threads, double OursSeconds, double? TheirsSeconds, double? Ratio, double Low, double High, double? Target,
    double? BoundSeconds,
    double? MostOfBound, IReadOnlyList<RivalOutcome> Rivals);

/// <summary>Another way to do a work in .NET: its time, and how many times ours that is.</summary>
internal sealed record RivalOutcome(string Name, double Seconds, double Ratio, double? Target);

/// <summary>
/// <c>compare</c>: this library beside PyTorch, in turns, on the same work, with one thread and with all. Both must compute the same first.
/// </summary>
internal static class Comparison
{
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
        var python = new Option<string>("--python")
        {
            Description = "The Python that has PyTorch.",
            DefaultValueFactory = _ => "/usr/bin/python3",
        };
        only.AcceptOnlyFromAmong([.. Works.All.Select(entry => entry.Name)]);
        var command = new RootCommand("This library beside PyTorch, on the same work, in turns.") { json, svg, only, rounds, python };
        command.SetAction(parsed =>
        {
            var works = parsed.GetValue(only) is { Length: > 0 } names ? Works.All.Where(entry => names.Contains(entry.Name)) : Works.All;
            var outcomes = Measure([.. works], Math.Max(3, parsed.GetValue(rounds)), parsed.GetValue(python)!);
            if (parsed.GetValue(json) is { } jsonFile)
            {
                File.WriteAllText(jsonFile.FullName, JsonSerializer.Serialize(
                    outcomes.Select(o => new
                    {
                        o.Name,
                        o.Threads,
                        o.OursSeconds,
                        o.TheirsSeconds,
                        o.Ratio,
                        o.Target,
                        o.BoundSeconds,
                        o.MostOfBound,
                        o.Rivals,
                    }),
                    Indented));
            }

            if (parsed.GetValue(svg) is { } svgFile)
            {
                File.WriteAllText(svgFile.FullName, Chart.Draw([.. outcomes.Where(o => o.Target is not null)]));
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
            Console.WriteLine(
                $"{"work",-23}{"ours",12}{"theirs",12}{"ratio",8}{"spread",15}{"target",8}{"bound",12}{"× bound",9}  beside it");
            foreach (var entry in works)
            {
                var outcome = Measure(entry, threads, ours, theirs, machine, rounds);
                outcomes.Add(outcome);
                Show(outcome);
            }

            Console.WriteLine();
        }

        Console.WriteLine("the best number of threads of each:");
        foreach (var of in outcomes.GroupBy(outcome => outcome.Name))
        {
            var (ours, theirs) = (of.MinBy(o => o.OursSeconds)!, of.MinBy(o => o.TheirsSeconds ?? double.MaxValue)!);
            double? bound = of.Min(o => o.BoundSeconds);
            Show(ours with
            {
                TheirsSeconds = theirs.TheirsSeconds,
                Ratio = theirs.TheirsSeconds / ours.OursSeconds,
                Low = double.NaN,
                BoundSeconds = bound,
                Rivals = [.. ours.Rivals.Select((rival, k) => of.MinBy(o => o.Rivals[k].Seconds)!.Rivals[k])
                    .Select(rival => rival with { Ratio = rival.Seconds / ours.OursSeconds })],
            });
        }

        return outcomes;
    }

    private static void Show(Outcome outcome) => Console.WriteLine(
        $"{outcome.Name,-23}{Text(outcome.OursSeconds),12}{Text(outcome.TheirsSeconds),12}{Number(outcome.Ratio),8}" +
        $"{(double.IsNaN(outcome.Low) ? "" : $"{outcome.Low:F2}–{outcome.High:F2}"),15}{Number(outcome.Target),8}{Text(outcome.BoundSeconds),12}" +
        $"{Number(outcome.OursSeconds / outcome.BoundSeconds)
            + (outcome.MostOfBound is { } most ? FormattableString.Invariant($" ({most})") : ""),9}  " +
        string.Join(", ", outcome.Rivals.Select(
            rival => $"{rival.Name} {Text(rival.Seconds)}, ratio {Number(rival.Ratio)} ({Number(rival.Target)})")));

    private static Outcome Measure(Entry entry, int threads, Side ours, Side? theirs, double[] machine, int rounds)
    {
        double[] result = ours.Begin(entry.Name);
        RequireSame(entry.Name, result, theirs?.Begin(entry.Name), "PyTorch");
        foreach (var rival in entry.Rivals)
        {
            RequireSame(entry.Name, result, ours.BeginRival(entry.Name), rival.Name);
        }

        // This library, its rivals, PyTorch: in turns, so that what else the machine does is shared fairly.
        Func<int, double>[] sides =
        [
            runs => ours.Time(runs),
            .. entry.Rivals.Select((_, k) => (Func<int, double>)(runs => ours.Time(runs, k + 1))),
            .. theirs is null ? Array.Empty<Func<int, double>>() : [runs => theirs.Time(runs)],
        ];
        int[] counts = Array.ConvertAll(sides, side => Runs(side, entry.TurnSeconds));
        var times = Array.ConvertAll(sides, _ => new List<double>());
        for (int i = 0; i < rounds; i++)
        {
            for (int k = 0; k < sides.Length; k++)
            {
                // What takes seconds is not measured as often.
                if (i < 3 || times[k][0] < SlowSeconds)
                {
                    Thread.Sleep(Rest);
                    times[k].Add(sides[k](counts[k]));
                }
            }
        }

        double[] medians = Array.ConvertAll(times, Median);
        double[] ratios = theirs is null ? [double.NaN] : [.. times[^1].Zip(times[0], (t, o) => t / o).Order()];
        double bound = Math.Max(entry.Bytes / machine[0], entry.Operations / machine[1]);
        return new Outcome(
            entry.Name, threads, medians[0], theirs is null ? null : medians[^1], theirs is null ? null : medians[^1] / medians[0],
            ratios[ratios.Length / 4], ratios[^(1 + (ratios.Length / 4))], entry.Target, bound > 0 ? bound : null, entry.MostOfBound,
            [.. entry.Rivals.Select(
                (rival, k) => new RivalOutcome(rival.Name, medians[k + 1], medians[k + 1] / medians[0], rival.Target))]);
    }

    private const double SlowSeconds = 0.3;

    /// <summary>
    /// OpenBLAS's threads look out for work for some 30 ms after their last product, ours for less than one; whoever came next would share
    /// the cores with them.
    /// </summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(60);

    /// <summary>So many runs that a turn is long enough; they warm the side up, too.</summary>
    public static int Runs(Func<int, double> side, double turnSeconds)
    {
        int runs = 1;
        for (double seconds = side(1); seconds * runs < turnSeconds; seconds = side(runs))
        {
            runs = Math.Max(runs + 1, Math.Min(runs * 8, (int)(turnSeconds / Math.Max(seconds, 1e-7)) + 1));
        }

        if (runs == 1 && side(1) > SlowSeconds)
        {
            return 1;
        }

        // The JIT compiles what it has seen to be hot once more, and then again, each time a while after: until nothing gets faster.
        double before;
        double now = side(runs);
        int turns = 0;
        do
        {
            Thread.Sleep(150);
            before = now;
            now = side(runs);
            runs = Math.Max(1, (int)(turnSeconds / now));
        }
        while ((now < 0.95 * before || turns < 2) && turns++ < 8);
        return runs;
    }

    private static void RequireSame(string name, double[] ours, double[]? theirs, string whose)
    {
        for (int i = 0; i < Math.Min(ours.Length, theirs?.Length ?? 0); i++)
        {
            if (!(Math.Abs(ours[i] - theirs![i]) <= 1e-3 * Math.Max(Math.Abs(theirs[i]), 1e-3)))
            {
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"{name}: this library and {whose} do not compute the same: number {i} is {ours[i]} here and {theirs[i]} there."));
            }
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Number(double? value) => value?.ToString("F2", CultureInfo.InvariantCulture) ?? "–";

    /// <summary>A time for people.</summary>
    public static string Text(double? seconds) => seconds switch
    {
        null => "–",
        < 1e-3 => FormattableString.Invariant($"{seconds * 1e6:F2} µs"),
        < 1 => FormattableString.Invariant($"{seconds * 1e3:F2} ms"),
        _ => FormattableString.Invariant($"{seconds:F2} s"),
    };
}
