using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamScanTests
{
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EveryLengthOfAnyLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(41);

        // Lengths around what a thread and a group take; several pieces, and pieces of pieces; more axes than a kernel has loops.
        int[][] shapes =
        [
            [1], [7], [64], [65], [128], [129], [300], [3, 0], [0, 3], [40, 3], [2, 200], [2, 3, 17], [2, 3, 2, 3, 2, 3, 4],
            .. SeamDevices.IsSlow(device) ? new int[][] { [3, 1100] } : [[3, 70_000], [200, 1000]],
            .. device == "opencl:0" || device == "cuda:0" ? new int[][] { [9000], [2, 4097] } : [],
        ];
        foreach (int[] lengths in shapes)
        {
            foreach (var dtype in new[] { DType.Float32, DType.Float64 })
            {
                var shape = new Shape(lengths);
                var x = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random), random);
                var y = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
                backend.Scan(default(Sum), x.Operand, y.Operand);
                Check(Running(x.Values, lengths[^1], (a, b) => a + b), y, dtype, $"sum over {shape}");
                backend.Scan(default(Greatest), x.Operand, y.Operand);
                Check(Running(x.Values, lengths[^1], Math.Max), y, dtype, $"greatest of {shape}");
            }
        }
    }

    [Fact]
    public void ALongSumKeepsItsDigits()
    {
        var backend = SeamDevices.Reference(256, 2);
        var x = SeamSample.Of(backend, DType.Float32, new Shape(1), 0.1);
        var y = SeamSample.Of(backend, DType.Float32, new Shape(1_000_000), new double[1_000_000]);
        backend.Scan(default(Sum), x.Operand with { Layout = x.Operand.Layout.BroadcastTo([1_000_000]) }, y.Operand);
        Assert.Equal((float)(0.1f * 1e6), (float)y.Read()[^1]);
    }

    private static void Check(double[] expected, SeamSample y, DType dtype, string what)
    {
        Close.Assert(expected, y.Read(), 100 * SeamSample.Tolerance(dtype), what);
        y.AssertGapsUntouched();
    }

    private static double[] Running(double[] x, int length, Func<double, double, double> combine)
    {
        var y = (double[])x.Clone();
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = i % length == 0 ? x[i] : combine(y[i - 1], x[i]);
        }

        return y;
    }
}
