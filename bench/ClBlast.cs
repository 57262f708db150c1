using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Gpu.Autograd.Bench;

/// <summary>
/// <c>clblast [device] [sizes…]</c>: the product of square float32 matrices on an OpenCL device, beside that of CLBlast on the same device. The
/// two take turns, and what is told is the ratio of their medians.
/// </summary>
public static class ClBlast
{
    private const int Rounds = 15;

    /// <summary>Runs it; 1 where CLBlast or the device is absent.</summary>
    public static int Run(string[] args)
    {
        string name = args.FirstOrDefault(arg => arg.StartsWith("opencl:", StringComparison.Ordinal)) ?? "opencl:0";
        int[] sizes = [.. args.Where(arg => arg != name).Select(int.Parse).DefaultIfEmpty(0)];
        if (sizes is [0])
        {
            sizes = [256, 384, 512, 768, 1024];
        }

        if (!NativeLibrary.TryLoad(ClBlastQueue.Library, out _))
        {
            Console.Error.WriteLine($"CLBlast is not installed ({ClBlastQueue.Library} was not found): on Debian, apt-get install libclblast1.");
            return 1;
        }

        if (Device.All.FirstOrDefault(device => device.Name == name) is not { Problem: null } info)
        {
            Console.Error.WriteLine($"{name} cannot be used: {Device.All.FirstOrDefault(device => device.Name == name)?.Problem ?? "it is not there."}");
            return 1;
        }

        using var queue = new ClBlastQueue(int.Parse(name.Split(':')[1]));
        Console.WriteLine($"{name}: {info.Description}; CLBlast on {queue.DeviceName}. Medians of {Rounds} turns, float32.");
        Console.WriteLine("| n | ours, ms | GFLOP/s | CLBlast, ms | GFLOP/s | ours ÷ CLBlast |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (int n in sizes)
        {
            Compare(Device.Parse(name), queue, n);
        }

        return 0;
    }

    private static void Compare(Device device, ClBlastQueue queue, int n)
    {
        var generator = new Generator(0);
        var (a, c) = (generator.Normal([n, n], device: device), generator.Normal([n, n], device: device));
        queue.Upload(a.ToArray<float>(), c.ToArray<float>(), n);
        float[] ours = a.MatMul(c).ToArray<float>();
        queue.Multiply();
        float[] theirs = queue.Download();
        double worst = ours.Zip(theirs, (x, y) => Math.Abs((double)x - y)).Max();
        if (!(worst < 1e-5 * n))
        {
            throw new InvalidOperationException($"The products of {n} × {n} differ by {worst}.");
        }

        List<double> our = [], their = [];
        for (int round = 0; round < Rounds; round++)
        {
            our.Add(Time(() =>
            {
                a.MatMul(c);
                device.Synchronize();
            }));
            their.Add(Time(queue.Multiply));
        }

        our.Sort();
        their.Sort();
        var (x, y) = (our[Rounds / 2], their[Rounds / 2]);
        double work = 2e-6 * n * n * n;
        Console.WriteLine($"| {n} | {x:F2} | {work / x:F1} | {y:F2} | {work / y:F1} | {x / y:F2} |");
    }

    private static double Time(Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed.TotalMilliseconds;
    }
}
