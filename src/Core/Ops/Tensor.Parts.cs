using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Tensors put together, taken apart and turned: linear ops, made of a few of them. Negative axes count from the end.</summary>
public sealed partial class Tensor
{
    /// <summary>Tensors of one shape as the slices of a new axis: n of [2, 3] along axis 0 are [n, 2, 3].</summary>
    /// <exception cref="ArgumentException">There are none, or shapes, dtypes or devices differ.</exception>
    public static Tensor Stack(ReadOnlySpan<Tensor> parts, int axis = 0)
    {
        if (parts.IsEmpty)
        {
            throw new ArgumentException("Stack: there are no tensors.");
        }

        var slices = new Tensor[parts.Length];
        for (int k = 0; k < parts.Length; k++)
        {
            Check.Alike(parts[0], parts[k], "Stack");
            if (parts[k].Shape != parts[0].Shape)
            {
                throw new ArgumentException($"Stack: shapes differ: {parts[0].Shape} and {parts[k].Shape}.");
            }

            slices[k] = parts[k].Unsqueeze(axis, "Stack");
        }

        return Concat(slices, axis < 0 ? axis + slices[0].Rank : axis);
    }

    /// <summary>Parts of the given lengths, one after another along an axis. Views.</summary>
    /// <exception cref="ArgumentException">The lengths do not add up to the axis's.</exception>
    public Tensor[] Split(ReadOnlySpan<int> lengths, int axis = 0)
    {
        axis = Shape.Axis(axis, "Split");
        long sum = 0;
        foreach (int length in lengths)
        {
            sum = length < 0 ? long.MinValue : sum + length;
        }

        if (sum != Shape.Lengths[axis])
        {
            throw new ArgumentException(
                $"Split: {Shape.Text(lengths)} does not add up to axis {axis} of {Shape} (length {Shape.Lengths[axis]}).");
        }

        var parts = new Tensor[lengths.Length];
        int start = 0;
        for (int k = 0; k < parts.Length; k++)
        {
            parts[k] = Narrow(axis, start, lengths[k]);
            start += lengths[k];
        }

        return parts;
    }

    /// <summary>So many parts of equal length along an axis. Views.</summary>
    /// <exception cref="ArgumentException">The axis cannot be divided so; <see cref="Chunk"/> makes the last part shorter.</exception>
    public Tensor[] Split(int parts, int axis = 0)
    {
        axis = Shape.Axis(axis, "Split");
        int length = Shape.Lengths[axis];
        return parts < 1 || length % parts != 0
            ? throw new ArgumentException(
                $"Split: axis {axis} of {Shape} (length {length}) does not fall into {parts} equal parts; Chunk allows a shorter one.")
            : Split([.. Enumerable.Repeat(length / parts, parts)], axis);
    }

    /// <summary>
    /// At most so many parts along an axis: all as long as the first, ⌈n/parts⌉, but for the last, which may be shorter. Views.
    /// </summary>
    /// <exception cref="ArgumentException">There are to be less than one part.</exception>
    public Tensor[] Chunk(int parts, int axis = 0)
    {
        axis = Shape.Axis(axis, "Chunk");
        if (parts < 1)
        {
            throw new ArgumentException($"Chunk: {Shape} cannot be cut into {parts} parts.");
        }

        int n = Shape.Lengths[axis];
        int length = Math.Max((int)(((long)n + parts - 1) / parts), 1);
        return Split([.. Enumerable.Range(0, Math.Max((n + length - 1) / length, 1)).Select(k => Math.Min(length, n - (k * length)))], axis);
    }

    /// <summary>The slices along an axis, which they lack. Views.</summary>
    public Tensor[] Unbind(int axis = 0)
    {
        axis = Shape.Axis(axis, "Unbind");
        return [.. Split([.. Enumerable.Repeat(1, Shape.Lengths[axis])], axis).Select(slice => slice.Squeeze(axis))];
    }

    /// <summary>A new axis of length 1, which has the given number in the result; −1 is the last. A view.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The result has no such axis.</exception>
    public Tensor Unsqueeze(int axis) => Unsqueeze(axis, "Unsqueeze");

    private Tensor Unsqueeze(int axis, string op)
    {
        if (axis < -Rank - 1 || axis > Rank)
        {
            throw new ArgumentOutOfRangeException(null, $"{op}: {Shape} with an axis more has no axis {axis} (rank {Rank + 1}).");
        }

        axis += axis < 0 ? Rank + 1 : 0;
        return Reshape([.. Shape.Lengths[..axis], 1, .. Shape.Lengths[axis..]]);
    }

