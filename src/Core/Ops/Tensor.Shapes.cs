using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Linear ops that move elements.</summary>
public sealed partial class Tensor
{
    /// <summary>The same elements repeated to a larger shape, by NumPy's rules. A view.</summary>
    /// <exception cref="ArgumentException">The shape does not broadcast to that one.</exception>
    public Tensor BroadcastTo(Shape shape)
    {
        if (!Shape.BroadcastsTo(shape))
        {
            throw new ArgumentException($"BroadcastTo: {Shape} does not broadcast to {shape}.");
        }

        var kept = new int[shape.Rank];
        for (int axis = 1; axis <= shape.Rank; axis++)
        {
            kept[^axis] = axis <= Rank ? Shape.Lengths[^axis] : 1;
        }

        return Engine.Apply(new Broadcast(Shape, new Shape(kept), shape), this);
    }

    /// <summary>The same elements in row-major order under another shape; one length may be −1. A view where the layout allows it.</summary>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> lengths)
    {
        var shape = Shape.Reshaped(lengths);
        return shape == Shape ? this : Engine.Apply(new Reshape(Shape, shape), this);
    }

    /// <summary>The axes in another order: axis i of the result is axis order[i]. A view.</summary>
    /// <exception cref="ArgumentException">It is not an order of all the axes.</exception>
    public Tensor Permute(params ReadOnlySpan<int> order)
    {
        var axes = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            axes[i] = Shape.Axis(order[i], "Permute");
        }

        if (axes.Length != Rank || axes.Distinct().Count() != Rank)
        {
            throw new ArgumentException($"Permute: {Shape.Text(order)} is not an order of the {Rank} axes of {Shape}.");
        }

