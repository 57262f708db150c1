namespace Gpu.Autograd.Kernels;

/// <summary>
/// Where a thread of a kernel is: in which launch, in which group of it, between which barriers. Two accesses of which one writes are in
/// conflict if nothing orders them: they are of different groups, or of different threads between the same two barriers.
/// </summary>
internal readonly record struct HostPlace(int Launch, int Group, int Interval, int Thread)
{
    /// <summary>In place of a group or a thread: several of them.</summary>
    internal const int Several = -1;

    /// <summary>The place of the kernel's thread that runs on this thread of the operating system.</summary>
    [field: ThreadStatic]
    internal static HostPlace Now { get; set; }

    /// <summary>Whether nothing orders an access there and one here.</summary>
    internal bool Meets(HostPlace other) => Launch != 0 && Launch == other.Launch
        && (Group != other.Group || (Interval == other.Interval && Thread != other.Thread));

    /// <summary>The readers so far and one more.</summary>
    internal HostPlace And(HostPlace other) => Launch != other.Launch ? other
        : Group != other.Group ? other with { Group = Several }
        : Interval == other.Interval && Thread != other.Thread ? other with { Thread = Several }
        : other;

    public override string ToString() =>
        (Thread == Several ? "several threads" : $"thread {Thread}") + (Group == Several ? " of several groups" : $" of group {Group}");
}

/// <summary>
/// Watches memory, byte by byte, for accesses in conflict. Memory of a group is another for each group, and nothing stands in it at first.
/// Only one thread of a kernel runs at a time, so it needs no lock.
/// </summary>
internal sealed class HostWatch(string name, long bytes, bool ofGroup)
{
    private readonly HostPlace[] writers = new HostPlace[bytes];
    private readonly HostPlace[] readers = new HostPlace[bytes];

    /// <summary>Somebody reads.</summary>
    /// <exception cref="InvalidOperationException">Another thread may be writing, or nobody wrote to memory of a group.</exception>
    internal void Read(long from, int count)
    {
        var now = HostPlace.Now;
        for (long at = from; at < from + count; at++)
        {
            var writer = Known(writers[at], now);
            if (ofGroup && writer.Launch != now.Launch)
            {
                throw new InvalidOperationException($"A kernel read byte {at} of {name}, which nobody wrote.");
            }

            if (writer.Meets(now))
            {
                Fail(at, writer, "wrote", now, "reads");
            }

            readers[at] = Known(readers[at], now).And(now);
        }
    }

    /// <summary>Somebody writes.</summary>
    /// <exception cref="InvalidOperationException">Another thread may be reading or writing.</exception>
    internal void Write(long from, int count)
    {
        var now = HostPlace.Now;
        for (long at = from; at < from + count; at++)
        {
            var (writer, reader) = (Known(writers[at], now), Known(readers[at], now));
            if (writer.Meets(now))
            {
                Fail(at, writer, "wrote", now, "writes");
            }

            if (reader.Meets(now))
            {
                Fail(at, reader, "read", now, "writes");
            }

            writers[at] = now;
        }
    }

    private HostPlace Known(HostPlace before, HostPlace now) => ofGroup && before.Group != now.Group ? default : before;

    private void Fail(long at, HostPlace before, string did, HostPlace now, string does) => throw new InvalidOperationException(
        $"A race: {before} {did} byte {at} of {name}, {now} {does} it, and no barrier is between.");
}
