namespace Gpu.Autograd.Kernels;

/// <summary>
/// As many loops of a nest as one launch can do, where there are more; each place of the others, which are the shortest, is a piece of its own.
/// </summary>
internal sealed class Piece
{
    private readonly LoopNest nest;
    private readonly int[] outer;
    private readonly int[] inner;
    private readonly int[] place;

    /// <summary>The first piece.</summary>
    internal Piece(LoopNest nest)
    {
        this.nest = nest;
        (outer, inner, place, Lengths) = ([], [], [], nest.Lengths);
        if (nest.Rank > Loops5.Most)
        {
            // The innermost loop stays where it is: its neighbours are neighbours in memory.
            outer = [.. Enumerable.Range(0, nest.Rank - 1).OrderBy(axis => nest.Lengths[axis]).Take(nest.Rank - Loops5.Most)];
            inner = [.. Enumerable.Range(0, nest.Rank).Except(outer)];
            place = new int[outer.Length];
            Lengths = [.. inner.Select(axis => nest.Lengths[axis])];
        }

        Left = !nest.Lengths.Contains(0);
        Count = Lengths.Aggregate(1, (product, length) => product * length);
    }

    /// <summary>Whether there is a piece here; false after the last, and from the start where there are no elements.</summary>
    internal bool Left { get; private set; }

    /// <summary>The lengths of its loops.</summary>
    internal int[] Lengths { get; }

    /// <summary>The number of its elements.</summary>
    internal int Count { get; }

    /// <summary>Goes on to the next piece.</summary>
    internal void Next()
    {
        int k = outer.Length - 1;
        while (k >= 0 && ++place[k] == nest.Lengths[outer[k]])
        {
            place[k--] = 0;
        }

        Left = k >= 0;
    }

    /// <summary>Where the elements of an operand lie in this piece.</summary>
    internal Strides Strides(int operand)
    {
        var all = nest.Strides(operand);
        int offset = nest.Offsets[operand];
        if (outer.Length == 0)
        {
            return Indexing.StridesOf(offset, all);
        }

        for (int k = 0; k < outer.Length; k++)
        {
            offset += place[k] * all[outer[k]];
        }

        var strides = new int[inner.Length];
        for (int k = 0; k < inner.Length; k++)
        {
            strides[k] = all[inner[k]];
        }

        return Indexing.StridesOf(offset, strides);
    }
}

/// <summary>From the arrays that the host keeps to the structs that a kernel takes.</summary>
internal static class Indexing
{
    /// <summary>The strides of at most five loops.</summary>
    internal static Strides StridesOf(int offset, ReadOnlySpan<int> s)
    {
        int r = s.Length;
        return new Strides(
            offset, r > 4 ? s[^5] : 0, r > 3 ? s[^4] : 0, r > 2 ? s[^3] : 0, r > 1 ? s[^2] : 0, r > 0 ? s[^1] : 0);
    }

    /// <summary>The lengths of at most five loops; the outermost is not needed.</summary>
    internal static Loops5 LoopsOf(ReadOnlySpan<int> n)
    {
        int r = n.Length;
        return new Loops5(r > 3 ? n[^4] : 1, r > 2 ? n[^3] : 1, r > 1 ? n[^2] : 1, r > 0 ? n[^1] : 1);
    }
}
