namespace Gpu.Autograd.Kernels;

/// <summary>Two kernels one after the other in one launch: each group does some rows of the one, and then the same rows of the other.</summary>
/// <remarks>The second reads nothing that other groups wrote in the first.</remarks>
public readonly struct Along<K1, K2, M>(K1 first, K2 second) : IGroupKernel<M>
    where K1 : struct, IGroupKernel<M>
    where K2 : struct, IGroupKernel<M>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        first.Run<G>(group);
        G.Barrier();
        G.Again();
        second.Run<G>(group);
    }
}

/// <summary>A kernel of threads that stand in the order of rows: a group does <paramref name="part"/> of them, those of its rows.</summary>
public readonly struct ThreadsAlong<K, M>(K kernel, int threads, int part, int size) : IGroupKernel<M>
    where K : struct, IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        int from = group * part;
        int end = threads - from < part ? threads : from + part;
        for (int i = from + G.Local; i < end; i += size)
        {
            kernel.Run(i);
        }
    }
}

/// <summary>
/// A kernel whose groups are <paramref name="across"/> tiles, one at least, side by side for some rows: a group does all of them.
/// </summary>
/// <remarks>Tile t of the rows of group g is the kernel's group t·groups + g.</remarks>
public readonly struct TilesAlong<K, M>(K kernel, int groups, int across) : IGroupKernel<M>
    where K : struct, IGroupKernel<M>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        int tile = 0;
        do
        {
            kernel.Run<G>((tile * groups) + group);
            G.Barrier();
            G.Again();
            tile++;
        }
        while (tile < across);
    }
}
