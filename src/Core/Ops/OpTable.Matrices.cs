namespace Gpu.Autograd.Ops;

/// <content>Products and linear algebra.</content>
public static partial class OpTable
{
    private static OpRow[] Matrices =>
    [
        new("matmul", OpKind.Bilinear, x => x[0].MatMul(x[1]))
        {
            Shapes =
            [
                [[3, 4], [4, 2]], [[4], [4]], [[3, 4], [4]], [[4], [4, 2]], [[2, 3, 4], [2, 4, 5]], [[5, 1, 3, 4], [2, 4, 2]],
            ],
        },

        new("outer", OpKind.Composite, x => x[0].Outer(x[1])) { Shapes = [[[3], [4]]] },
        new("einsum", OpKind.Composite, x => Tensor.Einsum("...ij,...jk->...ki", x)) { Shapes = [[[3, 4], [4, 2]], [[2, 3, 4], [4, 2]]] },
        new("einsum_of_three", OpKind.Composite, x => Tensor.Einsum("ii,ij,kj", x)) { Shapes = [[[3, 3], [3, 4], [2, 4]]] },
        Linear("diagonal", x => x.Diagonal(1, 0, 2), [3, 2, 4], [2, 1, 2]),
        Linear("diag", x => x.Diag(-1), [4], [2, 3]),
        Linear("trace", x => x.Trace(), [3, 3], [2, 4, 3]),
        Linear("tril", x => x.Tril(), [3, 4], [2, 3, 3]),
        Linear("triu", x => x.Triu(-1), [3, 4], [2, 3, 3]),
    ];
}
