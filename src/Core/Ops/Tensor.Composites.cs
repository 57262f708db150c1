using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>Selections along an axis.</summary>
public sealed partial class Tensor
{
    /// <summary>The index (int64) of the greatest element along an axis, the first of equals; a NaN counts as greatest. Any
    /// dtype; no gradient.</summary>
    /// <exception cref="ArgumentException">The axis is empty.</exception>
    public Tensor ArgMax(int axis = -1) => ArgMax(axis, "ArgMax");

    /// <summary>The greatest element along an axis. The whole gradient goes to the first of equals. Of bool it is
    /// <see cref="Any(int, bool)"/>, but that there must be an element.</summary>
    /// <exception cref="ArgumentException">The axis is empty.</exception>
    public Tensor Max(int axis = -1, bool keepDims = false)
    {
        var index = ArgMax(axis, "Max");
        return At(index, axis, keepDims, "Max");
    }

    /// <summary>The elements along an axis that an index without this axis names.</summary>
    private Tensor At(Tensor index, int axis, bool keepDims, string op)
    {
        if (Rank == 0)
        {
            return this;
        }

        axis = Shape.Axis(axis, op);
        var y = Last(axis).Gather(index.Unsqueeze(-1), Rank - 1, Rank - 1, op);
        return y.Reshape([.. Shape.Reduced([axis], keepDims)]);
    }

    private Tensor ArgMax(int axis, string op)
    {
        if (Rank == 0)
        {
            // A scalar counts as one element along an axis 0 or −1.
            _ = Shape.Axes([axis], op);
            return Reshape(1).ArgMax(0, op);
        }

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
