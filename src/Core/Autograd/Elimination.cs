using Gpu.Autograd.Capturing;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>What the rules of linear algebra are made of, beside the ops.</summary>
internal static class Matrices
{
    /// <summary>The shape of the batch that the matrices are in.</summary>
    public static Shape Batch(Tensor x) => new(x.Shape.Lengths[..^2]);

    /// <summary>A block of the last two axes.</summary>
    public static Tensor Block(Tensor x, int row, int rows, int column, int columns)
    {
        int rank = x.Rank;
        var (start, step) = (new int[rank], new int[rank]);
        (start[^2], start[^1]) = (row, column);
        Array.Fill(step, 1);
        return Engine.Apply(new Slice(x.Shape, start, step, [.. x.Shape.Lengths[..^2], rows, columns]), x);
    }

    /// <summary>Numbers, one a matrix, as 1×1 matrices.</summary>
    public static Tensor Scalars(Tensor x) => x.Reshape([.. x.Shape, 1, 1]);

    /// <summary>a⁻¹·b of a triangle of a.</summary>
    public static Tensor Divide(Tensor a, Tensor b, bool upper, bool unit = false) => Engine.Apply(new TriangularSolution(upper, unit), a, b);

    /// <summary>a⁻ᵀ·b of a triangle of a.</summary>
    public static Tensor DivideTransposed(Tensor a, Tensor b, bool upper, bool unit = false) =>
        Engine.Apply(new TriangularSolution(!upper, unit), a.Transpose(), b);

    /// <summary>b·a⁻¹ of a triangle of a.</summary>
    public static Tensor DivideRight(Tensor b, Tensor a, bool upper, bool unit = false) =>
        DivideTransposed(a, b.Transpose(), upper, unit).Transpose();

    /// <summary>b·a⁻ᵀ of a triangle of a.</summary>
    public static Tensor DivideRightTransposed(Tensor b, Tensor a, bool upper, bool unit = false) =>
        Divide(a, b.Transpose(), upper, unit).Transpose();

    /// <summary>A result that the back end fills, dense, as a batch of matrices.</summary>
    public static Tensor Flat(Tensor y) => y.View(new Layout(MatrixProduct.Flat(y).Shape));

    /// <summary>What a back end says of each matrix: 0, or where it stopped.</summary>
    public static Tensor Status(Tensor y) => Tensor.Empty(new Shape(Batch(y).Size), DType.Int64, y.Device);

    /// <summary>Throws where a matrix failed.</summary>
    /// <param name="status">What the back end said.</param>
    /// <param name="x">The matrices.</param>
    /// <param name="op">The op's name.</param>
    /// <param name="how">What is wrong, from where the back end stopped.</param>
    /// <exception cref="ArgumentException">One did; the message says which.</exception>
    public static void Require(Tensor status, Tensor x, string op, Func<long, string> how)
    {
        // A replay does not come back to the host: there the result is NaN where a matrix fails.
        if (Recorder.Current is not null)
        {
            return;
        }

        long[] stopped = status.ToArray<long>();
        int at = Array.FindIndex(stopped, stop => stop != 0);
        if (at < 0)
        {
            return;
        }

        var batch = x.Shape.Lengths[..^2];
        int[] place = new int[batch.Length];
        int rest = at;
        for (int axis = batch.Length - 1; axis >= 0; axis--)
        {
            (rest, place[axis]) = Math.DivRem(rest, batch[axis]);
        }

        throw new ArgumentException($"{op}: {(place.Length == 0 ? "" : $"matrix [{string.Join(", ", place)}] of ")}{x.Shape} {how(stopped[at])}.");
    }

    /// <summary>The same for a matrix without an inverse.</summary>
    public static void RequireRegular(Tensor status, Tensor x, string op) =>
        Require(status, x, op, stop => $"is singular: pivot {stop} of {x.Shape[-1]} is 0");
}

/// <summary>The inverse of each matrix of B…×N×N. With y = x⁻¹: dy = −y·dx·y.</summary>
internal sealed class MatrixInverse : Primitive
{
    private readonly bool mayFail;

    private MatrixInverse(bool mayFail) => this.mayFail = mayFail;

    /// <summary>Throws at a singular matrix.</summary>
    public static MatrixInverse Checked { get; } = new(true);

    /// <summary>Gives NaN for a singular matrix: for rules, which do not wait for the device.</summary>
    public static MatrixInverse Shared { get; } = new(false);

    public override string Name => "Inverse";

    public override uint Reads => Bit(ResultBit);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        int n = x[0].Shape[-1];
        var one = Tensor.Eye(n, x[0].DType, x[0].Device);
        return LinearSolution.Value(x[0], one.View(one.Layout.BroadcastTo(x[0].Shape)), mayFail ? Name : null);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? -y.MatMul(t0).MatMul(y) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var transposed = y.Transpose();
        return -transposed.MatMul(g).MatMul(transposed);
    }
}

