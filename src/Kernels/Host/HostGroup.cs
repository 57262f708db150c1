namespace Gpu.Autograd.Kernels;

/// <summary>A thread of a group as the host runs it. What is behind it belongs to the thread of the operating system that it runs on.</summary>
public readonly struct HostGroup : IGroup<HostMemory>
{
    [ThreadStatic]
    private static HostGroupThread? current;

    /// <inheritdoc/>
    public static int Local => Current.Local;

    /// <inheritdoc/>
    public static int Index => Current.Index;

    private static HostGroupThread Current =>
        current ?? throw new InvalidOperationException("A kernel asked for its group outside of a launch of groups.");

    /// <inheritdoc/>
    public static void Barrier() => Current.Meeting.Arrive("a barrier");

    /// <inheritdoc/>
    public static HostMemory Shared<T>(int count)
        where T : unmanaged => Current.Shared<T>(count);

    /// <summary>Says which thread of a group runs here; null where none does any more.</summary>
    internal static void Become(HostGroupThread? thread) => current = thread;
}

/// <summary>What a thread of a group knows.</summary>
internal sealed class HostGroupThread(int local, HostMeeting meeting, HostShared memory)
{
    private int used;

    /// <summary>The thread's number in its group.</summary>
    internal int Local => local;

    /// <summary>The number of the group that runs now.</summary>
    internal int Index { get; private set; }

    /// <summary>Where the threads of the group wait for each other.</summary>
    internal HostMeeting Meeting => meeting;

    /// <summary>Goes on to another group, whose shared memory starts anew.</summary>
    internal void Enter(int index)
    {
        Index = index;
        used = 0;
    }

    /// <summary>The next part of the shared memory. All threads ask for the same parts in the same order, so they get the same.</summary>
    internal unsafe HostMemory Shared<T>(int count)
        where T : unmanaged
    {
        int bytes = count * sizeof(T);
        int from = used;
        used += (bytes + 15) / 16 * 16;
        return memory.Part(from, bytes);
    }
}

/// <summary>The shared memory of a group: as much as every GPU has.</summary>
internal sealed unsafe class HostShared
{
    /// <summary>What every GPU gives a group.</summary>
    internal const int Bytes = 48 << 10;

    private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);

    /// <summary>Some bytes of it.</summary>
    /// <exception cref="InvalidOperationException">It is not that large.</exception>
    internal HostMemory Part(int from, int length)
    {
        if (from + length > Bytes)
        {
            throw new InvalidOperationException(
                $"A kernel asked for {from + length} bytes of shared memory; a group has {Bytes}.");
        }

        fixed (byte* start = bytes)
        {
            return new HostMemory(start + from, length);
        }
    }
}

/// <summary>Where the threads of a group wait for each other. When one of them fails the others are released, and fail too.</summary>
internal sealed class HostMeeting(int size)
{
    private readonly Lock gate = new();
    private readonly SemaphoreSlim[] doors = [new(0), new(0)];
    private int waiting;
    private int round;
    private string place = "";
    private Exception? failure;

    /// <summary>What went wrong first.</summary>
    internal Exception? Failure => Volatile.Read(ref failure);

    /// <summary>Waits until all threads have arrived at the place.</summary>
    /// <exception cref="HostMeetingBrokenException">Another thread failed.</exception>
    internal void Arrive(string at)
    {
        SemaphoreSlim door;
        lock (gate)
        {
            if (waiting > 0 && place != at && failure is null)
            {
                FailLocked(new InvalidOperationException($"Some threads of a group are at {place} and others at {at}."));
            }

            if (failure is not null)
            {
                throw new HostMeetingBrokenException();
            }

            place = at;
            door = doors[round & 1];
            if (++waiting == size)
            {
                waiting = 0;
                round++;
                if (size > 1)
                {
                    door.Release(size - 1);
                }

                return;
            }
        }

        door.Wait();
        if (Failure is not null)
        {
            throw new HostMeetingBrokenException();
        }
    }

    /// <summary>Says that a thread has failed, and lets the others go.</summary>
    internal void Fail(Exception e)
    {
        lock (gate)
        {
            FailLocked(e);
        }
    }

    private void FailLocked(Exception e)
    {
        if (failure is null)
        {
            failure = e;
            doors[round & 1].Release(size);
        }
    }
}

/// <summary>The end of a thread whose group has failed elsewhere.</summary>
internal sealed class HostMeetingBrokenException : Exception;
