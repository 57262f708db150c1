using System.Collections;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>The lengths of a tensor's axes, outermost first. Immutable. Every check and rule about shapes is here.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public sealed class Shape : IReadOnlyList<int>, IEquatable<Shape>
{
    private readonly int[] lengths;

    /// <summary>A shape of the given axis lengths; none at all is the shape of a scalar.</summary>
    /// <exception cref="ArgumentException">A length is negative, or there are more than 2³¹ − 1 elements.</exception>
    public Shape(params ReadOnlySpan<int> lengths)
    {
        this.lengths = lengths.ToArray();
        long count = 1;
        foreach (int length in this.lengths)
        {
            if (length < 0)
            {
                throw new ArgumentException($"Shape: {Text(lengths)} has a negative length.");
            }

            count = Math.Min(count * length, (long)int.MaxValue + 1);
        }

        if (count > int.MaxValue)
        {
            throw new ArgumentException($"Shape: {Text(lengths)} has more than 2147483647 elements.");
        }

        Size = (int)count;
    }

    /// <summary>The shape of a scalar: no axes, one element.</summary>
    public static Shape Scalar { get; } = new();

    /// <summary>A shape of the given axis lengths; it lets <c>[2, 3]</c> stand for a shape.</summary>
    public static Shape Create(ReadOnlySpan<int> lengths) => new(lengths);

    /// <summary>The number of axes.</summary>
    public int Rank => lengths.Length;

    /// <summary>The number of elements: the product of the lengths.</summary>
    public int Size { get; }

    int IReadOnlyCollection<int>.Count => lengths.Length;

    /// <summary>The lengths, outermost first.</summary>
    public ReadOnlySpan<int> Lengths => lengths;

    /// <summary>The length of an axis; a negative axis counts from the end.</summary>
    public int this[int axis] => lengths[Axis(axis, "Shape")];

    /// <summary>Two shapes are equal when all their lengths are.</summary>
    public static bool operator ==(Shape? a, Shape? b) => a is null ? b is null : a.Equals(b);

    /// <summary>The opposite of equality.</summary>
    public static bool operator !=(Shape? a, Shape? b) => !(a == b);

    /// <summary>
    /// The shape that both broadcast to: aligned at the last axis, an axis of length 1 (or missing) stretches to the other's length.
    /// </summary>
    /// <exception cref="ArgumentException">Two lengths differ and neither is 1.</exception>
    public static Shape Broadcast(Shape a, Shape b, string op)
    {
        if (a.Equals(b))
        {
            return a;
        }

        int rank = Math.Max(a.Rank, b.Rank);
        var result = new int[rank];
        for (int axis = 1; axis <= rank; axis++)
        {
            int m = axis <= a.Rank ? a.lengths[^axis] : 1;
            int n = axis <= b.Rank ? b.lengths[^axis] : 1;
            if (m != n && m != 1 && n != 1)
            {
                throw new ArgumentException($"{op}: shapes {a} and {b} do not broadcast: axis −{axis} is {m} against {n}.");
            }

            result[^axis] = m == 1 ? n : m;
        }

        return new Shape(result);
    }

    /// <summary>Whether this shape broadcasts to exactly <paramref name="target"/>.</summary>
    public bool BroadcastsTo(Shape target)
    {
        if (Rank > target.Rank)
        {
            return false;
        }

        for (int axis = 1; axis <= Rank; axis++)
        {
            if (lengths[^axis] != target.lengths[^axis] && lengths[^axis] != 1)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The axis as a number from 0 to rank − 1; negative counts from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int Axis(int axis, string op)
    {
        if (axis < -Rank || axis >= Rank)
        {
            throw new ArgumentOutOfRangeException(
                null, $"{op}: there is no axis {axis} in shape {this} (rank {Rank}).");
        }

        return axis < 0 ? axis + Rank : axis;
    }

    /// <summary>Axes made non-negative, sorted; none given means all of them. A scalar counts as one element along an axis 0 or −1.</summary>
    /// <exception cref="ArgumentException">An axis is named twice.</exception>
    public int[] Axes(ReadOnlySpan<int> axes, string op)
    {
        bool all = axes.IsEmpty || (Rank == 0 && axes is [0 or -1]);
        var result = new int[all ? Rank : axes.Length];
        if (all)
        {
            for (int axis = 0; axis < result.Length; axis++)
            {
                result[axis] = axis;
            }

            return result;
        }

        for (int i = 0; i < axes.Length; i++)
        {
            result[i] = Axis(axes[i], op);
        }

        Array.Sort(result);
        for (int i = 1; i < result.Length; i++)
        {
            if (result[i] == result[i - 1])
            {
                throw new ArgumentException($"{op}: axis {result[i]} is named twice in {Text(axes)}.");
            }
        }

        return result;
    }

    /// <summary>This shape with the given (non-negative) axes reduced to length 1, or removed.</summary>
    public Shape Reduced(ReadOnlySpan<int> axes, bool keepDims)
    {
        Span<int> result = Rank <= 16 ? stackalloc int[Rank] : new int[Rank];
        int rank = 0;
        for (int axis = 0; axis < Rank; axis++)
        {
            bool isReduced = axes.Contains(axis);
            if (!isReduced || keepDims)
            {
                result[rank++] = isReduced ? 1 : lengths[axis];
            }
        }

        return new Shape(result[..rank]);
    }

    /// <summary>A shape of the same number of elements, with one length of −1 worked out.</summary>
    /// <exception cref="ArgumentException">The numbers of elements differ, or there are several lengths of −1.</exception>
    public Shape Reshaped(ReadOnlySpan<int> target)
    {
        var result = target.ToArray();
        int open = -1;
        long known = 1;
        for (int axis = 0; axis < result.Length; axis++)
        {
            if (result[axis] != -1)
            {
                known *= result[axis];
                continue;
            }

            if (open >= 0)
            {
                throw new ArgumentException($"Reshape: {Text(target)} leaves more than one length open.");
            }

            open = axis;
        }

        if (open >= 0 && known != 0 && Size % known == 0)
        {
            result[open] = (int)(Size / known);
            known = Size;
        }

        if (known != Size || result.Any(length => length < 0))
        {
            throw new ArgumentException($"Reshape: {this} has {Size} elements and does not fit {Text(target)}.");
        }

        return new Shape(result);
    }

    /// <inheritdoc/>
    public bool Equals(Shape? other) =>
        ReferenceEquals(this, other) || (other is not null && lengths.AsSpan().SequenceEqual(other.lengths));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Shape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (int length in lengths)
        {
            hash.Add(length);
        }

        return hash.ToHashCode();
    }

    /// <summary>The lengths in brackets: <c>[32, 784]</c>, <c>[]</c> for a scalar.</summary>
    public override string ToString() => Text(lengths);

    /// <summary>The lengths as a new array.</summary>
    public int[] ToArray() => [.. lengths];

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)lengths).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => lengths.GetEnumerator();

    /// <summary>The place of an element, given by its number in row-major order, on each axis.</summary>
    internal int[] Position(int element)
    {
        var position = new int[Rank];
        for (int axis = Rank - 1; axis >= 0; axis--)
        {
            (element, position[axis]) = Math.DivRem(element, lengths[axis]);
        }

        return position;
    }

    /// <summary>Numbers in brackets, as shapes and axes stand in messages.</summary>
    internal static string Text(ReadOnlySpan<int> numbers) => $"[{string.Join(", ", numbers.ToArray())}]";
}
