namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamSoftmaxTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void RowsOfAnyLengthAndLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(51);

        // Around a register of rows and of classes, around what is worked on along; more axes than a kernel has loops; no rows, one class.
        int[][] shapes =
        [
            [0, 3], [1, 1], [5, 1], [3, 10], [16, 10], [33, 7], [40, 3], [2, 63], [3, 64], [2, 65], [3, 79], [2, 3, 17, 5], [2, 300],
            [2, 3, 2, 3, 2, 3, 4],
            .. SeamDevices.IsSlow(device) ? Array.Empty<int[]>() : [[2, 70_000], [8192, 10], [60, 1000]],
        ];
        foreach (int[] lengths in shapes)
        {
            foreach (var dtype in Reals)
            {
                for (int repeat = 0; repeat < (SeamDevices.IsSlow(device) || new Shape(lengths).Size > 10_000 ? 1 : 3); repeat++)
                {
                    Check(backend, dtype, new Shape(lengths), random);
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void InfinitiesAndNaN(string device)
    {
        const double Inf = double.PositiveInfinity;
        var backend = SeamDevices.Open(device);
        double[][] rows = [[-Inf, -Inf, -Inf], [-Inf, 1, 2], [Inf, 1, -Inf], [Inf, Inf, 0], [double.NaN, 1, 2], [1e30, 1e30, -1e30]];

        // Once as short rows, once as long ones that end in what counts for nothing.
        foreach (int length in new[] { 3, 100 })
        {
            double[] values = [.. rows.SelectMany(row => row.Concat(Enumerable.Repeat(-Inf, length - 3)))];
            foreach (var dtype in Reals)
            {
                var shape = new Shape(rows.Length, length);
                var x = SeamSample.Of(backend, dtype, shape, values);
                var y = SeamSample.Of(backend, dtype, shape, new double[values.Length]);
                var ofRow = SeamSample.Of(backend, dtype, new Shape(rows.Length), new double[rows.Length]);
                var ones = SeamSample.Of(backend, dtype, new Shape(rows.Length), [.. Enumerable.Repeat(1.0, rows.Length)]);
                backend.Softmax(false, x.Operand, y.Operand);
                Close.Assert(Softmax(values, length, log: false), y.Read(), 1e-6, $"softmax of {length}");
                backend.Softmax(true, x.Operand, y.Operand);
                Close.Assert(Softmax(values, length, log: true), y.Read(), 1e-6, $"its logarithm, of {length}");
                backend.CrossEntropy(x.Operand, null, ofRow.Operand);
                Close.Assert([-Inf, 2 + Math.Log(1 + Math.Exp(-1)), Inf, Inf, double.NaN, 1e30], ofRow.Read(), 1e-6, "log Σ exp");
                backend.CrossEntropyGradient(ones.Operand, x.Operand, null, y.Operand);
                Assert.All(y.Read()[..length], slope => Assert.Equal(0, slope));
                Close.Assert(SlopesOfLogSumExp(values, length)[length..], y.Read()[length..], 1e-6, $"its gradient, of {length}");

                var labels = SeamSample.Of(backend, DType.Int32, new Shape(rows.Length), 0, 1, 1, 1, 1, 1);
                backend.CrossEntropy(x.Operand, labels.Operand, ofRow.Operand);
                Close.Assert(
                    [double.NaN, 1 + Math.Log(1 + Math.Exp(-1)), double.NaN, double.NaN, double.NaN, Math.Log(2)], ofRow.Read(), 1e-6, "cross-entropy");
                backend.CrossEntropyGradient(ones.Operand, x.Operand, labels.Operand, y.Operand);
                double[] slopes = Softmax(values, length, log: false);
                for (int row = 0; row < rows.Length; row++)
                {
                    slopes[(row * length) + Math.Min(row, 1)]--;
                }

                Close.Assert(slopes, y.Read(), 1e-6, $"gradient of cross-entropy of {length}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ALabelOutsideIsAnErrorOrNaN(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (int classes in new[] { 4, 100 })
        {
            foreach (double wrong in new[] { classes, -1.0 })
            {
                var x = SeamSample.Random(backend, DType.Float32, new Random(52), 3, classes);
                var labels = SeamSample.Of(backend, DType.Int64, new Shape(3), 0, wrong, 1);
                var y = SeamSample.Of(backend, DType.Float32, new Shape(3), 0, 0, 0);
                try
                {
                    backend.CrossEntropy(x.Operand, labels.Operand, y.Operand);
                    Assert.Equal([false, true, false], y.Read().Select(double.IsNaN));
                    Assert.False(device.StartsWith("cpu", StringComparison.Ordinal), "The CPU sees the label.");
                }
                catch (IndexOutOfRangeException e)
                {
                    Assert.Equal($"CrossEntropy: index {wrong} is outside 0..{classes - 1} (position 1).", e.Message);
                }
            }
        }
    }

    [Fact]
    public void ThreadsDoNotChangeBits()
    {
        foreach (int[] lengths in new int[][] { [9000, 10], [100, 1500] })
        {
            var results = new List<double[]>();
            foreach (int threads in new[] { 1, 3 })
            {
                var backend = SeamDevices.Reference(256, threads);
                var x = SeamSample.Random(backend, DType.Float32, new Random(53), lengths);
                var y = SeamSample.Of(backend, DType.Float32, new Shape(lengths), new double[lengths[0] * lengths[1]]);
                backend.Softmax(false, x.Operand, y.Operand);
                results.Add(y.Read());
            }

            Assert.Equal(results[0], results[1]);
        }
    }

    private static void Check(Backend backend, DType dtype, Shape shape, Random random)
    {
        int length = shape[-1];
        int rows = shape.Size / length;
        var ofRows = new Shape(shape.Lengths[..^1]);
        double tolerance = 20 * SeamSample.Tolerance(dtype);
        var x = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random), random);
        var g = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random), random);
        double[] values = x.Values, slopes = g.Values;
        foreach (bool log in new[] { false, true })
        {
            string what = $"{(log ? "log " : "")}softmax of {shape}";
            var y = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
            backend.Softmax(log, x.Operand, y.Operand);
            double[] result = y.Read();
            Close.Assert(Softmax(values, length, log), result, tolerance, what);
            y.AssertGapsUntouched();

            var dx = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
            backend.SoftmaxGradient(log, g.Operand, y.Operand, dx.Operand);
            var expected = new double[values.Length];
            for (int row = 0; row < rows; row++)
            {
                var at = Enumerable.Range(row * length, length);
                double sum = at.Sum(i => log ? slopes[i] : slopes[i] * result[i]);
                foreach (int i in at)
                {
                    expected[i] = log ? slopes[i] - (Math.Exp(result[i]) * sum) : result[i] * (slopes[i] - sum);
                }
            }

            // The sum of many slopes is rounded by its own size.
            Close.Assert(expected, dx.Read(), tolerance * (1 + (length / 1000)), "gradient of " + what);
            dx.AssertGapsUntouched();
        }

        double[] logs = Softmax(values, length, log: true);
        foreach (var type in new DType?[] { null, DType.Int32, DType.Int64 })
        {
            double[] picks = [.. Enumerable.Range(0, rows).Select(_ => (double)random.Next(length))];
            var labels = type is { } known ? SeamSample.Of(backend, known, ofRows, picks) : null;
            var y = SeamSample.Of(backend, dtype, ofRows, new double[rows]);
            backend.CrossEntropy(x.Operand, labels?.Operand, y.Operand);
            string what = $"entropy of {shape}, {type}";
            Close.Assert(
                [.. Enumerable.Range(0, rows).Select(row => type is null ? values[row * length] - logs[row * length] : -logs[(row * length) + (int)picks[row]])],
                y.Read(),
                tolerance,
                what);

            var slope = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(ofRows, random), random);
            var dx = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
            backend.CrossEntropyGradient(slope.Operand, x.Operand, labels?.Operand, dx.Operand);
            double[] ofRow = slope.Values;
            Close.Assert(
                [.. logs.Select((y, i) => ofRow[i / length] * (Math.Exp(y) - (type is not null && i % length == picks[i / length] ? 1 : 0)))],
                dx.Read(),
                tolerance,
                "gradient of the " + what);
            dx.AssertGapsUntouched();
        }
    }

    private static double[] SlopesOfLogSumExp(double[] x, int length)
    {
        var y = new double[x.Length];
        for (int row = 0; row < x.Length; row += length)
        {
            double max = x.AsSpan(row, length).ToArray().Max();
            double shift = double.IsFinite(max) ? max : 0;
            double scale = 1 / x.AsSpan(row, length).ToArray().Sum(value => Math.Exp(value - shift));
            for (int i = row; i < row + length; i++)
            {
                y[i] = Math.Exp(x[i] - shift) * scale;
            }
        }

        return y;
    }

    private static double[] Softmax(double[] x, int length, bool log)
    {
        var y = new double[x.Length];
        for (int row = 0; row < x.Length; row += length)
        {
            // Where the greatest is infinite all is NaN: ∞ − ∞ is.
            double shift = x.AsSpan(row, length).ToArray().Max();
            double sum = x.AsSpan(row, length).ToArray().Sum(value => Math.Exp(value - shift));
            for (int i = row; i < row + length; i++)
            {
                y[i] = log ? x[i] - shift - Math.Log(sum) : Math.Exp(x[i] - shift) / sum;
            }
        }

        return y;
    }
}
