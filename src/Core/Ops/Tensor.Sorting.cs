using System.Numerics;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>Orders. A NaN is greater than every number, and of equal elements the first comes first, in both directions.</summary>
public sealed partial class Tensor
{
    /// <summary>
    /// The indices (int64) that put the elements along an axis in order: ascending, a NaN last, or descending, a NaN first; of equal ones the
    /// first comes first. Any dtype; no gradient.
    /// </summary>
    public Tensor ArgSort(int axis = -1, bool descending = false)
    {
        if (Rank == 0)
        {
            return Reshape(1).ArgSort(axis, descending).Reshape();
        }

        axis = Shape.Axis(axis, "ArgSort");
        var order = Engine.Apply(new OrderAlong(descending), Last(axis));
        return order.MoveAxis(-1, axis);
    }

    /// <summary>
    /// The elements along an axis in order, and the indices (int64) that they had: ascending, a NaN last, or descending, a NaN first; of equal
    /// ones the first comes first. The gradient goes back to where each came from.
    /// </summary>
    public (Tensor Values, Tensor Indices) Sort(int axis = -1, bool descending = false)
    {
        if (Rank == 0)
        {
            var (values, indices) = Reshape(1).Sort(axis, descending);
            return (values.Reshape(), indices.Reshape());
        }

        axis = Shape.Axis(axis, "Sort");
        var order = ArgSort(axis, descending);
        return (GatherAlong(order, axis), order);
    }

    /// <summary>The k greatest elements along an axis from the greatest on (or the k least from the least on), and their indices (int64). A NaN
    /// is greater than all. The gradient goes back to where each came from.</summary>
    /// <exception cref="ArgumentException">There are not so many.</exception>
    public (Tensor Values, Tensor Indices) TopK(int k, int axis = -1, bool largest = true)
    {
        if (Rank == 0 && k == 1)
        {
            return Sort(axis, largest);
        }

        axis = Shape.Axis(axis, "TopK");
        if (k < 0 || k > Shape.Lengths[axis])
        {
            throw new ArgumentException($"TopK: axis {axis} of {Shape} has {Shape.Lengths[axis]} elements, not {k}.");
        }

        var order = ArgSort(axis, largest).Narrow(axis, 0, k);
        return (GatherAlong(order, axis), order);
    }

    /// <summary>
    /// The different elements of all axes in ascending order; for each element, which of them it is (int64, in this shape); and how often
    /// each occurs (int64). Every NaN is one of its own. Their number is read by the host, so it cannot be used under Vmap. The gradient goes
    /// to the first of equals.
    /// </summary>
    /// <exception cref="InvalidOperationException">It runs under Vmap.</exception>
    public (Tensor Values, Tensor Inverse, Tensor Counts) Unique()
    {
        RequireOneValue("Unique");
        var flat = Reshape(Count);
        var order = flat.ArgSort();
        long[] at = order.ToArray<long>();
        bool[] differs = Count == 0 ? [] : flat.DifferFromNext(order);
        var inverse = new long[at.Length];
        var firsts = new List<long>();
        var counts = new List<long>();
        for (int k = 0; k < at.Length; k++)
        {
            if (k == 0 || differs[k - 1])
            {
                firsts.Add(at[k]);
                counts.Add(0);
            }

            counts[^1]++;
            inverse[at[k]] = counts.Count - 1;
        }

        var values = flat.Gather(From<long>([.. firsts], device: Device));
        return (values, From<long>(inverse, Shape, Device), From<long>([.. counts], device: Device));
    }

    /// <summary>For each element but the last, in an order: whether it differs from the next.</summary>
    private bool[] DifferFromNext(Tensor order)
    {
        var sorted = Detach().Gather(order);
        return DType switch
        {
            DType.Float32 => Compare<float>(sorted),
            DType.Float64 => Compare<double>(sorted),
            DType.Int64 => Compare<long>(sorted),
            _ => Compare<int>(sorted.To(DType.Int32)),
        };

        static bool[] Compare<T>(Tensor sorted)
            where T : unmanaged, IEqualityOperators<T, T, bool>
        {
            var x = sorted.ToArray<T>();
            return [.. x.Skip(1).Select((value, i) => value != x[i])];
        }
    }

    /// <summary>The host is to read values: under Vmap there are many.</summary>
    private void RequireOneValue(string op)
    {
        if (IsBatched)
        {
            throw new InvalidOperationException(
                $"{op}: the shape of the result depends on the values, and under Vmap this {DType.Name()} {Shape} stands for several at once; " +
                "call it outside of Vmap.");
        }
    }
}
