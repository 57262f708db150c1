using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Factorisations by orthogonal matrices, of the last two axes. A matrix with an element that is not finite gives NaN.</summary>
public sealed partial class Tensor
{
    /// <summary>
    /// x = Q·R of each M×N, with K = min(M, N): Q is M×K with orthonormal columns, R is K×N, upper triangular, its diagonal not negative. The
    /// derivative exists where the first K columns are independent; elsewhere it is NaN, or all rounding.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public (Tensor Q, Tensor R) Qr()
    {
        RequireRealMatrix("Qr");
        if (Shape[-2] >= Shape[-1])
        {
            return QrFactors.Parts(Engine.Apply(QrFactors.Shared, this));
        }

        // Q is that of the first columns, and turns the others.
        int m = Shape[-2];
        var (q, r) = this[TensorIndex.Ellipsis, ..m].Qr();
        return (q, Concat([r, q.Transpose().MatMul(this[TensorIndex.Ellipsis, m..])], -1));
    }

    /// <summary>
    /// (x + xᵀ)/2 = V·Λ·Vᵀ of each N×N: the eigenvalues, ascending, and the vectors, orthonormal, as columns. The first of a vector's large
    /// elements, those above 0.6 of the greatest, is positive. The host reads how far eigenvalues are apart for derivatives, and for more than 24
    /// rows whether to go on.
    /// </summary>
    /// <remarks>
    /// Where eigenvalues coincide, a function has a gradient here if it treats them alike and reads of their vectors how the space that they
    /// span lies to the others: Σf(λ) does. For any other, reverse mode throws, and forward mode gives NaN for what it reads of the vectors: also
    /// for V·f(Λ)·Vᵀ, whose derivative V and Λ do not tell (<see cref="MatrixExp"/>, <see cref="MatrixPower"/> and <see cref="Pinv"/> have all
    /// of theirs), and for second derivatives.
    /// </remarks>
    /// <exception cref="ArgumentException">The matrices are not square, or the elements not real.</exception>
    public (Tensor Values, Tensor Vectors) Eigh()
    {
        RequireSquare("Eigh");
        return EigenFactors.Parts(Engine.Apply(EigenFactors.Shared, (this + Transpose()) * 0.5));
    }

    /// <summary>
    /// The eigenvalues of (x + xᵀ)/2 of each N×N, ascending. For derivatives where they coincide, and what the host reads, see <see cref="Eigh"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The matrices are not square, or the elements not real.</exception>
    public Tensor EigenvaluesSymmetric()
    {
        RequireSquare("EigenvaluesSymmetric");
        return Eigh().Values;
    }

    /// <summary>
    /// x = U·diag(S)·Vᵀ of each M×N, with K = min(M, N): U is M×K and Vt K×N, with orthonormal columns and rows, also for singular values of 0; S
    /// descends and is not negative. The first large element of each of the longer vectors is positive, as in <see cref="Eigh"/>;
    /// the host reads what it reads there.
    /// </summary>
    /// <remarks>For derivatives where singular values coincide, or are 0, see <see cref="Eigh"/>.</remarks>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public (Tensor U, Tensor S, Tensor Vt) Svd()
    {
        RequireRealMatrix("Svd");
        bool isWide = Shape[-1] > Shape[-2];
        var (u, s, v) = SingularFactors.Parts(Engine.Apply(SingularFactors.Shared, isWide ? Transpose() : this));
        return isWide ? (v, s, u.Transpose()) : (u, s, v.Transpose());
    }

    /// <summary>
    /// The singular values of each M×N, descending. For derivatives where they coincide, and what the host reads, see <see cref="Eigh"/>.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public Tensor SingularValues()
    {
        RequireRealMatrix("SingularValues");
        return Svd().S;
    }

    /// <summary>
    /// Moore and Penrose's pseudoinverse N×M of each M×N; singular values up to <paramref name="tolerance"/> times the greatest count as 0. The
    /// derivative is that along matrices of the same rank, also where singular values coincide. For more than 24 rows and columns the host reads
    /// whether to go on, as in <see cref="Eigh"/>.
    /// </summary>
    /// <param name="tolerance">By default max(M, N) times the distance from 1 to the next number.</param>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public Tensor Pinv(double? tolerance = null)
    {
        RequireRealMatrix("Pinv");
        return Engine.Apply(new PseudoInverse(tolerance ?? Negligible), this);
    }