    /// <summary>Without the given axes, which have length 1; none given: without all axes of length 1. A view.</summary>
    /// <exception cref="ArgumentException">An axis is longer than 1.</exception>
    public Tensor Squeeze(params ReadOnlySpan<int> axes)
    {
        int[] dropped = axes.IsEmpty
            ? [.. Enumerable.Range(0, Rank).Where(axis => Shape.Lengths[axis] == 1)]
            : Shape.Axes(axes, "Squeeze");
        foreach (int axis in dropped)
        {
            if (Shape.Lengths[axis] != 1)
            {
                throw new ArgumentException($"Squeeze: axis {axis} of {Shape} has length {Shape.Lengths[axis]}, not 1.");
            }
        }

        return Reshape([.. Shape.Reduced(dropped, keepDims: false)]);
    }

    /// <summary>The axes from one to another (both included) as one. A view where the layout allows it; a scalar becomes [1].</summary>
    /// <exception cref="ArgumentException">The second comes before the first.</exception>
    public Tensor Flatten(int from = 0, int to = -1)
    {
        if (Rank == 0)
        {
            return Reshape(1);
        }

        (from, to) = (Shape.Axis(from, "Flatten"), Shape.Axis(to, "Flatten"));
        if (from > to)
        {
            throw new ArgumentException($"Flatten: axis {from} of {Shape} comes after axis {to}.");
        }

        int length = 1;
        foreach (int n in Shape.Lengths[from..(to + 1)])
        {
            length *= n;
        }

        return Reshape([.. Shape.Lengths[..from], length, .. Shape.Lengths[(to + 1)..]]);
    }

    /// <summary>The elements in the opposite order along some axes; none given: all. A view.</summary>
    public Tensor Flip(params ReadOnlySpan<int> axes)
    {
        var start = new int[Rank];
        int[] step = Steps(Rank);
        foreach (int axis in Shape.Axes(axes, "Flip"))
        {
            (start[axis], step[axis]) = (Math.Max(Shape.Lengths[axis] - 1, 0), -1);
        }

        return Engine.Apply(new Slice(Shape, start, step, Shape), this);
    }

    /// <summary>The elements moved on along an axis; those pushed over the end come in at the start. A negative shift moves them back.</summary>
    public Tensor Roll(int shift, int axis)
    {
        axis = Shape.Axis(axis, "Roll");
        int n = Shape.Lengths[axis];
        shift = n == 0 ? 0 : ((shift % n) + n) % n;
        return shift == 0 ? this : Concat([Narrow(axis, n - shift, shift), Narrow(axis, 0, n - shift)], axis);
    }

    /// <summary>The same along several axes, each by a shift of its own.</summary>
    /// <exception cref="ArgumentException">There are not as many shifts as axes, or an axis is named twice.</exception>
    public Tensor Roll(ReadOnlySpan<int> shifts, ReadOnlySpan<int> axes)
    {
        if (shifts.Length != axes.Length)
        {
            throw new ArgumentException($"Roll: the shifts {Shape.Text(shifts)} are not one for each of the axes {Shape.Text(axes)}.");
        }

        var y = this;
        _ = Shape.Axes(axes, "Roll");
        for (int k = 0; k < axes.Length; k++)
        {
            y = y.Roll(shifts[k], axes[k]);
        }

        return y;
    }

    /// <summary>The elements of all axes, in row-major order, moved on; the shape stays.</summary>
    public Tensor Roll(int shift) => Reshape(Count).Roll(shift, 0).Reshape([.. Shape]);

    /// <summary>
    /// The whole tensor, so many times along each axis: [1, 2] three times is [1, 2, 1, 2, 1, 2]. With fewer numbers than axes the last axes
    /// are meant; with more, there are new axes in front.
    /// </summary>
    /// <exception cref="ArgumentException">A number is negative.</exception>
    public Tensor Tile(params ReadOnlySpan<int> times)
    {
        int rank = Math.Max(Rank, times.Length);
        int[] lengths = [.. Enumerable.Repeat(1, rank - Rank), .. Shape.Lengths];
        var between = new int[2 * rank];
        var stretched = new int[2 * rank];
        var result = new int[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            int n = axis < rank - times.Length ? 1 : times[axis - rank + times.Length];
            if (n < 0)
            {
                throw new ArgumentException($"Tile: {Shape.Text(times)} has a negative number.");
            }

            (between[2 * axis], between[(2 * axis) + 1]) = (1, lengths[axis]);
            (stretched[2 * axis], stretched[(2 * axis) + 1]) = (n, lengths[axis]);
            result[axis] = n * lengths[axis];
        }

        return Reshape(between).BroadcastTo(new Shape(stretched)).Reshape(result);
    }

