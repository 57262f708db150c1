using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Order statistics, sums that pass over NaN, differences, and whether numbers are nearly equal.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The value along an axis that a part q of the elements lies below: of n in order the one in place q·(n − 1), between two of them on the
    /// line from one to the other, as NumPy and PyTorch say by default. NaN where one is NaN. The gradient goes to these one or two.
    /// </summary>
    /// <exception cref="ArgumentException">q is not between 0 and 1, the axis is empty, or the elements are not real.</exception>
    public Tensor Quantile(double q, int axis = -1, bool keepDims = false) => Quantile(q, axis, keepDims, "Quantile");

    /// <summary>
    /// The median along an axis: the middle element, or of an even number the mean of the two in the middle, as NumPy's (PyTorch's is the
    /// lower of the two). NaN where one is NaN. Two in the middle share the gradient.
    /// </summary>
    /// <exception cref="ArgumentException">The axis is empty, or the elements are not real.</exception>
    public Tensor Median(int axis = -1, bool keepDims = false) => Quantile(0.5, axis, keepDims, "Median");

    /// <summary>The sum along some axes of the elements that are not NaN, 0 where all are; those get no gradient.</summary>
    public Tensor NanSum(ReadOnlySpan<int> axes, bool keepDims = false)
    {
        int[] over = Shape.Axes(axes, "NanSum");
        return DType.IsReal() ? Where(IsNaN(), 0, this).Sum(over, keepDims) : Sum(over, keepDims);
    }

    /// <summary>The sum of all elements that are not NaN, a scalar.</summary>
    public Tensor NanSum() => NanSum([]);

    /// <summary>The sum along one axis of the elements that are not NaN.</summary>
    public Tensor NanSum(int axis, bool keepDims = false) => NanSum([axis], keepDims);

    /// <summary>The mean along some axes of the elements that are not NaN, NaN where all are; those get no gradient.</summary>
    /// <exception cref="ArgumentException">The elements are not real.</exception>
    public Tensor NanMean(ReadOnlySpan<int> axes, bool keepDims = false)
    {
        Check.Real(this, "NanMean");
        int[] over = Shape.Axes(axes, "NanMean");
        return NanSum(over, keepDims) / (!IsNaN()).Sum(over, keepDims).To(DType);
    }

    /// <summary>The mean of all elements that are not NaN, a scalar.</summary>
    public Tensor NanMean() => NanMean([]);

    /// <summary>The mean along one axis of the elements that are not NaN.</summary>
    public Tensor NanMean(int axis, bool keepDims = false) => NanMean([axis], keepDims);

    /// <summary>The differences of neighbours along an axis, x[i + 1] − x[i], one fewer than elements; n times over.</summary>
    /// <exception cref="ArgumentException">n is negative, or the elements are bool.</exception>
    public Tensor Diff(int axis = -1, int n = 1)
    {
        Check.Number(this, "Diff");
        axis = Shape.Axis(axis, "Diff");
        if (n < 0)
        {
            throw new ArgumentException($"Diff: n is {n}; it must not be negative.");
        }

        var x = this;
        for (int left = Shape.Lengths[axis]; n > 0 && left > 0; n--)
        {
            left--;
            x = x.Narrow(axis, 1, left) - x.Narrow(axis, 0, left);
        }

        return x;
    }

    /// <summary>
    /// Where |a − b| ≤ absolute + relative·|b|, as bool: b is what a is held against. ±∞ is close to itself alone, NaN to nothing, but with
    /// <paramref name="equalNaN"/> to NaN. Shapes broadcast; no gradient.
    /// </summary>
    public static Tensor IsClose(Tensor a, Tensor b, double relative = 1e-5, double absolute = 1e-8, bool equalNaN = false)
    {
        var like = a.IsWeak ? b : a;
        (a, b) = (a.Detach().Strong(like.DType, like.Device), b.Detach().Strong(like.DType, like.Device));
        Check.Alike(a, b, "IsClose");
        var shape = Shape.Broadcast(a.Shape, b.Shape, "IsClose");
        if (!a.DType.IsReal())
        {
            (a, b) = (a.To(DType.Float64), b.To(DType.Float64));
        }

        (a, b) = (a.BroadcastTo(shape), b.BroadcastTo(shape));
        var distance = (a - b).Abs();
        var isClose = Equal(a, b) | ((distance <= (relative * b.Abs()) + absolute) & distance.IsFinite());
        return equalNaN ? isClose | (a.IsNaN() & b.IsNaN()) : isClose;
    }

    /// <summary>Whether all elements are close, as <see cref="IsClose"/> says. It waits for the device.</summary>
    public static bool AllClose(Tensor a, Tensor b, double relative = 1e-5, double absolute = 1e-8, bool equalNaN = false) =>
        IsClose(a, b, relative, absolute, equalNaN).All().Item() != 0;

    private Tensor Quantile(double q, int axis, bool keepDims, string op)
    {
        Check.Real(this, op);
        axis = Shape.Axes([axis], op) is [var along] ? along : 0;
        if (!(q is >= 0 and <= 1))
        {
            throw new ArgumentException(FormattableString.Invariant($"{op}: q is {q}; it must be between 0 and 1."));
        }

        if (Rank == 0)
        {
            return this;
        }

        int count = Shape.Lengths[axis];
        if (count == 0)
        {
            throw new ArgumentException($"{op}: axis {axis} of {Shape} is empty.");
        }

        var sorted = Sort(axis).Values;
        double place = q * (count - 1);
        int below = (int)place;
        double part = place - below;
        var y = sorted.Narrow(axis, below, 1);
        if (part > 0)
        {
            y = (y * (1 - part)) + (sorted.Narrow(axis, below + 1, 1) * part);
        }

        // A NaN is the last in order.
        var last = sorted.Narrow(axis, count - 1, 1);
        y = Where(last.IsNaN(), last, y);
        return keepDims ? y : y.Squeeze(axis);
    }
}
