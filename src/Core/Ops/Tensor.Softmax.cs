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

        // An infinite maximum would give ∞ − ∞. Where nothing is greater than −∞, log(0 + 1) − ∞ has the value and a gradient of 0.
        var max = Detach().Amax(over, keepDims: true);
        var finite = Map(default(Less), max.Abs(), double.PositiveInfinity);
        var sum = (this - Map(default(Select), finite, max, 0)).Exp().Sum(over, keepDims: true) + (1 - finite);
        return (sum.Log() + max).Reshape([.. Shape.Reduced(over, keepDims)]);
    }

    /// <summary>log of the softmax along an axis: x − log Σ exp(x).</summary>
    public Tensor LogSoftmax(int axis = -1) => LogSoftmax(axis, "LogSoftmax");

    /// <summary>exp(x)/Σ exp(x) along an axis; NaN where every element is −∞.</summary>
    public Tensor Softmax(int axis = -1) => LogSoftmax(axis, "Softmax").Exp();

    /// <summary>exp(−x)/Σ exp(−x) along an axis.</summary>
    public Tensor Softmin(int axis = -1)
    {
        Check.Real(this, "Softmin");
        return (-this).LogSoftmax(axis, "Softmin").Exp();
    }

    private Tensor LogSoftmax(int axis, string op) => this - LogSumExp([axis], keepDims: true, op);
}
