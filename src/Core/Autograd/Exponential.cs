using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Autograd;

/// <summary>The exponential of each B…×N×N; its derivative is an op of its own, and the adjoint of that is the derivative at xᵀ.</summary>
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
        double[] norms = norm.ToDoubles();
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

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? Engine.Apply(ExponentialAlong.Shared, x[0], t0) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        Engine.Apply(ExponentialAlong.Shared, x[0].Transpose(), g);

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

/// <summary>
/// The derivative of the exponential at x along t, both B…×N×N: what stands in the upper right of exp [[x, t], [0, x]]. It is linear in t, and
/// its own derivative along x is that of the exponential of the block matrix: so the rules are this op again, of twice the size.
/// </summary>
internal sealed class ExponentialAlong : Primitive
{
    public static ExponentialAlong Shared { get; } = new();

    public override string Name => "MatrixExp";

    public override uint Reads => Bit(0) | Bit(1);

    public override Dependence In(ReadOnlySpan<bool> moving) => moving[0] ? Dependence.Nonlinear : Dependence.Linear;

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var (at, t) = (x[0], x[1]);
        int n = at.Shape[-1];
        if (n == 0)
        {
            return t.Detach();
        }

        // t is brought to the size 1, lest its size decide on the halvings.
        using var scope = Tensor.NoGrad();
        var size = t.Abs().Amax([-2, -1], keepDims: true);
        size = Tensor.Map(default(Select), Tensor.Map(default(Less), 0, size), size, 1);
        return UpperRight(Engine.Apply(Exponential.Shared, Block(at, t / size))) * size;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        var alongX = t[0] is { } tx
            ? UpperRight(Engine.Apply(this, Block(x[0], x[1]), Block(tx, Tensor.ZerosLike(tx))))
            : null;
        return Rule.Sum(t[1] is { } tt ? Engine.Apply(this, x[0], tt) : null, alongX);
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        if (k == 1)
        {
            return Engine.Apply(this, x[0].Transpose(), g);
        }

        // x stands in the block matrix twice.
        int n = x[0].Shape[-1];
        var of = Engine.Apply(this, Block(x[0], x[1]).Transpose(), Block(Tensor.ZerosLike(g), g));
        return of[TensorIndex.Ellipsis, ..n, ..n] + of[TensorIndex.Ellipsis, n.., n..];
    }

    /// <summary>[[x, t], [0, x]].</summary>
    private static Tensor Block(Tensor x, Tensor t) =>
        Tensor.Concat([Tensor.Concat([x, t], -1), Tensor.Concat([Tensor.ZerosLike(x), x], -1)], -2);

    private static Tensor UpperRight(Tensor block)
    {
        int n = block.Shape[-1] / 2;
        return block[TensorIndex.Ellipsis, ..n, n..];
    }
}
