using System.Globalization;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>
/// <c>memory</c>: what captured steps take for results that live for a part of the step, beside what these would take each for itself, and
/// the greatest sum that is alive at once, below which no plan can go.
/// </summary>
internal static class MemoryUse
{
    public static int Run()
    {
        Console.WriteLine($"{"captured step",-24}{"calls",7}{"each for itself",18}{"alive at once",16}{"planned",12}{"planned / alive",18}");
        foreach (var entry in Works.All)
        {
            var work = entry.Name is "fashion-epoch" ? null : entry.Begin();
            work?.Result();
            for (int i = 0; i < 4; i++)
            {
                work?.Run();
            }

            if (work?.Step?.LatestPlan is { SeparateBytes: > 0 } plan)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{entry.Name,-24}{plan.Calls.Count,7}{KiB(plan.SeparateBytes),18}{KiB(plan.AliveBytes),16}{KiB(plan.SharedBytes),12}"
                    + $"{(double)plan.SharedBytes / plan.AliveBytes,18:F2}"));
            }
        }

        return 0;
    }

    private static string KiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:N1} KiB");
}
