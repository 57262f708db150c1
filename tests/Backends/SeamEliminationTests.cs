namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamEliminationTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheMatrixTimesTheSolutionIsTheRightHandSide(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(51);
        foreach (var (dtype, n) in Each(device))
        {
            int b = n < 9 ? 19 : 3;
            int k = random.Next(1, 10);
            var a = Sample(backend, dtype, Regular(random, b, n), b, n, n, random);
            var c = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(b, n, k), random, mayRepeat: true), random);
            var y = SeamSample.Random(backend, dtype, random, b, n, k);
            var status = Status(backend, b);
            backend.Solve(a.Operand, c.Operand, y.Operand, status.Operand);
            Close.Assert(c.Values, Times(a.Values, y.Read(), b, n, n, k), Tolerance(dtype), $"{dtype} {n} {k}");
            Assert.Equal(new double[b], status.Read());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheFactorsMakeTheMatrix(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(52);
        foreach (var (dtype, size) in Each(device))
        {
            foreach (var (m, n) in new[] { (size, size), (size + 2, size), (size, size + 3) })
            {
                const int B = 3;
                var x = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(B, m, n), random, mayRepeat: false), random);
                var y = SeamSample.Random(backend, dtype, random, B, m, n + 1);
                backend.Lu(x.Operand, y.Operand);
                double[] packed = y.Read();
                double[] values = x.Values;
                int r = Math.Min(m, n);
                double[] lower = new double[B * m * r], upper = new double[B * r * n], ordered = new double[B * m * n];
                for (int b = 0; b < B; b++)
                {
                    for (int i = 0; i < m; i++)
                    {
                        int from = (int)packed[(((b * m) + i) * (n + 1)) + n];
                        for (int j = 0; j < n; j++)
                        {
                            double value = packed[(((b * m) + i) * (n + 1)) + j];
                            ordered[(((b * m) + i) * n) + j] = values[(((b * m) + from) * n) + j];
                            if (i > j)
                            {
                                // Partial pivoting: no factor is greater than 1.
                                Assert.True(Math.Abs(value) <= 1);
                                lower[(((b * m) + i) * r) + j] = value;
                            }
                            else
                            {
                                upper[(((b * r) + i) * n) + j] = value;
                            }
                        }

                        if (i < r)
                        {
                            lower[(((b * m) + i) * r) + i] = 1;
                        }
                    }

                    Assert.Equal(Enumerable.Range(0, m), Enumerable.Range(0, m).Select(i => (int)packed[(((b * m) + i) * (n + 1)) + n]).Order());
                }

                Close.Assert(ordered, Times(lower, upper, B, m, r, n), Tolerance(dtype), $"{dtype} {m} {n}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void KnownDeterminants(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (var dtype in Reals)
        {
            // det = −2; a permutation; a diagonal; a pivot of 0 in the first place.
            var x = SeamSample.Of(backend, dtype, new Shape(4, 2, 2), 1, 2, 3, 4, 0, 1, 1, 0, 0.5, 0, 0, -8, 0, 3, 2, 1);
            var y = SeamSample.Of(backend, dtype, new Shape(4, 3), new double[12]);
            backend.Determinant(x.Operand, y.Operand);
            double[] expected = [-2, -1, Math.Log(2), -1, -1, 0, -4, -1, Math.Log(4), -6, -1, Math.Log(6)];
            Close.Assert(expected, y.Read(), 4 * SeamSample.Tolerance(dtype), $"{dtype}");

            // The determinant of a matrix without rows is the empty product.
            var none = SeamSample.Of(backend, dtype, new Shape(2, 0, 0));
            var empty = SeamSample.Of(backend, dtype, new Shape(2, 3), 9, 9, 9, 9, 9, 9);
            backend.Determinant(none.Operand, empty.Operand);
            Assert.Equal([1, 1, 0, 1, 1, 0], empty.Read());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheDeterminantOfAProduct(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(53);
        foreach (var (dtype, n) in Each(device))
        {
            const int B = 2;
            var a = Sample(backend, dtype, Regular(random, B, n), B, n, n, random);
            var c = Sample(backend, dtype, Regular(random, B, n), B, n, n, random);
            var product = SeamSample.Random(backend, dtype, random, B, n, n);
            backend.MatMul(a.Operand, c.Operand, product.Operand);
            double[][] all = [.. new[] { a, c, product }.Select(Determinants)];
            double[] logs = [.. Enumerable.Range(0, B).Select(b => all[0][(3 * b) + 2] + all[1][(3 * b) + 2])];
            Close.Assert(logs, [.. Enumerable.Range(0, B).Select(b => all[2][(3 * b) + 2])], Tolerance(dtype), $"{dtype} {n}");
            for (int b = 0; b < B; b++)
            {
                double[] u = all[0], v = all[1], w = all[2];
                Assert.Equal(u[(3 * b) + 1] * v[(3 * b) + 1], w[(3 * b) + 1]);
                Close.Assert([w[3 * b] / (w[(3 * b) + 1] * Math.Exp(w[(3 * b) + 2]))], [1], 100 * Tolerance(dtype), $"det, {dtype} {n}");
            }

            double[] Determinants(SeamSample x)
            {
                var y = SeamSample.Random(backend, dtype, random, B, 3);
                backend.Determinant(x.Operand, y.Operand);
                return y.Read();
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TrianglesAreSolvedAndTheRestIsNotRead(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(54);
        foreach (var (dtype, n) in Each(device))
        {
            foreach (var (upper, unit) in new[] { (false, false), (false, true), (true, false), (true, true) })
            {
                int k = random.Next(1, 12);
                double[] elements = [.. Enumerable.Range(0, 2 * n * n).Select(at => (random.NextDouble() - 0.5) / n)];
                double[] triangle = new double[2 * n * n];
                for (int at = 0; at < triangle.Length; at++)
                {
                    var (i, j) = (at / n % n, at % n);
                    bool isRead = upper ? i < j : i > j;
                    elements[at] = i == j ? (unit ? double.NaN : 2 + random.NextDouble()) : isRead ? elements[at] : double.NaN;
                    triangle[at] = i == j && unit ? 1 : i == j || isRead ? elements[at] : 0;
                }

                var a = Sample(backend, dtype, elements, 2, n, n, random);
                var c = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(2, n, k), random, mayRepeat: true), random);
                var y = SeamSample.Random(backend, dtype, random, 2, n, k);
                backend.TriangularSolve(upper, unit, a.Operand, c.Operand, y.Operand);
                Close.Assert(c.Values, Times(triangle, y.Read(), 2, n, n, k), Tolerance(dtype), $"{dtype} {n} {upper} {unit}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheCholeskyFactorTimesItsTransposeIsTheMatrix(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(55);
        foreach (var (dtype, n) in Each(device))
        {
            const int B = 3;
            double[] root = [.. Regular(random, B, n)];
            double[] product = Times(root, Transposed(root, B, n), B, n, n, n);
            double[] elements = [.. product.Select((value, at) => at % n > at / n % n ? double.NaN : value)];
            var x = Sample(backend, dtype, elements, B, n, n, random);
            var y = SeamSample.Random(backend, dtype, random, B, n, n);
            var status = Status(backend, B);
            backend.Cholesky(x.Operand, y.Operand, status.Operand);
            double[] l = y.Read();
            Close.Assert(product, Times(l, Transposed(l, B, n), B, n, n, n), Tolerance(dtype), $"{dtype} {n}");
            Assert.All(l.Where((_, at) => at % n > at / n % n), value => Assert.Equal(0, value));
            Assert.All(l.Where((_, at) => at % n == at / n % n), value => Assert.True(value > 0));
            Assert.Equal(new double[B], status.Read());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void WhereItStops(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (var (dtype, n) in Each(device))
        {
            if (n < 2)
            {
                continue;
            }

            // The last pivot is 0; all are regular; the first column is 0; NaN is no pivot of 0.
            double[] one = [.. Enumerable.Range(0, n * n).Select(at => at / n == at % n ? 1.0 : 0)];
            double[] last = [.. one], first = [.. one], missing = [.. one];
            (last[^1], first[0], missing[0]) = (0, 0, double.NaN);
            var x = SeamSample.Of(backend, dtype, new Shape(4, n, n), [.. last, .. one, .. first, .. missing]);
            var y = SeamSample.Of(backend, dtype, new Shape(4, n, n), new double[4 * n * n]);
            var determinants = SeamSample.Of(backend, dtype, new Shape(4, 3), new double[12]);
            var status = Status(backend, 4);
            backend.Solve(x.Operand, x.Operand, y.Operand, status.Operand);
            Assert.Equal([n, 0, 1, 0], status.Read());
            Assert.All(y.Read()[..(n * n)], value => Assert.Equal(double.NaN, value));
            Assert.Equal(one, y.Read()[(n * n)..(2 * n * n)]);
            Assert.All(y.Read()[(2 * n * n)..(3 * n * n)], value => Assert.Equal(double.NaN, value));
            backend.Cholesky(x.Operand, y.Operand, status.Operand);
            Assert.Equal([n, 0, 1, 1], status.Read());
            Assert.Equal(one, y.Read()[(n * n)..(2 * n * n)]);
            Assert.All(y.Read()[..(n * n)], value => Assert.Equal(double.NaN, value));
            backend.Determinant(x.Operand, determinants.Operand);
            double[] singular = [0, 0, double.NegativeInfinity];
            Assert.Equal([.. singular, 1, 1, 0, .. singular, double.NaN, double.NaN, double.NaN], determinants.Read());
        }
    }

    private static IEnumerable<(DType, int)> Each(string device) =>
        from dtype in Reals
        from n in device == "accelerator" ? [1, 2, 5]
            : SeamDevices.IsSlow(device) ? [1, 2, 5, 18]
            : new[] { 1, 2, 3, 4, 8, 9, 17, 40, 75 }
        select (dtype, n);

    private static double Tolerance(DType dtype) => dtype == DType.Float64 ? 1e-12 : 1e-4;

    private static SeamSample Status(Backend backend, int count) =>
        SeamSample.Of(backend, DType.Int64, new Shape(count), [.. Enumerable.Repeat(99.0, count)]);

    private static SeamSample Sample(Backend backend, DType dtype, double[] values, int b, int m, int n, Random random) =>
        SeamSample.Of(backend, dtype, SeamSample.RandomLayout(new Shape(b, m, n), random, mayRepeat: false), values, random);

    /// <summary>Matrices with a heavy diagonal, shifted so that every pivot is found elsewhere.</summary>
    private static double[] Regular(Random random, int batches, int n) =>
    [
        .. Enumerable.Range(0, batches * n * n).Select(at =>
            ((at / n % n) + 1) % n == at % n ? 1 + random.NextDouble() : (random.NextDouble() - 0.5) / n),
    ];

    private static double[] Transposed(double[] x, int b, int n) =>
        [.. Enumerable.Range(0, b * n * n).Select(at => x[(((at / (n * n) * n) + (at % n)) * n) + (at / n % n)])];

    private static double[] Times(double[] a, double[] c, int b, int m, int k, int n)
    {
        var y = new double[b * m * n];
        for (int at = 0; at < y.Length; at++)
        {
            var (batch, i, j) = (at / (m * n), at / n % m, at % n);
            for (int s = 0; s < k; s++)
            {
                y[at] += a[(((batch * m) + i) * k) + s] * c[(((batch * k) + s) * n) + j];
            }
        }

        return y;
    }
}
