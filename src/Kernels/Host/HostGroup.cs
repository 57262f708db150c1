namespace Gpu.Autograd.Kernels;

/// <summary>A thread of a group as the host runs it. What is behind it belongs to the thread of the operating system that it runs on.</summary>
public readonly struct HostGroup : IGroup<HostMemory>
{
    [ThreadStatic]
    private static HostGroupThread? current;

    /// <inheritdoc/>
    public static int Local => Current.Local;

    private static HostGroupThread Current =>
        current ?? throw new InvalidOperationException("A kernel asked for its group outside of a launch of groups.");

    /// <inheritdoc/>
    public static void Barrier() => Current.Meet();

    /// <inheritdoc/>
    public static HostMemory Shared<T>(int count)
        where T : unmanaged => Current.Shared<T>(count);

    /// <inheritdoc/>
    public static void Again() => Current.Again();

    /// <summary>Says which thread of a group runs here; null where none does any more.</summary>
    internal static void Become(HostGroupThread? thread)
    {
        current = thread;
        HostPlace.Now = thread?.Beginning ?? default;
    }
}

/// <summary>What a thread of a group knows.</summary>
internal sealed class HostGroupThread(int launch, int group, int local, HostMeeting meeting, HostShared memory)
{
    private int used;

    /// <summary>The thread's number in its group.</summary>
    internal int Local => local;

    /// <summary>Where it begins.</summary>
    internal HostPlace Beginning => new(launch, group, 0, local);

    /// <summary>Shared memory starts anew.</summary>
    internal void Again() => used = 0;

    /// <summary>Waits at a barrier.</summary>
    internal void Meet()
    {
        meeting.Meet(local);
        HostPlace.Now = HostPlace.Now with { Interval = HostPlace.Now.Interval + 1 };
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
internal sealed unsafe class HostShared(bool watched)
{
    /// <summary>What every GPU gives a group.</summary>
    internal const int Bytes = 48 << 10;

    private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
    private readonly HostWatch? watch = watched ? new HostWatch("shared memory", Bytes, ofGroup: true) : null;

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
            return new HostMemory(start + from, length, watch, from);
        }
    }
}
