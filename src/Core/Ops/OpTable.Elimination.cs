namespace Gpu.Autograd.Ops;

/// <content>What rests on elimination. Samples are shifted by a multiple of 1, so that they are regular.</content>
public static partial class OpTable
{
    private static OpRow[] Eliminations =>
    [
        new("det", OpKind.Factorisation, x => x[0].Det()) { Shapes = [[[1, 1]], [[2, 2]], [[3, 3]], [[2, 4, 4]]] },
        Regular("logabsdet", x => x[0].LogAbsDet(), [[3, 3]], [[2, 4, 4]]),
        Regular("slogdet", x => x[0].Slogdet().LogAbsDet, [[3, 3]], [[2, 4, 4]]),
        Regular("inverse", x => x[0].Inverse(), [[3, 3]], [[2, 4, 4]]),
        Regular("solve", x => x[0].Solve(x[1]), [[3, 3], [3]], [[4, 4], [4, 2]], [[2, 3, 3], [2, 3]], [[2, 1, 3, 3], [4, 3, 2]]),
        Regular("triangular_solve", x => x[0].TriangularSolve(x[1], upper: true), [[3, 3], [3]], [[4, 4], [4, 2]], [[2, 1, 3, 3], [4, 3, 2]]),
        new("cholesky", OpKind.Factorisation, x => Regular(x[0].MatMul(x[0].Transpose())).Cholesky())
        {
            Shapes = [[[3, 3]], [[2, 4, 4]]],
            Bare = x => x[0].Cholesky(),
        },
        Regular("lu", x => Product(x[0].Lu()), [[3, 3]], [[2, 4, 4]]),
    ];

    private static OpRow Regular(string name, Func<Tensor[], Tensor> apply, params Shape[][] shapes) =>
        new(name, OpKind.Factorisation, x => apply([Regular(x[0]), .. x[1..]])) { Shapes = shapes, Bare = apply };

    private static Tensor Regular(Tensor x) => x + (4 * Tensor.Eye(x.Shape[-1], x.DType, x.Device));

    private static Tensor Product((Tensor P, Tensor L, Tensor U) factors) => factors.P.MatMul(factors.L * 2 + 1).MatMul(factors.U + 1);
}
