using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>
/// Who wrote and who read each byte of some memory last. A stamp is the number of a group, which no group of any launch had before, that of the
/// barriers since the group began, and that of the thread; 0 is nobody.
/// </summary>
internal sealed unsafe class PtxWatch(long bytes)
{
    /// <summary>In place of a thread's number: several threads of a group.</summary>
    internal const ulong Several = 0xFFFF;

    private readonly ulong* writers = (ulong*)NativeMemory.AllocZeroed((nuint)bytes, sizeof(ulong));
    private readonly ulong* readers = (ulong*)NativeMemory.AllocZeroed((nuint)bytes, sizeof(ulong));

    ~PtxWatch()
    {
        NativeMemory.Free(writers);
        NativeMemory.Free(readers);
    }

    /// <summary>Nobody wrote: it is lent to somebody else.</summary>
    internal void Forget() => new Span<ulong>(writers, (int)bytes).Clear();

    /// <summary>The host writes.</summary>
    internal void WriteByHost(long from, long count) => new Span<ulong>(writers + from, (int)count).Fill(1);

    /// <summary>A thread reads. What is wrong with that, if anything.</summary>
    /// <param name="from">The first byte.</param>
    /// <param name="count">How many.</param>
    /// <param name="now">The thread.</param>
    /// <param name="first">The first stamp of those whose writing counts: of the launch, or, for shared memory, of the group.</param>
    /// <param name="isOfGroup">Whether what others than those wrote is gone.</param>
    internal string? Read(long from, int count, ulong now, ulong first, bool isOfGroup)
    {
        for (long at = from; at < from + count; at++)
        {
            ulong writer = writers[at];
            if (writer < (isOfGroup ? first : 1))
            {
                return "reads what nobody wrote";
            }

            if (writer >= first && writer != now && Meets(writer, now))
            {
                return $"reads what {Name(writer)} wrote with no barrier between";
            }

            ulong reader = readers[at];
            if (reader != now)
            {
                readers[at] = reader < first ? now : And(reader, now, first);
            }
        }

        return null;
    }

    /// <summary>A thread writes. What is wrong with that, if anything.</summary>
    internal string? Write(long from, int count, ulong now, ulong first)
    {
        for (long at = from; at < from + count; at++)
        {
            var (writer, reader) = (writers[at], readers[at]);
            if (writer >= first && writer != now && Meets(writer, now))
            {
                return $"writes what {Name(writer)} wrote with no barrier between";
            }

            if (reader >= first && reader != now && Meets(reader, now))
            {
                return $"writes what {Name(reader)} read with no barrier between";
            }

            writers[at] = now;
        }

        return null;
    }

    /// <summary>Whether nothing orders the two: they are of different groups, or different threads between the same two barriers.</summary>
    private static bool Meets(ulong before, ulong now) =>
        before >> 32 != now >> 32 || (before >> 16 == now >> 16 && (before & Several) != (now & Several));

    /// <summary>The readers so far and one more. Readers of several groups are one of a group that is none.</summary>
    private static ulong And(ulong before, ulong now, ulong first) =>
        before >> 32 != now >> 32 ? first
        : before >> 16 == now >> 16 && (before & Several) != (now & Several) ? now | Several
        : now;

    private static string Name(ulong stamp) => (stamp & Several) == Several ? "several threads" : $"thread {stamp & Several} of this or another group";
}
