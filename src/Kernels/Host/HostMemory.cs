using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Kernels;

/// <summary>Memory of the host, as kernels see it. Every access is checked.</summary>
public readonly unsafe struct HostMemory(void* start, long bytes) : IMemory
{
    /// <inheritdoc/>
    /// <exception cref="IndexOutOfRangeException">There is no such element.</exception>
    public T Load<T>(int i)
        where T : unmanaged
    {
        Check<T>(i);
        return ((T*)start)[i];
    }

    /// <inheritdoc/>
    /// <exception cref="IndexOutOfRangeException">There is no such element.</exception>
    public void Store<T>(int i, T value)
        where T : unmanaged
    {
        Check<T>(i);
        ((T*)start)[i] = value;
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
