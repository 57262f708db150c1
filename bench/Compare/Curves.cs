using System.CommandLine;
using System.Text.Json;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>One point of a curve: the seconds of a training step.</summary>
/// <param name="Along">What grows: width, depth or batch.</param>
/// <param name="Side">Whose curve it is.</param>
/// <param name="At">How large it is.</param>
/// <param name="Seconds">A step.</param>
internal sealed record Point(string Along, string Side, int At, double Seconds);

/// <summary><c>curves</c>: the time of a training step against width, depth and batch, each over three decades.</summary>
internal static class Curves
{
    /// <summary>The names of the sides.</summary>
    public static readonly string[] Sides = ["captured", "eager", "PyTorch"];

    private const double TurnSeconds = 0.01;
    private const int Turns = 5;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>What grows, over which values, in which nets.</summary>
    public static IReadOnlyList<(string Along, string What, int[] At, Func<int, (IEnumerable<int> Widths, int Batch)> Net)> Families { get; } =
    [
        ("width", "MLP n-n-10, batch 32", [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096], n => ([n, n, 10], 32)),
        ("depth", "n layers of 16, batch 32", [1, 3, 10, 30, 100, 300, 1000], n => ([.. Enumerable.Repeat(16, n), 10], 32)),
        ("batch", "MLP 784-128-10", [1, 4, 16, 64, 256, 1024], n => ([784, 128, 10], n)),
    ];

    public static int Run(string[] arguments)
    {
        var json = new Option<FileInfo?>("--json") { Description = "Write the points to this file." };
        var svg = new Option<FileInfo?>("--svg") { Description = "Draw the curves into this file." };
        var threads = new Option<int>("--threads") { Description = "How many threads each side has.", DefaultValueFactory = _ => 1 };
        var python = new Option<string>("--python")
        {
            Description = "The Python that has PyTorch.",
            DefaultValueFactory = _ => "/usr/bin/python3",
        };
        var command = new RootCommand("The time of a training step against width, depth and batch.") { json, svg, threads, python };
        command.SetAction(parsed =>
        {
            var points = Measure(parsed.GetValue(threads), parsed.GetValue(python)!);
            if (parsed.GetValue(json) is { } jsonFile)
            {
                File.WriteAllText(jsonFile.FullName, JsonSerializer.Serialize(points, Indented));
            }

            if (parsed.GetValue(svg) is { } svgFile)
            {
                File.WriteAllText(svgFile.FullName, CurvesChart.Draw(points));
            }
        });
        return command.Parse(arguments).Invoke();
    }

    private static List<Point> Measure(int threads, string python)
    {
        using var ours = Side.Ours(threads);
        using var theirs = Side.Theirs(threads, python, out string peer);
        Console.WriteLine(theirs is null ? $"no PyTorch ({peer})" : $"PyTorch {peer.Split(' ')[1]}");
        foreach (bool captured in (bool[])[true, false, false, false])
        {
            // What is common to all nets is compiled before the first point.
            Seconds(ours, Works.Sized(captured, [8, 8, 10], 32));
        }

        var points = new List<Point>();
        foreach (var (along, what, values, net) in Families)
        {
            Console.WriteLine($"{along} n, {what}");
            Console.WriteLine($"{"n",8}{Sides[0],13}{Sides[1],13}{Sides[2],13}");
            foreach (int n in values)
            {
                var (widths, batch) = net(n);
                double[] seconds =
                [
                    Seconds(ours, Works.Sized(captured: true, widths, batch)),
                    Seconds(ours, Works.Sized(captured: false, widths, batch)),
                    theirs is null ? double.NaN : Seconds(theirs, Works.Sized(captured: false, widths, batch)),
                ];
                Console.WriteLine($"{n,8}{string.Concat(seconds.Select(s => $"{(double.IsNaN(s) ? "–" : Comparison.Text(s)),13}"))}");
                points.AddRange(seconds.Zip(Sides, (s, side) => new Point(along, side, n, s)).Where(point => !double.IsNaN(point.Seconds)));
            }
        }

        return points;
    }

    private static double Seconds(Side side, string work)
    {
        side.Begin(work);
        int runs = Comparison.Runs(runs => side.Time(runs), TurnSeconds);
        return Enumerable.Range(0, Turns).Select(_ => side.Time(runs)).Order().ElementAt(Turns / 2);
    }
}
