using System.Diagnostics;

namespace Gpu.Autograd.Cli.Benchmark;

/// <summary>How long a work takes when it is done again and again.</summary>
/// <param name="warmSeconds">How long it runs before anything is timed: kernels are compiled, and what is hot is compiled again.</param>
/// <param name="turnSeconds">What a turn takes at least, so that the clock is fine enough.</param>
/// <param name="turns">How many turns there are.</param>
internal sealed class Clock(double warmSeconds, double turnSeconds, int turns)
{
    /// <summary>What is fair.</summary>
    public static Clock Full { get; } = new(0.3, 0.03, 7);

    /// <summary>What shows that it works, and the order of magnitude.</summary>
    public static Clock Quick { get; } = new(0.02, 0.003, 3);

    /// <summary>The seconds of one run: the median over the turns.</summary>
    /// <param name="run">One run; the device may still be at work when it returns.</param>
    /// <param name="device">It is waited for at the end of each turn.</param>
    public double Seconds(Action run, Device device)
    {
        Turn(1);
        int runs = 1;
        double last = Turn(1);
        var warm = Stopwatch.StartNew();
        while (warm.Elapsed.TotalSeconds < warmSeconds || last < turnSeconds)
        {
            if (last < turnSeconds)
            {
                runs = Math.Max(runs + 1, (int)Math.Min(runs * 8L, (long)(runs * turnSeconds / Math.Max(last, 1e-7))));
            }

            last = Turn(runs);
        }

        runs = Math.Max(1, (int)(runs * turnSeconds / last));
        double[] seconds = [.. Enumerable.Range(0, turns).Select(_ => Turn(runs) / runs).Order()];
        return seconds[turns / 2];

        double Turn(int runs)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < runs; i++)
            {
                run();
            }

            device.Synchronize();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
