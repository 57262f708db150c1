using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends;

/// <summary>Working memory of one thread, kept from call to call and given back when the thread is gone.</summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch?[]? ofThread;

    private byte* start;
    private nint bytes;

    private Scratch()
    {
    }

    ~Scratch() => NativeMemory.AlignedFree(start);

    /// <summary>
    /// At least so many bytes and the slack of a block, aligned to a cache line, with undefined content. A thread has a few slots, so that
    /// a loop can hold several.
    /// </summary>
    public static byte* Rent(int slot, nint bytes)
    {
        ofThread ??= new Scratch?[4];
        var scratch = ofThread[slot] ??= new Scratch();
        if (scratch.bytes < bytes)
        {
            NativeMemory.AlignedFree(scratch.start);
            scratch.start = null;
            scratch.bytes = 0;
            scratch.start = (byte*)NativeMemory.AlignedAlloc((nuint)bytes + 256, 64);
            scratch.bytes = bytes;
        }

        return scratch.start;
    }
}
