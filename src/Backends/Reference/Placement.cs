using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Keeps a thread that is about to be woken off the processor of the one that wakes it. Linux often puts it there, and takes some ten
/// milliseconds to find that another processor is idle; for that long the two take turns, and a shared loop is slower than one that is not.
/// Elsewhere, or where this is not allowed, the scheduler has its way.
/// </summary>
internal sealed unsafe partial class Placement
{
    /// <summary>Bytes of a set of processors: those of the C library's own type, 1024 processors.</summary>
    private const int MaskBytes = 128;

    private static bool isUnknown = !OperatingSystem.IsLinux() || Environment.ProcessorCount == 1;

    private readonly int thread;
    private readonly byte[] allowed = new byte[MaskBytes];
    private bool isKeptOff;

    private Placement(int thread) => this.thread = thread;

    /// <summary>That of the calling thread; null where there is no such thing.</summary>
    public static Placement? OfThisThread()
    {
        try
        {
            return isUnknown ? null : new Placement(ThreadId());
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            isUnknown = true;
            return null;
        }
    }

    /// <summary>Lets the thread, which sleeps, wake up wherever the calling thread may run, but not where it does so now.</summary>
    public void KeepOff()
    {
        int here = Processor();
        byte* mask = stackalloc byte[MaskBytes];
        var others = new Span<byte>(mask, MaskBytes);
        others.Clear();
        if (here is < 0 or >= 8 * MaskBytes || GetAffinity(0, MaskBytes, mask) < 0)
        {
            return;
        }

        others.CopyTo(allowed);
        others[here / 8] &= (byte)~(1 << (here % 8));
        isKeptOff = others.ContainsAnyExcept((byte)0) && SetAffinity(thread, MaskBytes, mask) == 0;
    }

    /// <summary>The thread itself, awake, may be moved again.</summary>
    public void LetGo()
    {
        if (isKeptOff)
        {
            isKeptOff = false;
            fixed (byte* mask = allowed)
            {
                _ = SetAffinity(0, MaskBytes, mask);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    private static partial int Processor();

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nint bytes, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nint bytes, byte* mask);
}
