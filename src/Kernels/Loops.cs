namespace Gpu.Autograd.Kernels;

/// <summary>Where a thread stands in at most five nested loops; the last number is the innermost loop's.</summary>
public readonly struct Place(int c4, int c3, int c2, int c1, int c0)
{
    /// <summary>The outermost loop.</summary>
    public readonly int C4 = c4;

    /// <summary>The fourth loop from within.</summary>
    public readonly int C3 = c3;

    /// <summary>The middle loop.</summary>
    public readonly int C2 = c2;

    /// <summary>The second loop from within.</summary>
    public readonly int C1 = c1;

    /// <summary>The innermost loop.</summary>
    public readonly int C0 = c0;
}

/// <summary>Turns a thread's number into its place.</summary>
public interface ILoops
{
    /// <summary>The most loops there can be.</summary>
    static abstract int Most { get; }

    /// <summary>The place of thread <paramref name="i"/>.</summary>
    Place At(int i);
}

/// <summary>One loop: what dense operands and scalars need. It costs one multiply-add an operand.</summary>
public readonly struct Flat : ILoops
{
    /// <inheritdoc/>
    public static int Most => 1;

    /// <inheritdoc/>
    public Place At(int i) => new(0, 0, 0, 0, i);
}

/// <summary>Two loops, the inner of <paramref name="n0"/> steps: rows of a matrix, a vector added to each.</summary>
public readonly struct Loops2(int n0) : ILoops
{
    /// <inheritdoc/>
    public static int Most => 2;

    /// <inheritdoc/>
    public Place At(int i)
    {
        int q = i / n0;
        return new Place(0, 0, 0, q, i - (q * n0));
    }
}

/// <summary>Up to five loops.</summary>
public readonly struct Loops5(int n3, int n2, int n1, int n0) : ILoops
{
    /// <inheritdoc/>
    public static int Most => 5;

    /// <inheritdoc/>
    public Place At(int i)
    {
        int q1 = i / n0;
        int q2 = q1 / n1;
        int q3 = q2 / n2;
        int q4 = q3 / n3;
        return new Place(q4, q3 - (q4 * n3), q2 - (q3 * n2), q1 - (q2 * n1), i - (q1 * n0));
    }
}

/// <summary>Where in its memory an operand's elements lie: offset + c0·s0 + c1·s1 + …</summary>
/// <remarks>The offset is added here and not to the memory's start, because a GPU takes the sum as unsigned while a stride may be negative.</remarks>
public readonly struct Strides(int offset, int s4, int s3, int s2, int s1, int s0)
{
    /// <summary>The element's index at a place.</summary>
    public int Of(Place p) => offset + (p.C4 * s4) + (p.C3 * s3) + (p.C2 * s2) + (p.C1 * s1) + (p.C0 * s0);
}

/// <summary>An operand of a kernel: memory, and where in it the elements lie.</summary>
public readonly struct Walk<M>(M memory, Strides strides)
    where M : struct, IMemory
{
    /// <summary>The element at a place.</summary>
    public T Load<T>(Place p)
        where T : unmanaged => memory.Load<T>(strides.Of(p));

    /// <summary>Writes the element at a place.</summary>
    public void Store<T>(Place p, T value)
        where T : unmanaged => memory.Store(strides.Of(p), value);
}

/// <summary>What is done at one place of some loops.</summary>
public interface IBody
{
    /// <summary>The work at a place.</summary>
    void Run(Place p);
}

/// <summary>The kernel that does a body at every place of its loops.</summary>
public readonly struct Each<TBody, L>(TBody body, L loops) : IKernel
    where TBody : struct, IBody
    where L : struct, ILoops
{
    /// <inheritdoc/>
    public void Run(int i) => body.Run(loops.At(i));
}
