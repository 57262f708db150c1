namespace Gpu.Autograd;

/// <summary>Where the elements of a shape lie in a storage: element (i, j, …) is at Offset + i·Strides[0] + j·Strides[1] + …</summary>
/// <remarks>Strides and offset count elements, not bytes. A stride of 0 repeats an element (broadcast); a negative one walks back.</remarks>
public sealed class Layout
{
    // Eager ops ask for the same few again and again. A place holds one layout, whichever came last.
    private static readonly Layout?[] Known = new Layout?[256];

    private readonly int[] strides;
    private Layout? transposed;
    private Layout? stretched;
    private Layout? matrices;

    /// <summary>A layout with the strides given, one an axis.</summary>
    public Layout(Shape shape, int[] strides, int offset)
    {
        Shape = shape;
        this.strides = strides;
        Offset = offset;
        IsDense = HasDenseOrder(shape, strides);
    }

    /// <summary>The row-major layout without gaps, from the start of its storage.</summary>
    public Layout(Shape shape)
    {
        Shape = shape;
        strides = DenseStrides(shape);
        IsDense = true;
    }

    /// <summary>The row-major layout without gaps: mostly one that was made before.</summary>
    internal static Layout RowMajor(ReadOnlySpan<int> lengths)
    {
        ref var known = ref Known[Place(lengths)];
        return known is { } layout && layout.Shape.Lengths.SequenceEqual(lengths) ? layout : known = new Layout(new Shape(lengths));
    }

    /// <summary>The same of a shape.</summary>
    internal static Layout RowMajor(Shape shape)
    {
        ref var known = ref Known[Place(shape.Lengths)];
        return known is { } layout && layout.Shape.Equals(shape) ? layout : known = new Layout(shape);
    }

    /// <summary>The lengths of the axes.</summary>
    public Shape Shape { get; }

    /// <summary>The distance between neighbours along each axis.</summary>
    public ReadOnlySpan<int> Strides => strides;

    /// <summary>The position of the first element.</summary>
    public int Offset { get; }

    /// <summary>Whether the elements lie in row-major order without gaps (from <see cref="Offset"/>).</summary>
    public bool IsDense { get; }

    /// <summary>
    /// Whether several elements may lie at one place: by a stride of 0, or where windows overlap. Never said of parts, transposes and
    /// reshapes of a layout without gaps.
    /// </summary>
    public bool Repeats
    {
        get
        {
            // From the smallest stride up, each must step over all that the axes before reach.
            long reach = 0;
            foreach (int axis in Enumerable.Range(0, strides.Length).Where(axis => Shape.Lengths[axis] > 1).OrderBy(axis => Math.Abs((long)strides[axis])))
            {
                long step = Math.Abs((long)strides[axis]);
                if (step <= reach)
                {
                    return Shape.Size > 0;
                }

                reach += step * (Shape.Lengths[axis] - 1);
            }

            return false;
        }
    }

    /// <summary>The last two axes swapped.</summary>
    internal Layout Transposed
    {
        get
        {
            if (transposed is null)
            {
                int[] lengths = Shape.ToArray();
                int[] result = [.. strides];
                (lengths[^2], lengths[^1]) = (lengths[^1], lengths[^2]);
                (result[^2], result[^1]) = (result[^1], result[^2]);
                transposed = new Layout(new Shape(lengths), result, Offset) { transposed = this };
            }

            return transposed;
        }
    }

    /// <summary>A batch of matrices, all axes before the last two as one; null where that needs a copy.</summary>
    internal Layout? Matrices
    {
        get
        {
            if (matrices is null)
            {
                var batch = new Layout(new Shape(Shape.Lengths[..^2]), strides[..^2], Offset);
                var loops = LoopNest.Of(batch);
                if (loops.Rank > 1 && batch.Shape.Size > 0)
                {
                    return null;
                }

                matrices = new Layout(
                    new Shape(batch.Shape.Size, Shape.Lengths[^2], Shape.Lengths[^1]), [loops.Strides(0)[0], strides[^2], strides[^1]], Offset);
            }

            return matrices;
        }
    }

    /// <summary>Groups of neighbouring axes, so many each, as one axis each; null where that needs a copy.</summary>
    internal Layout? Grouped(params ReadOnlySpan<int> groups)
    {
        var lengths = new int[groups.Length];
        var result = new int[groups.Length];
        int axis = 0;
        for (int k = 0; k < groups.Length; k++)
        {
            lengths[k] = 1;
            for (int end = axis + groups[k]; axis < end; axis++)
            {
                int length = Shape.Lengths[axis];
                if (length == 1)
                {
                    continue;
                }

                if (lengths[k] > 1 && Shape.Size > 0 && result[k] != length * strides[axis])
                {
                    return null;
                }

                lengths[k] *= length;
                result[k] = strides[axis];
            }
        }

        return new Layout(new Shape(lengths), result, Offset);
    }

