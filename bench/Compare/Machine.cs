using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>What the machine can do: bytes copied, and multiplications and additions made, a second.</summary>
internal static unsafe class Machine
{
    /// <summary>What no cache holds.</summary>
    private const int Megabytes = 64;

    public static (double Bytes, double Operations) Measure()
    {
        int threads = Environment.ProcessorCount;
        nuint bytes = Megabytes << 20;
        var (x, y) = (new nint[threads], new nint[threads]);
        for (int i = 0; i < threads; i++)
        {
            // Written once before the clock runs: memory is given out page by page, when it is first touched.
            foreach (var memory in new[] { x, y })
            {
                memory[i] = (nint)NativeMemory.AlignedAlloc(bytes, 64);
                new Span<byte>((void*)memory[i], (int)bytes).Fill(1);
            }
        }

        double copied = Best(() => Together(threads, i =>
        {
            NativeMemory.Copy((void*)x[i], (void*)y[i], bytes);
            return 2.0 * bytes;
        }));
        foreach (nint memory in x.Concat(y))
        {
            NativeMemory.AlignedFree((void*)memory);
        }

        return (copied, Best(() => Together(threads, _ => MultiplyOnce())));
    }

    private static double Best(Func<double> rate) => Enumerable.Range(0, 9).Max(_ => rate());

    /// <summary>The sum of the rates of all threads.</summary>
    private static double Together(int threads, Func<int, double> work)
    {
        long start = Stopwatch.GetTimestamp();
        double[] done = new double[threads];
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => done[i] = work(i));
        return done.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Fused multiply-adds of float32 in twelve chains, enough to hide their latency; two operations for each element.</summary>
    private static double MultiplyOnce() =>
        Vector512.IsHardwareAccelerated ? Multiply512() : Vector256.IsHardwareAccelerated ? Multiply256() : Multiply128();

    private const int Rounds = 4 << 20;

    private static double Multiply512()
    {
        var m = Vector512.Create(0.999f);
        Vector512<float> a = m, b = m, c = m, d = m, e = m, f = m, g = m, h = m, i = m, j = m, k = m, l = m;
        for (int round = 0; round < Rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, m, m);
            b = Vector512.FusedMultiplyAdd(b, m, m);
            c = Vector512.FusedMultiplyAdd(c, m, m);
            d = Vector512.FusedMultiplyAdd(d, m, m);
            e = Vector512.FusedMultiplyAdd(e, m, m);
            f = Vector512.FusedMultiplyAdd(f, m, m);
            g = Vector512.FusedMultiplyAdd(g, m, m);
            h = Vector512.FusedMultiplyAdd(h, m, m);
            i = Vector512.FusedMultiplyAdd(i, m, m);
            j = Vector512.FusedMultiplyAdd(j, m, m);
            k = Vector512.FusedMultiplyAdd(k, m, m);
            l = Vector512.FusedMultiplyAdd(l, m, m);
        }

        return Keep(Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l), 16);
    }

    private static double Multiply256()
    {
        var m = Vector256.Create(0.999f);
        Vector256<float> a = m, b = m, c = m, d = m, e = m, f = m, g = m, h = m, i = m, j = m, k = m, l = m;
        for (int round = 0; round < Rounds; round++)
        {
            a = Vector256.FusedMultiplyAdd(a, m, m);
            b = Vector256.FusedMultiplyAdd(b, m, m);
            c = Vector256.FusedMultiplyAdd(c, m, m);
            d = Vector256.FusedMultiplyAdd(d, m, m);
            e = Vector256.FusedMultiplyAdd(e, m, m);
            f = Vector256.FusedMultiplyAdd(f, m, m);
            g = Vector256.FusedMultiplyAdd(g, m, m);
            h = Vector256.FusedMultiplyAdd(h, m, m);
            i = Vector256.FusedMultiplyAdd(i, m, m);
            j = Vector256.FusedMultiplyAdd(j, m, m);
            k = Vector256.FusedMultiplyAdd(k, m, m);
            l = Vector256.FusedMultiplyAdd(l, m, m);
        }

        return Keep(Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l), 8);
    }

    private static double Multiply128()
    {
        var m = Vector128.Create(0.999f);
        Vector128<float> a = m, b = m, c = m, d = m, e = m, f = m, g = m, h = m, i = m, j = m, k = m, l = m;
        for (int round = 0; round < Rounds; round++)
        {
            a = Vector128.FusedMultiplyAdd(a, m, m);
            b = Vector128.FusedMultiplyAdd(b, m, m);
            c = Vector128.FusedMultiplyAdd(c, m, m);
            d = Vector128.FusedMultiplyAdd(d, m, m);
            e = Vector128.FusedMultiplyAdd(e, m, m);
            f = Vector128.FusedMultiplyAdd(f, m, m);
            g = Vector128.FusedMultiplyAdd(g, m, m);
            h = Vector128.FusedMultiplyAdd(h, m, m);
            i = Vector128.FusedMultiplyAdd(i, m, m);
            j = Vector128.FusedMultiplyAdd(j, m, m);
            k = Vector128.FusedMultiplyAdd(k, m, m);
            l = Vector128.FusedMultiplyAdd(l, m, m);
        }

        return Keep(Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l), 4);
    }

    /// <summary>The operations; the sum is read, so that the loop is not left out.</summary>
    private static double Keep(float sum, int lanes) => float.IsNaN(sum) ? 0 : 2.0 * 12 * lanes * Rounds;
}
