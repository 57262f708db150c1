namespace Gpu.Autograd.Kernels;

/// <summary>A divisor, at least 1, of numbers from 0 on: by a multiplication, which takes a GPU a fraction of the time.</summary>
public readonly struct Divisor
{
    private readonly uint factor;
    private readonly int shift;

    /// <summary>The divisor d.</summary>
    public Divisor(int d)
    {
        // With 2^(shift − 31) ≥ d the factor is below 2³², and too large by so little that no x < 2³¹ shows it.
        shift = 31;
        while (1L << (shift - 31) < d)
        {
            shift++;
        }

        factor = (uint)(((1UL << shift) / (uint)d) + 1);
    }

    /// <summary>x/d, rounded down.</summary>
    public int Of(int x) => (int)(((ulong)(uint)x * factor) >> shift);
}

/// <summary>Up to four axes walked as one: element i lies at i·step and, each time that an axis begins anew, a jump further.</summary>
public readonly struct Axes(int step, Divisor length0, int jump1, Divisor length1, int jump2, Divisor length2, int jump3)
{
    /// <summary>The most axes there can be.</summary>
    public const int Most = 4;

    /// <summary>Where element i ≥ 0 lies.</summary>
    public int At(int i) => (i * step) + (length0.Of(i) * jump1) + (length1.Of(i) * jump2) + (length2.Of(i) * jump3);

    /// <summary>The axes of some loops, at most four.</summary>
    public static Axes Of(ReadOnlySpan<int> lengths, ReadOnlySpan<int> strides)
    {
        Span<Divisor> divisors = [new(1), new(1), new(1)];
        Span<int> jumps = stackalloc int[3];
        int within = 1;
        for (int k = 1; k < lengths.Length; k++)
        {
            within *= lengths[^k];
            divisors[k - 1] = new Divisor(within);
            jumps[k - 1] = strides[^(k + 1)] - (lengths[^k] * strides[^k]);
        }

        return new Axes(strides[^1], divisors[0], jumps[0], divisors[1], jumps[1], divisors[2], jumps[2]);
    }
}

/// <summary>
/// A panel whose lines, depth and batch are groups of axes, such as the windows of a convolution: where an element lies is worked out when
/// it is read, so that there is no matrix of windows anywhere. Quads lie along one group, <paramref name="quads"/>; of the other a quad has one place.
/// </summary>
public readonly struct GroupPanel<M>(M memory, int offset, Axes batches, Axes quads, Axes others, int lines, int along) : IPanel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public bool Along => along != 0;

    /// <inheritdoc/>
    public int Start(int batch) => offset + batches.At(batch);

    /// <inheritdoc/>
    public Quad<T> Load<T>(int start, int line, int depth, int end)
        where T : unmanaged, IReal<T>
    {
        int place = Along ? depth : line;
        int places = Along ? end : lines;
        int other = Along ? line : depth;
        bool inside = other < (Along ? lines : end);
        int at = start + others.At(inside ? other : 0);
        int most = inside ? places : 0;
        return new Quad<T>(One<T>(at, place, most), One<T>(at, place + 1, most), One<T>(at, place + 2, most), One<T>(at, place + 3, most));
    }

    private T One<T>(int start, int place, int end)
        where T : unmanaged, IReal<T>
    {
        bool inside = place < end;
        T v = memory.Load<T>(start + quads.At(inside ? place : 0));
        return inside ? v : T.Zero;
    }
}
