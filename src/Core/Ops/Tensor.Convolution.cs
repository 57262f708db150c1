using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Windows, and what is linear in them: convolutions.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The windows of so many elements along an axis: the axis takes the number of windows, and a new last axis the elements of each. Windows
    /// begin <paramref name="stride"/> apart, their elements are <paramref name="dilation"/> apart; what is left at the end is in none. A view.
    /// </summary>
    /// <exception cref="ArgumentException">A number is less than 1, or the axis is shorter than a window.</exception>
    public Tensor Unfold(int axis, int size, int stride = 1, int dilation = 1)
    {
        axis = Shape.Axis(axis, "Unfold");
        var window = Windows("Unfold", [axis], [size], [stride], [dilation], Shape, Shape)[0];
        return Engine.Apply(new Unfold(Shape, [window]), this);
    }

    /// <summary>
    /// Adds windows up where they overlap, the adjoint of <see cref="Unfold"/>: the last axis holds the elements of each window, and
    /// <paramref name="axis"/> goes from the number of windows to <paramref name="length"/>. What no window has is 0.
    /// </summary>
    /// <exception cref="ArgumentException">A number is less than 1, or the length does not have that many windows.</exception>
    public Tensor Fold(int axis, int length, int stride = 1, int dilation = 1)
    {
        Check.Real(this, "Fold");
        axis = Shape.Axis(axis, "Fold");
        if (axis == Rank - 1 || Shape[-1] < 1 || stride < 1 || dilation < 1 ||
            Window.CountIn(length, stride, Shape[-1], dilation) is var count && count != Shape[axis])
        {
            throw new ArgumentException(
                $"Fold: {Shape} is not made of the windows of {(Rank == 0 ? 0 : Shape[-1])} elements along axis {axis} of length {length}, " +
                $"with stride {stride} and dilation {dilation}.");
        }

        int[] to = [.. Shape.Lengths[..^1]];
        to[axis] = length;
        return Engine.Apply(new Fold([new Window(axis, Shape[axis], stride, Shape[-1], dilation)], new Shape(to)), this);
    }

    /// <summary>
    /// The cross-correlation over one spatial axis, [N, C, L] (or [C, L]) with weights [O, C/groups, K] → [N, O, L']:
    /// y[n, o, i] = b[o] + Σ x[n, c, i·stride + k·dilation]·w[o, c, k], where L' = (L + 2·padding − dilation·(K − 1) − 1)/stride + 1, rounded
    /// down. With groups the O outputs of each see the C/groups inputs of theirs alone.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    public Tensor Conv1d(
        Tensor weight, Tensor? bias = null, PerAxis stride = default, Padding padding = default, PerAxis dilation = default, int groups = 1) =>
        Convolved("Conv1d", 1, weight, bias, stride, padding, dilation, groups);

    /// <summary>
    /// The cross-correlation over two spatial axes, [N, C, H, W] (or [C, H, W]) with weights [O, C/groups, K, K'] → [N, O, H', W']; as
    /// <see cref="Conv1d"/> along each.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    public Tensor Conv2d(
        Tensor weight, Tensor? bias = null, PerAxis stride = default, Padding padding = default, PerAxis dilation = default, int groups = 1) =>
        Convolved("Conv2d", 2, weight, bias, stride, padding, dilation, groups);

    /// <summary>
    /// The cross-correlation over three spatial axes, [N, C, D, H, W] (or [C, D, H, W]) with weights [O, C/groups, K, K', K''] →
    /// [N, O, D', H', W']; as <see cref="Conv1d"/> along each.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    public Tensor Conv3d(
        Tensor weight, Tensor? bias = null, PerAxis stride = default, Padding padding = default, PerAxis dilation = default, int groups = 1) =>
        Convolved("Conv3d", 3, weight, bias, stride, padding, dilation, groups);

    /// <summary>
    /// The adjoint of <see cref="Conv1d"/> in x: [N, C, L] (or [C, L]) with weights [C, O/groups, K] → [N, O, L'], where
    /// L' = (L − 1)·stride − 2·padding + dilation·(K − 1) + 1 + outputPadding. The output padding, less than the stride or the dilation, says
    /// which of the lengths that a convolution takes to L is meant.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    public Tensor ConvTranspose1d(
        Tensor weight, Tensor? bias = null, PerAxis stride = default, PerAxis padding = default, PerAxis outputPadding = default,
        int groups = 1, PerAxis dilation = default) =>
        ConvolvedBack("ConvTranspose1d", 1, weight, bias, stride, padding, outputPadding, groups, dilation);

    /// <summary>
    /// The adjoint of <see cref="Conv2d"/> in x: [N, C, H, W] (or [C, H, W]) with weights [C, O/groups, K, K'] → [N, O, H', W']; as
    /// <see cref="ConvTranspose1d"/> along each spatial axis.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    public Tensor ConvTranspose2d(
        Tensor weight, Tensor? bias = null, PerAxis stride = default, PerAxis padding = default, PerAxis outputPadding = default,
        int groups = 1, PerAxis dilation = default) =>
        ConvolvedBack("ConvTranspose2d", 2, weight, bias, stride, padding, outputPadding, groups, dilation);

    /// <summary>
    /// The adjoint of <see cref="Conv3d"/> in x: [N, C, D, H, W] (or [C, D, H, W]) with weights [C, O/groups, K, K', K''] →
    /// [N, O, D', H', W']; as <see cref="ConvTranspose1d"/> along each spatial axis.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    public Tensor ConvTranspose3d(
        Tensor weight, Tensor? bias = null, PerAxis stride = default, PerAxis padding = default, PerAxis outputPadding = default,
        int groups = 1, PerAxis dilation = default) =>
        ConvolvedBack("ConvTranspose3d", 3, weight, bias, stride, padding, outputPadding, groups, dilation);

    private Tensor Convolved(
        string op, int axes, Tensor weight, Tensor? bias, PerAxis stride, Padding padding, PerAxis dilation, int groups)
    {
        if (Rank == axes + 1)
        {
            return Batch().Convolved(op, axes, weight, bias, stride, padding, dilation, groups).Unbatch();
        }

        CheckConvolution(op, axes, weight, groups, transposed: false);
        int[] kernel = [.. weight.Shape.Lengths[2..]];
        int[] step = stride.For(axes, 1, least: 1, op, "stride");
        int[] apart = dilation.For(axes, 1, least: 1, op, "dilation");
        var (before, after) = padding.For(kernel, step, apart, op);
        int[] padded = Shape.ToArray();
        for (int k = 0; k < axes; k++)
        {
            padded[2 + k] = LengthOf(op, k, (long)padded[2 + k] + before[k] + after[k]);
        }

        var windows = Windows(op, [.. Enumerable.Range(2, axes)], kernel, step, apart, new Shape(padded), Shape);
        Sweep[] sweeps = [.. windows.Select((window, k) => new Sweep(Shape[2 + k], kernel[k], window.Count, step[k], apart[k], before[k]))];
        if (bias is not null && bias.Rank == 1 && bias.Count == weight.Shape[0] && bias.DType == DType && bias.Device == Device)
        {
            return Swept(ConvolutionPart.Result, weight, groups, sweeps, bias);
        }

        // What does not fit is named for the result's shape.
        return Swept(ConvolutionPart.Result, weight, groups, sweeps).PlusChannels(bias, op);
    }

    private Tensor ConvolvedBack(
        string op, int axes, Tensor weight, Tensor? bias, PerAxis stride, PerAxis padding, PerAxis outputPadding, int groups, PerAxis dilation)
    {
        if (Rank == axes + 1)
        {
            return Batch().ConvolvedBack(op, axes, weight, bias, stride, padding, outputPadding, groups, dilation).Unbatch();
        }

        CheckConvolution(op, axes, weight, groups, transposed: true);
        int[] step = stride.For(axes, 1, least: 1, op, "stride");
        int[] apart = dilation.For(axes, 1, least: 1, op, "dilation");
        int[] crop = padding.For(axes, 0, least: 0, op, "padding");
        int[] more = outputPadding.For(axes, 0, least: 0, op, "output padding");
        var sweeps = new Sweep[axes];
        for (int k = 0; k < axes; k++)
        {
            var (places, kernel) = (Shape[2 + k], weight.Shape[2 + k]);
            int length = LengthOf(op, k, ((places - 1L) * step[k]) + Window.Reach(kernel, apart[k]) + more[k] - (2L * crop[k]));
            if (more[k] >= Math.Max(step[k], apart[k]) || places == 0 || length < 1)
            {
                throw new ArgumentException(
                    $"{op}: {Shape} and the weights {weight.Shape} with stride {Shape.Text(step)}, dilation {Shape.Text(apart)}, padding " +
                    $"{Shape.Text(crop)} and output padding {Shape.Text(more)} leave nothing of spatial axis {k}, or the output padding is " +
                    "not less than stride or dilation.");
            }

            sweeps[k] = new Sweep(length, kernel, places, step[k], apart[k], crop[k]);
        }

        return Swept(ConvolutionPart.Input, weight, groups, sweeps).PlusChannels(bias, op);
    }

    /// <summary>The length of a spatial axis, if an axis can be that long.</summary>
    private int LengthOf(string op, int axis, long length) => length <= int.MaxValue
        ? (int)Math.Max(length, 0)
        : throw new ArgumentException(
            $"{op}: with that padding, stride or dilation spatial axis {axis} of {Shape} would become one of {length} elements; {int.MaxValue} is the most.");

    /// <summary>A convolution, or a transposed one, with the channels as groups of them.</summary>
    private Tensor Swept(ConvolutionPart part, Tensor weight, int groups, Sweep[] sweeps, Tensor? bias = null)
    {
        var x = Reshape([Shape[0], groups, Shape[1] / groups, .. Shape.Lengths[2..]]);
        var w = weight.Reshape([groups, weight.Shape[0] / groups, .. weight.Shape.Lengths[1..]]);
        var convolution = new Convolution(part, 0, sweeps);
        var y = bias is null ? Engine.Apply(convolution, x, w) : Engine.Apply(convolution, x, w, bias.Reshape(groups, weight.Shape[0] / groups));
        return y.Reshape([y.Shape[0], groups * y.Shape[2], .. y.Shape.Lengths[3..]]);
    }

    private void CheckConvolution(string op, int axes, Tensor weight, int groups, bool transposed)
    {
        Check.Real(this, op);
        Check.Alike(this, weight, op);
        if (Rank != axes + 2 || weight.Rank != axes + 2)
        {
            throw new ArgumentException(
                $"{op}: {Shape} with weights {weight.Shape}: both have rank {axes + 2}, batch and channels before {axes} spatial " +
                $"{(axes == 1 ? "axis" : "axes")} (the batch may be left out).");
        }

        int channels = transposed ? weight.Shape[0] : weight.Shape[1] * groups;
        if (groups < 1 || weight.Shape[0] % groups != 0 || channels != Shape[1])
        {
            throw new ArgumentException(
                $"{op}: channels differ: {Shape} has {Shape[1]}, the weights {weight.Shape} in {groups} groups take {channels} " +
                $"to {(transposed ? weight.Shape[1] * groups : weight.Shape[0])}.");
        }

        if (weight.Shape.Lengths[2..].Contains(0))
        {
            throw new ArgumentException($"{op}: the kernel of the weights {weight.Shape} is empty.");
        }
    }

    /// <summary>With zeros around the last axes.</summary>
    private Tensor Padded(int[] before, int[] after)
    {
        var front = new int[Rank - before.Length];
        return before.Concat(after).All(number => number == 0) ? this : Pad([.. front, .. before], [.. front, .. after]);
    }

    /// <summary>The windows along some axes of a shape.</summary>
    /// <param name="op">The op, for messages.</param>
    /// <param name="axes">The axes.</param>
    /// <param name="size">The elements of a window along each.</param>
    /// <param name="step">From one window to the next.</param>
    /// <param name="apart">From one element to the next.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="original">The shape before it was padded, for messages.</param>
    private static Window[] Windows(string op, int[] axes, int[] size, int[] step, int[] apart, Shape shape, Shape original)
    {
        var windows = new Window[axes.Length];
        for (int k = 0; k < axes.Length; k++)
        {
            int count = size[k] < 1 || step[k] < 1 || apart[k] < 1 ? 0 : Window.CountIn(shape[axes[k]], step[k], size[k], apart[k]);
            if (count == 0)
            {
                string padded = shape == original ? "" : $", padded to {shape}";
                throw new ArgumentException(
                    $"{op}: a window of {size[k]} elements with stride {step[k]} and dilation {apart[k]} does not fit into axis {axes[k]} of " +
                    $"{original}{padded} (length {shape[axes[k]]}).");
            }

            windows[k] = new Window(axes[k], count, step[k], size[k], apart[k]);
        }

        return windows;
    }

    /// <summary>A vector of one number for each channel, which is axis 1, added.</summary>
    private Tensor PlusChannels(Tensor? bias, string op) => bias is null ? this : this + Channels(bias, op, "bias");

    /// <summary>A vector of one number for each channel, with axes of length 1 for those behind.</summary>
    private Tensor Channels(Tensor vector, string op, string what)
    {
        Check.Alike(this, vector, op);
        if (vector.Rank != 1 || vector.Count != Shape[1])
        {
            throw new ArgumentException($"{op}: the {what} {vector.Shape} does not have a number for each of the {Shape[1]} channels of {Shape}.");
        }

        var lengths = new int[Rank - 1];
        Array.Fill(lengths, 1);
        lengths[0] = vector.Count;
        return vector.Reshape(lengths);
    }

    private Tensor Batch() => Reshape([1, .. Shape.Lengths]);

    private Tensor Unbatch() => Reshape(Shape.Lengths[1..]);
}
