using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Kernels;

/// <summary>Memory of the host, as kernels see it. Every access is checked.</summary>
public readonly unsafe struct HostMemory : IMemory
{
    private readonly void* start;
    private readonly long bytes;
    private readonly HostWatch? watch;
    private readonly long from;

    /// <summary>Some bytes.</summary>
    public HostMemory(void* start, long bytes)
        : this(start, bytes, null, 0)
    {
    }

    /// <summary>Some bytes that are watched, from a place on.</summary>
    internal HostMemory(void* start, long bytes, HostWatch? watch, long from)
    {
        this.start = start;
        this.bytes = bytes;
        this.watch = watch;
        this.from = from;
    }

    /// <inheritdoc/>
    /// <exception cref="IndexOutOfRangeException">There is no such element.</exception>
    public T Load<T>(int i)
        where T : unmanaged
    {
        Check<T>(i);
        watch?.Read(from + ((long)i * sizeof(T)), sizeof(T));
        return ((T*)start)[i];
    }

    /// <inheritdoc/>
    /// <exception cref="IndexOutOfRangeException">There is no such element.</exception>
    public T Load<T>(int i, int k)
        where T : unmanaged => Load<T>(i + k);

    /// <inheritdoc/>
    /// <exception cref="IndexOutOfRangeException">There is no such element.</exception>
    public void Store<T>(int i, T value)
        where T : unmanaged
    {
        Check<T>(i);
        watch?.Write(from + ((long)i * sizeof(T)), sizeof(T));
        ((T*)start)[i] = value;
    }

    /// <summary>Whether this begins within other memory, and at which of its bytes.</summary>
    internal bool IsWithin(void* other, long length, out long offset)
    {
        offset = (byte*)start - (byte*)other;
        return offset >= 0 && offset < length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Check<T>(int i)
        where T : unmanaged
    {
        if (i < 0 || (i + 1L) * sizeof(T) > bytes)
        {
            Fail<T>(i);
        }
    }

    private void Fail<T>(int i)
        where T : unmanaged => throw new IndexOutOfRangeException(
            $"A kernel used element {i} of memory that holds {bytes / sizeof(T)} elements of {typeof(T).Name}.");
}
