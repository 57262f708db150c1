namespace Gpu.Autograd.Ops;

/// <content>What rests on elimination. Samples are shifted by a multiple of 1, so that they are regular.</content>
public static partial class OpTable
{
    private static OpRow[] Eliminations =>
    [
        new("det", OpKind.Factorisation, x => x[0].Det()) { Shapes = [[[1, 1]], [[2, 2]], [[3, 3]], [[2, 4, 4]]] },
        new("logabsdet", OpKind.Factorisation, x => Regular(x[0]).LogAbsDet()) { Shapes = [[[3, 3]], [[2, 4, 4]]] },
        new("slogdet", OpKind.Factorisation, x => Regular(x[0]).Slogdet().LogAbsDet) { Shapes = [[[3, 3]], [[2, 4, 4]]] },
        new("inverse", OpKind.Factorisation, x => Regular(x[0]).Inverse()) { Shapes = [[[3, 3]], [[2, 4, 4]]] },
        new("solve", OpKind.Factorisation, x => Regular(x[0]).Solve(x[1]))
        {
            Shapes = [[[3, 3], [3]], [[4, 4], [4, 2]], [[2, 3, 3], [2, 3]], [[2, 1, 3, 3], [4, 3, 2]]],
        },
        new("triangular_solve", OpKind.Factorisation, x => Regular(x[0]).TriangularSolve(x[1], upper: true))
        {
            Shapes = [[[3, 3], [3]], [[4, 4], [4, 2]], [[2, 1, 3, 3], [4, 3, 2]]],
        },
        new("cholesky", OpKind.Factorisation, x => Regular(x[0].MatMul(x[0].Transpose())).Cholesky()) { Shapes = [[[3, 3]], [[2, 4, 4]]] },
        new("lu", OpKind.Factorisation, x => Product(Regular(x[0]).Lu())) { Shapes = [[[3, 3]], [[2, 4, 4]]] },
    ];

    private static Tensor Regular(Tensor x) => x + (4 * Tensor.Eye(x.Shape[-1], x.DType, x.Device));

    private static Tensor Product((Tensor P, Tensor L, Tensor U) factors) => factors.P.MatMul(factors.L * 2 + 1).MatMul(factors.U + 1);
}
