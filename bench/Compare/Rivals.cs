using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra.Single;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>Other ways to do the same in .NET.</summary>
internal static class Rivals
{
    /// <summary>The product by MathNet's managed provider.</summary>
    public static Rival MathNet(int n) => new("MathNet", 1, () =>
    {
        // MathNet has columns one after the other: these are the transposes, and the product is that of bᵀ and aᵀ.
        var (a, b) = (new DenseMatrix(n, n, Works.Numbers(n * n, 1)), new DenseMatrix(n, n, Works.Numbers(n * n, 2)));
        var y = new DenseMatrix(n, n);
        return new Work(() => b.Multiply(a, y), () =>
        {
            b.Multiply(a, y);
            return Samples(y.Values);
        });
    });

    /// <summary>So many elements copied, on all cores: as many bytes are read and written as by an op of one operand.</summary>
    public static Rival Copy(int elements) => new("copy", 1 / 1.5, () =>
    {
        var (from, to) = (new float[elements], new float[elements]);
        int cores = Environment.ProcessorCount;
        return new Work(
            () => Parallel.For(0, cores, k => from.AsSpan(Part(k)).CopyTo(to.AsSpan(Part(k)))),
            () => []);

        Range Part(int k) => (int)((long)elements * k / cores)..(int)((long)elements * (k + 1) / cores);
    });

    /// <summary>A function of TensorPrimitives into an array that is there.</summary>
    public static Rival Primitives(float[] x, Action<float[], float[]> function) => new("TensorPrimitives", 1, () =>
    {
        var y = new float[x.Length];
        return new Work(() => function(x, y), () =>
        {
            function(x, y);
            return Samples(y);
        });
    });

    private static double[] Samples(float[] y) =>
        [y[0], y[y.Length / 2], y[^1], Works.Samples(Tensor.From<float>(y))[^1]];
}

/// <summary>Ops element by element, on what stays in the cache next to the core and on what does not.</summary>
internal static class Elementwise
{
    private static readonly (string Name, int Elements)[] Sizes = [("1k", 1 << 10), ("1m", 1 << 20)];

    private static readonly (string Name, Func<Tensor, Tensor> Ours, Action<float[], float[]> Primitives)[] Functions =
    [
        ("add", x => x + x, (x, y) => TensorPrimitives.Add(x, x, y)),
        ("exp", x => x.Exp(), (x, y) => TensorPrimitives.Exp(x, y)),
        ("log", x => x.Log(), (x, y) => TensorPrimitives.Log(x, y)),
        ("tanh", x => x.Tanh(), (x, y) => TensorPrimitives.Tanh(x, y)),
        ("sigmoid", x => x.Sigmoid(), (x, y) => TensorPrimitives.Sigmoid(x, y)),
        ("sin", x => x.Sin(), (x, y) => TensorPrimitives.Sin(x, y)),
    ];

    /// <summary>Each of the functions at each of the sizes, of numbers from 0.5 to 2.5, as a captured step: without memory of its own.</summary>
    public static IEnumerable<Entry> Works { get; } =
        from function in Functions
        from size in Sizes
        let numbers = Array.ConvertAll(Compare.Works.Numbers(size.Elements, 1, 2), x => x + 1.5f)
        select new Entry($"{function.Name}-{size.Name}", 1, 8.0 * size.Elements, 0, () =>
        {
            var x = Tensor.From<float>(numbers);
            var step = Step.Capture(() => function.Ours(x));
            return new Work(() => step.Run(), () => Compare.Works.Samples(step.Run()));
        })
        {
            Rivals = [Rivals.Primitives(numbers, function.Primitives)],
            TurnSeconds = 0.01,
        };
}
