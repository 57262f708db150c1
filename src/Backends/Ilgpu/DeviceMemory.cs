using Gpu.Autograd.Kernels;
using ILGPU;

namespace Gpu.Autograd.Backends;

/// <summary>Memory of an ILGPU device, as kernels see it.</summary>
public readonly struct DeviceMemory(ArrayView<byte> view) : IMemory
{
    /// <inheritdoc/>
    public T Load<T>(int i)
        where T : unmanaged => view.Cast<T>()[i];

    /// <inheritdoc/>
    public T Load<T>(int i, int k)
        where T : unmanaged => view.Cast<T>().SubView(i)[k];

    /// <inheritdoc/>
    public void Store<T>(int i, T value)
        where T : unmanaged => view.Cast<T>()[i] = value;

    /// <summary>Whether this begins within other memory, and at which of its bytes.</summary>
    internal bool IsWithin(ArrayView<byte> other, out long offset)
    {
        IContiguousArrayView mine = view, whole = other;
        offset = mine.IndexInBytes - whole.IndexInBytes;
        return ReferenceEquals(mine.Buffer, whole.Buffer) && offset >= 0 && offset < whole.LengthInBytes;
    }
}

/// <summary>A thread of a group on an ILGPU device.</summary>
public readonly struct DeviceGroup : IGroup<DeviceMemory>
{
    /// <inheritdoc/>
    public static int Local => Group.IdxX;

    /// <inheritdoc/>
    public static void Barrier() => Group.Barrier();

    /// <inheritdoc/>
    public static DeviceMemory Shared<T>(int count)
        where T : unmanaged => new(SharedMemory.Allocate<T>(count).Cast<byte>());

    /// <inheritdoc/>
    public static void Again()
    {
    }
}

/// <summary>What ILGPU compiles: the two ways that every kernel starts.</summary>
public static class Entry
{
    /// <summary>The work of thread <paramref name="i"/>.</summary>
    public static void Each<K>(Index1D i, K kernel)
        where K : struct, IKernel => kernel.Run(i);

    /// <summary>The work of one thread of a group.</summary>
    public static void Grouped<K>(K kernel)
        where K : struct, IGroupKernel<DeviceMemory> => kernel.Run<DeviceGroup>(Grid.IdxX);
}