    /// <summary>
    /// The x of least length with the least |a·x − b|: <c>a.LeastSquares(b)</c> is the pseudoinverse of a times b, whatever the rank of a. Of
    /// M×N and M×R it is N×R, of M×N and a vector M a vector N; axes before are batches and broadcast. The host reads what it reads for the
    /// pseudoinverse.
    /// </summary>
    /// <param name="b">What is to be reached.</param>
    /// <param name="tolerance">As for <see cref="Pinv"/>.</param>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor LeastSquares(Tensor b, double? tolerance = null)
    {
        RequireRealMatrix("LeastSquares");
        Check.Alike(this, b, "LeastSquares");
        int axis = b.Rank == 1 ? -1 : -2;
        if (b.Rank == 0 || b.Shape[axis] != Shape[-2])
        {
            throw new ArgumentException($"LeastSquares: {Shape} and {b.Shape} do not have the same number of rows.");
        }

        return Pinv(tolerance).MatMul(b);
    }

    /// <summary>
    /// The number (int64) of singular values of each M×N that are more than <paramref name="tolerance"/> times the greatest. For more than 24 rows
    /// and columns the host reads whether to go on, as in <see cref="Eigh"/>.
    /// </summary>
    /// <param name="tolerance">As for <see cref="Pinv"/>.</param>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public Tensor MatrixRank(double? tolerance = null)
    {
        RequireRealMatrix("MatrixRank");
        var s = Detach().SingularValues();
        return s.Shape[-1] == 0
            ? Zeros(new Shape(s.Shape.Lengths[..^1]), DType.Int64, s.Device)
            : Map(default(Less), s.Amax([-1], keepDims: true) * (tolerance ?? Negligible), s).Sum(-1).To(DType.Int64);
    }

    /// <summary>
    /// The condition number of each M×N: its greatest singular value over its least, ∞ where that is 0, NaN of zeros alone. The host reads what it
    /// reads for these, see <see cref="Eigh"/>.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, one of them is empty, or the elements are not real.</exception>
    public Tensor Cond()
    {
        RequireFilled("Cond");
        var s = SingularValues();
        return s[TensorIndex.Ellipsis, 0] / s[TensorIndex.Ellipsis, ^1];
    }

    /// <summary>
    /// The sum of the singular values of each M×N. Its gradient is U·Vᵀ, also where they coincide, and one of many where the rank is less.
    /// The host reads what it reads for these, see <see cref="Eigh"/>.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public Tensor NuclearNorm()
    {
        RequireRealMatrix("NuclearNorm");
        return SingularValues().Sum(-1);
    }

    /// <summary>
    /// The greatest singular value of each M×N, by which it stretches at most. Values that are the greatest together share the gradient.
    /// The host reads what it reads for singular values, see <see cref="Eigh"/>.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, one of them is empty, or the elements are not real.</exception>
    public Tensor SpectralNorm()
    {
        RequireFilled("SpectralNorm");
        var s = SingularValues();
        var least = s.Detach().Amax([-1], keepDims: true) * (1 - (8 * s.Shape[-1] * Epsilon));
        var greatest = Map(default(LessOrEqual), least, s.Detach());
        return (s * greatest / greatest.Sum(-1, keepDims: true)).Sum(-1);
    }

    /// <summary>√Σ x² of each M×N, Frobenius's norm.</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, or the elements are not real.</exception>
    public Tensor FrobeniusNorm()
    {
        RequireRealMatrix("FrobeniusNorm");
        return Norm([-2, -1]);
    }

    /// <summary>The distance from 1 to the next number.</summary>
    private double Epsilon => DType == DType.Float64 ? double.BitIncrement(1) - 1 : float.BitIncrement(1) - 1;

    /// <summary>What a singular value is at most, in relation to the greatest, if it is 0 but for rounding.</summary>
    private double Negligible => Math.Max(Shape[-2], Shape[-1]) * Epsilon;

    private void RequireRealMatrix(string op)
    {
        Check.Real(this, op);
        RequireMatrix(op);
    }

    private void RequireFilled(string op)
    {
        RequireRealMatrix(op);
        if (Shape[-2] == 0 || Shape[-1] == 0)
        {
            throw new ArgumentException($"{op}: the matrices of {Shape} are empty.");
        }
    }
}
