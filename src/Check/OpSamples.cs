using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Checking;

/// <summary>The walk through the op table: operands of each row, value and derivatives on a device beside those in float64.</summary>
public static class OpSamples
{
    /// <summary>
    /// How much more than a value a derivative may be off: a product and a sum of slopes are a few roundings of their own.
    /// </summary>
    public const double OfDerivatives = 4;

    /// <summary>Random operands of a sample, the same numbers for every device and, but for rounding, dtype.</summary>
    public static Tensor[] Operands(OpRow row, Shape[] shapes, DType dtype, Device device, ulong seed = 20)
    {
        var generator = new Generator(seed);
        return [.. shapes.Select(shape => generator.Uniform(shape, row.Domain.Low, row.Domain.High, DType.Float64).To(dtype).To(device))];
    }

    /// <summary>A random tensor like another, the same numbers for every device.</summary>
    public static Tensor Like(Tensor x, ulong seed) => new Generator(seed).Normal(x.Shape, dtype: DType.Float64).To(x.DType).To(x.Device);

    /// <summary>The op as a function of operand k, the others fixed.</summary>
    public static Func<Tensor, Tensor> Along(Func<Tensor[], Tensor> f, Tensor[] x, int k) => xk =>
    {
        var moved = (Tensor[])x.Clone();
        moved[k] = xk;
        return f(moved);
    };

    /// <summary>The result in float64 at the same operands: an elementwise op's by its formula, others' by the reference.</summary>
    public static Tensor Oracle(OpRow row, Tensor[] x)
    {
        var exact = Exact(x);
        if (row is not ElementwiseRow elementwise || row.Name == "select")
        {
            return row.Apply(exact);
        }

        var shape = exact.Aggregate(Shape.Scalar, (shape, t) => Shape.Broadcast(shape, t.Shape, row.Name));
        var operands = exact.Select(t => t.BroadcastTo(shape).ToArray<double>()).ToArray();
        var result = new double[shape.Size];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = elementwise.Value([.. operands.Select(operand => operand[i])]);
        }

        return Tensor.From<double>(result, shape);
    }

    /// <summary>The value.</summary>
    public static Comparison Value(OpRow row, Shape[] shapes, DType dtype, Device device)
    {
        var x = Operands(row, shapes, dtype, device);
        return Comparison.Of($"value{At(shapes)}", Oracle(row, x), row.Apply(x), row.Tolerance(dtype));
    }

    /// <summary>The gradient along each operand, by reverse mode; none of an op without a derivative.</summary>
    public static IEnumerable<Comparison> Gradients(OpRow row, Shape[] shapes, DType dtype, Device device) =>
        Derivatives(row, shapes, dtype, device, "gradient", (f, x, like) =>
        {
            var (y, pullback) = Autodiff.Vjp(f, x);
            return pullback(like(y, 39));
        });

    /// <summary>The tangent along each operand, by forward mode; none of an op without a derivative.</summary>
    public static IEnumerable<Comparison> Tangents(OpRow row, Shape[] shapes, DType dtype, Device device) =>
        Derivatives(row, shapes, dtype, device, "tangent", (f, x, like) => Autodiff.Jvp(f, x, like(x, 40)).Tangent);

    private static IEnumerable<Comparison> Derivatives(
        OpRow row, Shape[] shapes, DType dtype, Device device, string name,
        Func<Func<Tensor, Tensor>, Tensor, Func<Tensor, ulong, Tensor>, Tensor> derivative)
    {
        if (row.Order == 0)
        {
            yield break;
        }

        var x = Operands(row, shapes, dtype, device);
        var exact = Exact(x);
        for (int k = 0; k < x.Length; k++)
        {
            // What is chosen at random is rounded as the operands are, so that both compute the same.
            var expected = derivative(Along(row.Apply, exact, k), exact[k], (t, seed) => Like(t, seed).To(dtype).To(t.DType));
            var actual = derivative(Along(row.Apply, x, k), x[k], Like);
            string what = x.Length == 1 ? name : $"{name} {k}";
            yield return Comparison.Of($"{what}{At(shapes)}", expected, actual, OfDerivatives * row.Tolerance(dtype));
        }
    }

    private static Tensor[] Exact(Tensor[] x) => [.. x.Select(t => t.To(Device.Cpu).To(DType.Float64))];

    private static string At(Shape[] shapes) => $" of {string.Join(" and ", shapes.AsEnumerable())}";
}