    /// <summary>The elements stretched to a larger shape, by strides of 0.</summary>
    public Layout BroadcastTo(Shape target)
    {
        if (stretched is { } before && before.Shape.Equals(target))
        {
            return before;
        }

        var result = new int[target.Rank];
        for (int axis = 1; axis <= Shape.Rank; axis++)
        {
            result[^axis] = Shape.Lengths[^axis] == target.Lengths[^axis] ? strides[^axis] : 0;
        }

        return stretched = new Layout(target, result, Offset);
    }

    /// <summary>The axes in another order: axis i of the result is axis <paramref name="order"/>[i].</summary>
    public Layout Permuted(ReadOnlySpan<int> order)
    {
        var lengths = new int[order.Length];
        var result = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            lengths[i] = Shape.Lengths[order[i]];
            result[i] = strides[order[i]];
        }

        return new Layout(new Shape(lengths), result, Offset);
    }

    /// <summary>Every step-th element along each axis, from start, as many as <paramref name="shape"/> says.</summary>
    public Layout Sliced(ReadOnlySpan<int> start, ReadOnlySpan<int> step, Shape shape)
    {
        var result = new int[strides.Length];
        int offset = Offset;
        for (int axis = 0; axis < result.Length; axis++)
        {
            result[axis] = strides[axis] * step[axis];
            offset += shape.Size == 0 ? 0 : strides[axis] * start[axis];
        }

        return new Layout(shape, result, offset);
    }

    /// <summary>
    /// Windows along an axis: a last axis of <paramref name="size"/> elements, <paramref name="dilation"/> apart, for each of
    /// <paramref name="count"/> places, <paramref name="step"/> apart. Windows may overlap: then several elements lie at one place.
    /// </summary>
    public Layout Unfolded(int axis, int count, int step, int size, int dilation)
    {
        int[] lengths = [.. Shape.Lengths, size];
        int[] result = [.. strides, strides[axis] * dilation];
        lengths[axis] = count;
        result[axis] *= step;
        return new Layout(new Shape(lengths), result, Offset);
    }

    /// <summary>The same elements under another shape, or null where that needs a copy.</summary>
    public Layout? TryReshape(Shape target)
    {
        if (target.Equals(Shape))
        {
            return this;
        }

        if (IsDense)
        {
            return Offset == 0 ? RowMajor(target) : new Layout(target, DenseStrides(target), Offset);
        }

        // Only axes of length 1 come or go: the strides of the others stand.
        var kept = new Queue<(int Length, int Stride)>();
        for (int axis = 0; axis < Shape.Rank; axis++)
        {
            if (Shape.Lengths[axis] != 1)
            {
                kept.Enqueue((Shape.Lengths[axis], strides[axis]));
            }
        }

        var result = new int[target.Rank];
        for (int axis = 0; axis < target.Rank; axis++)
        {
            if (target.Lengths[axis] == 1)
            {
                continue;
            }

            if (kept.Count == 0 || kept.Peek().Length != target.Lengths[axis])
            {
                return null;
            }

            result[axis] = kept.Dequeue().Stride;
        }

        return kept.Count == 0 ? new Layout(target, result, Offset) : null;
    }

    private static int Place(ReadOnlySpan<int> lengths)
    {
        uint hash = (uint)lengths.Length;
        foreach (int length in lengths)
        {
            hash = (hash ^ (uint)length) * 0x9E3779B1;
        }

        return (int)(hash >> 24);
    }

    private static int[] DenseStrides(Shape shape)
    {
        var result = new int[shape.Rank];
        int stride = 1;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            result[axis] = stride;
            stride *= Math.Max(shape.Lengths[axis], 1);
        }

        return result;
    }

    /// <summary>Dense but for the strides of axes of length 1 (which are never walked), or empty.</summary>
    private static bool HasDenseOrder(Shape shape, int[] strides)
    {
        if (shape.Size == 0)
        {
            return true;
        }

        int expected = 1;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            if (shape.Lengths[axis] != 1)
            {
                if (strides[axis] != expected)
                {
                    return false;
                }

                expected *= shape.Lengths[axis];
            }
        }

        return true;
    }
}
