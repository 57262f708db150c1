namespace Gpu.Autograd.Kernels;

/// <summary>
/// A kernel: its fields are its arguments, its method is the work of one thread. It is compiled for a GPU as it stands, so it is a
/// readonly struct that allocates nothing, throws nothing and reads no static field.
/// </summary>
public interface IKernel
{
    /// <summary>The work of thread <paramref name="i"/>.</summary>
    void Run(int i);
}

/// <summary>A kernel whose threads work in groups, with shared memory and barriers.</summary>
public interface IGroupKernel<M>
    where M : struct, IMemory
{
    /// <summary>The work of one thread of group <paramref name="group"/>; G says which. Every thread of a group comes to every barrier.</summary>
    void Run<G>(int group)
        where G : struct, IGroup<M>;
}

/// <summary>Where a thread stands in its group, and what it shares with the others.</summary>
public interface IGroup<M>
    where M : struct, IMemory
{
    /// <summary>The number of this thread in its group.</summary>
    static abstract int Local { get; }

    /// <summary>Waits until every thread of the group is here; what they wrote before, all see after.</summary>
    static abstract void Barrier();

    /// <summary>Memory shared by the group, for <paramref name="count"/> elements: a constant to the compiler. Its content is undefined.</summary>
    static abstract M Shared<T>(int count)
        where T : unmanaged;

    /// <summary>Says that a kernel begins whose shared memory may be what kernels before it had; after a barrier.</summary>
    static abstract void Again();
}

/// <summary>Where the paths of a group's threads meet.</summary>
public static class Groups
{
    /// <summary>
    /// A barrier right after an <c>if</c>. ILGPU does not see that paths meet at a call of a static abstract member, and writes all that follows
    /// for each of them: the threads of a warp would come to barriers that are not the same, and what CUDA makes of that is not defined.
    /// </summary>
    public static void Meet<G, M>()
        where G : struct, IGroup<M>
        where M : struct, IMemory => G.Barrier();
}

/// <summary>Memory of a device, without an element type: which one it holds is said by who reads it.</summary>
public interface IMemory
{
    /// <summary>Element <paramref name="i"/> ≥ 0, counted in elements of T.</summary>
    T Load<T>(int i)
        where T : unmanaged;

    /// <summary>Element i + k, where k ≥ 0 is a constant: several such of one i share its address, and k is part of the instruction.</summary>
    T Load<T>(int i, int k)
        where T : unmanaged;

    /// <summary>Writes element <paramref name="i"/> ≥ 0.</summary>
    void Store<T>(int i, T value)
        where T : unmanaged;
}
