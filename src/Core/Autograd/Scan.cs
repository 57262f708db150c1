namespace Gpu.Autograd.Autograd;

/// <summary>The running sum along an axis: y[k] = x[0] + … + x[k], or from the other end.</summary>
internal sealed class RunningSum(int axis, bool fromEnd) : Linear
{
    public override string Name => "CumSum";

    public override Linear Adjoint => new RunningSum(axis, !fromEnd);

    public override Primitive Batched(int size) => new RunningSum(axis + 1, fromEnd);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(x[0].Shape, x[0].DType, x[0].Device);
        Launch.Into(y.View(Along(y.Layout)), static (backend, x, y) => backend.Scan(default(Ops.Sum), x, y), x[0].View(Along(x[0].Layout)));
        return y;
    }

    /// <summary>The same elements with the axis as the last one, walked in the direction of the sum.</summary>
    private Layout Along(Layout layout)
    {
        int rank = layout.Shape.Rank;
        var last = layout.Permuted([.. Enumerable.Range(0, rank).Where(other => other != axis), axis]);
        if (!fromEnd)
        {
            return last;
        }

        var start = new int[rank];
        int[] step = [.. Enumerable.Repeat(1, rank)];
        (start[^1], step[^1]) = (layout.Shape.Lengths[axis] - 1, -1);
        return last.Sliced(start, step, last.Shape);
    }
}
