namespace Gpu.Autograd.Kernels;

/// <summary>Two kernels in one launch: the first groups do the one's work, those from <paramref name="groups"/> on the other's.</summary>
/// <remarks>A group runs one of the two alone, so that all of its threads come to the same barriers. Shared memory is that of both.</remarks>
public readonly struct Beside<K1, K2, M>(K1 first, K2 second, int groups) : IGroupKernel<M>
    where K1 : struct, IGroupKernel<M>
    where K2 : struct, IGroupKernel<M>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        if (group < groups)
        {
            first.Run<G>(group);
        }
        else
        {
            second.Run<G>(group - groups);
        }
    }
}

/// <summary>A kernel of groups, and another of a few threads, no more than a group has: the first group does its work too.</summary>
public readonly struct InFirst<K1, K2, M>(K1 groups, K2 kernel, int threads) : IGroupKernel<M>
    where K1 : struct, IGroupKernel<M>
    where K2 : struct, IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        if (group == 0 && G.Local < threads)
        {
            kernel.Run(G.Local);
        }

        groups.Run<G>(group);
    }
}

/// <summary>A kernel of <paramref name="threads"/> threads that know nothing of each other, in groups of a size.</summary>
public readonly struct InGroups<K, M>(K kernel, int threads, int size) : IGroupKernel<M>
    where K : struct, IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        int i = (group * size) + G.Local;
        if (i < threads)
        {
            kernel.Run(i);
        }
    }
}
