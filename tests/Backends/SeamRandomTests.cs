using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamRandomTests
{
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ElementsComeFromTheirCounters(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            foreach (int n in SeamDevices.IsSlow(device) ? [1, 7, 100] : new[] { 0, 1, 2, 3, 4, 5, 100, 70_003 })
            {
                foreach (var (seed, counter) in new[] { (0UL, 0UL), (0x1234_5678_9ABC_DEF0UL, 77UL), (ulong.MaxValue, 0xFFFF_FFFEUL) })
                {
                    double[] uniform = Draw(backend, Distribution.Uniform, seed, counter, dtype, n);
                    double[] expected = [.. Enumerable.Range(0, n).Select(i => Uniform(dtype, seed, counter, i))];
                    Assert.Equal(expected, uniform);

                    double[] normal = Draw(backend, Distribution.Normal, seed, counter, dtype, n);
                    Close.Assert(
                        [.. Enumerable.Range(0, n).Select(i => Normal(dtype, seed, counter, i))], normal,
                        dtype == DType.Float64 ? 1e-14 : 5e-7, $"{dtype} normals");
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheMomentsAreRight(string device)
    {
        var backend = SeamDevices.Open(device);
        int n = SeamDevices.IsSlow(device) ? 4_000 : 400_000;
        double error = 5 / Math.Sqrt(n);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            double[] uniform = Draw(backend, Distribution.Uniform, 1, 2, dtype, n);
            Assert.All(uniform, u => Assert.InRange(u, 0, Math.BitDecrement(1.0)));
            Assert.InRange(uniform.Average(), 0.5 - error, 0.5 + error);
            double[] normal = Draw(backend, Distribution.Normal, 1, 2, dtype, n);
            Assert.InRange(normal.Average(), -error, error);
            Assert.InRange(normal.Average(z => z * z), 1 - (2 * error), 1 + (2 * error));
            Assert.InRange(normal.Average(z => z * z * z * z), 3 - (10 * error), 3 + (10 * error));
        }
    }

    private static double[] Draw(Backend backend, Distribution distribution, ulong seed, ulong counter, DType dtype, int n)
    {
        var y = SeamSample.Of(backend, dtype, new Shape(n), new double[n]);
        backend.Random(distribution, seed, counter, y.Operand);
        return y.Read();
    }

    private static double Uniform(DType dtype, ulong seed, ulong counter, int i)
    {
        int perCounter = Philox.PerCounter(dtype);
        var words = Philox.Block(seed, counter + (ulong)(i / perCounter));
        uint[] w = [words.W0, words.W1, words.W2, words.W3];
        return dtype == DType.Float32
            ? (w[i % 4] >> 8) / 16777216.0
            : ((w[i % 2 * 2] * 4294967296UL) + w[(i % 2 * 2) + 1] >> 11) / 9007199254740992.0;
    }

    private static double Normal(DType dtype, ulong seed, ulong counter, int i)
    {
        double u = Uniform(dtype, seed, counter, i / 2 * 2);
        double v = Uniform(dtype, seed, counter, (i / 2 * 2) + 1);
        double angle = dtype == DType.Float32 ? (float)(2 * Math.PI) * (float)v : 2 * Math.PI * v;
        return Math.Sqrt(-2 * Math.Log(1 - u)) * (i % 2 == 0 ? Math.Cos(angle) : Math.Sin(angle));
    }
}
