using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamProductTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void SmallProductsOfAnyLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(41);
        int[] lengths = [1, 2, 5, 6, 7, 12, 13, 16, 17, 31, 33];
        for (int round = 0; round < (SeamDevices.IsSlow(device) ? 15 : 200); round++)
        {
            Check(
                backend, Reals[round % 2], random.Next(1, 4), Pick(), Pick(), Pick(),
                shape => SeamSample.RandomLayout(shape, random), random);
        }

        int Pick() => lengths[random.Next(lengths.Length)];
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void LargeProductsOfAnyLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(42);
        int[][] sizes = SeamDevices.IsSlow(device)
            ? [[1, 20, 40, 33]]
            : [[1, 100, 100, 100], [1, 257, 30, 300], [2, 70, 400, 65], [1, 13, 800, 130], [1, 200, 64, 2100], [3, 65, 65, 65], [1, 2, 900, 500],
                [1, 1, 333, 90], [1, 90, 333, 1], [2, 70, 130, 3], [1, 4, 90, 61], [1, 300, 600, 40], [1, 95, 1030, 70]];
        foreach (int[] size in sizes)
        {
            foreach (var dtype in Reals)
            {
                for (int transposes = 0; transposes < 4; transposes++)
                {
                    int number = transposes;
                    Check(backend, dtype, size[0], size[1], size[2], size[3], shape => Turned(shape, (number++ & 1) != 0 || number == 4), random);
                }

                Check(backend, dtype, size[0], size[1], size[2], size[3], shape => SeamSample.RandomLayout(shape, random), random);
            }
        }
    }

    /// <summary>A shape for every way that kernels multiply in, with edges in all directions: threads, tall and flat tiles, squares, pieces.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EveryWayToMultiply(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(46);
        int[][] squaresOfGpus = device is "host" or "accelerator" ? [] : [[64, 65, 9, 66], [64, 68, 12, 72]];
        int[][] sizes = [
            .. squaresOfGpus, [3, 5, 7, 6], [2, 70, 9, 12], [1, 70, 300, 5], [2, 12, 20, 67], [1, 9, 280, 40], [1, 5, 300, 5],
            [2, 33, 7, 17], [1, 36, 21, 40], [1, 20, 300, 18], [1, 36, 304, 20], [64, 33, 5, 34], [64, 36, 12, 40]];
        foreach (int[] size in sizes)
        {
            var dtype = Reals[random.Next(2)];
            for (int form = 0; form < (SeamDevices.IsSlow(device) ? 2 : 5); form++)
            {
                // Multiples of 4 in dense layouts are read by quads, all else element by element.
                int number = form;
                Check(
                    backend, dtype, size[0], size[1], size[2], size[3],
                    form == 4 ? shape => SeamSample.RandomLayout(shape, random) : shape => Turned(shape, (number++ & 1) != 0 || number == 4), random);
            }

            CheckFinished(backend, dtype, size[0], size[1], size[2], size[3], random);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheSameProductIsTheSameBits(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (int[] size in new int[][] { [1, 20, 300, 18], [1, 70, 300, 5], [1, 40, 50, 60] })
        {
            var random = new Random(47);
            var a = SeamSample.Random(backend, DType.Float32, random, size[0], size[1], size[2]);
            var c = SeamSample.Random(backend, DType.Float32, random, size[0], size[2], size[3]);
            var y = SeamSample.Random(backend, DType.Float32, random, size[0], size[1], size[3]);
            backend.MatMul(a.Operand, c.Operand, y.Operand);
            double[] first = y.Read();
            for (int i = 0; i < 3; i++)
            {
                backend.Fill(double.NaN, y.Operand);
                backend.MatMul(a.Operand, c.Operand, y.Operand);
                Assert.Equal(first, y.Read());
            }
        }
    }

    /// <summary>A column times a row: each product by itself, 0 + a·c, up to the last column and no farther.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 10, 5)]
    [InlineData(300, 3, 17)]
    [InlineData(2, 7, 64)]
    [InlineData(1, 130, 611)]
    public void ProductsOfOneTerm(int batches, int m, int n)
    {
        foreach (int bits in new[] { 128, 256, 512 }.Where(bits => bits <= ReferenceBackend.WidestBits))
        {
            foreach (var dtype in Reals)
            {
                var backend = SeamDevices.Reference(bits, 2);
                var random = new Random(49);
                var a = SeamSample.Random(backend, dtype, random, batches, m, 1);
                var c = SeamSample.Random(backend, dtype, random, batches, 1, n);
                var zero = SeamSample.Of(backend, dtype, new Shape(1, 1, 1), [-0.0]);
                var y = SeamSample.Random(backend, dtype, random, batches, m, n);
                backend.MatMul(a.Operand, c.Operand, y.Operand);
                var expected = Enumerable.Range(0, batches * m * n).Select(i => a.Values[i / n] * c.Values[(i / (m * n) * n) + (i % n)]);
                Assert.Equal(dtype == DType.Float32 ? expected.Select(value => (double)(float)value) : expected, y.Read());

                var first = zero.Operand with { Layout = zero.Operand.Layout.BroadcastTo(a.Operand.Shape) };
                backend.MatMul(first, c.Operand, y.Operand);
                Assert.All(y.Read(), value => Assert.Equal(0, BitConverter.DoubleToInt64Bits(value)));
            }
        }
    }

    /// <summary>Shared by rows, by panels, by blocks, by lines: an element is the same, whoever computes it.</summary>
    [Fact]
    public void ProductsDoNotDependOnTheThreads()
    {
        foreach (int bits in new[] { 128, 256, 512 }.Where(bits => bits <= ReferenceBackend.WidestBits))
        {
            foreach (int[] size in new int[][] { [150, 90, 100], [65, 100, 200], [70, 700, 130], [260, 600, 90], [500, 600, 3], [300, 1, 700] })
            {
                double[]? first = null;
                foreach (int threads in new[] { 1, 2, 3, 8 })
                {
                    var backend = SeamDevices.Reference(bits, threads);
                    var random = new Random(48);
                    var a = SeamSample.Random(backend, DType.Float32, random, 1, size[0], size[1]);
                    var c = SeamSample.Random(backend, DType.Float32, random, 1, size[1], size[2]);
                    var y = SeamSample.Random(backend, DType.Float32, random, 1, size[0], size[2]);
                    backend.MatMul(a.Operand, c.Operand, y.Operand);
                    first ??= y.Read();
                    Assert.Equal(first, y.Read());
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EmptyProducts(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (int[] size in new int[][] { [2, 3, 0, 4], [0, 3, 2, 4], [1, 0, 2, 4], [1, 3, 2, 0] })
        {
            Check(backend, DType.Float32, size[0], size[1], size[2], size[3], shape => new Layout(shape), new Random(43));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ANaNStaysInItsRowAndColumn(string device)
    {
        var backend = SeamDevices.Open(device);
        int n = SeamDevices.IsSlow(device) ? 9 : 97;
        double[] values = new double[n * n];
        values[(3 * n) + 5] = double.NaN;
        var a = SeamSample.Of(backend, DType.Float32, new Shape(1, n, n), values);
        var c = SeamSample.Random(backend, DType.Float32, new Random(44), 1, n, n);
        var y = SeamSample.Of(backend, DType.Float32, new Shape(1, n, n), new double[n * n]);
        backend.MatMul(a.Operand, c.Operand, y.Operand);
        Assert.Equal(Enumerable.Range(0, n * n).Select(i => i / n == 3), y.Read().Select(double.IsNaN));
        backend.MatMul(c.Operand, a.Operand, y.Operand);
        Assert.Equal(Enumerable.Range(0, n * n).Select(i => i % n == 5), y.Read().Select(double.IsNaN));
    }

    [Theory]
    [InlineData(1, 300, 130, 70)]
    [InlineData(1, 70, 500, 333)]
    [InlineData(5, 90, 90, 90)]
    [InlineData(64, 30, 30, 30)]
    [InlineData(1, 401, 1100, 190)]
    [InlineData(1, 3000, 333, 2)]
    [InlineData(1, 1, 999, 1200)]
    [InlineData(2, 40, 700, 350)]
    public void TheNumberOfThreadsDoesNotShow(int batches, int m, int k, int n)
    {
        double[]? first = null;
        foreach (int threads in new[] { 1, 2, 3, 8 })
        {
            var backend = SeamDevices.Reference(256, threads);
            var random = new Random(45);
            var a = SeamSample.Random(backend, DType.Float32, random, batches, m, k);
            var c = SeamSample.Random(backend, DType.Float32, random, batches, k, n);
            var y = SeamSample.Random(backend, DType.Float32, random, batches, m, n);
            backend.MatMul(a.Operand, c.Operand, y.Operand);
            first ??= y.Read();
            Assert.Equal(first, y.Read());
        }
    }

    /// <summary>y = op(a·c, b) is Map of the product, for a bias a row and for a matrix.</summary>
    private static void CheckFinished(Backend backend, DType dtype, int batches, int m, int k, int n, Random random)
    {
        var a = SeamSample.Random(backend, dtype, random, batches, m, k);
        var c = SeamSample.Random(backend, dtype, random, batches, k, n);
        var bias = SeamSample.Random(backend, dtype, random, 1, 1, n);
        var matrix = SeamSample.Random(backend, dtype, random, batches, m, n);
        var shape = new Shape(batches, m, n);
        foreach (var b in new[] { bias.Operand with { Layout = bias.Operand.Layout.BroadcastTo(shape) }, matrix.Operand })
        {
            var y = SeamSample.Random(backend, dtype, random, batches, m, n);
            var expected = SeamSample.Random(backend, dtype, random, batches, m, n);
            backend.MatMul(a.Operand, c.Operand, expected.Operand);
            backend.Map(new BiasThenTanh(), expected.Operand, b, expected.Operand);
            backend.MatMul(new BiasThenTanh(), a.Operand, c.Operand, b, y.Operand);
            Close.Assert(expected.Read(), y.Read(), 4 * SeamSample.Tolerance(dtype), $"tanh({dtype} [{batches}, {m}, {k}] × {n} + {b.Shape})");
        }
    }

    /// <summary>Whoever follows a product sees each element once, when it has its value.</summary>
    [Theory]
    [InlineData(3, 7, 5, 9)]
    [InlineData(1, 100, 130, 300)]
    [InlineData(1, 300, 700, 600)]
    [InlineData(1, 900, 400, 3)]
    [InlineData(1, 2, 400, 900)]
    [InlineData(2, 5, 0, 3)]
    [InlineData(2, 70, 1, 301)]
    public void WhatFollowsSeesEachElementOnce(int batches, int m, int k, int n)
    {
        foreach (int bits in new[] { 128, 256, 512 })
        {
            var backend = SeamDevices.Reference(bits, 2);
            var random = new Random(46);
            var a = SeamSample.Random(backend, DType.Float32, random, batches, m, k);
            var c = SeamSample.Random(backend, DType.Float32, random, batches, k, n);
            var y = SeamSample.Random(backend, DType.Float32, random, batches, m, n);
            var seen = new float[batches * m * n];
            var times = new int[batches * m * n];
            MatrixProduct.Run(a.Operand, c.Operand, y.Operand, bits, new Workers(2), (batch, row, rows, column, columns) =>
            {
                for (int i = row; i < row + rows; i++)
                {
                    for (int j = column; j < column + columns; j++)
                    {
                        nint at = (((batch * m) + i) * n) + j;
                        var element = new byte[sizeof(float)];
                        backend.Download(y.Operand.Storage, at * sizeof(float), element);
                        seen[at] = BitConverter.ToSingle(element);
                        Interlocked.Increment(ref times[at]);
                    }
                }
            });
            Assert.All(times, count => Assert.Equal(1, count));
            Assert.Equal(y.Read(), seen.Select(value => (double)value));
        }
    }

    private static Layout Turned(Shape shape, bool turned) =>
        turned ? new Layout(new Shape(shape[0], shape[2], shape[1])).Permuted([0, 2, 1]) : new Layout(shape);

    private static void Check(Backend backend, DType dtype, int batches, int m, int k, int n, Func<Shape, Layout> layout, Random random)
    {
        var a = SeamSample.Random(backend, dtype, layout(new Shape(batches, m, k)), random);
        var c = SeamSample.Random(backend, dtype, layout(new Shape(batches, k, n)), random);
        var y = SeamSample.Random(backend, dtype, random, batches, m, n);
        backend.MatMul(a.Operand, c.Operand, y.Operand);

        double[] left = a.Values, right = c.Values, expected = new double[batches * m * n];
        for (int b = 0; b < batches; b++)
        {
            for (int i = 0; i < m; i++)
            {
                for (int l = 0; l < k; l++)
                {
                    double factor = left[(((b * m) + i) * k) + l];
                    for (int j = 0; j < n; j++)
                    {
                        expected[(((b * m) + i) * n) + j] += factor * right[(((b * k) + l) * n) + j];
                    }
                }
            }
        }

        string what = $"{dtype} {a.Operand.Shape} × {c.Operand.Shape}, strides {string.Join(' ', a.Operand.Layout.Strides.ToArray())} and " +
            string.Join(' ', c.Operand.Layout.Strides.ToArray());
        Close.Assert(expected, y.Read(), 4 * SeamSample.Tolerance(dtype), what);
    }
}

/// <summary>tanh(x + b): what follows a product in a layer.</summary>
public readonly struct BiasThenTanh : IMap2
{
    public T Value<T>(T x, T b)
        where T : IReal<T> => T.Tanh(x + b);
}
