using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Workers that run nothing: they note the loops of a call, so that the call can be made again and again without working them out anew,
/// and without allocating.
/// </summary>
internal sealed unsafe class Preparation(Workers workers) : Workers(workers.Threads)
{
    /// <summary>What a single loop works in, by the loop.</summary>
    private static readonly ConditionalWeakTable<object, List<object>> Memory = [];

    private readonly List<Action> steps = [];
    private readonly List<object> held = [];

    public override bool IsPreparing => true;

    /// <summary>Keeps what the loops work in for as long as they are kept.</summary>
    public void Keep(object memory) => held.Add(memory);

    /// <summary>Runs the loops.</summary>
    public Action Finish()
    {
        if (steps is [{ Target: { } loop } step])
        {
            // The loop itself, not a call of it: its memory is there as long as it is.
            if (held.Count > 0)
            {
                Memory.Add(loop, held);
            }

            return step;
        }

        var (all, kept) = (steps.ToArray(), held);
        return () =>
        {
            foreach (var step in all)
            {
                step();
            }

            GC.KeepAlive(kept);
        };
    }

    public override void Range(nint count, nint grain, Action<nint, nint> body, bool isLong = false)
    {
        if (IsShared(count, grain))
        {
            var job = new Job(workers, count, grain, body, isLong);
            steps.Add(job.Run);
        }
        else if (count > 0)
        {
            steps.Add(() => body(0, count));
        }
    }

    public override void Once(Action action) => steps.Add(action);

    protected override void* Hold(void* value, int bytes)
    {
        byte* copy = Rent(0, bytes);
        Unsafe.CopyBlockUnaligned(copy, value, (uint)bytes);
        return copy;
    }

    public override byte* Rent(int slot, nint bytes)
    {
        byte[] memory = GC.AllocateUninitializedArray<byte>((int)bytes + 64, pinned: true);
        held.Add(memory);
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
        return (byte*)(((nint)start + 63) & ~63);
    }
}
