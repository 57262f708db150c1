namespace Gpu.Autograd.Kernels;

/// <summary>
/// Runs kernels whose threads work in groups: each thread of a group is a thread of the operating system, and the groups come one after the
/// other. With a seed one thread runs at a time, in an order that follows from it, and shared memory is watched. The threads are kept from
/// launch to launch.
/// </summary>
internal sealed class HostGroups(int? seed = null)
{
    /// <summary>The most threads of a group: with more, barriers cost milliseconds.</summary>
    internal const int MostThreads = 64;

    private readonly Lock oneLaunch = new();
    private readonly List<Worker> workers = [];
    private readonly HostShared memory = new(watched: seed is not null);
    private readonly Random? random = seed is { } given ? new Random(given) : null;

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
            var meeting = new HostMeeting(size, random);
            while (workers.Count < size - 1)
            {
                workers.Add(new Worker(workers.Count + 1));
            }

            for (int local = 1; local < size; local++)
            {
                var thread = new HostGroupThread(launch, local, meeting, memory);
                workers[local - 1].Start(() => RunThread(kernel, groups, thread, meeting));
            }

            meeting.Start();
            RunThread(kernel, groups, new HostGroupThread(launch, 0, meeting, memory), meeting);
            for (int local = 1; local < size; local++)
            {
                workers[local - 1].Wait();
            }

            if (meeting.Failure is { } failure)
            {
                throw new InvalidOperationException($"{typeof(K).Name}: {failure.Message}", failure);
            }
        }
    }

    private static void RunThread<K>(K kernel, int groups, HostGroupThread thread, HostMeeting meeting)
        where K : struct, IGroupKernel<HostMemory>
    {
        HostGroup.Become(thread);
        try
        {
            meeting.Wait(thread.Local);
            for (int group = 0; group < groups; group++)
            {
                if (group > 0)
                {
                    meeting.Arrive(thread.Local, "the end");
                }

                thread.Enter(group);
                kernel.Run<HostGroup>(group);
            }

            meeting.Leave("the end");
        }
        catch (HostMeetingBrokenException)
        {
        }
        catch (Exception e)
        {
            meeting.Fail(new InvalidOperationException($"thread {thread.Local} of group {thread.Index}: {e.Message}", e));
        }
        finally
        {
            HostGroup.Become(null);
            HostPlace.Now = default;
        }
    }

    private sealed class Worker
    {
        private readonly SemaphoreSlim begin = new(0);
        private readonly SemaphoreSlim end = new(0);
        private Action job = () => { };

        internal Worker(int local)
        {
            var thread = new Thread(Loop) { IsBackground = true, Name = $"Gpu.Autograd host kernel thread {local}" };
            thread.Start();
        }

        internal void Start(Action next)
        {
            job = next;
            begin.Release();
        }

        internal void Wait() => end.Wait();

        private void Loop()
        {
            while (true)
            {
                begin.Wait();
                job();
                job = () => { };
                end.Release();
            }
        }
    }
}
