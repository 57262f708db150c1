using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Tests.Backends;

/// <summary>y = s·x + t: an op with fields.</summary>
public readonly struct Line(Number s, Number t) : IMap1
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x)
        where T : IReal<T> => (T.Param(s) * x) + T.Param(t);
}

/// <summary>y = a·b − a: not symmetric, so that exchanged operands show.</summary>
public readonly struct ProductLess : IMap2
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b)
        where T : IReal<T> => (a * b) - a;
}

/// <summary>y = c where a &lt; b, else a + 2b.</summary>
public readonly struct Choice : IMap3
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c)
        where T : IReal<T> => T.IfLess(a, b, c, a + (T.Const(2) * b));
}

/// <summary>y = a·b − c/(d² + 1).</summary>
public readonly struct Mixture : IMap4
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => (a * b) - (c / ((d * d) + T.One));
}

[Collection(SeamDevices.OneAtATime)]
public class SeamMapTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EveryLengthAroundTheVectorWidth(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(1);
        int most = SeamDevices.IsSlow(device) ? 33 : 70;
        foreach (var dtype in Reals)
        {
            foreach (int n in Enumerable.Range(0, most).Concat([511, 512, 513, 1025]))
            {
                CheckAll(backend, dtype, [.. Enumerable.Repeat(new Layout(new Shape(n)), 4)], new Layout(new Shape(n)), random);
            }
        }
    }

    /// <summary>One row for all rows and one column for all columns, across blocks, registers and threads, also in copies.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void ARowOrAColumnStandsForAMatrix(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(4);
        int[][] shapes =
        [
            [64, 10], [3, 16], [200, 17], [70, 33], [5, 300],
            .. SeamDevices.IsSlow(device) ? Array.Empty<int[]>() : [[1500, 2], [20_000, 11], [600, 255], [100, 2000]],
        ];
        foreach (var dtype in Reals)
        {
            foreach (int[] lengths in shapes)
            {
                var shape = new Shape(lengths);
                var a = SeamSample.Random(backend, dtype, new Layout(shape), random);
                var row = SeamSample.Random(backend, dtype, new Layout(shape, [0, 1], 1), random);
                var column = SeamSample.Random(backend, dtype, new Layout(shape, [1, 0], 2), random);
                foreach (var b in new[] { row, column })
                {
                    double[] x = a.Values, z = b.Values;
                    var y = SeamSample.Of(backend, dtype, shape, new double[x.Length]);
                    backend.Map(default(ProductLess), a.Operand, b.Operand, y.Operand);
                    Close.Assert([.. x.Zip(z, (p, q) => (p * q) - p)], y.Read(), 4 * SeamSample.Tolerance(dtype), $"{shape}");
                    backend.Copy(b.Operand, y.Operand);
                    Assert.Equal(z, y.Read());
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void AnyLayouts(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(2);
        int[][] shapes = [[], [1], [7], [600], [3, 5], [2, 300], [300, 3], [1, 17], [4, 0, 3], [2, 3, 5], [4, 1, 33], [2, 3, 2, 7], [2, 3, 1, 2, 5]];
        for (int round = 0; round < (SeamDevices.IsSlow(device) ? 2 : 20); round++)
        {
            foreach (int[] lengths in shapes)
            {
                var shape = new Shape(lengths);
                var operands = Enumerable.Range(0, 4).Select(_ => SeamSample.RandomLayout(shape, random)).ToArray();
                CheckAll(backend, Reals[round % 2], operands, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void InPlace(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(3);
        foreach (int[] lengths in new int[][] { [1], [19], [1000], [5, 300], [6, 7, 8] })
        {
            for (int round = 0; round < 4; round++)
            {
                var shape = new Shape(lengths);
                var dtype = Reals[round % 2];
                var y = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
                var b = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random), random);
                backend.Map(default(ProductLess), y.Operand, b.Operand, y.Operand);
                double[] expected = [.. y.Values.Zip(b.Values, (u, v) => (u * v) - u)];
                Close.Assert(expected, y.Read(), SeamSample.Tolerance(dtype), $"{shape} in place");
                y.AssertGapsUntouched();
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void AnElementDoesNotDependOnItsPlace(string device)
    {
        var backend = SeamDevices.Open(device);
        var x = SeamSample.Random(backend, DType.Float32, new Random(4), 100);
        var y = SeamSample.Of(backend, DType.Float32, new Shape(100), new double[100]);
        backend.Map(default(Bump), x.Operand, y.Operand);
        double[] all = y.Read();
        for (int i = 0; i < 100; i += SeamDevices.IsSlow(device) ? 25 : 1)
        {
            var one = SeamSample.Of(backend, DType.Float32, new Shape(1), 0);
            backend.Map(default(Bump), x.Operand with { Layout = new Layout(new Shape(1), [1], i) }, one.Operand);
            Assert.Equal(all[i], one.Read()[0]);
        }
    }

    [Theory]
    [InlineData(128)]
    [InlineData(512)]
    public void TheNumberOfThreadsDoesNotShow(int bits)
    {
        double[]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            var backend = SeamDevices.Reference(bits, threads);
            var random = new Random(5);
            var x = SeamSample.Random(backend, DType.Float32, random, 777, 512);
            var row = SeamSample.Random(backend, DType.Float32, new Layout(new Shape(777, 512), [0, 1], 0), random);
            var turned = SeamSample.Random(backend, DType.Float32, new Layout(new Shape(777, 512), [1, 777], 0), random);
            var y = SeamSample.Of(backend, DType.Float32, new Shape(777, 512), new double[777 * 512]);
            backend.Map(default(Choice), x.Operand, row.Operand, turned.Operand, y.Operand);
            backend.Map(default(Bump), y.Operand, y.Operand);
            first ??= y.Read();
            Assert.Equal(first, y.Read());
        }
    }

    private static void CheckAll(Backend backend, DType dtype, Layout[] layouts, Layout result, Random random)
    {
        SeamSample[] x = [.. layouts.Select(layout => SeamSample.Random(backend, dtype, layout, random))];
        double[][] v = [.. x.Select(sample => sample.Values)];
        int n = result.Shape.Size;
        Check(y => backend.Map(new Line(1.5, -0.25), x[0].Operand, y), i => (1.5 * v[0][i]) - 0.25);
        Check(y => backend.Map(default(ProductLess), x[0].Operand, x[1].Operand, y), i => (v[0][i] * v[1][i]) - v[0][i]);
        Check(
            y => backend.Map(default(Choice), x[0].Operand, x[1].Operand, x[2].Operand, y),
            i => v[0][i] < v[1][i] ? v[2][i] : v[0][i] + (2 * v[1][i]));
        Check(
            y => backend.Map(default(Mixture), x[0].Operand, x[1].Operand, x[2].Operand, x[3].Operand, y),
            i => (v[0][i] * v[1][i]) - (v[2][i] / ((v[3][i] * v[3][i]) + 1)));

        void Check(Action<Operand> run, Func<int, double> expected)
        {
            var y = SeamSample.Random(backend, dtype, result, random);
            run(y.Operand);
            double[] all = [.. Enumerable.Range(0, n).Select(expected)];
            Close.Assert(all, y.Read(), SeamSample.Tolerance(dtype), $"{dtype} {result.Shape}");
            y.AssertGapsUntouched();
        }
    }

    /// <summary>Enough arithmetic for a fused and a not fused form of it to differ.</summary>
    public readonly struct Bump : IMap1
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => (T.Exp(-(x * x)) * x) + (T.Tanh(x) / (T.One + (x * x)));
    }
}
