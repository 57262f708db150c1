using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// The distances of eigenvalues or singular values from each other, by which derivatives of their vectors are divided; and what holds where
/// values coincide, which is to say but for rounding.
/// </summary>
/// <remarks>
/// The vectors of values that coincide are any basis of a space. A function that does not depend on which one has a derivative if it treats the
/// values alike and does not read how the basis turns within the space: then what would be divided by 0 is 0 itself and left out.
/// Another has none: <see cref="Require"/> says so in reverse mode. Forward mode does not know yet what will be read: the vectors of values
/// that dx would part have the tangent NaN, and the sum of the values' tangents is right.
/// </remarks>
internal sealed class Gaps
{
    private readonly string op;
    private readonly string kind;
    private readonly Tensor values;
    private readonly Tensor row;
    private readonly Tensor column;
    private readonly Tensor allowed;
    private readonly Tensor near;
    private readonly double epsilon;

    /// <summary>The gaps of …×N values.</summary>
    public Gaps(string op, string kind, Tensor values)
    {
        (this.op, this.kind, this.values) = (op, kind, values);
        (row, column) = (values.Unsqueeze(-2), values.Unsqueeze(-1));
        epsilon = values.DType == DType.Float64 ? double.BitIncrement(1) - 1 : float.BitIncrement(1) - 1;
        allowed = values.Detach().Abs().Amax([-1], keepDims: true) * (8 * values.Shape[-1] * epsilon);
        near = AtMost((row - column).Detach().Abs(), allowed.Unsqueeze(-1));
    }

    /// <summary>1/(λⱼ − λᵢ), 0 where they coincide.</summary>
    public Tensor Inverse => InverseOf(row - column, near);

    /// <summary>1/(λⱼ + λᵢ), 0 where both are 0.</summary>
    public Tensor InverseSum => InverseOf(row + column, BothZero);

    /// <summary>1/λⱼ, 0 where it is 0, as a row.</summary>
    public Tensor Reciprocal => InverseOf(row, IsZero);

    /// <summary>The pairs of two values that coincide: 1, else 0.</summary>
    private Tensor Pairs => near * (1 - Tensor.Eye(values.Shape[-1], values.DType, values.Device));

    /// <summary>The pairs of two values that are both 0, where none is negative: 1, else 0.</summary>
    private Tensor BothZero => AtMost((row + column).Detach().Abs(), allowed.Unsqueeze(-1));

    /// <summary>The values that are 0: 1, else 0; as a row.</summary>
    private Tensor IsZero => AtMost(row.Detach().Abs(), allowed.Unsqueeze(-1));

    /// <summary>The tangents of vectors, NaN for those of values that coincide and are parted by p = Vᵀ·dx·V, or Uᵀ·dx·V.</summary>
    public Tensor WithoutTurn(Tensor vectors, Tensor p)
    {
        var pairs = Pairs;
        if (!Any(pairs))
        {
            return vectors;
        }

        p = p.Detach();
        var (even, odd) = ((p + p.Transpose()).Abs(), (p - p.Transpose()).Abs());
        var parted = pairs * (1 - AtMost(even + (BothZero * odd), p.Abs().Amax([-2, -1], keepDims: true) * Math.Sqrt(epsilon)));
        return Spoilt(vectors, parted.Amax([-2], keepDims: true));
    }

    /// <summary>The tangents of vectors, NaN for those of the value 0 that move out of their space.</summary>
    public Tensor WithoutDivision(Tensor vectors, Tensor beside)
    {
        var zero = IsZero;
        if (!Any(zero))
        {
            return vectors;
        }

        return Spoilt(vectors, zero * Moved(beside));
    }

    /// <summary>Checks that the gradient treats values that coincide alike, and does not read how their vectors turn into each other.</summary>
    /// <param name="turn">What is divided by the gaps.</param>
    /// <param name="turnOfZero">What is divided by the sums, if anything is.</param>
    /// <param name="g">The gradient of the values.</param>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    public void Require(Tensor turn, Tensor? turnOfZero, Tensor g)
    {
        var pairs = Pairs;
        if (!Any(pairs))
        {
            return;
        }

        (turn, g) = (turn.Detach().Abs(), g.Detach());
        if (turnOfZero is not null)
        {
            turn += BothZero * turnOfZero.Detach().Abs();
        }

        var size = turn.Amax([-2, -1], keepDims: true) + g.Abs().Amax([-1], keepDims: true).Unsqueeze(-1);
        var parted = (g.Unsqueeze(-2) - g.Unsqueeze(-1)).Abs();
        var wrong = pairs * (1 - AtMost(turn + parted, size * Math.Sqrt(epsilon)));
        if (First(wrong) is { } at)
        {
            int n = values.Shape[-1];
            var (matrix, i, j) = (at / (n * n), at / n % n, at % n);
            double[] all = Host(values);
            var (a, b) = (all[((matrix * n) + i) % all.Length], all[((matrix * n) + j) % all.Length]);
            throw new InvalidOperationException(FormattableString.Invariant(
                $"{op}: {kind} {i} and {j}{Which(matrix, all.Length / n)} coincide ({a} and {b}); a function that tells them or their vectors ") +
                "apart has no derivative there.");
        }
    }

    /// <summary>Checks that the gradient does not read how the vectors of the value 0 move out of their space.</summary>
    /// <exception cref="InvalidOperationException">It does.</exception>
    public void RequireDivision(Tensor beside)
    {
        var zero = IsZero;
        if (!Any(zero))
        {
            return;
        }

        if (First(zero * Moved(beside)) is { } at)
        {
            int n = values.Shape[-1];
            throw new InvalidOperationException(
                $"{op}: singular value {at % n}{Which(at / n, Host(values).Length / n)} is 0; a function of its vectors has no derivative there.");
        }
    }

    /// <summary>The columns that are more than rounding: 1, else 0; as a row.</summary>
    private Tensor Moved(Tensor beside)
    {
        var size = beside.Detach().Abs();
        return 1 - AtMost(size.Amax([-2], keepDims: true), size.Amax([-2, -1], keepDims: true) * Math.Sqrt(epsilon));
    }

    private static string Which(int matrix, int count) => count > 1 ? $" of matrix [{matrix}]" : "";

    private static Tensor InverseOf(Tensor x, Tensor isZero) =>
        Tensor.Map(default(Select), isZero, 0, 1 / Tensor.Map(default(Select), isZero, 1, x));

    private static Tensor AtMost(Tensor a, Tensor b) => Tensor.Map(default(LessOrEqual), a, b);

    private static Tensor Spoilt(Tensor vectors, Tensor columns) =>
        vectors + Tensor.Map(default(Select), columns, double.NaN, 0).BroadcastTo(vectors.Shape);

    private static bool Any(Tensor mask) => Host(mask.Amax()).Max() > 0;

    private static int? First(Tensor mask)
    {
        int at = Array.FindIndex(Host(mask), x => x > 0);
        return at < 0 ? null : at;
    }

    /// <summary>The elements, with those of a batch that a function is mapped over.</summary>
    private static double[] Host(Tensor x)
    {
        x = x.Detach();
        while (x.Box is { } box)
        {
            x = box.Inner;
        }

        return x.ToDoubles();
    }
}
