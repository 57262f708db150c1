namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamMatrixTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheInverseTimesTheMatrixIsOne(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(51);
        foreach (var dtype in Reals)
        {
            foreach (int n in SeamDevices.IsSlow(device) ? [1, 2, 5] : new[] { 1, 2, 3, 5, 8, 17, 40 })
            {
                var shape = new Shape(3, n, n);
                double[] drawn = Regular(random, 3, n);
                var x = SeamSample.Of(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), drawn, random);
                var y = SeamSample.Random(backend, dtype, random, 3, n, n);
                backend.Inverse(x.Operand, y.Operand);
                double[] left = x.Values, right = y.Read(), product = new double[3 * n * n], one = new double[3 * n * n];
                for (int at = 0; at < product.Length; at++)
                {
                    var (b, i, j) = (at / (n * n), at / n % n, at % n);
                    one[at] = i == j ? 1 : 0;
                    for (int k = 0; k < n; k++)
                    {
                        product[at] += left[(((b * n) + i) * n) + k] * right[(((b * n) + k) * n) + j];
                    }
                }

                Close.Assert(one, product, dtype == DType.Float64 ? 1e-12 : 1e-4, $"{dtype} {shape}");
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
            var x = SeamSample.Of(
                backend, dtype, new Shape(4, 2, 2), 1, 2, 3, 4, 0, 1, 1, 0, 0.5, 0, 0, -8, 0, 3, 2, 1);
            var y = SeamSample.Of(backend, dtype, new Shape(4), new double[4]);
            backend.LogAbsDet(x.Operand, y.Operand);
            Close.Assert([Math.Log(2), 0, Math.Log(4), Math.Log(6)], y.Read(), 4 * SeamSample.Tolerance(dtype), $"{dtype}");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void TheDeterminantOfAProduct(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(52);
        foreach (var dtype in Reals)
        {
            foreach (int n in SeamDevices.IsSlow(device) ? [1, 4] : new[] { 1, 3, 8, 19 })
            {
                var a = SeamSample.Of(backend, dtype, SeamSample.RandomLayout(new Shape(2, n, n), random, false), Regular(random, 2, n), random);
                var c = SeamSample.Of(backend, dtype, SeamSample.RandomLayout(new Shape(2, n, n), random, false), Regular(random, 2, n), random);
                var product = SeamSample.Random(backend, dtype, random, 2, n, n);
                backend.MatMul(a.Operand, c.Operand, product.Operand);
                double[][] logs = [.. new[] { a, c, product }.Select(LogAbsDet)];
                double[] sums = [.. logs[0].Zip(logs[1], (u, v) => u + v)];
                Close.Assert(sums, logs[2], dtype == DType.Float64 ? 1e-12 : 1e-4, $"{dtype} {n}");

                double[] LogAbsDet(SeamSample x)
                {
                    var y = SeamSample.Of(backend, dtype, new Shape(2), 9, 9);
                    backend.LogAbsDet(x.Operand, y.Operand);
                    return y.Read();
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void SingularMatricesAndNone(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (var dtype in Reals)
        {
            var x = SeamSample.Of(backend, dtype, new Shape(2, 2, 2), 1, 2, 2, 4, 2, 0, 0, 4);
            var inverse = SeamSample.Of(backend, dtype, new Shape(2, 2, 2), new double[8]);
            var log = SeamSample.Of(backend, dtype, new Shape(2), 0, 0);
            backend.Inverse(x.Operand, inverse.Operand);
            backend.LogAbsDet(x.Operand, log.Operand);
            Assert.Equal([double.NaN, double.NaN, double.NaN, double.NaN, 0.5, 0, 0, 0.25], inverse.Read());
            Close.Assert([double.NegativeInfinity, Math.Log(8)], log.Read(), SeamSample.Tolerance(dtype), $"{dtype}");

            // The determinant of a matrix without rows is the empty product.
            var none = SeamSample.Of(backend, dtype, new Shape(2, 0, 0));
            backend.LogAbsDet(none.Operand, log.Operand);
            Assert.Equal([0, 0], log.Read());
        }
    }

    /// <summary>Matrices with a heavy diagonal, shifted so that every pivot is found elsewhere.</summary>
    private static double[] Regular(Random random, int batches, int n) =>
    [
        .. Enumerable.Range(0, batches * n * n).Select(at =>
            ((at / n % n) + 1) % n == at % n ? n + random.NextDouble() : random.NextDouble() - 0.5),
    ];
}
