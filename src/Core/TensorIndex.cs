namespace Gpu.Autograd;

/// <summary>What stands for one axis in <c>x[…]</c>: a number, a range, a tensor of indices, a mask, an ellipsis or a new axis.</summary>
public readonly struct TensorIndex
{
    private readonly Kind kind;
    private readonly Range range;

    private TensorIndex(Kind kind, Range range = default, Tensor? tensor = null)
    {
        this.kind = kind;
        this.range = range;
        Tensor = tensor;
    }

    private enum Kind
    {
        Range,
        Number,
        Tensor,
        Ellipsis,
        NewAxis,
    }

    /// <summary>As many whole axes as no other index stands for.</summary>
    public static TensorIndex Ellipsis { get; } = new(Kind.Ellipsis);

    /// <summary>A new axis of length 1.</summary>
    public static TensorIndex NewAxis { get; } = new(Kind.NewAxis);

    /// <summary>How many axes of the tensor it stands for, if it says so itself: a mask as many as it has, others one.</summary>
    internal int Axes => kind switch
    {
        Kind.Ellipsis or Kind.NewAxis => 0,
        Kind.Tensor when Tensor!.DType == DType.Bool => Tensor.Rank,
        _ => 1,
    };

    /// <summary>Whether it keeps its axis.</summary>
    internal bool IsRange => kind == Kind.Range;

    /// <summary>Whether it stands for all axes that are left.</summary>
    internal bool IsEllipsis => kind == Kind.Ellipsis;

    /// <summary>Whether it is an axis of its own.</summary>
    internal bool IsNewAxis => kind == Kind.NewAxis;

    /// <summary>The tensor of indices or the mask, if it is one.</summary>
    internal Tensor? Tensor { get; }

    /// <summary>One slice; a negative number counts from the end.</summary>
    public static implicit operator TensorIndex(int number) =>
        number < 0 ? new Index(-Math.Max(number, -int.MaxValue), fromEnd: true) : new Index(number);

    /// <summary>One slice.</summary>
    public static implicit operator TensorIndex(Index index) => new(Kind.Number, new Range(index, index));

    /// <summary>Some slices.</summary>
    public static implicit operator TensorIndex(Range range) => new(Kind.Range, range);

    /// <summary>The slices that a tensor (int32 or int64) names, or that a mask (bool) is true for.</summary>
    public static implicit operator TensorIndex(Tensor index) => new(Kind.Tensor, tensor: index);

    /// <summary>The first element that it takes of an axis, and how many.</summary>
    internal (int Start, int Length) Over(int axis, Shape shape)
    {
        int n = shape[axis];
        int first = range.Start.GetOffset(n);
        int end = kind == Kind.Number ? first + 1 : range.End.GetOffset(n);
        if (first < 0 || end > n || first > end)
        {
            string text = kind == Kind.Number ? $"{range.Start}" : $"{range}";
            throw new ArgumentOutOfRangeException(null, $"Slice: {text} is outside of axis {axis} of {shape} (length {n}).");
        }

        return (first, end - first);
    }
}
