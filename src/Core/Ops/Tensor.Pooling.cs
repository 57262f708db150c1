using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Pools: the greatest or the mean of windows. Both go one axis after another, so that no more is read than one axis' windows.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The greatest of each window along the last axis: [..., L] → [..., L'], with L' as of <see cref="Conv1d"/>. The stride is the kernel
    /// where none is given. Padding counts as −∞ and is at most half a window. With <paramref name="ceilMode"/> L' is
    /// rounded up: there is one window more where elements are left over, which ends behind them. The whole gradient goes to the first of
    /// equals.
    /// </summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor MaxPool1d(
        PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis dilation = default, bool ceilMode = false) =>
        MaxPooled("MaxPool1d", 1, kernel, stride, padding, dilation, ceilMode);

    /// <summary>The greatest of each window along the last two axes, [..., H, W] → [..., H', W']; as <see cref="MaxPool1d"/>.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor MaxPool2d(
        PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis dilation = default, bool ceilMode = false) =>
        MaxPooled("MaxPool2d", 2, kernel, stride, padding, dilation, ceilMode);

    /// <summary>The greatest of each window along the last three axes, [..., D, H, W] → [..., D', H', W']; as <see cref="MaxPool1d"/>.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor MaxPool3d(
        PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis dilation = default, bool ceilMode = false) =>
        MaxPooled("MaxPool3d", 3, kernel, stride, padding, dilation, ceilMode);

    /// <summary>
    /// The mean of each window along the last axis: [..., L] → [..., L'], with L' as of <see cref="Conv1d"/>. The stride is the kernel where
    /// none is given. Padding is at most half a window; it counts as zeros, or not at all. With <paramref name="ceilMode"/> there is one
    /// window more where elements are left over; what of it lies behind the padding does not count.
    /// </summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor AvgPool1d(
        PerAxis kernel, PerAxis stride = default, PerAxis padding = default, bool countIncludePad = true, bool ceilMode = false) =>
        AvgPooled("AvgPool1d", 1, kernel, stride, padding, countIncludePad, ceilMode);

    /// <summary>The mean of each window along the last two axes, [..., H, W] → [..., H', W']; as <see cref="AvgPool1d"/>.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor AvgPool2d(
        PerAxis kernel, PerAxis stride = default, PerAxis padding = default, bool countIncludePad = true, bool ceilMode = false) =>
        AvgPooled("AvgPool2d", 2, kernel, stride, padding, countIncludePad, ceilMode);

    /// <summary>The mean of each window along the last three axes, [..., D, H, W] → [..., D', H', W']; as <see cref="AvgPool1d"/>.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor AvgPool3d(
        PerAxis kernel, PerAxis stride = default, PerAxis padding = default, bool countIncludePad = true, bool ceilMode = false) =>
        AvgPooled("AvgPool3d", 3, kernel, stride, padding, countIncludePad, ceilMode);

    /// <summary>
    /// The means of so many parts of the last axis: [..., L] → [..., outputs]. Part i goes from i·L/outputs, rounded down, to
    /// (i + 1)·L/outputs, rounded up; parts share an element where that does not divide.
    /// </summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor AdaptiveAvgPool1d(PerAxis outputs) => AdaptivePooled("AdaptiveAvgPool1d", 1, outputs);

    /// <summary>The means of so many parts of the last two axes, [..., H, W] → [..., outputs]; as <see cref="AdaptiveAvgPool1d"/>.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor AdaptiveAvgPool2d(PerAxis outputs) => AdaptivePooled("AdaptiveAvgPool2d", 2, outputs);

    /// <summary>The means of so many parts of the last three axes, [..., D, H, W] → [..., outputs]; as <see cref="AdaptiveAvgPool1d"/>.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor AdaptiveAvgPool3d(PerAxis outputs) => AdaptivePooled("AdaptiveAvgPool3d", 3, outputs);

    /// <summary>The mean of each channel over all spatial axes: [N, C, …] → [N, C].</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public Tensor GlobalAvgPool() => Spread("GlobalAvgPool").Mean(-1);

    /// <summary>
    /// The greatest of each channel over all spatial axes: [N, C, …] → [N, C]. The whole gradient goes to the first of equals.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than two axes, or a spatial axis is empty.</exception>
    public Tensor GlobalMaxPool()
    {
        var spread = Spread("GlobalMaxPool");
        return spread.At(spread.ArgMax(-1, "GlobalMaxPool"), -1, keepDims: false, "GlobalMaxPool");
    }

    private Tensor MaxPooled(
        string op, int axes, PerAxis kernel, PerAxis stride, PerAxis padding, PerAxis dilation, bool ceilMode)
    {
        var (size, step, apart, before, after) = Pool(op, axes, kernel, stride, padding, dilation, ceilMode);
        var y = Padded(before, after);
        if (!ReferenceEquals(y, this))
        {
            // Zeros all around, and −∞ added to them alone.
            var inside = Ones(new Shape(Shape.Lengths[^axes..]), DType, Device).Padded(before, after);
            y += Map(default(Select), inside, 0, double.NegativeInfinity);
        }

        var windows = Windows(op, [.. Enumerable.Range(Rank - axes, axes)], size, step, apart, y.Shape, Shape);

        // From the last axis on: so the first of equals is the first in row-major order.
        for (int k = axes - 1; k >= 0; k--)
        {
            y = windows[k] is { Size: 1, Step: 1 } ? y : y.Unfold(windows[k].Axis, size[k], step[k], apart[k]).Max();
        }

        return y;
    }

    private Tensor AvgPooled(
        string op, int axes, PerAxis kernel, PerAxis stride, PerAxis padding, bool countIncludePad, bool ceilMode)
    {
        var (size, step, apart, before, after) = Pool(op, axes, kernel, stride, padding, 1, ceilMode);
        var y = Padded(before, after);
        var windows = Windows(op, [.. Enumerable.Range(Rank - axes, axes)], size, step, apart, y.Shape, Shape);
        for (int k = axes - 1; k >= 0; k--)
        {
            y = y.Unfold(windows[k].Axis, size[k], step[k]).Sum(-1);
        }

        if (after.SequenceEqual(before) && (countIncludePad || before.All(number => number == 0)))
        {
            return y / Product(size);
        }

        for (int k = 0; k < axes; k++)
        {
            // What counts goes from first to end, the first element having the place 0.
            var window = windows[k];
            int first = countIncludePad ? -before[k] : 0;
            int end = Shape[k - axes] - first;
            double[] share =
            [
                .. Enumerable.Range(0, window.Count).Select(i => (i * window.Step) - before[k])
                    .Select(start => 1.0 / (Math.Min(start + window.Size, end) - Math.Max(start, first))),
            ];
            var lengths = new int[axes - k];
            Array.Fill(lengths, 1);
            lengths[0] = window.Count;
            y *= From<double>(share, new Shape(lengths)).To(DType).To(Device);
        }

        return y;
    }

    private Tensor AdaptivePooled(string op, int axes, PerAxis outputs)
    {
        RequireSpatial(op, axes);
        int[] parts = outputs.For(axes, default, least: 1, op, "output");
        var y = this;
        for (int axis = Rank - axes; axis < Rank; axis++)
        {
            var (from, to) = (Shape[axis], parts[axis - Rank + axes]);
            if (from == 0)
            {
                throw new ArgumentException($"{op}: axis {axis} of {Shape} is empty.");
            }

            y = from % to == 0
                ? y.Unfold(axis, from / to, from / to).Mean(-1)
                : y.MoveAxis(axis, -1).MatMul(Means(from, to).To(DType).To(Device)).MoveAxis(-1, axis);
        }

        return y;
    }

    /// <summary>The matrix whose columns take the means of the parts of a row.</summary>
    private static Tensor Means(int from, int to)
    {
        var matrix = new double[from, to];
        for (int i = 0; i < to; i++)
        {
            int first = (int)((long)i * from / to);
            int end = (int)((((long)(i + 1) * from) + to - 1) / to);
            for (int row = first; row < end; row++)
            {
                matrix[row, i] = 1.0 / (end - first);
            }
        }

        return From(matrix);
    }

    private (int[] Kernel, int[] Stride, int[] Dilation, int[] Before, int[] After) Pool(
        string op, int axes, PerAxis kernel, PerAxis stride, PerAxis padding, PerAxis dilation, bool ceilMode)
    {
        RequireSpatial(op, axes);
        int[] size = kernel.For(axes, default, least: 1, op, "kernel");
        int[] apart = dilation.For(axes, 1, least: 1, op, "dilation");
        int[] around = padding.For(axes, 0, least: 0, op, "padding");
        int[] step = stride.For(axes, PerAxis.Create(size), least: 1, op, "stride");
        int[] after = [.. around];
        for (int k = 0; k < axes; k++)
        {
            // Otherwise there could be windows of nothing but padding.
            int reach = Autograd.Window.Reach(size[k], apart[k]);
            if (around[k] > reach / 2)
            {
                throw new ArgumentException(
                    $"{op}: the padding {Shape.Text(around)} is more than half of the windows {Shape.Text(size)} with dilation {Shape.Text(apart)}.");
            }

            int length = Shape[k - axes] + (2 * around[k]);
            int last = length - reach + step[k] - 1;
            if (ceilMode && last >= 0)
            {
                // Where the last window begins; one that would begin behind the elements is none.
                last -= last % step[k];
                after[k] += last < length - around[k] ? Math.Max(last + reach - length, 0) : 0;
            }
        }

        return (size, step, apart, around, after);
    }

    private void RequireSpatial(string op, int axes)
    {
        Check.Real(this, op);
        if (Rank < axes)
        {
            throw new ArgumentException($"{op}: {Shape} has fewer than {axes} axes.");
        }
    }

    /// <summary>With all axes after the second as one.</summary>
    private Tensor Spread(string op)
    {
        Check.Real(this, op);
        if (Rank < 2)
        {
            throw new ArgumentException($"{op}: {Shape} has no axes for batch and channels.");
        }

        return Reshape(Shape[0], Shape[1], Product(Shape.Lengths[2..]));
    }
}
