using System.Diagnostics;
using System.Globalization;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>This library's side: reads commands, one a line, and answers each with a line.</summary>
internal static class Server
{
    /// <summary>The argument that makes the program this server.</summary>
    public const string Command = "compare-server";

    public static int Run()
    {
        Entry? entry = null;
        var works = new List<Work>();
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "begin":
                    works.Clear();
                    entry = Works.Named(words[1]);
                    Begin(entry.Begin());
                    break;
                case "rival":
                    Begin(entry!.Rivals[works.Count - 1].Begin());
                    break;
                case "run":
                    int runs = int.Parse(words[1], CultureInfo.InvariantCulture);
                    var run = works[int.Parse(words[2], CultureInfo.InvariantCulture)].Run;
                    long start = Stopwatch.GetTimestamp();
                    for (int i = 0; i < runs; i++)
                    {
                        run();
                    }

                    Console.WriteLine(FormattableString.Invariant($"seconds {Stopwatch.GetElapsedTime(start).TotalSeconds:R}"));
                    break;
                case "machine":
                    var (bytes, operations) = Machine.Measure();
                    Console.WriteLine(FormattableString.Invariant($"result {bytes:R} {operations:R}"));
                    break;
            }
        }

        return 0;

        void Begin(Work work)
        {
            works.Add(work);
            Console.WriteLine($"result {string.Join(' ', work.Result().Select(value => value.ToString("R", CultureInfo.InvariantCulture)))}");
        }
    }
}
