namespace Gpu.Autograd.Tests.Backends;

/// <summary>The factorisations by orthogonal matrices, of every back end, by what they must be; small and large ones go different ways.</summary>
[Collection(SeamDevices.OneAtATime)]
public class SeamSpectralTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void Qr(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(61);
        foreach (var (dtype, m, n) in Sizes(device))
        {
            var x = Sample(backend, dtype, random, m, n);
            double[] y = Run(backend, dtype, n, m + n, random, y => backend.Qr(x.Operand, y));
            for (int b = 0; b < 3; b++)
            {
                double[,] q = Part(y, b, n, m + n, 0, m), r = Part(y, b, n, m + n, m, n);
                string what = $"{dtype} {m}×{n}";
                Close.Assert(Matrix(x.Values, b, m, n), Flat(Product(Transposed(q), r)), Tolerance(dtype, m), $"{what}: x = Q·R");
                Close.Assert(Unit(n), Flat(Product(q, Transposed(q))), Tolerance(dtype, m), $"{what}: QᵀQ = 1");
                for (int i = 0; i < n; i++)
                {
                    Assert.True(r[i, i] >= 0, $"{what}: R's diagonal has {r[i, i]}");
                    Assert.All(Enumerable.Range(0, i), j => Assert.Equal(0, r[i, j]));
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void Eigh(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(62);
        foreach (var (dtype, n, _) in Sizes(device).Where(size => size.N == 1 || size.M % size.N == 0))
        {
            var drawn = Sample(backend, dtype, random, n, n).Values;
            double[] symmetric = [.. drawn.Select((value, at) => value + drawn[(at / (n * n) * n * n) + (at % n * n) + (at / n % n)])];
            var layout = SeamSample.RandomLayout(new Shape(3, n, n), random, mayRepeat: false);
            var x = SeamSample.Of(backend, dtype, layout, symmetric, random);
            double[] y = Run(backend, dtype, n, n + 1, random, y => backend.Eigh(x.Operand, y));
            for (int b = 0; b < 3; b++)
            {
                double[,] v = Part(y, b, n, n + 1, 0, n), values = Part(y, b, n, n + 1, n, 1);
                string what = $"{dtype} {n}";
                double[] product = Flat(Product(Transposed(v), Scaled(v, values)));
                Close.Assert(Matrix(x.Values, b, n, n), product, Tolerance(dtype, n), $"{what}: x = V·Λ·Vᵀ");
                Close.Assert(Unit(n), Flat(Product(v, Transposed(v))), Tolerance(dtype, n), $"{what}: VᵀV = 1");
                Assert.All(Enumerable.Range(1, n - 1), k => Assert.True(values[k - 1, 0] <= values[k, 0], $"{what}: values ascend"));
                AssertPointsUp(v, what);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void Svd(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(63);
        foreach (var (dtype, m, n) in Sizes(device))
        {
            AssertSvd(backend, dtype, Sample(backend, dtype, random, m, n), m, n, random);
        }
    }

    /// <summary>Values that coincide, values of 0, and zero rows and columns.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void SpecialMatrices(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(64);
        foreach (var dtype in Reals)
        {
            // Ones, zeros and a permutation; of ones in two of three rows.
            double[] x =
            [
                1, 1, 1, 1, 1, 1, 1, 1, 1,
                0, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 1, 0, 1, 0, 0, 0, 0, 1,
            ];
            var sample = SeamSample.Of(backend, dtype, new Shape(3, 3, 3), x);
            AssertSvd(backend, dtype, sample, 3, 3, random);
            double[] y = Run(backend, dtype, 3, 4, random, y => backend.Eigh(sample.Operand, y));
            double[] values = [.. y.Where((_, at) => at % 4 == 3)];
            Close.Assert([0, 0, 3, 0, 0, 0, -1, 1, 1], values, 4 * SeamSample.Tolerance(dtype), $"{dtype}: eigenvalues");
            var tall = SeamSample.Of(backend, dtype, new Shape(3, 3, 2), 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1e-3, 2, 0, 0, 0, 0);
            AssertSvd(backend, dtype, tall, 3, 2, random);
            Run(backend, dtype, 2, 5, random, y => backend.Qr(tall.Operand, y));
        }
    }

    /// <summary>Great and small elements do not overflow when they are squared.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void GreatAndSmallElements(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(65);
        foreach (var dtype in Reals)
        {
            double scale = dtype == DType.Float64 ? 1e160 : 1e20;
            var x = SeamSample.Of(backend, dtype, new Shape(2, 2, 2), 3 * scale, 0, 4 * scale, 5 * scale, 3 / scale, 0, 4 / scale, 5 / scale);
            double[] y = Run(backend, dtype, 2, 5, random, y => backend.Svd(x.Operand, y), batch: 2);
            double[] s = [Math.Sqrt(45), Math.Sqrt(5), Math.Sqrt(45), Math.Sqrt(5)];
            Close.Assert(s, [y[4] / scale, y[9] / scale, y[14] * scale, y[19] * scale], 10 * SeamSample.Tolerance(dtype), $"{dtype} Svd");
            y = Run(backend, dtype, 2, 4, random, y => backend.Qr(x.Operand, y), batch: 2);
            Close.Assert([5, 4, 5, 4], [y[2] / scale, y[3] / scale, y[10] * scale, y[11] * scale], 10 * SeamSample.Tolerance(dtype), $"{dtype} Qr");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void WhatIsNotFiniteSpoilsItsMatrixAlone(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(66);
        foreach (var dtype in Reals)
        {
            foreach (double bad in new[] { double.NaN, double.PositiveInfinity })
            {
                var x = SeamSample.Of(backend, dtype, new Shape(2, 2, 2), 1, 2, bad, 4, 2, 0, 0, 3);
                double[] qr = Run(backend, dtype, 2, 4, random, y => backend.Qr(x.Operand, y), batch: 2);
                double[] eigh = Run(backend, dtype, 2, 3, random, y => backend.Eigh(x.Operand, y), batch: 2);
                double[] svd = Run(backend, dtype, 2, 5, random, y => backend.Svd(x.Operand, y), batch: 2);
                Assert.All([.. qr[..8], .. eigh[..6], .. svd[..10]], value => Assert.Equal(double.NaN, value));
                Assert.Equal([1, 0, 2, 0, 0, 1, 0, 3], qr[8..].Select(value => Math.Round(value, 5)));
                Assert.Equal([1, 0, 2, 0, 1, 3], eigh[6..].Select(value => Math.Round(value, 5)));
                Assert.Equal([0, 1, 0, 1, 3, 1, 0, 1, 0, 2], svd[10..].Select(value => Math.Round(value, 5)));
            }
        }
    }

    private static void AssertSvd(Backend backend, DType dtype, SeamSample x, int m, int n, Random random)
    {
        double[] y = Run(backend, dtype, n, m + n + 1, random, y => backend.Svd(x.Operand, y));
        for (int b = 0; b < 3; b++)
        {
            int width = m + n + 1;
            double[,] u = Part(y, b, n, width, 0, m), v = Part(y, b, n, width, m, n), s = Part(y, b, n, width, m + n, 1);
            string what = $"{dtype} {m}×{n}";
            Close.Assert(Matrix(x.Values, b, m, n), Flat(Product(Transposed(u), Scaled(v, s))), Tolerance(dtype, m), $"{what}: x = U·S·Vᵀ");
            Close.Assert(Unit(n), Flat(Product(u, Transposed(u))), Tolerance(dtype, m), $"{what}: UᵀU = 1");
            Close.Assert(Unit(n), Flat(Product(v, Transposed(v))), Tolerance(dtype, m), $"{what}: VᵀV = 1");
            Assert.All(Enumerable.Range(1, n - 1), k => Assert.True(s[k - 1, 0] >= s[k, 0] && s[k, 0] >= 0, $"{what}: values descend"));
            AssertPointsUp(u, what);
        }
    }

    private static void AssertPointsUp(double[,] rows, string what)
    {
        for (int k = 0; k < rows.GetLength(0); k++)
        {
            double[] row = [.. Enumerable.Range(0, rows.GetLength(1)).Select(i => rows[k, i])];
            double greatest = row.Max(Math.Abs);

            // An element at the bound itself may count or not.
            Assert.True(
                row.First(value => Math.Abs(value) >= 0.6001 * greatest) > 0 || row.First(value => Math.Abs(value) >= 0.5999 * greatest) > 0,
                $"{what}: vector {k} points down");
        }
    }

    private static IEnumerable<(DType DType, int M, int N)> Sizes(string device)
    {
        (int M, int N)[] sizes = SeamDevices.IsSlow(device)
            ? [(1, 1), (2, 2), (5, 5), (4, 2), (26, 26)]
            : [(1, 1), (2, 2), (3, 3), (5, 5), (8, 8), (5, 1), (7, 4), (17, 17), (40, 9), (65, 65)];
        bool isSlowest = device == "accelerator";
        return from dtype in Reals
               from size in sizes
               where !isSlowest || size.M < 20
               select (dtype, size.M, size.N);
    }

    private static SeamSample Sample(Backend backend, DType dtype, Random random, int m, int n) =>
        SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(3, m, n), random, mayRepeat: false), random);

    private static double[] Run(Backend backend, DType dtype, int rows, int width, Random random, Action<Operand> run, int batch = 3)
    {
        var y = SeamSample.Random(backend, dtype, random, batch, rows, width);
        run(y.Operand);
        return y.Read();
    }

    private static double Tolerance(DType dtype, int size) => 8 * size * SeamSample.Tolerance(dtype);

    private static double[] Matrix(double[] values, int b, int m, int n) => values[(b * m * n)..((b + 1) * m * n)];

    private static double[,] Part(double[] y, int b, int rows, int width, int from, int count)
    {
        var part = new double[rows, count];
        for (int k = 0; k < rows; k++)
        {
            for (int i = 0; i < count; i++)
            {
                part[k, i] = y[(((b * rows) + k) * width) + from + i];
            }
        }

        return part;
    }

    private static double[,] Product(double[,] a, double[,] b)
    {
        var y = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < y.GetLength(0); i++)
        {
            for (int j = 0; j < y.GetLength(1); j++)
            {
                for (int k = 0; k < b.GetLength(0); k++)
                {
                    y[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return y;
    }

    private static double[,] Transposed(double[,] a)
    {
        var y = new double[a.GetLength(1), a.GetLength(0)];
        foreach (var (i, j) in from i in Enumerable.Range(0, y.GetLength(0)) from j in Enumerable.Range(0, y.GetLength(1)) select (i, j))
        {
            y[i, j] = a[j, i];
        }

        return y;
    }

    private static double[,] Scaled(double[,] rows, double[,] values)
    {
        var y = (double[,])rows.Clone();
        foreach (var (i, j) in from i in Enumerable.Range(0, y.GetLength(0)) from j in Enumerable.Range(0, y.GetLength(1)) select (i, j))
        {
            y[i, j] *= values[i, 0];
        }

        return y;
    }

    private static double[] Unit(int n) => [.. Enumerable.Range(0, n * n).Select(at => at / n == at % n ? 1.0 : 0)];

    private static double[] Flat(double[,] a) => [.. a.Cast<double>()];
}
