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
        Work? work = null;
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "begin":
                    work = Works.All.First(entry => entry.Name == words[1]).Begin();
                    Console.WriteLine(
                        $"result {string.Join(' ', work.Result().Select(value => value.ToString("R", CultureInfo.InvariantCulture)))}");
                    break;
                case "run":
                    int runs = int.Parse(words[1], CultureInfo.InvariantCulture);
                    long start = Stopwatch.GetTimestamp();
                    for (int i = 0; i < runs; i++)
                    {
                        work!.Run();
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
    }
}
