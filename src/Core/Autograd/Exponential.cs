using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// The exponential of each B…×N×N. Its derivative along t stands in the upper right of exp [[x, t], [0, x]], and the adjoint of that is the
/// derivative at xᵀ: so a rule is the op itself again.
/// </summary>
internal sealed class Exponential : Primitive
{
    /// <summary>Up to this norm the series to the power 16 is right to the last digit of float64.</summary>
    private const double Radius = 0.75;

    /// <summary>More halvings would leave only rounding: e to this norm is beyond all numbers, but for its sign.</summary>
    private const int MostHalvings = 60;

    /// <summary>1/k! for k to 16.</summary>
    private static readonly double[] Series = [.. Enumerable.Range(0, 17).Select(k => 1 / Enumerable.Range(1, k).Aggregate(1.0, (a, b) => a * b))];

    public static Exponential Shared { get; } = new();

    public override string Name => "MatrixExp";

    public override uint Reads => Bit(0);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        if (x[0].Count == 0)
        {
            return Tensor.Empty(x[0].Shape, x[0].DType, x[0].Device);
        }

        // A matrix is halved as often as its own norm asks for, not as its neighbours' do.
        var norm = x[0].Abs().Sum([-2], keepDims: true).Amax([-2, -1], keepDims: true);
        double[] norms = norm.To(DType.Float64).ToArray<double>();
        double[] halvings = [.. norms.Select(Halvings)];
        var times = Tensor.From<double>(halvings, norm.Shape).To(norm.DType).To(norm.Device);
        var scales = Tensor.From<double>([.. norms.Select(Scale)], norm.Shape).To(norm.DType).To(norm.Device);
        var y = Polynomial(x[0] * scales);
        for (int k = 0; k < halvings.Max(); k++)
        {
            var square = y.MatMul(y);
            y = halvings.Min() > k ? square : Tensor.Map(default(Select), Tensor.Map(default(Less), k, times), square, y);
        }

        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => t[0] is { } t0 ? Along(x[0], t0) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Along(x[0].Transpose(), g);

    /// <summary>The derivative at x along t. It is linear in t, which is brought to the size 1, lest its size decide on the halvings.</summary>
    private static Tensor Along(Tensor x, Tensor t)
    {
        int n = x.Shape[-1];
        if (n == 0)
        {
            return t;
        }

        var size = t.Detach().Abs().Amax([-2, -1], keepDims: true);
        size = Tensor.Map(default(Select), Tensor.Map(default(Less), 0, size), size, 1);
        var upper = Tensor.Concat([x, t / size], -1);
        var lower = Tensor.Concat([Tensor.ZerosLike(x), x], -1);
        var block = Engine.Apply(Shared, Tensor.Concat([upper, lower], -2));
        return block[TensorIndex.Ellipsis, ..n, n..] * size;
    }

    private static double Halvings(double norm) =>
        norm > Radius && double.IsFinite(norm) ? Math.Clamp(Math.Ceiling(Math.Log2(norm / Radius)), 0, MostHalvings) : 0;

    /// <summary>What that makes of the elements; NaN where one is not finite, for sums of powers of ∞ say nothing.</summary>
    private static double Scale(double norm) => double.IsFinite(norm) ? Math.ScaleB(1, -(int)Halvings(norm)) : double.NaN;

    /// <summary>Σ xᵏ/k! up to 16, by the powers to the fourth: six products.</summary>
    private static Tensor Polynomial(Tensor x)
    {
        var one = Tensor.Eye(x.Shape[-1], x.DType, x.Device);
        var square = x.MatMul(x);
        Tensor[] powers = [one, x, square, square.MatMul(x), square.MatMul(square)];
        var y = powers[4] * Series[16];
        for (int block = 3; block >= 0; block--)
        {
            y = block == 3 ? y : y.MatMul(powers[4]);
            for (int k = 3; k >= 0; k--)
            {
                y += powers[k] * Series[(4 * block) + k];
            }
        }

        return y;
    }
}
