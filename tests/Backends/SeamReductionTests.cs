using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamReductionTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void AnyAxesOfAnyLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(11);
        int[][] shapes =
        [
            [], [1], [5], [16], [33], [700], [3, 4], [40, 3], [3, 40], [70, 70], [2, 600], [600, 2], [4, 0, 3], [5, 6, 7],
            [40, 2, 50], [3, 1, 4, 5], [2, 3, 2, 3, 4],
        ];
        foreach (int[] lengths in shapes)
        {
            for (int round = 0; round < (SeamDevices.IsSlow(device) ? 1 : 4); round++)
            {
                for (int axes = 0; axes < 1 << lengths.Length; axes++)
                {
                    Check(backend, Reals[round % 2], SeamSample.RandomLayout(new Shape(lengths), random), axes, random);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(SeamDevices.Fast), MemberType = typeof(SeamDevices))]
    public void LargeOnesOfEveryForm(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(12);
        foreach (int[] lengths in new int[][] { [300_001], [3, 70_000], [70_000, 3], [1000, 700], [20_000, 20], [40, 50, 60] })
        {
            var shape = new Shape(lengths);
            int[] turned = [.. Enumerable.Range(0, shape.Rank).Select(axis => shape.Lengths[..axis].ToArray().Aggregate(1, (a, b) => a * b))];
            for (int axes = 1; axes < 1 << lengths.Length; axes++)
            {
                Check(backend, DType.Float32, new Layout(shape), axes, random);
                Check(backend, DType.Float64, new Layout(shape, turned, 0), axes, random);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ASumOfManyRoundsLittle(string device)
    {
        var backend = SeamDevices.Open(device);
        int n = SeamDevices.IsSlow(device) ? 4_000 : 4_000_000;
        foreach (bool across in new[] { false, true })
        {
            var x = SeamSample.Of(backend, DType.Float32, new Shape(1), 0.1);
            var shape = across ? new Shape(n / 4, 4) : new Shape(n);
            var y = SeamSample.Of(backend, DType.Float32, across ? new Shape(1, 4) : new Shape(1), new double[across ? 4 : 1]);
            backend.Reduce(default(Sum), x.Operand with { Layout = x.Operand.Layout.BroadcastTo(shape) }, y.Operand);
            double expected = (double)0.1f * n / (across ? 4 : 1);
            Assert.All(y.Read(), sum => Assert.InRange(Math.Abs(sum - expected) / expected, 0, 5e-6));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void NothingGivesTheIdentity(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (var dtype in Reals)
        {
            var x = SeamSample.Of(backend, dtype, new Shape(3, 0));
            var y = SeamSample.Of(backend, dtype, new Shape(3, 1), 7, 7, 7);
            backend.Reduce(default(Sum), x.Operand, y.Operand);
            Assert.Equal([0, 0, 0], y.Read());
            backend.Reduce(default(Greatest), x.Operand, y.Operand);
            Assert.Equal([double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity], y.Read());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void NaNAndInfinitiesComeThrough(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (int n in new[] { 3, 20, 200 })
        {
            foreach (bool across in new[] { false, true })
            {
                foreach (double special in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
                {
                    double[] values = [.. Enumerable.Range(0, n).Select(i => i == n / 2 ? special : i % 7)];
                    var x = SeamSample.Of(backend, DType.Float32, across ? new Shape(n, 1) : new Shape(1, n), values);
                    var y = SeamSample.Of(backend, DType.Float32, new Shape(1, 1), 0);
                    backend.Reduce(default(Greatest), x.Operand, y.Operand);
                    Assert.Equal(double.IsNaN(special) ? double.NaN : values.Max(), y.Read()[0]);
                    backend.Reduce(default(Sum), x.Operand, y.Operand);
                    Assert.Equal(special, y.Read()[0]);
                }
            }
        }
    }

    [Theory]
    [InlineData(256)]
    [InlineData(512)]
    public void TheNumberOfThreadsDoesNotShow(int bits)
    {
        foreach (int axes in new[] { 1, 2, 3 })
        {
            foreach (int[] lengths in new int[][] { [2, 400_001], [90_001, 5], [900, 800], [40_000, 17] })
            {
                double[]? first = null;
                foreach (int threads in new[] { 1, 2, 3 })
                {
                    var backend = SeamDevices.Reference(bits, threads);
                    var random = new Random(13);
                    var x = SeamSample.Random(backend, DType.Float32, random, lengths);
                    var y = Result(backend, DType.Float32, x.Operand.Shape, axes);
                    backend.Reduce(default(Sum), x.Operand, y.Operand);
                    first ??= y.Read();
                    Assert.Equal(first, y.Read());
                }
            }
        }
    }

    private static void Check(Backend backend, DType dtype, Layout layout, int axes, Random random)
    {
        var x = SeamSample.Random(backend, dtype, layout, random);
        var sum = Result(backend, dtype, layout.Shape, axes);
        var greatest = Result(backend, dtype, layout.Shape, axes);
        backend.Reduce(default(Sum), x.Operand, sum.Operand);
        backend.Reduce(default(Greatest), x.Operand, greatest.Operand);

        double[] sums = new double[sum.Operand.Shape.Size];
        double[] most = new double[sums.Length];
        Array.Fill(most, double.NegativeInfinity);
        var broadcast = SeamSample.Places(sum.Operand.Layout.BroadcastTo(layout.Shape));
        foreach (var (place, value) in broadcast.Zip(x.Values))
        {
            sums[place] += value;
            most[place] = Math.Max(most[place], value);
        }

        Close.Assert(sums, sum.Read(), dtype == DType.Float64 ? 1e-13 : 1e-5, $"sum of {layout.Shape}, axes {axes:B}");
        Assert.Equal(most, greatest.Read());
    }

    /// <summary>The result of a reduction along the axes whose bits are set.</summary>
    private static SeamSample Result(Backend backend, DType dtype, Shape shape, int axes)
    {
        int[] lengths = [.. shape.ToArray().Select((length, axis) => (axes >> axis & 1) != 0 ? 1 : length)];
        var result = new Shape(lengths);
        return SeamSample.Of(backend, dtype, result, new double[result.Size]);
    }
}
