using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Sums of exponentials.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// log Σ exp(x) along an axis, without overflow; −∞ where every element is −∞ (with gradient 0) or there is none, +∞ where one is +∞.
    /// </summary>
    public Tensor LogSumExp(int axis = -1, bool keepDims = false) => LogSumExp([axis], keepDims);

    /// <summary>log Σ exp(x) along some axes (none given: all), as along one.</summary>
    public Tensor LogSumExp(ReadOnlySpan<int> axes, bool keepDims = false) => LogSumExp(axes, keepDims, "LogSumExp");

    private Tensor LogSumExp(ReadOnlySpan<int> axes, bool keepDims, string op)
    {
        Check.Real(this, op);
        int[] over = Shape.Axes(axes, op);
        if (Count == 0)
        {
            return Exp().Sum(over, keepDims).Log();
        }

        int[] kept = [.. Enumerable.Range(0, Rank).Except(over)];
        var rows = over.Length == 1 ? Last(over[0]) : Permute([.. kept, .. over]).Reshape([.. Shape.Reduced(over, false), CountAlong(over)]);
        return Engine.Apply(EntropyOfRows.Unlabelled, rows).Reshape([.. Shape.Reduced(over, keepDims)]);
    }

    /// <summary>log of the softmax along an axis: x − log Σ exp(x); NaN throughout where every element is −∞, or one is +∞.</summary>
    public Tensor LogSoftmax(int axis = -1) => SoftmaxAlong(axis, log: true, "LogSoftmax");

    /// <summary>exp(x)/Σ exp(x) along an axis; NaN throughout where every element is −∞, or one is +∞.</summary>
    public Tensor Softmax(int axis = -1) => SoftmaxAlong(axis, log: false, "Softmax");

    /// <summary>exp(−x)/Σ exp(−x) along an axis.</summary>
    public Tensor Softmin(int axis = -1)
    {
        Check.Real(this, "Softmin");
        return (-this).SoftmaxAlong(axis, log: false, "Softmin");
    }

    private Tensor SoftmaxAlong(int axis, bool log, string op)
    {
        Check.Real(this, op);
        return Shape.Axes([axis], op) is [int along]
            ? Engine.Apply(new SoftmaxAlong(along, log), this)
            : Reshape(1).SoftmaxAlong(0, log, op).Reshape([]);
    }
}
