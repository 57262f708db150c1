namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamIndexingTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    // Batches, rows, picks, width.
    private static readonly int[][] Sizes = [[1, 1, 1, 1], [1, 10, 7, 1], [1, 4, 40, 17], [3, 5, 6, 7], [2, 3, 0, 4], [2, 9, 3, 0], [4, 6, 30, 33], [1, 7, 9, 16], [2, 5, 8, 200]];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void GatherTakesRows(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(31);
        foreach (var dtype in Enum.GetValues<DType>())
        {
            foreach (int[] size in Sizes)
            {
                var (b, n, m, r) = (size[0], size[1], size[2], size[3]);
                var x = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(b, n, r), random), random);
                var index = RandomIndex(backend, random, b, m, n);
                var y = SeamSample.Random(backend, dtype, random, b, m, r);
                backend.Gather(x.Operand, index.Operand, y.Operand);
                double[] values = x.Values, picks = index.Values;
                Assert.Equal(
                    Enumerable.Range(0, b * m * r).Select(i => values[((i / (m * r) * n) + (int)picks[i / r]) * r + (i % r)]), y.Read());
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ScatterAddIsItsAdjoint(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(32);
        foreach (var dtype in Reals)
        {
            foreach (int[] size in Sizes)
            {
                var (b, n, m, r) = (size[0], size[1], size[2], size[3]);
                var g = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(b, m, r), random), random);
                var index = RandomIndex(backend, random, b, m, n);
                var y = SeamSample.Random(backend, dtype, random, b, n, r);
                backend.ScatterAdd(g.Operand, index.Operand, y.Operand);
                double[] values = g.Values, picks = index.Values, expected = new double[b * n * r];
                for (int i = 0; i < values.Length; i++)
                {
                    expected[((i / (m * r) * n) + (int)picks[i / r]) * r + (i % r)] += values[i];
                }

                Close.Assert(expected, y.Read(), 4 * SeamSample.Tolerance(dtype), $"{b}×{m}×{r} into {n}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void AnIndexOutsideIsAnErrorOrNaN(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (double wrong in new[] { 10.0, -1 })
        {
            var x = SeamSample.Random(backend, DType.Float32, new Random(33), 1, 10, 2);
            var index = SeamSample.Of(backend, DType.Int64, new Shape(1, 5), 0, 1, 2, wrong, 4);
            var y = SeamSample.Of(backend, DType.Float32, new Shape(1, 5, 2), new double[10]);
            try
            {
                backend.Gather(x.Operand, index.Operand, y.Operand);
                Assert.Equal(Enumerable.Range(0, 10).Select(i => i / 2 == 3), y.Read().Select(double.IsNaN));
                Assert.False(device.StartsWith("cpu", StringComparison.Ordinal), "The CPU sees the index.");
            }
            catch (IndexOutOfRangeException e)
            {
                Assert.Equal($"Gather: index {wrong} is outside 0..9 (position 3).", e.Message);
            }
        }
    }

    [Fact]
    public void ScatterAddNamesAnIndexOutside()
    {
        var backend = SeamDevices.Reference(256, 2);
        var g = SeamSample.Random(backend, DType.Float32, new Random(34), 2, 3, 2);
        var index = SeamSample.Of(backend, DType.Int32, new Shape(2, 3), 0, 1, 2, 3, 4, 0);
        var y = SeamSample.Of(backend, DType.Float32, new Shape(2, 4, 2), new double[16]);
        var e = Assert.Throws<IndexOutOfRangeException>(() => backend.ScatterAdd(g.Operand, index.Operand, y.Operand));
        Assert.Equal("ScatterAdd: index 4 is outside 0..3 (position 4).", e.Message);
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ArgMaxIsTheFirstOfEquals(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(35);
        foreach (var dtype in Reals)
        {
            foreach (int[] lengths in new int[][] { [1], [40], [3, 10], [10, 1], [0, 4], [5, 200], [2, 3, 17] })
            {
                for (int round = 0; round < 4; round++)
                {
                    // Few different values, so that there are equals; sometimes a NaN.
                    var shape = new Shape(lengths);
                    double[] drawn = [.. Enumerable.Range(0, shape.Size).Select(_ => random.Next(50) == 0 ? double.NaN : random.Next(-5, 5))];
                    var x = SeamSample.Of(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), drawn, random);
                    var y = SeamSample.Of(backend, DType.Int64, new Shape(lengths[..^1]), new double[shape.Size / lengths[^1]]);
                    backend.ArgMax(x.Operand, y.Operand);
                    Assert.Equal(drawn.Chunk(lengths[^1]).Select(First), y.Read());
                }
            }
        }

        static double First(double[] row)
        {
            int nan = Array.FindIndex(row, double.IsNaN);
            return nan >= 0 ? nan : Array.IndexOf(row, row.Max());
        }
    }

    [Fact]
    public void TheNumberOfThreadsDoesNotShow()
    {
        double[]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            var backend = SeamDevices.Reference(256, threads);
            var random = new Random(36);
            var g = SeamSample.Random(backend, DType.Float32, random, 2, 3000, 50);
            var index = RandomIndex(backend, random, 2, 3000, 20);
            var y = SeamSample.Random(backend, DType.Float32, random, 2, 20, 50);
            backend.ScatterAdd(g.Operand, index.Operand, y.Operand);
            first ??= y.Read();
            Assert.Equal(first, y.Read());
        }
    }

    private static SeamSample RandomIndex(Backend backend, Random random, int batches, int picks, int rows)
    {
        double[] values = [.. Enumerable.Range(0, batches * picks).Select(_ => (double)random.Next(rows))];
        var layout = SeamSample.RandomLayout(new Shape(batches, picks), random, mayRepeat: false);
        return SeamSample.Of(backend, random.Next(2) == 0 ? DType.Int32 : DType.Int64, layout, values, random);
    }
}