        return Engine.Apply(new Permute(axes), this);
    }

    /// <summary>The last two axes swapped. A view.</summary>
    public Tensor Transpose() => Transpose(-2, -1);

    /// <summary>Two axes swapped. A view.</summary>
    public Tensor Transpose(int a, int b)
    {
        if (Rank < 2)
        {
            throw new ArgumentException($"Transpose: {Shape} has fewer than two axes.");
        }

        int[] order = [.. Enumerable.Range(0, Rank)];
        (a, b) = (Shape.Axis(a, "Transpose"), Shape.Axis(b, "Transpose"));
        (order[a], order[b]) = (b, a);
        return Engine.Apply(new Permute(order), this);
    }

    /// <summary>One axis moved to another place, the others staying in order. A view.</summary>
    public Tensor MoveAxis(int from, int to)
    {
        (from, to) = (Shape.Axis(from, "MoveAxis"), Shape.Axis(to, "MoveAxis"));
        if (from == to)
        {
            return this;
        }

        List<int> order = [.. Enumerable.Range(0, Rank)];
        order.RemoveAt(from);
        order.Insert(to, from);
        return Engine.Apply(new Permute([.. order]), this);
    }

    /// <summary>A part along the first axes, in C#'s ranges: <c>x[1..3, ^2..]</c>. A view.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A range is outside of its axis, or there are more ranges than axes.</exception>
    [System.Runtime.CompilerServices.IndexerName("Part")]
    public Tensor this[params ReadOnlySpan<Range> ranges]
    {
        get
        {
            if (ranges.Length > Rank)
            {
                throw new ArgumentOutOfRangeException(null, $"Slice: {ranges.Length} ranges for {Shape} (rank {Rank}).");
            }

            var start = new int[Rank];
            int[] lengths = Shape.ToArray();
            for (int axis = 0; axis < ranges.Length; axis++)
            {
                int n = lengths[axis];
                int first = ranges[axis].Start.GetOffset(n);
                int end = ranges[axis].End.GetOffset(n);
                if (first < 0 || end > n || first > end)
                {
                    throw new ArgumentOutOfRangeException(
                        null, $"Slice: {ranges[axis]} is outside of axis {axis} of {Shape} (length {n}).");
                }

                (start[axis], lengths[axis]) = (first, end - first);
            }

            return Engine.Apply(new Slice(Shape, start, Steps(Rank), new Shape(lengths)), this);
        }
    }

    /// <summary>Every step-th element from start to before stop along each axis; a negative step walks back. A view.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public Tensor Slice(ReadOnlySpan<int> start, ReadOnlySpan<int> stop, ReadOnlySpan<int> step)
    {
        if (start.Length != Rank || stop.Length != Rank || step.Length != Rank)
        {
            throw new ArgumentException(
                $"Slice: {Shape} needs {Rank} starts, stops and steps, not {start.Length}, {stop.Length} and {step.Length}.");
        }

        var lengths = new int[Rank];
        for (int axis = 0; axis < Rank; axis++)
        {
            int n = Shape.Lengths[axis];
            int taken = step[axis] == 0 ? 0 : (stop[axis] - start[axis] + step[axis] - Math.Sign(step[axis])) / step[axis];
            int last = start[axis] + ((taken - 1) * step[axis]);
            if (step[axis] == 0 || (taken > 0 && (start[axis] < 0 || start[axis] >= n || last < 0 || last >= n)))
            {
                throw new ArgumentException(
                    $"Slice: {start[axis]} to {stop[axis]} in steps of {step[axis]} does not lie in axis {axis} of {Shape} (length {n}).");
            }

            lengths[axis] = Math.Max(0, taken);
        }

        return Engine.Apply(new Slice(Shape, start.ToArray(), step.ToArray(), new Shape(lengths)), this);
    }

    /// <summary>Zeros put before and after along each axis.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape, or are negative.</exception>
    public Tensor Pad(ReadOnlySpan<int> before, ReadOnlySpan<int> after)
    {
        Check.Real(this, "Pad");
        if (before.Length != Rank || after.Length != Rank)
        {
            throw new ArgumentException($"Pad: {Shape} needs {Rank} numbers before and after, not {before.Length} and {after.Length}.");
        }

        var lengths = new int[Rank];
        for (int axis = 0; axis < Rank; axis++)
        {
            if (before[axis] < 0 || after[axis] < 0)
            {
                throw new ArgumentException($"Pad: {before[axis]} before and {after[axis]} after on axis {axis}: a padding is not negative.");
            }

            lengths[axis] = before[axis] + Shape.Lengths[axis] + after[axis];
        }

        return Engine.Apply(new Unslice(Shape, before.ToArray(), Steps(Rank), new Shape(lengths)), this);
    }

    /// <summary>
    /// Elements picked along an axis by an index (int32 or int64). An index of rank 1 picks whole slices: the axis takes its length. With
    /// <paramref name="batchDims"/> = b the first b axes of index and tensor are walked together, and axis b is the one picked along.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    /// <exception cref="IndexOutOfRangeException">An index is outside of the axis (on a device: NaN instead).</exception>
    public Tensor Gather(Tensor index, int axis = 0, int batchDims = 0)
    {
        Check.Index(this, index, "Gather");
        axis = Shape.Axis(axis, "Gather");
        if (batchDims < 0 || batchDims > axis || index.Rank < batchDims || !Shape.Lengths[..batchDims].SequenceEqual(index.Shape.Lengths[..batchDims]))
        {
            throw new ArgumentException(
                $"Gather: the first {batchDims} axes of {Shape} and of the index {index.Shape} are not the same axes before axis {axis}.");
        }

        // [batch, between, axis, rest] → [batch, axis, between·rest]
        int[] order = [.. Enumerable.Range(0, batchDims), axis, .. Enumerable.Range(batchDims, axis - batchDims), .. Enumerable.Range(axis + 1, Rank - axis - 1)];
        var front = axis == batchDims ? this : Permute(order);
        int batch = Product(Shape.Lengths[..batchDims]);
        int picked = Product(index.Shape.Lengths[batchDims..]);
        int length = Shape[axis];
        int rest = Product(Shape.Lengths[batchDims..axis]) * Product(Shape.Lengths[(axis + 1)..]);
        var y = Engine.Apply(
            new GatherAlong(length), front.Reshape(batch, length, rest), index.Reshape(batch, picked));

        // back to [batch, between, index…, rest]
        int[] between = [.. Shape.Lengths[batchDims..axis]];
        int[] indexed = [.. index.Shape.Lengths[batchDims..]];
        y = y.Reshape([.. Shape.Lengths[..batchDims], .. indexed, .. between, .. Shape.Lengths[(axis + 1)..]]);
        if (between.Length == 0)
        {
            return y;
        }

        int[] back =
        [
            .. Enumerable.Range(0, batchDims),
            .. Enumerable.Range(batchDims + indexed.Length, between.Length),
            .. Enumerable.Range(batchDims, indexed.Length),
            .. Enumerable.Range(axis + indexed.Length, Rank - axis - 1),
        ];
        return y.Permute(back);
    }

    /// <summary>
    /// Zeros with a first axis of the given length, to whose slices this tensor's slices are added: y[index[j]] += x[j]. The adjoint of
    /// <see cref="Gather"/> along axis 0. An index outside of 0..length−1 is an error on the CPU; on a device its slice is left out.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor ScatterAdd(Tensor index, int length)
    {
        Check.Real(this, "ScatterAdd");
        Check.Index(this, index, "ScatterAdd");
        if (index.Rank != 1 || Rank < 1 || index.Count != Shape[0])
        {
            throw new ArgumentException($"ScatterAdd: the index {index.Shape} does not name one row for each of {Shape}.");
        }

        var y = Engine.Apply(
            new ScatterAlong(length), Reshape(1, Shape[0], Product(Shape.Lengths[1..])), index.Reshape(1, index.Count));
        return y.Reshape([length, .. Shape.Lengths[1..]]);
    }

    /// <summary>Tensors one after another along an axis; all other lengths are equal.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public static Tensor Concat(ReadOnlySpan<Tensor> parts, int axis = 0)
    {
        if (parts.IsEmpty)
        {
            throw new ArgumentException("Concat: there are no tensors.");
        }

        axis = parts[0].Shape.Axis(axis, "Concat");
        int[] lengths = parts[0].Shape.ToArray();
        lengths[axis] = 0;
        var along = new int[parts.Length];
        for (int k = 0; k < parts.Length; k++)
        {
            Check.Alike(parts[0], parts[k], "Concat");
            int[] other = parts[k].Shape.ToArray();
            if (other.Length != lengths.Length)
            {
                throw new ArgumentException($"Concat: ranks differ: {parts[0].Shape} and {parts[k].Shape}.");
            }

            along[k] = other[axis];
            other[axis] = lengths[axis];
            if (!other.SequenceEqual(lengths))
            {
                throw new ArgumentException($"Concat: {parts[0].Shape} and {parts[k].Shape} differ beside axis {axis}.");
            }

            lengths[axis] += along[k];
        }

        return Engine.Apply(new Concatenation(axis, along, new Shape(lengths)), parts);
    }

    /// <summary>The same values as another dtype: real to integer truncates; to bool: x ≠ 0. Between real types it is differentiable.</summary>
    public Tensor To(DType dtype) => dtype == DType && !IsWeak ? this : Move(dtype, Device);

    /// <summary>The same values on another device. Differentiable: the gradient comes back to this one.</summary>
    public Tensor To(Device device) => device == Device ? this : Move(DType, device);

    private static int Product(ReadOnlySpan<int> lengths)
    {
        int product = 1;
        foreach (int length in lengths)
        {
            product *= length;
        }

        return product;
    }

    private static int[] Steps(int rank)
    {
        var steps = new int[rank];
        Array.Fill(steps, 1);
        return steps;
    }

    private Tensor Move(DType dtype, Device device) =>
        IsWeak ? Strong(dtype, device) : Engine.Apply(new Autograd.Convert(DType, Device, dtype, device), this);
}