/// <summary>y = a⁻¹·b of B…×N×N and B…×N×K. dy = a⁻¹·(db − da·y); gradients a⁻ᵀ·g of b and −(a⁻ᵀ·g)·yᵀ of a.</summary>
internal sealed class LinearSolution : Primitive
{
    private readonly bool mayFail;

    private LinearSolution(bool mayFail) => this.mayFail = mayFail;

    /// <summary>Throws at a singular matrix.</summary>
    public static LinearSolution Checked { get; } = new(true);

    /// <summary>Gives NaN for a singular matrix: for rules, whose matrices were looked at before.</summary>
    public static LinearSolution Shared { get; } = new(false);

    public override string Name => "Solve";

    public override uint Reads => Bit(0) | Bit(ResultBit);

    public override Dependence In(ReadOnlySpan<bool> moving) => moving[0] ? Dependence.Nonlinear : Dependence.Linear;

    /// <summary>The solution; null is for one who does not ask whether there is any.</summary>
    public static Tensor Value(Tensor a, Tensor b, string? op)
    {
        var y = Tensor.Empty(b.Shape, b.DType, b.Device);
        if (y.Count > 0)
        {
            var status = Matrices.Status(y);
            Launch.Into(
                Matrices.Flat(y),
                static (backend, a, b, status, y) => backend.Solve(a, b, y, status),
                MatrixProduct.Flat(a), MatrixProduct.Flat(b), status, a.Count * (long)(a.Shape[-1] + b.Shape[-1]));
            if (op is not null)
            {
                Matrices.RequireRegular(status, a, op);
            }
        }

        return y;
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x) => Value(x[0], x[1], mayFail ? Name : null);

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(t[1], t[0] is { } ta ? -ta.MatMul(y) : null) is { } right ? Engine.Apply(Shared, x[0], right) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var b = Engine.Apply(Shared, x[0].Transpose(), g);
        return k == 1 ? b : -b.MatMul(y.Transpose());
    }
}

/// <summary>y = a⁻¹·b of a triangle of a, whose other elements are not read. The rules are those of Solve, on the triangle.</summary>
internal sealed class TriangularSolution(bool upper, bool unit) : Primitive
{
    public override string Name => "TriangularSolve";

    public override uint Reads => Bit(0) | Bit(ResultBit);

    public override Dependence In(ReadOnlySpan<bool> moving) => moving[0] ? Dependence.Nonlinear : Dependence.Linear;

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(x[1].Shape, x[1].DType, x[1].Device);
        if (y.Count > 0)
        {
            Launch.Into(
                Matrices.Flat(y),
                (backend, a, b, y) => backend.TriangularSolve(upper, unit, a, b, y),
                MatrixProduct.Flat(x[0]), MatrixProduct.Flat(x[1]), y.Count * (long)x[0].Shape[-1]);
        }

        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(t[1], t[0] is { } ta ? -Read(ta).MatMul(y) : null) is { } right ? Engine.Apply(this, x[0], right) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var b = Matrices.DivideTransposed(x[0], g, upper, unit);
        return k == 1 ? b : -Read(b.MatMul(y.Transpose()));
    }

    /// <summary>The elements that are read.</summary>
    private Tensor Read(Tensor a) => upper ? a.Triu(unit ? 1 : 0) : a.Tril(unit ? -1 : 0);
}

/// <summary>
/// The lower triangle y with y·yᵀ = x. dy = y·Φ(y⁻¹·dx·y⁻ᵀ), where Φ takes the lower triangle and half of the diagonal. The derivative is that
/// along symmetric matrices: tangents and gradients are symmetrised.
/// </summary>
internal sealed class CholeskyFactor : Primitive
{
    public static CholeskyFactor Shared { get; } = new();

    public override string Name => "Cholesky";

    public override uint Reads => Bit(ResultBit);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(x[0].Shape, x[0].DType, x[0].Device);
        if (y.Count > 0)
        {
            var status = Matrices.Status(y);
            Launch.Into(
                Matrices.Flat(y),
                static (backend, x, status, y) => backend.Cholesky(x, y, status),
                MatrixProduct.Flat(x[0]), status, y.Count * (long)y.Shape[-1]);
            Matrices.Require(
                status, x[0], Name, stop => $"is not positive definite: its leading minor of order {stop} is not positive");
        }

        return y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        if (t[0] is not { } t0)
        {
            return null;
        }

        var inner = Matrices.DivideRightTransposed(Matrices.Divide(y, Symmetric(t0), upper: false), y, upper: false);
        return y.MatMul(Lower(inner));
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var inner = Lower(y.Transpose().MatMul(g));
        return Symmetric(Matrices.DivideRight(Matrices.DivideTransposed(y, inner, upper: false), y, upper: false));
    }

    private static Tensor Symmetric(Tensor x) => (x + x.Transpose()) * 0.5;

    /// <summary>Φ: the mean of the triangles with and without the diagonal.</summary>
    private static Tensor Lower(Tensor x) => (x.Tril() + x.Tril(-1)) * 0.5;
}
