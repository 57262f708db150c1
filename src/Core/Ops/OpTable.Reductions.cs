namespace Gpu.Autograd.Ops;

/// <content>What takes an axis together, or picks along it.</content>
public static partial class OpTable
{
    private static OpRow[] Reductions =>
    [
        Linear("sum", x => x.Sum(), [2, 3, 4], [], [5]),
        Linear("sum_axis", x => x.Sum(1), [2, 3, 4], [3, 2]),
        Linear("sum_keepdims", x => x.Sum([0, 2], keepDims: true), [2, 3, 4]),
        Linear("mean", x => x.Mean(-1, keepDims: true), [2, 3, 4]),
        new("argmax", OpKind.Selection, x => x[0].ArgMax(1)) { Shapes = [[[2, 5, 3]], [[4, 7]]], Order = 0 },
        Composite("max", x => x.Max(1), [2, 5, 3], [4, 7]),
        Composite("logsumexp", x => x.LogSumExp(), [3, 5]),
    ];
}
