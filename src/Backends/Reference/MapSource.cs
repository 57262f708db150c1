using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>The elements of a map that nobody has stored: they are computed a block at a time where a reduction reads them.</summary>
internal sealed unsafe class MapSource
{
    private const int BlockBytes = (Walk.Block * sizeof(double)) + RegisterBytes;
    private const int RegisterBytes = 64;

    private readonly delegate*<void*, Stream*, nint, void> body;
    private readonly void* op;
    private readonly int size;
    private readonly Walk a;
    private readonly Walk b;

    /// <summary>The elements op(a, b), in row-major order.</summary>
    public MapSource(void* body, void* op, in Operand a, in Operand b)
    {
        this.body = (delegate*<void*, Stream*, nint, void>)body;
        this.op = op;
        size = a.DType.Size();
        this.a = new Walk(a);
        this.b = new Walk(b);
    }

    /// <summary>Where a dense operand of these elements would begin: addresses from there on are numbers of elements.</summary>
    public static byte* Start => (byte*)4096;

    /// <summary>The elements whose numbers the address says, in <paramref name="block"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public byte* Compute(byte* address, nint count, byte* block)
    {
        byte* blocks = stackalloc byte[2 * BlockBytes];
        Stream* streams = stackalloc Stream[3];
        nint first = (nint)(address - Start) / size;
        nint some;
        for (nint at = 0; at < count; at += some)
        {
            some = Math.Min(count - at, Math.Min(a.Reach(first + at, mayRepeat: true), b.Reach(first + at, mayRepeat: true)));
            streams[0] = a.Fetch(first + at, some, blocks, mayRepeat: true);
            streams[1] = b.Fetch(first + at, some, blocks + BlockBytes, mayRepeat: true);
            streams[2] = new Stream { At = block + (at * size) };
            body(op, streams, some);
        }

        return block;
    }
}
