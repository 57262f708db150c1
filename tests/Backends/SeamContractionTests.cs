namespace Gpu.Autograd.Tests.Backends;

/// <summary>Products of matrices whose rows, terms and columns are groups of axes, against the sum written out.</summary>
[Collection(SeamDevices.OneAtATime)]
public class SeamContractionTests
{
    /// <summary>Any number of axes in each group, in any layout: strides, gaps, backwards, repeated, overlapping as windows do.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void AnyGroupsOfAnyLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(61);
        DType[] dtypes = [DType.Float32, DType.Float64, DType.Int32, DType.Int64];
        for (int round = 0; round < (SeamDevices.IsSlow(device) ? 16 : 300); round++)
        {
            Check(
                backend, dtypes[round % 4], Axes(random.Next(3), 3), Axes(random.Next(3), 9), Axes(random.Next(4), 5), Axes(random.Next(4), 7),
                shape => SeamSample.RandomLayout(shape, random), shape => SeamSample.RandomLayout(shape, random), random);
        }

        int[] Axes(int count, int most) => [.. Enumerable.Range(0, count).Select(_ => random.Next(1, most + 1))];
    }

    /// <summary>
    /// The windows of a convolution, of the gradient of its weights, and of its input (backwards), with steps and distances, for one shared
    /// matrix on the left: rows from few to more than a tile, columns and terms beyond a panel and a block.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void Windows(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(62);
        bool isSlow = SeamDevices.IsSlow(device);
        (int Samples, int Channels, int Outputs, int Length, int Kernel, int Step, int Apart)[] cases = isSlow
            ? [(2, 3, 5, 9, 3, 1, 1), (1, 4, 18, 8, 3, 2, 1), (2, 2, 1, 9, 2, 1, -3)]
            : [(2, 3, 5, 9, 3, 1, 1), (1, 4, 18, 8, 3, 2, 1), (2, 2, 1, 9, 2, 1, -3), (3, 16, 64, 14, 3, 1, 1), (2, 40, 33, 21, 4, 1, -1), (1, 1, 8, 30, 3, 3, 2)];
        foreach (var (samples, channels, outputs, length, kernel, step, apart) in cases)
        {
            var dtype = random.Next(2) == 0 ? DType.Float32 : DType.Float64;
            int places = ((length - ((kernel - 1) * Math.Abs(apart)) - 1) / step) + 1;
            int start = apart < 0 ? -apart * (kernel - 1) * (length + 1) : 0;
            int[] strides = [channels * length * length, length * length, apart * length, apart, step * length, step];
            var memory = new Layout(new Shape(samples, channels, kernel, kernel, places, places), strides, start);

            // Weights · windows, where samples share the weights.
            Check(
                backend, dtype, [samples], [outputs], [channels, kernel, kernel], [places, places],
                shape => new Layout(new Shape(shape.Lengths[1..])).BroadcastTo(shape), _ => memory, random);

            // A gradient · windows, over samples and places.
            Check(
                backend, dtype, [], [outputs], [samples, places, places], [channels, kernel, kernel],
                shape => new Layout(new Shape(samples, outputs, places, places)).Permuted([1, 0, 2, 3]), _ => memory.Permuted([0, 4, 5, 1, 2, 3]), random);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EmptyGroups(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(63);
        foreach (var (batch, rows, terms, columns) in new (int[], int[], int[], int[])[]
            { ([], [], [], []), ([2], [3], [0], [2, 2]), ([2], [3], [2, 0], []), ([], [2, 2], [], [3]), ([0, 2], [2], [2], [2]) })
        {
            Check(backend, DType.Float32, batch, rows, terms, columns, shape => new Layout(shape), shape => new Layout(shape), random);
        }
    }

    /// <summary>
    /// Few rows, whose windows are read where they lie: a convolution and the gradients of its input and its weights, a channel a group or a few,
    /// with steps; runs shorter than a register and longer, parts of one matrix, more columns than are summed at once, and what follows.
    /// </summary>
    [Theory]
    [InlineData(40, 1, 1, 12, 31, 3, 1, 1)]
    [InlineData(3, 1, 1, 9, 20, 5, 1, 2)]
    [InlineData(2, 2, 1, 11, 70, 3, 2, 1)]
    [InlineData(1, 3, 2, 40, 41, 3, 2, 2)]
    [InlineData(2, 4, 3, 8, 23, 2, 3, 1)]
    [InlineData(1, 1, 1, 1, 9000, 1, 1, 1)]
    [InlineData(1, 1, 1, 3, 3000, 2, 2, 1)]
    public void FewRows(int groups, int rows, int channels, int height, int width, int kernel, int step, int apart)
    {
        var random = new Random(68);
        int high = ((height - ((kernel - 1) * apart) - 1) / step) + 1, wide = ((width - ((kernel - 1) * apart) - 1) / step) + 1;
        int[] strides = [channels * height * width, height * width, apart * width, apart, step * width, step];
        var memory = new Layout(new Shape(groups, channels, kernel, kernel, high, wide), strides, 0);
        var backwards = new Layout(memory.Shape, [strides[0], strides[1], -strides[2], -strides[3], strides[4], strides[5]], (kernel - 1) * apart * (width + 1));
        foreach (int bits in new[] { 128, 256, 512 })
        {
            foreach (var dtype in new[] { DType.Float32, DType.Float64 })
            {
                var backend = SeamDevices.Reference(bits, 1 + (bits / 256));
                foreach (var layout in new[] { memory, backwards })
                {
                    Check(backend, dtype, [groups], [rows], [channels, kernel, kernel], [high, wide], shape => new Layout(shape), _ => layout, random);
                }

                Check(
                    backend, dtype, [groups], [rows], [high, wide], [channels, kernel, kernel], shape => new Layout(shape),
                    _ => memory.Permuted([0, 4, 5, 1, 2, 3]), random);

                var a = SeamSample.Random(backend, dtype, random, groups, rows, channels, kernel, kernel);
                var c = SeamSample.Random(backend, dtype, memory, random);
                var b = SeamSample.Random(backend, dtype, random, groups, rows, high, wide);
                var (y, expected) = (SeamSample.Random(backend, dtype, random, groups, rows, high, wide), SeamSample.Random(backend, dtype, random, groups, rows, high, wide));
                backend.Contract(1, 3, a.Operand, c.Operand, expected.Operand);
                backend.Map(new BiasThenTanh(), expected.Operand, b.Operand, expected.Operand);
                backend.Contract(new BiasThenTanh(), 1, 3, a.Operand, c.Operand, b.Operand, y.Operand);
                Close.Assert(expected.Read(), y.Read(), 0, $"what follows, {bits} bits");
            }
        }
    }

    /// <summary>Registers that are read beyond a run bring nothing of what is there into the sums, not even what is no number.</summary>
    [Fact]
    public void WhatLiesBehindARunDoesNotCount()
    {
        foreach (int bits in new[] { 128, 256, 512 })
        {
            foreach (int rows in new[] { 1, 3 })
            {
                var backend = SeamDevices.Reference(bits, 1);
                var random = new Random(69);
                var a = SeamSample.Random(backend, DType.Float32, random, rows, 4, 19);
                var x = SeamSample.Random(backend, DType.Float32, random, 4, 22);
                var fill = x.Operand with { Layout = x.Operand.Layout.Sliced([0, 20], [1, 1], [4, 2]) };
                backend.Fill(double.NaN, fill);
                var y = SeamSample.Random(backend, DType.Float32, random, rows, 4);

                // Columns 0 and 1 read places 0 to 19, columns 2 and 3 what is no number, too.
                var windows = x.Operand with { Layout = new Layout(new Shape(4, 19, 4), [22, 1, 1], 0) };
                backend.Contract(0, 2, a.Operand, windows, y.Operand);
                double[] read = y.Read();
                for (int i = 0; i < read.Length; i++)
                {
                    Assert.Equal(i % 4 >= 2, double.IsNaN(read[i]));
                }
            }
        }
    }

    /// <summary>Left factors in the opposite order, of which a thread's first begins one element before the first of all.</summary>
    [Fact]
    public void FewRowsBackwards()
    {
        foreach (int bits in new[] { 128, 256, 512 })
        {
            Check(
                SeamDevices.Reference(bits, 5), DType.Float32, [36], [3], [3, 3], [50, 50], shape => new Layout(shape, [-1, 36, 108, 324], 35),
                shape => new Layout(shape, [52 * 52, 52, 1, 52, 1], 0), new Random(72));
        }
    }

    /// <summary>The sums of few rows are the same to the bit, however many threads share them.</summary>
    [Theory]
    [InlineData(1, 200, 3, 1)]
    [InlineData(3, 90, 1, 2)]
    public void TheNumberOfThreadsDoesNotShowInFewRows(int groups, int length, int rows, int step)
    {
        var random = new Random(70);
        int places = ((length - 3) / step) + 1;
        var memory = new Layout(new Shape(groups, 3, 3, places, places), [length * length, length, 1, step * length, step], 0);
        foreach (int bits in new[] { 128, 512 })
        {
            double[]? across = null, along = null;
            foreach (int threads in new[] { 1, 2, 5 })
            {
                var (backend, same) = (SeamDevices.Reference(bits, threads), new Random(71));
                var w = SeamSample.Random(backend, DType.Float32, same, groups, rows, 3, 3);
                var c = SeamSample.Random(backend, DType.Float32, memory, same);
                var y = SeamSample.Random(backend, DType.Float32, same, groups, rows, places, places);
                var g = SeamSample.Random(backend, DType.Float32, same, groups, rows, 3, 3);
                backend.Contract(1, 2, w.Operand, c.Operand, y.Operand);
                backend.Contract(1, 2, y.Operand, c.Operand with { Layout = memory.Permuted([0, 3, 4, 1, 2]) }, g.Operand);
                Assert.Equal(across ??= y.Read(), y.Read());
                Assert.Equal(along ??= g.Read(), g.Read());
            }
        }
    }

    /// <summary>Many terms for few columns, which are added up in parts, and a left factor that does not stay in the cache.</summary>
    [Theory]
    [InlineData(1, 30, 20, 2, 9)]
    [InlineData(2, 12, 30, 3, 5)]
    [InlineData(1, 700, 8, 40, 4)]
    public void TheNumberOfThreadsDoesNotShow(int samples, int outputs, int length, int channels, int inner)
    {
        var random = new Random(64);
        var memory = new Layout(
            new Shape(samples * inner, channels, 3, 3, length, length),
            [channels * (length + 2) * (length + 2), (length + 2) * (length + 2), length + 2, 1, length + 2, 1], 0).Permuted([0, 4, 5, 1, 2, 3]);
        foreach (int bits in new[] { 128, 256, 512 })
        {
            double[]? first = null;
            foreach (int threads in new[] { 1, 2, 5 })
            {
                var backend = SeamDevices.Reference(bits, threads);
                var same = new Random(65);
                var a = SeamSample.Random(backend, DType.Float32, same, outputs, samples * inner, length, length);
                var c = SeamSample.Random(backend, DType.Float32, memory, same);
                var y = SeamSample.Random(backend, DType.Float32, same, outputs, channels, 3, 3);
                backend.Contract(0, 3, a.Operand, c.Operand, y.Operand);
                Assert.Equal(first ??= y.Read(), y.Read());
            }
        }
    }

    /// <summary>What follows a contraction is a map of it: for a number a row, an element each, and a number for all.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void WhatFollowsIsAMap(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(66);
        foreach (var (samples, channels, outputs, length) in SeamDevices.IsSlow(device) ? [(2, 2, 5, 6)] : new[] { (2, 2, 5, 6), (3, 9, 20, 11), (1, 4, 3, 60) })
        {
            int places = length - 2;
            var shape = new Shape(samples, outputs, places, places);
            var w = SeamSample.Random(backend, DType.Float32, random, outputs, channels, 3, 3);
            var x = SeamSample.Random(
                backend, DType.Float32,
                new Layout(new Shape(samples, channels, 3, 3, places, places), [channels * length * length, length * length, length, 1, length, 1], 0), random);
            var weights = w.Operand with { Layout = w.Operand.Layout.BroadcastTo([samples, .. w.Operand.Shape.Lengths]) };
            var bias = SeamSample.Random(backend, DType.Float32, random, outputs, 1, 1);
            var each = SeamSample.Random(backend, DType.Float32, random, [.. shape.Lengths]);
            var turned = SeamSample.Random(backend, DType.Float32, random, places, places, outputs, samples);
            foreach (var b in new[] { bias.Operand with { Layout = bias.Operand.Layout.BroadcastTo(shape) }, each.Operand, turned.Operand with { Layout = turned.Operand.Layout.Permuted([3, 2, 0, 1]) } })
            {
                var y = SeamSample.Random(backend, DType.Float32, random, [.. shape.Lengths]);
                var expected = SeamSample.Random(backend, DType.Float32, random, [.. shape.Lengths]);
                backend.Contract(1, 3, weights, x.Operand, expected.Operand);
                backend.Map(new BiasThenTanh(), expected.Operand, b, expected.Operand);
                backend.Contract(new BiasThenTanh(), 1, 3, weights, x.Operand, b, y.Operand);
                Close.Assert(expected.Read(), y.Read(), 4 * SeamSample.Tolerance(DType.Float32), $"tanh(w·x + b), {shape} on {device}");
            }
        }
    }

    /// <summary>Windows need no memory: what a contraction works in is less than the tensor that has them.</summary>
    [Theory]
    [InlineData("cpu")]
    [InlineData("host")]
    public void NoMatrixOfWindowsIsMade(string name)
    {
        Backend backend = name == "cpu" ? SeamDevices.Reference(256, 2) : new Kernels.HostBackend();
        var random = new Random(67);
        var w = SeamSample.Random(backend, DType.Float64, random, 3, 2, 5, 5);
        var x = SeamSample.Random(backend, DType.Float64, new Layout(new Shape(2, 5, 5, 60, 60), [4096, 64, 1, 64, 1], 0), random);
        var y = SeamSample.Random(backend, DType.Float64, random, 3, 60, 60);
        var g = SeamSample.Random(backend, DType.Float64, random, 3, 2, 5, 5);
        long before = backend.Pool.Use.PeakBytes;
        backend.Contract(0, 3, w.Operand, x.Operand, y.Operand);
        backend.Contract(0, 2, y.Operand, x.Operand with { Layout = x.Operand.Layout.Permuted([3, 4, 0, 1, 2]) }, g.Operand);
        Assert.InRange(backend.Pool.Use.PeakBytes - before, 0, 2 * 4096 * sizeof(double));
    }

    private static void Check(
        Backend backend, DType dtype, int[] batch, int[] rows, int[] terms, int[] columns, Func<Shape, Layout> left, Func<Shape, Layout> right, Random random)
    {
        var a = SeamSample.Random(backend, dtype, left([.. batch, .. rows, .. terms]), random);
        var c = SeamSample.Random(backend, dtype, right([.. batch, .. terms, .. columns]), random);
        var y = SeamSample.Random(backend, dtype, random, [.. batch, .. rows, .. columns]);
        if (y.Values.Length > 0)
        {
            backend.Contract(batch.Length, terms.Length, a.Operand, c.Operand, y.Operand);
        }

        int m = Size(rows), k = Size(terms), n = Size(columns);
        double[] x = a.Values, z = c.Values, expected = new double[Size(batch) * m * n];
        for (int i = 0; i < expected.Length; i++)
        {
            var (b, row, column) = (i / n / m, i / n % m, i % n);
            for (int l = 0; l < k; l++)
            {
                expected[i] += x[(((b * m) + row) * k) + l] * z[(((b * k) + l) * n) + column];
            }
        }

        Close.Assert(
            expected, y.Read(), 4 * SeamSample.Tolerance(dtype),
            $"{dtype}, {batch.Length} axes of batch, {terms.Length} summed: {a.Operand.Shape} ({string.Join(' ', a.Operand.Layout.Strides.ToArray())}) × " +
            $"{c.Operand.Shape} ({string.Join(' ', c.Operand.Layout.Strides.ToArray())})");
    }

    private static int Size(int[] lengths) => lengths.Aggregate(1, (product, length) => product * length);
}
