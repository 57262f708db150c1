using System.Globalization;
using Gpu.Autograd.Capturing;
using Gpu.Autograd.Kernels;
using Xunit.Abstractions;

namespace Gpu.Autograd.Tests;

/// <summary>What a captured step gives a GPU to do: how many launches of how many groups, and how many bytes they read and write.</summary>
public sealed class LaunchTests(ITestOutputHelper output)
{
    /// <summary>Launches may be so many, and bytes so many times the least.</summary>
    [Theory]
    [InlineData("784-128-10", 64, 5, 1.3)]
    [InlineData("784-128-10", 128, 6, 1.45)]
    [InlineData("64-64-10", 32, 2, 1.5)]
    [InlineData("64-64-10", 128, 2, 2.45)]
    [InlineData("64-64-10", 250, 2, 3.15)]
    [InlineData("2-16-16-1", 64, 2, 1.25)]
    [InlineData("2-16-16-1", 200, 2, 1.35)]
    public void A_captured_step_is_few_launches(string net, int batch, int most, double ratio)
    {
        var (row, launches, times) = RowOf(net, batch);
        output.WriteLine(row);
        Assert.InRange(launches.Count, 2, most);
        Assert.InRange(times, 1, ratio);
        Assert.Contains(row, File.ReadAllText(Repository.At("docs", "gpu.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wide_is_left_to_many_groups()
    {
        var (_, launches, _) = RowOf("512-512-512-10", 64);
        Assert.DoesNotContain(launches, launch => IsAlong(launch.Kernel));
        Assert.DoesNotContain(launches, launch => IsWhole(launch.Kernel));
        (_, launches, _) = RowOf("784-128-10", 64);
        Assert.Contains(launches, launch => $"{launch.Kernel}".Contains("Kernels.Along`", StringComparison.Ordinal));
        Assert.DoesNotContain(launches, launch => IsWhole(launch.Kernel));
        (_, launches, _) = RowOf("64-64-10", 64);
        Assert.Contains(launches, launch => IsWhole(launch.Kernel));

        static bool IsAlong(Type kernel) => kernel.Name.StartsWith("Along", StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_for_nothing_goes_with_what_is_due()
    {
        // A chain of three, and beside it one after another: the longest chain is as long as it must be.
        Assert.Equal([[0, 3], [1, 4], [2]], Timetable.Of([[], [0], [1], [], [3]], [0, 0, 0, 0, 0]));

        // Who has time waits for room rather than being launched alone.
        Assert.Equal([[0], [1, 2]], Timetable.Of([[], [0], []], [-1, 64, 0]));

        // Groups of two sizes are two launches; threads go with either.
        Assert.Equal([[0, 2], [1]], Timetable.Of([[], [], []], [256, 64, 0]));

        // No more than so many.
        Assert.Equal([6, 2], Timetable.Of([.. Enumerable.Repeat<int[]>([], 8)], new int[8]).Select(launch => launch.Count));
    }

    private static (string Row, List<(Type Kernel, int Groups)> Launches, double Ratio) RowOf(string net, int batch)
    {
        var backend = new CountingBackend();
        int[] widths = [.. net.Split('-').Select(int.Parse)];
        var small = new SmallNet(new Device("counting", backend), widths, batch, DType.Float32, classifies: widths[^1] > 1);
        var step = Step.Capture(small.Run);
        for (int run = 0; run < 3; run++)
        {
            step.Run(small.X, small.Y);
        }

        backend.Launches.Clear();
        step.Run(small.X, small.Y);

        long arguments = BytesOf(small.X.Operand) + BytesOf(small.Y.Operand);
        bool isWhole = backend.Launches.Exists(launch => IsWhole(launch.Kernel));
        var calls = step.LatestPlan!.Calls;
        long bytes = (2 * backend.ScratchBytes) + (isWhole ? BytesOfWhole(calls) : calls.SelectMany(call => call.Operands).Sum(BytesOf));

        // Every parameter and its two averages are read and written, its gradient is written; the arguments are read, and what each layer
        // gives is written once.
        long least = ((7L * small.Count) + (batch * widths[1..].Sum())) * sizeof(float) + arguments;
        string row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {net} | {batch} | {backend.Launches.Count} | {string.Join(", ", backend.Launches.Select(launch => launch.Groups))} | {Kb(bytes)} | {Kb(least)} | {(double)bytes / least:F2} |");
        return (row, [.. backend.Launches], (double)bytes / least);

        static string Kb(long bytes) => (bytes / 1000.0).ToString("N0", CultureInfo.InvariantCulture);
    }

    private static bool IsWhole(Type kernel) => $"{kernel}".Contains("Kernels.Whole`", StringComparison.Ordinal);

    /// <summary>
    /// What a step reads and writes that keeps all that it makes in shared memory: weights for each product, all else that is there before it
    /// once, and what the optimizer changes.
    /// </summary>
    private static long BytesOfWhole(IReadOnlyList<Call> calls)
    {
        var update = calls.OfType<UpdateCall>().Single();
        var parameters = update.Results.ToArray().Select(y => y.Storage).ToHashSet();
        var known = new HashSet<Storage>();
        long bytes = update.Operands.Where(x => parameters.Contains(x.Storage)).Sum(BytesOf);
        foreach (var call in calls.Where(call => call != update))
        {
            foreach (var x in call.Inputs)
            {
                bytes += parameters.Contains(x.Storage) || known.Add(x.Storage) ? BytesOf(x) : 0;
            }

            known.UnionWith(call.Results.ToArray().Select(y => y.Storage));
        }

        return bytes;
    }

    /// <summary>An operand's bytes, those that are read again and again once.</summary>
    private static long BytesOf(Operand x)
    {
        long count = x.DType.Size();
        for (int axis = 0; axis < x.Shape.Rank; axis++)
        {
            count *= x.Layout.Strides[axis] == 0 ? 1 : x.Shape[axis];
        }

        return count;
    }
}
