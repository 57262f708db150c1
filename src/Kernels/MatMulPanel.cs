namespace Gpu.Autograd.Kernels;

/// <summary>
/// A factor of a product as a tile reads it: its lines are the rows of the left factor and the columns of the right one, and along its depth
/// the two are multiplied. It is read by quads, which lie along the depth or across the lines.
/// </summary>
/// <remarks>That they lie along the depth is said by a 1, across by a 0: a bool cannot be passed to a kernel.</remarks>
public interface IPanel
{
    /// <summary>Whether a quad lies along the depth, else across lines.</summary>
    bool Along { get; }

    /// <summary>Where a matrix of the batch starts.</summary>
    int Start(int batch);

    /// <summary>
    /// Four elements from a line and a depth on, of the matrix that starts there: 0 from depth <paramref name="end"/> on, and anything
    /// beyond the last line, which nobody keeps.
    /// </summary>
    Quad<T> Load<T>(int start, int line, int depth, int end)
        where T : unmanaged, IReal<T>;
}

/// <summary>A panel whose quads are whole in memory: 16 bytes at once. Its starts, strides and, along the quads, length are multiples of 4.</summary>
public readonly struct QuadPanel<M>(M memory, int offset, int batchStride, int stride, int lines, int along) : IPanel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public bool Along => along != 0;

    /// <inheritdoc/>
    public int Start(int batch) => offset + (batch * batchStride);

    /// <inheritdoc/>
    public Quad<T> Load<T>(int start, int line, int depth, int end)
        where T : unmanaged, IReal<T>
    {
        // What is read may be outside, so it is read at a place that is inside, always: a struct that is assigned under a condition would
        // not stay in registers.
        bool inside = depth < end;
        int d = inside ? depth : 0;
        int l = line < lines ? line : Along ? lines - 1 : lines - 4;
        Quad<T> v = memory.Load<Quad<T>>((start + (Along ? (l * stride) + d : (d * stride) + l)) / 4);
        return new Quad<T>(inside ? v.V0 : T.Zero, inside ? v.V1 : T.Zero, inside ? v.V2 : T.Zero, inside ? v.V3 : T.Zero);
    }
}

/// <summary>A panel in any layout, read element by element.</summary>
public readonly struct StridedPanel<M>(M memory, int offset, int batchStride, int lineStride, int depthStride, int lines, int along) : IPanel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public bool Along => along != 0;

    /// <inheritdoc/>
    public int Start(int batch) => offset + (batch * batchStride);

    /// <inheritdoc/>
    public Quad<T> Load<T>(int start, int line, int depth, int end)
        where T : unmanaged, IReal<T>
    {
        int l = 1 - along;
        int d = along;
        return new Quad<T>(
            One<T>(start, line, depth, end),
            One<T>(start, line + l, depth + d, end),
            One<T>(start, line + (2 * l), depth + (2 * d), end),
            One<T>(start, line + (3 * l), depth + (3 * d), end));
    }

    private T One<T>(int start, int line, int depth, int end)
        where T : unmanaged, IReal<T>
    {
        bool inside = depth < end;
        int d = inside ? depth : 0;
        int l = line < lines ? line : lines - 1;
        T v = memory.Load<T>(start + (l * lineStride) + (d * depthStride));
        return inside ? v : T.Zero;
    }
}
