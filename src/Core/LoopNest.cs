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
        var lengths = new int[Math.Max(shape.Rank, 1)];
        var strides = new int[layouts.Length][];
        var offsets = new int[layouts.Length];
        for (int k = 0; k < layouts.Length; k++)
        {
            strides[k] = new int[lengths.Length];
            offsets[k] = layouts[k].Offset;
        }

        int loops = 0;
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            int length = shape.Lengths[axis];
            if (length == 1)
            {
                continue;
            }

            bool merges = loops > 0;
            for (int k = 0; merges && k < layouts.Length; k++)
            {
                merges = strides[k][loops - 1] == length * layouts[k].Strides[axis];
            }

            loops += merges ? 0 : 1;
            lengths[loops - 1] = merges ? lengths[loops - 1] * length : length;
            for (int k = 0; k < layouts.Length; k++)
            {
                strides[k][loops - 1] = layouts[k].Strides[axis];
            }
        }

        if (loops == 0)
        {
            loops = 1;
            lengths[0] = 1;
            foreach (int[] ofOperand in strides)
            {
                ofOperand[0] = 1;
            }
        }

        if (loops < lengths.Length)
        {
            Array.Resize(ref lengths, loops);
            for (int k = 0; k < strides.Length; k++)
            {
                Array.Resize(ref strides[k], loops);
            }
        }

        return new LoopNest(lengths, strides, offsets);
    }

    /// <summary>The strides of one operand, one a loop.</summary>
    public ReadOnlySpan<int> Strides(int operand) => strides[operand];
}
