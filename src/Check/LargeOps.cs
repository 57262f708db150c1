using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Checking;

/// <summary>
/// Ops in sizes that a GPU takes apart: many groups, several passes, tiles that do not come out even. The samples of the op table fit into
/// one group.
/// </summary>
internal static class LargeOps
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<OpRow> Rows { get; } =
    [
        new("large_map", OpKind.Elementwise, x => x[0].Tanh() * x[1]) { Shapes = [[[70_001], [70_001]]] },
        new("large_views", OpKind.Composite, x => (x[0].Transpose() + x[1]).Exp()[1.., ..^1]) { Shapes = [[[201, 300], [201]]] },
        new("large_sum", OpKind.Linear, x => x[0].Sum()) { Shapes = [[[70_001]]] },
        new("large_sum_axis", OpKind.Linear, x => x[0].Sum(1)) { Shapes = [[[3, 5001]], [[2, 301, 70]]] },
        new("large_max", OpKind.Selection, x => x[0].Max(1)) { Shapes = [[[3, 5001]]] },
        new("large_softmax", OpKind.Composite, x => x[0].LogSoftmax()) { Shapes = [[[130, 1001]]] },
        new("large_cumsum", OpKind.Linear, x => x[0].CumSum(1)) { Shapes = [[[3, 5001]]] },
        new("large_sort", OpKind.Composite, x => x[0].Sort().Values) { Shapes = [[[3, 3001]]] },
        new("large_matmul", OpKind.Bilinear, x => x[0].MatMul(x[1]))
        {
            // The last ones are enough tiles for the largest there are, with quads and without.
            Shapes =
            [
                [[257, 131], [131, 190]], [[3, 65, 40], [3, 40, 33]], [[2, 5000], [5000, 3]],
                [[64, 36, 12], [64, 12, 40]], [[64, 65, 9], [64, 9, 72]], [[64, 68, 12], [64, 12, 72]],
            ],
        },
        new("large_gather", OpKind.Linear, x => x[0].Gather(Spread(x[0]))) { Shapes = [[[301, 40]]] },
        new("large_conv2d", OpKind.Composite, x => x[0].Conv2d(x[1], padding: 1)) { Shapes = [[[2, 4, 17, 19], [6, 4, 3, 3]]] },
        new("large_solve", OpKind.Factorisation, x => (x[0] + (70 * Tensor.Eye(70, x[0].DType, x[0].Device))).Solve(x[1]))
        {
            Shapes = [[[70, 70], [70, 5]]],
        },
    ];

    /// <summary>2,000 places along the first axis, some of them often and some not at all.</summary>
    private static Tensor Spread(Tensor x) => Tensor.From<long>(
        [.. Enumerable.Range(0, 2000).Select(i => (long)i * i % 7919 % x.Shape[0])], device: x.Device);
}
