using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Selections along an axis.</summary>
public sealed partial class Tensor
{
    /// <summary>The index (int64) of the greatest element along an axis, the first of equals; a NaN counts as greatest. No gradient.</summary>
    /// <exception cref="ArgumentException">The axis is empty, or the elements are bool.</exception>
    public Tensor ArgMax(int axis = -1) => ArgMax(axis, "ArgMax");

    /// <summary>The greatest element along an axis. The whole gradient goes to the first of equals.</summary>
    /// <exception cref="ArgumentException">The axis is empty, or the elements are bool.</exception>
    public Tensor Max(int axis = -1, bool keepDims = false)
    {
        if (Rank == 0)
        {
            return Reshape(1).Max(axis);
        }

        axis = Shape.Axis(axis, "Max");
        var last = Last(axis);
        var index = ArgMax(axis, "Max");
        var y = last.Gather(index.Reshape([.. index.Shape, 1]), axis: Rank - 1, batchDims: Rank - 1);
        return y.Reshape([.. Shape.Reduced([axis], keepDims)]);
    }

    private Tensor ArgMax(int axis, string op)
    {
        if (Rank == 0)
        {
            return Reshape(1).ArgMax(axis, op);
        }

        Check.Number(this, op);
        axis = Shape.Axis(axis, op);
        if (Shape[axis] == 0)
        {
            throw new ArgumentException($"{op}: axis {axis} of {Shape} is empty.");
        }

        return Engine.Apply(ArgGreatest.Shared, Last(axis));
    }

    /// <summary>With one axis moved to the end.</summary>
    private Tensor Last(int axis) =>
        axis == Rank - 1 ? this : Permute([.. Enumerable.Range(0, Rank).Where(a => a != axis), axis]);
}
