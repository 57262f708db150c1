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

        if (Rank == shape.Rank)
        {
            return Engine.Apply(new Broadcast(Shape, Shape, shape), this);
        }

        Span<int> kept = shape.Rank <= 16 ? stackalloc int[shape.Rank] : new int[shape.Rank];
        kept.Fill(1);
        Shape.Lengths.CopyTo(kept[^Rank..]);
        return Engine.Apply(new Broadcast(Shape, Layout.RowMajor(kept).Shape, shape), this);
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

        (a, b) = (Shape.Axis(a, "Transpose"), Shape.Axis(b, "Transpose"));
        if (a != b && Math.Min(a, b) == Rank - 2)
        {
            return Engine.Apply(Transposition.Shared, this);
        }

        int[] order = [.. Enumerable.Range(0, Rank)];
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

    /// <summary>Zeros, or another value, put before and after along each axis. Any dtype.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape, or are negative, or the dtype has not the value.</exception>
    public Tensor Pad(ReadOnlySpan<int> before, ReadOnlySpan<int> after, double value)
    {
        Check.Fits(value, DType, "Pad");
        var padded = Pad(before, after);
        return value == 0 ? padded : Where(Ones(Shape, DType.Bool, Device).Pad(before, after), padded, value);
    }

    /// <summary>Zeros put before and after along each axis. Any dtype.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape, or are negative.</exception>
    public Tensor Pad(ReadOnlySpan<int> before, ReadOnlySpan<int> after)
    {
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
