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

        new("inverse", OpKind.Factorisation, x => (x[0] + (4 * Tensor.Eye(x[0].Shape[-1], x[0].DType, x[0].Device))).Inverse())
        {
            Shapes = [[[3, 3]], [[2, 4, 4]]],
        },
        new("logabsdet", OpKind.Factorisation, x => (x[0] + (4 * Tensor.Eye(x[0].Shape[-1], x[0].DType, x[0].Device))).LogAbsDet())
        {
            Shapes = [[[3, 3]], [[2, 4, 4]]],
        },
    ];
}
