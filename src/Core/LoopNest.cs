namespace Gpu.Autograd;

/// <summary>
/// The loops over a shape for several operands at once, with as few axes as they allow: axes of length 1 are dropped and neighbours
/// that every operand walks as one are merged. Dense operands give one axis, whatever their rank.
/// </summary>
public sealed class LoopNest
{
    private readonly int[][] strides;

    private LoopNest(int[] lengths, int[][] strides, int[] offsets)
    {
        Lengths = lengths;
        this.strides = strides;
        Offsets = offsets;
    }

    /// <summary>The lengths of the loops, outermost first; at least one loop.</summary>
    public int[] Lengths { get; }

    /// <summary>The first element of each operand.</summary>
    public int[] Offsets { get; }

    /// <summary>The number of loops.</summary>
    public int Rank => Lengths.Length;

    /// <summary>The loops over layouts of one shape.</summary>
    public static LoopNest Of(params ReadOnlySpan<Layout> layouts)
    {
        var shape = layouts[0].Shape;
        var lengths = new List<int>(shape.Rank);
        var strides = new List<int>[layouts.Length];
        var offsets = new int[layouts.Length];
        for (int k = 0; k < layouts.Length; k++)
        {
            strides[k] = new List<int>(shape.Rank);
            offsets[k] = layouts[k].Offset;
        }

        for (int axis = 0; axis < shape.Rank; axis++)
        {
            int length = shape.Lengths[axis];
            if (length == 1)
            {
                continue;
            }

            bool merges = lengths.Count > 0;
            for (int k = 0; merges && k < layouts.Length; k++)
            {
                merges = strides[k][^1] == length * layouts[k].Strides[axis];
            }

            if (merges)
            {
                lengths[^1] *= length;
            }
            else
            {
                lengths.Add(length);
            }

            for (int k = 0; k < layouts.Length; k++)
            {
                if (merges)
                {
                    strides[k][^1] = layouts[k].Strides[axis];
                }
                else
                {
                    strides[k].Add(layouts[k].Strides[axis]);
                }
            }
        }

        if (lengths.Count == 0)
        {
            lengths.Add(1);
            foreach (var s in strides)
            {
                s.Add(1);
            }
        }

        return new LoopNest([.. lengths], [.. strides.Select(s => s.ToArray())], offsets);
    }

    /// <summary>The strides of one operand, one a loop.</summary>
    public ReadOnlySpan<int> Strides(int operand) => strides[operand];
}
