namespace Gpu.Autograd.Ops;

/// <content>Factorisations by orthogonal matrices, functions of matrices, and products of tensors.</content>
public static partial class OpTable
{
    private static OpRow[] Spectral =>
    [
        Factorisation("qr", x => Joined(x.Qr().Q, x.Qr().R), [3, 3], [2, 4, 2], [2, 3]),
        Factorisation("eigh", x => Joined(x.Eigh().Vectors, x.Eigh().Values.Unsqueeze(-1)), [3, 3], [2, 4, 4]),
        Factorisation("eigenvalues_symmetric", x => x.EigenvaluesSymmetric(), [3, 3], [2, 4, 4]),
        Factorisation("svd", x => Joined(x.Svd().U, x.Svd().Vt), [3, 3], [2, 4, 2], [2, 3]),
        Factorisation("singular_values", x => x.SingularValues(), [3, 3], [2, 4, 2], [2, 3]),
        Factorisation("pinv", x => x.Pinv(), [3, 3], [2, 4, 2], [2, 3]),
        Factorisation("matrix_exp", x => (x / 6).MatrixExp(), [1, 1], [3, 3], [2, 4, 4]) with { Bare = x => x[0].MatrixExp() },
        Apart("least_squares", x => x.LeastSquares(Tensor.Ones([x.Rank < 2 ? 1 : x.Shape[-2], 2], x.DType, x.Device)), [3, 3], [2, 4, 2], [2, 3]),
        Apart("matrix_power", x => (x / 4).MatrixPower(3) + x.MatrixPower(-2), [3, 3], [2, 4, 4]) with { Bare = x => x[0].MatrixPower(3) },
        Apart("nuclear_norm", x => x.NuclearNorm(), [3, 3], [2, 4, 2], [2, 3]),
        Apart("spectral_norm", x => x.SpectralNorm(), [3, 3], [2, 4, 2], [2, 3]),
        Apart("frobenius_norm", x => x.FrobeniusNorm(), [3, 3], [2, 4, 2]),
        Apart("cond", x => x.Cond(), [3, 3], [2, 4, 2]),
        new("matrix_rank", OpKind.Selection, x => x[0].MatrixRank()) { Shapes = [[[3, 3]], [[2, 4, 2]], [[2, 3]]], Order = 0 },
        new("kron", OpKind.Composite, x => x[0].Kron(x[1])) { Shapes = [[[2, 3], [3, 2]], [[2, 1, 2, 2], [3, 1, 3]]] },
        new("tensor_dot", OpKind.Composite, x => x[0].TensorDot(x[1], [0, -1], [2, 0])) { Shapes = [[[3, 2, 4], [4, 2, 3]]] },
        Linear("trace_partial", x => x.Trace(0, 2), [2, 3, 2, 3]),
    ];

    private static OpRow Factorisation(string name, Func<Tensor, Tensor> apply, params Shape[] shapes) =>
        Apart(name, apply, shapes) with { Kind = OpKind.Factorisation };

    private static OpRow Apart(string name, Func<Tensor, Tensor> apply, params Shape[] shapes) =>
        Composite(name, x => apply(Apart(x)), shapes) with { Bare = x => apply(x[0]) };

    /// <summary>Matrices near a diagonal one whose elements are far from each other, as then the values of x's are.</summary>
    private static Tensor Apart(Tensor x)
    {
        var (rows, columns) = (x.Shape[-2], x.Shape[-1]);
        return (x * 0.3) + (Tensor.Eye(rows, columns, 0, x.DType, x.Device) * Tensor.Arange(4.0, 4.0 + (3 * columns), 3, x.DType, x.Device));
    }

    /// <summary>Two tensors as one, each a row of numbers a matrix.</summary>
    private static Tensor Joined(Tensor a, Tensor b) => Tensor.Concat([a.Flatten(a.Rank - 2), b.Flatten(b.Rank - 2)], -1);
}
