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
        Composite("prod", x => x.Prod(), [7], [2, 3], [], [1]),
        Composite("prod_axes", x => x.Prod([0, -1], keepDims: true), [2, 3, 5]),
        Composite("prod_at_zeros", x => (x * Tensor.From<double>([1, 0, 1, 0, 1]).To(x.DType).To(x.Device)).Prod(1), [3, 5]),
        new("amax", OpKind.Selection, x => x[0].Amax([0, -1])) { Shapes = [[[2, 5, 3]], [[9, 2]]] },
        new("amax_keepdims", OpKind.Selection, x => x[0].Amax(1, keepDims: true)) { Shapes = [[[2, 5, 3]]] },
        new("amin", OpKind.Selection, x => x[0].Amin([0, 1], keepDims: true)) { Shapes = [[[2, 5, 3]], [[4, 3]]] },
        Composite("var", x => x.Var(1), [2, 5, 3]),
        Composite("std", x => x.Std([0, 2], correction: 0, keepDims: true), [2, 5, 3]),
        Composite("norm", x => x.Norm(), [5], [2, 3]),
        Composite("norm_1", x => x.Norm([0], p: 1), [5, 2]),
        Composite("norm_3", x => x.Norm(-1, p: 3, keepDims: true), [2, 5]),
        Composite("norm_infinity", x => x.Norm([], double.PositiveInfinity), [2, 5]),
        new("any", OpKind.Selection, x => (x[0] > 1).Any(1)) { Shapes = [[[2, 5, 3]], [[4, 2]]], Order = 0 },
        new("all", OpKind.Selection, x => (x[0] > 0).All([0, -1], keepDims: true)) { Shapes = [[[2, 5, 3]], [[1, 2]]], Order = 0 },
        new("count_nonzero", OpKind.Selection, x => (x[0] > 0).CountNonzero(-1)) { Shapes = [[[2, 5, 3]]], Order = 0 },
        Linear("cumsum", x => x.CumSum(1), [2, 5, 3], [3, 20]),
        Composite("cumprod", x => x.CumProd(), [2, 5], [3]),
        new("argmin", OpKind.Selection, x => x[0].ArgMin(1)) { Shapes = [[[2, 5, 3]], [[4, 7]]], Order = 0 },
        Composite("min", x => x.Min(1, keepDims: true), [2, 5, 3], [4, 7]),
        new("argsort", OpKind.Selection, x => x[0].ArgSort(1)) { Shapes = [[[2, 5, 3]], [[4, 70]]], Order = 0 },
        Composite("sort", x => x.Sort().Values, [2, 5], [40]),
        Composite("sort_descending", x => x.Sort(0, descending: true).Values, [5, 2]),
        Composite("topk", x => x.TopK(2).Values, [2, 5]),
        new("argmax", OpKind.Selection, x => x[0].ArgMax(1)) { Shapes = [[[2, 5, 3]], [[4, 7]]], Order = 0 },
        Composite("max", x => x.Max(1), [2, 5, 3], [4, 7]),
        Composite("quantile", x => x.Quantile(0.3, 1), [2, 5, 3], [3, 8]),
        Composite("median", x => x.Median(0, keepDims: true), [6, 2], [5]),
        Composite("nan_sum", x => x.NanSum([0, -1]), [2, 3, 4]),
        Composite("nan_mean", x => x.NanMean(1), [2, 5], [3, 4]),
        Linear("diff", x => x.Diff(0, n: 2), [5, 2], [4]),
        Composite("logsumexp", x => x.LogSumExp(), [3, 5]),
    ];
}
