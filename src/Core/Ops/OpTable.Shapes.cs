namespace Gpu.Autograd.Ops;

/// <content>Shapes, parts and indices.</content>
public static partial class OpTable
{
    private static OpRow[] Shapes =>
    [
        Linear("broadcast_to", x => x.BroadcastTo([2, 3, 4]), [3, 1], [4], []),
        Linear("reshape", x => x.Reshape(4, -1), [2, 6], [4]),
        Linear("permute", x => x.Permute(2, 0, 1), [2, 3, 4]),
        Linear("transpose", x => x.Transpose(), [2, 3, 4], [3, 2]),
        Linear("slice", x => x[1..4, ..^1], [5, 6], [4, 2]),
        Linear("slice_by_numbers", x => x[^1, TensorIndex.NewAxis, TensorIndex.Ellipsis, 1..3], [3, 4], [3, 2, 5]),
        Linear("slice_by_index", x => x[..2, Tensor.From<int>([2, 0, 2, 1], [2, 2], x.Device), 1], [3, 4, 2]),
        Linear("slice_by_indices", x => x[Tensor.From<int>([-1, 0], [2, 1], x.Device), TensorIndex.Ellipsis, Tensor.From<int>([2, 0, -1], device: x.Device)], [3, 4], [3, 2, 4]),
        Linear("slice_by_mask", x => x[.., Tensor.From([true, false, true], device: x.Device)], [2, 3], [4, 3, 2]),
        Linear("slice_backwards", x => x.Slice([2, 3], [-1, -1], [-1, -2]), [3, 4]),
        Linear("flip", x => x.Flip(0, -1), [2, 3, 4]),
        Linear("roll", x => x.Roll(-3, 1), [2, 5], [3, 2]),
        Linear("roll_axes", x => x.Roll([1, -2], [0, 1]), [2, 5], [3, 2]),
        Linear("tile", x => x.Tile(2, 1, 3), [2, 4], [3]),
        Linear("repeat", x => x.Repeat(3, 0), [2, 4], [3]),
        Linear("squeeze", x => x.Squeeze(), [2, 1, 3, 1], [1]),
        Linear("unsqueeze", x => x.Unsqueeze(-1), [2, 3], []),
        Linear("flatten", x => x.Flatten(1), [2, 3, 4], [2, 3]),
        Linear("split", x => x.Split([1, 3], axis: 1)[1], [2, 4], [3, 4]),
        Linear("chunk", x => x.Chunk(2)[^1], [5, 2], [4]),
        Linear("unbind", x => x.Unbind(-1)[1], [2, 3]),
        Linear("meshgrid", x => Tensor.Meshgrid(x, x.Flip()) is [var a, var b] ? a - (2 * b) : x, [3]),
        new("stack", OpKind.Linear, x => Tensor.Stack(x, axis: -1)) { Shapes = [[[2, 3], [2, 3]], [[], []]] },
        Linear("pad", x => x.Pad([0, 1], [1, 2]), [2, 3]),
        Linear("reflection_pad", x => x.ReflectionPad([0, 2], [1, 1]), [2, 3]),
        Linear("replication_pad", x => x.ReplicationPad([0, 2], [1, 4]), [2, 3]),
        Composite("pad_with_value", x => x.Pad([0, 1], [1, 2], 7.5), [2, 3]),
        Linear("gather", x => x.Gather(Tensor.From<int>([2, 0, 2, 1], device: x.Device)), [3, 4], [3]),
        Linear("gather_in_batches", x => x.Gather(Tensor.From<long>([2, 0, 0, 1], [2, 2], x.Device), axis: 2, batchDims: 1), [2, 4, 3]),
        Linear("gather_along", x => x.GatherAlong(Tensor.From<long>([2, 0, 0, 1, 1, 1], [3, 2], x.Device), axis: 0), [3, 4]),
        new("scatter_add_along", OpKind.Linear, x => x[0].ScatterAddAlong(Tensor.From<long>([2, 0, 2, 1, 1, 1], [2, 3], x[0].Device), x[1]))
        {
            Shapes = [[[2, 3], [2, 3]]],
        },
        new("scatter_along", OpKind.Composite, x => x[0].ScatterAlong(Tensor.From<int>([2, 0, 2, 1, 1, 1], [3, 2], x[0].Device), x[1], axis: 0))
        {
            Shapes = [[[3, 2], [3, 2]]],
        },
        new("one_hot", OpKind.Selection, x => (x[0] > 0).To(DType.Int32).OneHot(3)) { Shapes = [[[2, 3]], [[]]], Order = 0 },
        Composite("masked_select", x => x.MaskedSelect(Tensor.From([true, false, true], device: x.Device)), [2, 3], []),
        Linear("scatter_add", x => x.ScatterAdd(Tensor.From<long>([2, 0, 2, 1], device: x.Device), 3), [4, 2], [4]),
        new("concat", OpKind.Linear, x => Tensor.Concat(x, axis: 1)) { Shapes = [[[2, 3], [2, 2], [2, 1]]] },
    ];
}
