using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>The loops around the bodies of maps: they feed them with dense pieces of strided operands, on several threads if it pays.</summary>
internal static unsafe class MapLoops
{
    /// <summary>The fewest elements that are worth another thread.</summary>
    public const int Grain = 64 << 10;

    private const int MostOperands = 5;
    private const int RegisterBytes = 64;

    /// <summary>
    /// Runs a body over operands, the result last. Dense operands and single elements that stand for all, which is almost everything,
    /// take the short way: no loops are worked out and nothing is allocated.
    /// </summary>
    [SkipLocalsInit]
    public static void Run(void* body, void* op, Workers workers, params ReadOnlySpan<Operand> operands)
    {
        var shape = operands[^1].Layout.Shape;
        if (shape.Size == 0)
        {
            return;
        }

        if (workers.IsPreparing)
        {
            Prepare(body, op, workers, operands);
            return;
        }

        int size = operands[^1].DType.Size();
        Stream* streams = stackalloc Stream[MostOperands];
        byte* repeated = stackalloc byte[(MostOperands - 1) * RegisterBytes];
        for (int k = 0; k < operands.Length; k++)
        {
            var layout = operands[k].Layout;
            byte* start = CpuBlock.StartOf(operands[k]);
            if (layout.IsDense)
            {
                streams[k] = new Stream { At = start };
            }
            else if (k < operands.Length - 1 && IsOneElement(layout))
            {
                Walk.Repeat(start, size, repeated + (k * RegisterBytes));
                streams[k] = new Stream { At = repeated + (k * RegisterBytes), Repeats = true };
            }
            else
            {
                RunStrided(body, op, workers, operands);
                return;
            }
        }

        if (shape.Size < 2 * Grain || workers.Threads == 1)
        {
            ((delegate*<void*, Stream*, nint, void>)body)(op, streams, shape.Size);
        }
        else
        {
            RunShared(body, op, workers, streams, operands.Length, size, shape.Size);
        }
    }

    /// <summary>Stores the first elements of a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void StoreTail<TLane, E>(TLane value, E* y, nint count)
        where TLane : struct, IRegister<TLane, E>
        where E : unmanaged
    {
        E* elements = (E*)Unsafe.AsPointer(ref value);
        for (nint i = 0; i < count; i++)
        {
            y[i] = elements[i];
        }
    }

    /// <summary>The same for workers that note the loops: where the operands lie, and which stand still, is found out once.</summary>
    private static void Prepare(void* body, void* op, Workers workers, ReadOnlySpan<Operand> operands)
    {
        int last = operands.Length - 1;
        int count = operands[last].Layout.Shape.Size;
        int size = operands[last].DType.Size();
        var streams = (Stream*)workers.Rent(0, MostOperands * sizeof(Stream));
        byte* registers = workers.Rent(0, MostOperands * RegisterBytes);
        List<(nint From, nint To)> repeated = [];
        for (int k = 0; k <= last; k++)
        {
            var layout = operands[k].Layout;
            byte* start = CpuBlock.StartOf(operands[k]);
            bool isOne = !layout.IsDense && k < last && IsOneElement(layout);
            if (!layout.IsDense && !isOne)
            {
                RunStrided(body, op, workers, operands);
                return;
            }

            streams[k] = new Stream { At = isOne ? registers + (k * RegisterBytes) : start, Repeats = isOne };
            if (isOne)
            {
                repeated.Add(((nint)start, (nint)streams[k].At));
            }
        }

        if (repeated.Count > 0)
        {
            // The element may have another value each time.
            var moves = repeated.ToArray();
            workers.Once(() =>
            {
                foreach (var (from, to) in moves)
                {
                    Walk.Repeat((byte*)from, size, (byte*)to);
                }
            });
        }

        if (count >= 2 * Grain && workers.Threads > 1)
        {
            RunShared(body, op, workers, streams, operands.Length, size, count);
        }
        else
        {
            workers.Once(() => ((delegate*<void*, Stream*, nint, void>)body)(op, streams, count));
        }
    }

    private static bool IsOneElement(Layout layout)
    {
        var strides = layout.Strides;
        for (int axis = 0; axis < strides.Length; axis++)
        {
            if (strides[axis] != 0 && layout.Shape.Lengths[axis] != 1)
            {
                return false;
            }
        }

        return true;
    }

    private static void RunShared(void* body, void* op, Workers workers, Stream* streams, int operands, int size, int count) =>
        workers.Range(count, Grain, (from, to) =>
        {
            Stream* part = stackalloc Stream[MostOperands];
            for (int k = 0; k < operands; k++)
            {
                part[k] = streams[k];
                part[k].At += streams[k].Repeats ? 0 : from * size;
            }

            ((delegate*<void*, Stream*, nint, void>)body)(op, part, to - from);
        });

    private static void RunStrided(void* body, void* op, Workers workers, ReadOnlySpan<Operand> operands)
    {
        if (RowMap.Of(body, op, operands) is { } rows)
        {
            workers.Range(operands[^1].Layout.Shape.Size / rows.Columns, Math.Max(1, Grain / rows.Columns), rows.Run);
            return;
        }

        var walks = new Walk[operands.Length];
        for (int k = 0; k < walks.Length; k++)
        {
            walks[k] = new Walk(operands[k]);
        }

        int count = operands[^1].Layout.Shape.Size;
        if (workers.IsPreparing || workers.IsShared(count, Grain))
        {
            RunStridedShared(body, op, workers, walks, count);
        }
        else
        {
            RunStrided(body, op, walks, 0, count);
        }
    }

    private static void RunStridedShared(void* body, void* op, Workers workers, Walk[] walks, int count) =>
        workers.Range(count, Grain, (from, to) => RunStrided(body, op, walks, from, to));

    [SkipLocalsInit]
    private static void RunStrided(void* body, void* op, Walk[] walks, nint from, nint to)
    {
        const int blockBytes = (Walk.Block * sizeof(double)) + RegisterBytes;
        byte* blocks = stackalloc byte[MostOperands * blockBytes];
        Stream* streams = stackalloc Stream[MostOperands];
        nint* held = stackalloc nint[MostOperands];
        new Span<nint>(held, MostOperands).Clear();
        int last = walks.Length - 1;
        nint count;
        for (nint at = from; at < to; at += count)
        {
            count = to - at;
            for (int k = 0; k <= last; k++)
            {
                count = Math.Min(count, walks[k].Reach(at, mayRepeat: k < last));
            }

            for (int k = 0; k < last; k++)
            {
                if (!walks[k].IsIn(held[k], at, count))
                {
                    streams[k] = walks[k].Fetch(at, count, blocks + (k * blockBytes), mayRepeat: true);
                    held[k] = walks[k].IsIn(count, at, count) ? count : 0;
                }
            }

            byte* block = blocks + (last * blockBytes);
            byte* direct = walks[last].Direct(at, count);
            streams[last] = new Stream { At = direct == null ? block : direct };
            ((delegate*<void*, Stream*, nint, void>)body)(op, streams, count);
            if (direct == null)
            {
                walks[last].Put(at, count, block);
            }
        }
    }
}
