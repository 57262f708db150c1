namespace Gpu.Autograd.Backends;

/// <summary>Some axes of a layout as one: runs of elements at equal distances, and where each run starts.</summary>
internal sealed class AxisGroup
{
    private AxisGroup(int[] starts, int run, int stride) => (Starts, Run, Stride) = (starts, run, stride);

    /// <summary>Where the runs start, from the layout's offset.</summary>
    public int[] Starts { get; }

    /// <summary>The elements of a run.</summary>
    public int Run { get; }

    /// <summary>The distance of neighbours in a run.</summary>
    public int Stride { get; }

    /// <summary>The number of elements.</summary>
    public int Count => Starts.Length * Run;

    /// <summary>How many elements lie side by side.</summary>
    public int SideBySide => Stride == 1 ? Run : 1;

    /// <summary>Where an element lies.</summary>
    public int this[int i]
    {
        get
        {
            var (run, at) = Math.DivRem(i, Run);
            return Starts[run] + (at * Stride);
        }
    }

    /// <summary>So many axes from the first on.</summary>
    public static AxisGroup Of(Layout layout, int first, int count) => Of(LoopNest.Of(Part(layout, first, count)), 0);

    /// <summary>The same axes of two layouts, in runs that both have.</summary>
    public static (AxisGroup A, AxisGroup C) Of(Layout a, int firstA, Layout c, int firstC, int count)
    {
        var loops = LoopNest.Of(Part(a, firstA, count), Part(c, firstC, count));
        return (Of(loops, 0), Of(loops, 1));
    }

    /// <summary>Where all elements lie.</summary>
    public int[] ToArray()
    {
        int[] all = new int[Count];
        int i = 0;
        foreach (int start in Starts)
        {
            for (int k = 0; k < Run; k++)
            {
                all[i++] = start + (k * Stride);
            }
        }

        return all;
    }

    private static Layout Part(Layout layout, int first, int count) =>
        new(new Shape(layout.Shape.Lengths[first..(first + count)]), layout.Strides[first..(first + count)].ToArray(), 0);

    private static AxisGroup Of(LoopNest loops, int operand)
    {
        var strides = loops.Strides(operand);
        int outer = loops.Rank - 1;
        int runs = 1;
        for (int k = 0; k < outer; k++)
        {
            runs *= loops.Lengths[k];
        }

        var starts = new int[runs];
        int done = 1;
        for (int k = outer - 1; k >= 0; k--)
        {
            // What the loops within give, once for each step of this one; the last places first, since the first are read.
            for (int i = (done * loops.Lengths[k]) - 1; i >= 0; i--)
            {
                starts[i] = starts[i % done] + (i / done * strides[k]);
            }

            done *= loops.Lengths[k];
        }

        return new AxisGroup(starts, loops.Lengths[^1], strides[^1]);
    }
}
