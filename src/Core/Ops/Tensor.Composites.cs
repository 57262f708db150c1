using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Selections, and composites: ops made of other ops, which need no rules of their own.</summary>
public sealed partial class Tensor
{
    /// <summary>The index (int64) of the greatest element along an axis, the first of equals; a NaN counts as greatest. No gradient.</summary>
    /// <exception cref="ArgumentException">The axis is empty, or the elements are not real.</exception>
    public Tensor ArgMax(int axis = -1)
    {
        Check.Real(this, "ArgMax");
        axis = Shape.Axis(axis, "ArgMax");
        if (Shape[axis] == 0)
        {
            throw new ArgumentException($"ArgMax: axis {axis} of {Shape} is empty.");
        }

        return Engine.Apply(ArgGreatest.Shared, Last(axis));
    }

    /// <summary>The greatest element along an axis. The whole gradient goes to the first of equals.</summary>
    /// <exception cref="ArgumentException">The axis is empty, or the elements are not real.</exception>
    public Tensor Max(int axis = -1, bool keepDims = false)
    {
        axis = Shape.Axis(axis, "Max");
        var last = Last(axis);
        var index = ArgMax(axis);
        var y = last.Gather(index.Reshape([.. index.Shape, 1]), axis: Rank - 1, batchDims: Rank - 1);
        return y.Reshape([.. Shape.Reduced([axis], keepDims)]);
    }

    /// <summary>log Σ exp(x) along an axis, without overflow; −∞ where every element is −∞.</summary>
    public Tensor LogSumExp(int axis = -1, bool keepDims = false)
    {
        var max = Max(axis, keepDims: true).Detach();

        // An infinite maximum would give ∞ − ∞; what is finite there does not matter.
        var shift = Where(max.Abs() < double.PositiveInfinity, max, 0);
        var y = (this - shift).Exp().Sum(axis, keepDims: true).Log() + shift;
        return keepDims ? y : y.Reshape([.. Shape.Reduced([Shape.Axis(axis, "LogSumExp")], false)]);
    }

    /// <summary>log of the softmax along an axis: x − log Σ exp(x).</summary>
    public Tensor LogSoftmax(int axis = -1) => this - LogSumExp(axis, keepDims: true);

    /// <summary>exp(x)/Σ exp(x) along an axis.</summary>
    public Tensor Softmax(int axis = -1) => LogSoftmax(axis).Exp();

    /// <summary>
    /// The mean cross-entropy of logits [N, C] against labels [N] (int32 or int64, 0..C−1): −mean log softmax(x)[label].
    /// </summary>
    /// <exception cref="ArgumentException">Shapes or dtypes do not fit.</exception>
    public Tensor CrossEntropy(Tensor labels)
    {
        Check.Index(this, labels, "CrossEntropy");
        if (Rank != 2 || labels.Rank != 1 || labels.Count != Shape[0])
        {
            throw new ArgumentException($"CrossEntropy: labels {labels.Shape} do not fit logits {Shape}; [N, C] and [N] are asked for.");
        }

        return -LogSoftmax().Gather(labels.Reshape(labels.Count, 1), axis: 1, batchDims: 1).Mean();
    }

    /// <summary>The mean of (x − target)².</summary>
    /// <exception cref="ArgumentException">Shapes differ.</exception>
    public Tensor MeanSquaredError(Tensor target)
    {
        if (Shape != target.Shape)
        {
            throw new ArgumentException($"MeanSquaredError: {Shape} and the target {target.Shape} differ.");
        }

        return (this - target).Square().Mean();
    }

    /// <summary>With one axis moved to the end.</summary>
    private Tensor Last(int axis) =>
        axis == Rank - 1 ? this : Permute([.. Enumerable.Range(0, Rank).Where(a => a != axis), axis]);
}