    /// <summary>Each slice along an axis so many times in a row: [1, 2] three times is [1, 1, 1, 2, 2, 2].</summary>
    /// <exception cref="ArgumentException">The number is negative.</exception>
    public Tensor Repeat(int times, int axis)
    {
        axis = Shape.Axis(axis, "Repeat");
        if (times < 0)
        {
            throw new ArgumentException($"Repeat: {times} times is negative.");
        }

        int[] lengths = Shape.ToArray();
        int[] stretched = [.. lengths[..(axis + 1)], times, .. lengths[(axis + 1)..]];
        lengths[axis] *= times;
        return Unsqueeze(axis + 1).BroadcastTo(new Shape(stretched)).Reshape(lengths);
    }

    /// <summary>
    /// Vectors as the coordinates of a grid: the k-th result is the k-th vector along axis k, and the same along the others. Views.
    /// </summary>
    /// <exception cref="ArgumentException">One is neither a vector nor a scalar.</exception>
    public static Tensor[] Meshgrid(params ReadOnlySpan<Tensor> vectors)
    {
        var lengths = new int[vectors.Length];
        for (int k = 0; k < vectors.Length; k++)
        {
            lengths[k] = vectors[k].Rank > 1
                ? throw new ArgumentException($"Meshgrid: {vectors[k].Shape} is no vector.")
                : vectors[k].Count;
        }

        var grid = new Tensor[vectors.Length];
        for (int k = 0; k < vectors.Length; k++)
        {
            int[] own = [.. Enumerable.Repeat(1, lengths.Length)];
            own[k] = lengths[k];
            grid[k] = vectors[k].Reshape(own).BroadcastTo(new Shape(lengths));
        }

        return grid;
    }

    /// <summary>
    /// A diagonal of two axes, as the last axis: the elements whose second number is the first plus <paramref name="offset"/>. A view; empty
    /// where there is no such diagonal.
    /// </summary>
    /// <exception cref="ArgumentException">It is one axis twice.</exception>
    public Tensor Diagonal(int offset = 0, int axis1 = -2, int axis2 = -1)
    {
        (axis1, axis2) = (Shape.Axis(axis1, "Diagonal"), Shape.Axis(axis2, "Diagonal"));
        if (axis1 == axis2)
        {
            throw new ArgumentException($"Diagonal: axis {axis1} of {Shape} is named twice.");
        }

        var last = axis1 == Rank - 2 && axis2 == Rank - 1
            ? this
            : Permute([.. Enumerable.Range(0, Rank).Where(axis => axis != axis1 && axis != axis2), axis1, axis2]);
        return Engine.Apply(new TakeDiagonal(last.Shape, offset), last);
    }

    /// <summary>Square matrices of zeros with the last axis as a diagonal, so many columns right of the main one: [..., n] gives [..., m, m]
    /// with m = n + |offset|. The other way round it is <see cref="Diagonal"/>.</summary>
    /// <exception cref="ArgumentException">This is a scalar.</exception>
    public Tensor Diag(int offset = 0)
    {
        int size = Rank == 0
            ? throw new ArgumentException("Diag: a scalar is no diagonal; a vector is asked for.")
            : Shape[-1] + Math.Abs(offset);
        return Engine.Apply(new PutDiagonal([.. Shape.Lengths[..^1], size, size], offset), this);
    }

    /// <summary>The sum of a diagonal of each matrix; of integers and bool as int64.</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public Tensor Trace(int offset = 0)
    {
        RequireMatrix("Trace");
        return Diagonal(offset).Sum(-1);
    }

    /// <summary>Each matrix with zeros above a diagonal, which is so many columns right of the main one. Any dtype.</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public Tensor Tril(int offset = 0) => Triangle("Tril", isLower: true, offset);

    /// <summary>Each matrix with zeros below a diagonal, which is so many columns right of the main one. Any dtype.</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public Tensor Triu(int offset = 0) => Triangle("Triu", isLower: false, offset);

    private Tensor Triangle(string op, bool isLower, int offset)
    {
        RequireMatrix(op);
        return DType == DType.Bool
            ? To(DType.Int32).Triangle(op, isLower, offset).To(DType.Bool)
            : Engine.Apply(new Triangle(isLower, offset), this);
    }

    private void RequireMatrix(string op)
    {
        if (Rank < 2)
        {
            throw new ArgumentException($"{op}: {Shape} has fewer than two axes.");
        }
    }
}
