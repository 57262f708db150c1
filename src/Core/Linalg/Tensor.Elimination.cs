using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>
/// Determinants, inverses and linear equations: what rests on elimination. Matrices are the last two axes, those before are batches.
/// </summary>
public sealed partial class Tensor
{
    /// <summary>
    /// det of each N×N matrix; 0 where it is singular, 1 for 0×0. Its derivatives, the cofactors, are true at singular matrices too: they wait
    /// for the host to read how singular, and of those that are ill-conditioned the host works out a part.
    /// </summary>
    /// <exception cref="ArgumentException">The matrices are not square.</exception>
    public Tensor Det()
    {
        RequireSquare("Det");
        return Engine.Apply(Determinant.Shared, this);
    }

    /// <summary>log |det| of each N×N matrix; −∞ where it is singular, and the gradient NaN.</summary>
    /// <exception cref="ArgumentException">The matrices are not square.</exception>
    public Tensor LogAbsDet()
    {
        RequireSquare("LogAbsDet");
        return Engine.Apply(LogAbsDeterminant.Shared, this);
    }

    /// <summary>
    /// The sign of det (−1, 0 or 1, without a derivative) and log |det| of each N×N matrix, with det = sign·e^log; 0 and −∞ where it is
    /// singular.
    /// </summary>
    /// <exception cref="ArgumentException">The matrices are not square.</exception>
    public (Tensor Sign, Tensor LogAbsDet) Slogdet()
    {
        RequireSquare("Slogdet");
        var y = Engine.Apply(SignAndLog.Shared, this);
        var parts = y.Unbind(-1);
        return (parts[0].Detach(), parts[1]);
    }

    /// <summary>The inverse of each N×N matrix. The host waits to read whether one is singular, but in a captured step.</summary>
    /// <exception cref="ArgumentException">The matrices are not square, or one is singular: a pivot is 0; the message says which.</exception>
    public Tensor Inverse()
    {
        RequireSquare("Inverse");
        return Engine.Apply(MatrixInverse.Checked, this);
    }

    /// <summary>
    /// The solution y of this·y = b: [N, N] and [N, K] → [N, K]. Batches broadcast. b is a vector, or a batch of vectors, where it has one
    /// axis or this shape without its last axis. The host waits to read whether a matrix is singular, but in a captured step.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Shapes, dtypes or devices do not fit, or a matrix is singular: a pivot is 0; the message says which.
    /// </exception>
    public Tensor Solve(Tensor b) => Solution("Solve", LinearSolution.Checked, b);

    /// <summary>
    /// The solution y of T·y = b, where T is the upper or lower triangle of this: the rest is not read. b as for <see cref="Solve"/>. For
    /// Tᵀ·y = b transpose this, and turn <paramref name="upper"/> round. A 0 on the diagonal gives ±∞ or NaN.
    /// </summary>
    /// <param name="b">The right-hand sides.</param>
    /// <param name="upper">Which triangle.</param>
    /// <param name="unit">Whether the diagonal is taken for 1 and not read.</param>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor TriangularSolve(Tensor b, bool upper = false, bool unit = false) =>
        Solution("TriangularSolve", new TriangularSolution(upper, unit), b);

    /// <summary>
    /// The lower triangle L with L·Lᵀ = this, of each symmetric positive definite matrix; only its lower triangle is read. The gradient is
    /// symmetric. The host waits to read whether one is not positive definite, but in a captured step.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The matrices are not square, or one is not positive definite; the message says which, and which leading minor is not positive.
    /// </exception>
    public Tensor Cholesky()
    {
        RequireSquare("Cholesky");
        return Engine.Apply(CholeskyFactor.Shared, this);
    }

    /// <summary>
    /// The factors of each M×N matrix, this = P·L·U, by partial pivoting: a permutation [M, M] (without a derivative), L [M, min] with ones on
    /// its diagonal and zeros above, U [min, N] with zeros below. A singular matrix has factors, but no derivative: NaN or ±∞.
    /// </summary>
    /// <exception cref="ArgumentException">There are no matrices: the rank is below 2.</exception>
    public (Tensor P, Tensor L, Tensor U) Lu()
    {
        Check.Real(this, "Lu");
        if (Rank < 2)
        {
            throw new ArgumentException($"Lu: {Shape} is not made of matrices.");
        }

        var y = Engine.Apply(LuFactors.Shared, this);
        return (LuFactors.Order(y), LuFactors.Lower(y), LuFactors.Upper(y));
    }

    private Tensor Solution(string op, Primitive solution, Tensor b)
    {
        RequireSquare(op);
        Check.Alike(this, b, op);
        if (b.Rank == 0)
        {
            throw new ArgumentException($"{op}: {Shape} and {b.Shape}: a scalar is no right-hand side; divide instead.");
        }

        bool isVector = b.Rank == 1 || b.Shape == new Shape(Shape.Lengths[..^1]);
        var right = isVector ? b.Unsqueeze(-1) : b;
        int n = Shape[-1];
        if (right.Shape[-2] != n)
        {
            throw new ArgumentException($"{op}: {Shape} and {b.Shape}: {n} equations, but {right.Shape[-2]} rows on the right.");
        }

        var batch = Shape.Broadcast(Matrices.Batch(this), Matrices.Batch(right), op);
        var y = Engine.Apply(solution, Stretch([.. batch, n, n]), right.Stretch([.. batch, n, right.Shape[-1]]));
        return isVector ? y.Squeeze(-1) : y;
    }

    private void RequireSquare(string op)
    {
        Check.Real(this, op);
        if (Rank < 2 || Shape[-1] != Shape[-2])
        {
            throw new ArgumentException($"{op}: {Shape} is not made of square matrices.");
        }
    }
}
