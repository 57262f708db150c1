using System.Reflection;
using System.Runtime.InteropServices;
using Gpu.Autograd.Ops;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// Calls every member of the seam, so that it launches every kernel it can: both real types, all conversions, few and many loops. The operands
/// are the same for every back end, and the results are kept.
/// </summary>
internal sealed class EveryOp
{
    private static readonly DType[] All = Enum.GetValues<DType>();

    private readonly Backend backend;
    private readonly Random random = new(1);

    private EveryOp(Backend backend) => this.backend = backend;

    /// <summary>What came out: the call, its dtype and the elements, as numbers.</summary>
    internal List<(string Call, DType DType, double[] Elements)> Results { get; } = [];

    /// <summary>All of it, on one back end.</summary>
    internal static EveryOp Run(Backend backend)
    {
        var every = new EveryOp(backend);
        foreach (DType dtype in All)
        {
            every.RunAny(dtype);
        }

        every.RunReal(DType.Float32);
        every.RunReal(DType.Float64);
        every.RunWhole(DType.Int32);
        every.RunWhole(DType.Int64);
        every.RunOps();
        return every;
    }

    /// <summary>Products that are enough for the largest tiles: too much work where a CPU stands for a GPU, thread by thread.</summary>
    internal static void RunLarge(Backend backend)
    {
        var every = new EveryOp(backend);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            every.MatMul(dtype, 64, 68, 4, 68);

            // The same where no quads lie side by side.
            every.MatMul(dtype, 64, 33, 5, 34);
            every.MatMul(dtype, 64, 65, 5, 66);
            every.Contract(dtype, 64, 36, 1);
            every.Contract(dtype, 64, 66, 1);
        }
    }

    private void RunAny(DType dtype)
    {
        Keep("fill", Result(dtype, 4), y => backend.Fill(2.75, y));
        var special = Filled(dtype, [12], [0, -0.0, 1, -1.75, 1e9, -3e9, 1e20, -1e20, double.NaN, double.PositiveInfinity, 0.25, 100.5]);
        foreach (DType to in All)
        {
            Keep($"{dtype} as", Result(to, 12), y => backend.Copy(special, y));
            Keep($"columns, {dtype} as", Permuted(Result(to, 3, 4), 1, 0), y => backend.Copy(Numbers(dtype, 4, 3), y));
        }

        foreach (bool descending in new[] { false, true })
        {
            Keep("argsort", Result(DType.Int64, 3, 70), y => backend.ArgSort(descending, Permuted(Numbers(dtype, 70, 3), 1, 0), y));
            Keep("argsort of special", Result(DType.Int64, 12), y => backend.ArgSort(descending, special, y));
        }

        foreach (DType index in new[] { DType.Int32, DType.Int64 })
        {
            var at = Filled(index, [2, 4], [4, 0, -1, 1, 5, 2, 2, 3]);
            Keep("gather", Result(dtype, 2, 4, 3), y => backend.Gather(Permuted(Numbers(dtype, 3, 5, 2), 2, 1, 0), at, y));
        }
    }

    private void RunReal(DType dtype)
    {
        int[][] orders = [[0, 1, 2, 3], [3, 0, 1, 2], [3, 1, 0, 2]];
        foreach (int[] order in orders)
        {
            var a = Permuted(Numbers(dtype, 2, 3, 2, 2), order);
            int[] lengths = a.Shape.ToArray();
            var (b, c, d) = (Numbers(dtype, lengths), Numbers(dtype, lengths), Numbers(dtype, lengths));
            Keep("map 1", Result(dtype, lengths), y => backend.Map(new AllFunctions(), a, y));
            Keep("map 2", Result(dtype, lengths), y => backend.Map(new Weigh(0.5), a, b, y));
            Keep("map 3", Result(dtype, lengths), y => backend.Map(new Weigh(0.5), a, b, c, y));
            Keep("map 4", Result(dtype, lengths), y => backend.Map(new Weigh(0.5), a, b, c, d, y));
        }

        Update(dtype, new DescendUpdate(0.1), 2);
        Update(dtype, new MomentumUpdate(0.9, 0.1), 2);
        Update(dtype, new NesterovUpdate(0.9, 0.1), 2);
        Update(dtype, new AdamUpdate(0.9, 0.99, 1e-3, 0.1, 0.2), 5);
        Reduce(new Sum(), dtype, [3, 10], [3, 1]);
        Reduce(new Sum(), dtype, [3, 5000], [3, 1]);
        Reduce(new Sum(), dtype, [300, 3], [1, 3]);
        Reduce(new Sum(), dtype, [0, 3], [1, 3]);
        Reduce(new Greatest(), dtype, [2, 3, 4, 5], [1, 3, 1, 5]);
        Reduce(new Greatest(), dtype, [10, 3, 4, 50], [1, 3, 4, 1]);
        Reduce(new Greatest(), dtype, [2, 3, 100], [2, 1, 1]);
        Scan(dtype, 3, 10);
        Scan(dtype, 2, 5000);
        Softmax(dtype, 3, 10);
        Softmax(dtype, 2, 100);
        var few = Numbers(dtype, 3, 10);
        var many = Numbers(dtype, 3, 300);
        var ties = Filled(dtype, [3, 4], [1, 2, 2, 0, 1, double.NaN, 7, double.NaN, -1, -1, -1, -2]);
        Keep("argmax of few", Result(DType.Int64, 3), y => backend.ArgMax(few, y));
        Keep("argmax of many", Result(DType.Int64, 3), y => backend.ArgMax(many, y));
        Keep("argmax of ties", Result(DType.Int64, 3), y => backend.ArgMax(ties, y));
        MatMul(dtype, 2, 2, 3, 4);
        MatMul(dtype, 1, 10, 0, 9);
        MatMul(dtype, 2, 13, 11, 17);
        MatMul(dtype, 1, 65, 33, 70);

        // By quads: tall, flat and square tiles, the largest of them in batches, and a depth that is cut into pieces.
        MatMul(dtype, 1, 68, 20, 12);
        MatMul(dtype, 1, 12, 20, 68);
        MatMul(dtype, 1, 36, 20, 40);
        MatMul(dtype, 1, 36, 304, 20);
        MatMul(dtype, 64, 36, 4, 36);
        Contract(dtype, 2, 5, 4);
        Contract(dtype, 2, 20, 4);
        Contract(dtype, 2, 20, 3);
        Contract(dtype, 2, 2, 9);

        // The last is singular, and every quotient of its rows and columns is exact: it is found to be so however products and sums are rounded.
        var matrices = Filled(dtype, [3, 3, 3], [
            2, 1, 0, 1, 3, 1, 0, 1, 4,
            0, 1, 2, 1, 0, 3, 4, -3, 8,
            1, 2, 4, 2, 4, 8, 1, 0, 1]);
        Eliminate(dtype, matrices);
        Eliminate(dtype, Filled(dtype, [2, 18, 18], [
            .. Enumerable.Range(0, 2 * 18 * 18).Select(at => (at / 18 % 18 == at % 18 ? 2 : 0) + ((random.NextDouble() - 0.5) / 18))]));
        // More rows than a thread turns by itself; symmetric and positive, so that no vector depends on rounding.
        var large = Filled(dtype, [1, 26, 26], [.. Enumerable.Range(0, 26 * 26).Select(at => (at / 26) == (at % 26) ? 1.0 + (at % 26) : 0.01)]);
        foreach (var x in new[] { matrices, large })
        {
            int n = x.Shape[2];
            Keep("qr", Result(dtype, x.Shape[0], n, 2 * n), y => backend.Qr(x, y));
            Keep("eigh", Result(dtype, x.Shape[0], n, n + 1), y => backend.Eigh(x, y));
            Keep("svd", Result(dtype, x.Shape[0], n, (2 * n) + 1), y => backend.Svd(x, y));
        }

        Keep("uniform", Result(dtype, 9), y => backend.Random(Distribution.Uniform, ulong.MaxValue, 1UL << 40, y));
        Keep("normal", Result(dtype, 9), y => backend.Random(Distribution.Normal, 7, 2, y));
        foreach (DType index in new[] { DType.Int32, DType.Int64 })
        {
            Scatter(dtype, index, 4);
            Scatter(dtype, index, 300);
        }
    }

    private void Eliminate(DType dtype, Operand x)
    {
        var (b, n) = (x.Shape[0], x.Shape[1]);
        var (turned, c, status) = (Permuted(x, 0, 2, 1), Numbers(dtype, b, n, 2), Result(DType.Int64, b));
        var positive = Result(dtype, b, n, n);
        Keep("lu", Result(dtype, b, n, n + 1), y => backend.Lu(x, y));
        Keep("determinant", Result(dtype, b, 3), y => backend.Determinant(turned, y));
        Keep("solve", Result(dtype, b, n, 2), y => backend.Solve(x, c, y, status));
        Keep("singular", status, y => backend.Solve(x, c, Result(dtype, b, n, 2), y));
        Keep("lower", Result(dtype, b, n, 2), y => backend.TriangularSolve(false, true, turned, c, y));
        Keep("upper", Result(dtype, b, 3, 2), y => backend.TriangularSolve(true, false, Block(x), Block(c), y));
        var root = Numbers(dtype, b, n, n + 20);
        backend.MatMul(root, Permuted(root, 0, 2, 1), positive);
        Keep("cholesky", Result(dtype, b, n, n), y => backend.Cholesky(positive, y, status));
        Keep("not positive", status, y => backend.Cholesky(x, Result(dtype, b, n, n), y));

        static Operand Block(Operand x) =>
            x with { Layout = x.Layout.Sliced([0, 0, 0], [1, 1, 1], new Shape(x.Shape[0], 3, Math.Min(3, x.Shape[2]))) };
    }

    private void RunWhole(DType dtype)
    {
        // Only with a parameter does it clamp.
        var a = Numbers(dtype, 3, 100);
        Keep("whole clamp", Result(dtype, 3, 100), y => backend.Map(new Clamp(double.NegativeInfinity, 0), a, y));
        MatMul(dtype, 2, 13, 11, 17);
        foreach (DType index in new[] { DType.Int32, DType.Int64 })
        {
            Scatter(dtype, index, 4);
            Scatter(dtype, index, 300);
        }

        Reduce(new Sum(), dtype, [3, 10], [3, 1]);
        Reduce(new Sum(), dtype, [3, 5000], [3, 1]);
        Reduce(new Sum(), dtype, [300, 3], [1, 3]);
        Reduce(new Greatest(), dtype, [2, 3, 100], [2, 1, 1]);
        Reduce(new Least(), dtype, [2, 3, 4, 5], [1, 3, 1, 5]);
        var few = Numbers(dtype, 3, 10);
        Keep("whole argmax of few", Result(DType.Int64, 3), y => backend.ArgMax(few, y));
        Keep("whole argmax of many", Result(DType.Int64, 3), y => backend.ArgMax(a, y));
    }

    /// <summary>Every op struct of the library, with parameters of 0 where it has some, on every dtype that it is for.</summary>
    private void RunOps()
    {
        var kinds = new[] { (typeof(IMap1), nameof(Map1)), (typeof(IMap2), nameof(Map2)), (typeof(IMap3), nameof(Map3)), (typeof(IMap4), nameof(Map4)) };
        foreach (var op in typeof(IMap1).Assembly.GetTypes().Where(type => type.IsValueType && !type.IsGenericType))
        {
            foreach (var (_, name) in kinds.Where(kind => op.IsAssignableTo(kind.Item1)))
            {
                var run = typeof(EveryOp).GetMethod(name, BindingFlags.Instance | BindingFlags.NonPublic)!.MakeGenericMethod(op);
                foreach (DType dtype in All.Where(dtype => dtype.IsReal() || op.IsAssignableTo(dtype == DType.Bool ? typeof(ILogical) : typeof(IWhole))))
                {
                    run.Invoke(this, BindingFlags.DoNotWrapExceptions, null, [dtype], null);
                }
            }
        }
    }

    private void Map1<TOp>(DType dtype)
        where TOp : struct, IMap1
    {
        var x = Numbers(dtype, 24);
        Keep(typeof(TOp).Name, Result(dtype, 24), y => backend.Map(default(TOp), x, y));
    }

    private void Map2<TOp>(DType dtype)
        where TOp : struct, IMap2
    {
        var (a, b) = (Numbers(dtype, 24), Numbers(dtype, 24));
        Keep(typeof(TOp).Name, Result(dtype, 24), y => backend.Map(default(TOp), a, b, y));
    }

    private void Map3<TOp>(DType dtype)
        where TOp : struct, IMap3
    {
        var (a, b, c) = (Numbers(dtype, 24), Numbers(dtype, 24), Numbers(dtype, 24));
        Keep(typeof(TOp).Name, Result(dtype, 24), y => backend.Map(default(TOp), a, b, c, y));
    }

    private void Map4<TOp>(DType dtype)
        where TOp : struct, IMap4
    {
        var (a, b, c, d) = (Numbers(dtype, 24), Numbers(dtype, 24), Numbers(dtype, 24), Numbers(dtype, 24));
        Keep(typeof(TOp).Name, Result(dtype, 24), y => backend.Map(default(TOp), a, b, c, d, y));
    }

    private void Update<TOp>(DType dtype, TOp op, int parameters)
        where TOp : struct, IUpdate
    {
        var parts = new List<Operand>();
        for (int k = 0; k < parameters; k++)
        {
            // The third array holds squares.
            var x = Numbers(dtype, 24);
            parts.AddRange(x, TOp.Arrays > 1 ? Numbers(dtype, 24) : x, TOp.Arrays > 2 ? Filled(dtype, [24], new double[24]) : x, Numbers(dtype, 24));
        }

        var (rate, count) = (Filled(dtype, [], [0.25]), Filled(dtype, [], [3]));
        backend.Update(op, rate, count, [.. parts]);
        foreach (var x in parts)
        {
            Keep(typeof(TOp).Name, x, _ => { });
        }
    }

    private void Reduce<TMonoid>(TMonoid monoid, DType dtype, int[] from, int[] to)
        where TMonoid : struct, IMonoid
    {
        var x = Numbers(dtype, from);
        Keep($"reduce {new Shape(from)}", Result(dtype, to), y => backend.Reduce(monoid, x, y));
    }

    private void Scan(DType dtype, params int[] lengths)
    {
        var (x, turned) = (Numbers(dtype, lengths), Numbers(dtype, [lengths[1], lengths[0]]));
        Keep($"scan {new Shape(lengths)}", Result(dtype, lengths), y => backend.Scan(new Sum(), x, y));
        Keep($"scan {new Shape(lengths)}, transposed", Result(dtype, lengths), y => backend.Scan(new Sum(), Permuted(turned, 1, 0), y));
    }

    private void Softmax(DType dtype, params int[] lengths)
    {
        var (x, g, ofRows) = (Numbers(dtype, lengths), Permuted(Numbers(dtype, [lengths[1], lengths[0]]), 1, 0), Numbers(dtype, lengths[0]));
        foreach (bool log in new[] { false, true })
        {
            Keep($"softmax, log {log}", Result(dtype, lengths), y => backend.Softmax(log, x, y));
            Keep($"gradient of softmax, log {log}", Result(dtype, lengths), y => backend.SoftmaxGradient(log, g, x, y));
        }

        foreach (var index in new DType?[] { null, DType.Int32, DType.Int64 })
        {
            Operand? labels = index is { } known ? Filled(known, [lengths[0]], [.. Enumerable.Range(0, lengths[0]).Select(i => 8.0 - (9 * (i % 2)))]) : null;
            Keep($"entropy, {index}", Result(dtype, lengths[0]), y => backend.CrossEntropy(x, labels, y));
            Keep($"gradient of entropy, {index}", Result(dtype, lengths), y => backend.CrossEntropyGradient(ofRows, x, labels, y));
        }
    }

    private void MatMul(DType dtype, int batch, int m, int k, int n)
    {
        var (a, c) = (Numbers(dtype, batch, m, k), Numbers(dtype, batch, k, n));
        var (at, ct) = (Permuted(Numbers(dtype, batch, k, m), 0, 2, 1), Permuted(Numbers(dtype, batch, n, k), 0, 2, 1));
        Keep($"matmul {m} {k} {n}", Result(dtype, batch, m, n), y => backend.MatMul(a, c, y));
        Keep($"matmul {m} {k} {n}, transposed", Result(dtype, batch, m, n), y => backend.MatMul(at, ct, y));
        if (dtype.IsReal())
        {
            var b = Numbers(dtype, batch, m, n);
            Keep($"matmul {m} {k} {n}, weighed", Result(dtype, batch, m, n), y => backend.MatMul(new Weigh(0.5), a, c, b, y));
        }
    }

    /// <summary>A convolution of 3 × 3, the gradient of its weights, and that of its input.</summary>
    private void Contract(DType dtype, int batch, int outputs, int channels)
    {
        int side = outputs > 64 ? 9 : 8;
        var (w, x) = (Numbers(dtype, outputs, channels, 3, 3), Numbers(dtype, batch, channels, side + 2, side + 2));
        var windows = x with { Layout = x.Layout.Unfolded(2, side, 1, 3, 1).Unfolded(3, side, 1, 3, 1).Permuted([0, 1, 4, 5, 2, 3]) };
        var weights = w with { Layout = w.Layout.BroadcastTo([batch, outputs, channels, 3, 3]) };
        string what = $"{channels} to {outputs} channels";
        Keep($"contract {what}", Result(dtype, batch, outputs, side, side), y => backend.Contract(1, 3, weights, windows, y));
        var b = Filled(dtype, [outputs, 1, 1], [.. Enumerable.Range(0, outputs).Select(i => 0.5 + i)]);
        b = b with { Layout = b.Layout.BroadcastTo([batch, outputs, side, side]) };
        Keep($"contract {what}, weighed", Result(dtype, batch, outputs, side, side), y => backend.Contract(new Weigh(0.5), 1, 3, weights, windows, b, y));
        int wide = side + 4;
        var g = Numbers(dtype, batch, outputs, wide, wide);
        Keep($"gradient of weights, {what}", Result(dtype, outputs, channels, 3, 3), y => backend.Contract(
            0, 3, g with { Layout = g.Layout.Sliced([0, 0, 0, 0], [1, 1, 1, 1], [batch, outputs, side, side]).Permuted([1, 0, 2, 3]) },
            windows with { Layout = windows.Layout.Permuted([0, 4, 5, 1, 2, 3]) }, y));
        var back = new Layout(
            [batch, outputs, 3, 3, side + 2, side + 2], [outputs * wide * wide, wide * wide, -wide, -1, wide, 1], (2 * wide) + 2);
        Keep($"gradient of input, {what}", Result(dtype, batch, channels, side + 2, side + 2), y => backend.Contract(
            1, 3, weights with { Layout = weights.Layout.Permuted([0, 2, 1, 3, 4]) }, g with { Layout = back }, y));
    }

    private void Scatter(DType dtype, DType index, int m)
    {
        var g = Numbers(dtype, 2, m, 3);
        var at = Filled(index, [2, m], [.. Enumerable.Range(0, 2 * m).Select(_ => (double)random.Next(-1, 6))]);
        Keep($"scatter {m}", Result(dtype, 2, 5, 3), y => backend.ScatterAdd(g, at, y));
    }

    private void Keep(string call, Operand y, Action<Operand> run)
    {
        run(y);
        var bytes = new byte[y.Shape.Size * y.DType.Size()];
        backend.Download(y.Storage, 0, bytes);
        Results.Add(($"{call} {y.DType.Name()} {y.Shape}", y.DType, y.DType switch
        {
            DType.Float32 => [.. MemoryMarshal.Cast<byte, float>(bytes).ToArray().Select(x => (double)x)],
            DType.Float64 => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
            DType.Int32 => [.. MemoryMarshal.Cast<byte, int>(bytes).ToArray().Select(x => (double)x)],
            DType.Int64 => [.. MemoryMarshal.Cast<byte, long>(bytes).ToArray().Select(x => (double)x)],
            _ => [.. bytes.Select(x => (double)x)],
        }));
    }

    private Operand Numbers(DType dtype, params int[] lengths) =>
        Filled(dtype, lengths, [.. Enumerable.Range(0, new Shape(lengths).Size).Select(_ => (4 * random.NextDouble()) - 2)]);

    private Operand Filled(DType dtype, int[] lengths, double[] elements)
    {
        var x = Result(dtype, lengths);
        backend.Upload(
            dtype switch
            {
                DType.Float32 => MemoryMarshal.AsBytes(elements.Select(v => (float)v).ToArray().AsSpan()),
                DType.Float64 => MemoryMarshal.AsBytes(elements.AsSpan()),
                DType.Int32 => MemoryMarshal.AsBytes(elements.Select(v => (int)v).ToArray().AsSpan()),
                DType.Int64 => MemoryMarshal.AsBytes(elements.Select(v => (long)v).ToArray().AsSpan()),
                _ => elements.Select(v => v > 0 ? (byte)1 : (byte)0).ToArray(),
            },
            x.Storage);
        return x;
    }

    private Operand Result(DType dtype, params int[] lengths)
    {
        var shape = new Shape(lengths);
        return new Operand(new Storage(backend, Math.Max(1, (long)shape.Size * dtype.Size())), new Layout(shape), dtype);
    }

    private static Operand Permuted(Operand x, params int[] order) => x with { Layout = x.Layout.Permuted(order) };
}

/// <summary>One op that uses all that a carrier has.</summary>
public readonly struct AllFunctions : IMap1
{
    public T Value<T>(T x)
        where T : IReal<T> =>
        T.Exp(x) + T.Expm1(x) + T.Log(T.Abs(x)) + T.Log1p(T.Abs(x)) + T.Sin(x) + T.Cos(x) + T.Tanh(x) + T.Sqrt(T.Abs(x)) - (T.One / -x);
}

/// <summary>An op of two, three or four operands, with a parameter.</summary>
public readonly struct Weigh(Number weight) : IMap2, IMap3, IMap4
{
    public T Value<T>(T a, T b)
        where T : IReal<T> => T.IfLess(a, b, T.Param(weight) * a, b);

    public T Value<T>(T a, T b, T c)
        where T : IReal<T> => Value(a, b) + c;

    public T Value<T>(T a, T b, T c, T d)
        where T : IReal<T> => Value(a, b, c) * d;
}
