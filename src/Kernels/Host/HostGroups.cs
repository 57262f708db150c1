namespace Gpu.Autograd.Kernels;

/// <summary>
/// Runs kernels whose threads work in groups, the groups one after the other and of a group's threads one at a time, in an order that is
/// drawn anew after every barrier. With a seed the order follows from it, and shared memory is watched.
/// </summary>
internal sealed class HostGroups(int? seed = null)
{
    /// <summary>The most threads of a group: each waits at a barrier as a thread of the operating system, which costs microseconds.</summary>
    internal const int MostThreads = 64;

    private readonly Lock oneLaunch = new();
    private readonly HostShared memory = new(watched: seed is not null);
    private readonly Random random = new(seed ?? 0);

    /// <summary>Runs a kernel on so many groups of so many threads.</summary>
    /// <exception cref="InvalidOperationException">A thread failed; the message says which.</exception>
    internal void Run<K>(K kernel, int groups, int size)
        where K : struct, IGroupKernel<HostMemory>
    {
        if (size is < 1 or > MostThreads)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The host runs 1 to {MostThreads} threads a group.");
        }

        lock (oneLaunch)
        {
            int launch = HostBackend.NextLaunch();
            var failure = new HostMeeting(groups, size, random, RunThread).Run();
            if (failure is not null)
            {
                throw new InvalidOperationException($"{typeof(K).Name}: {failure.Message}", failure);
            }

            void RunThread(HostMeeting meeting, int group, int local)
            {
                HostGroup.Become(new HostGroupThread(launch, group, local, meeting, memory));
                try
                {
                    kernel.Run<HostGroup>(group);
                }
                finally
                {
                    HostGroup.Become(null);
                }
            }
        }
    }
}
