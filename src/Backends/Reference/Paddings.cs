using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gpu.Autograd.Backends;

/// <summary>Copies with zeros around them, in one pass.</summary>
internal sealed unsafe class Paddings
{
    /// <summary>Rows of fewer bytes are moved by registers, and what is too much is overwritten by what follows.</summary>
    private const int LongRow = 512;

    private readonly byte* x;
    private readonly byte* y;
    private readonly int size;
    private readonly int[] lengths;
    private readonly int[] inside;
    private readonly int[] before;
    private readonly int[] strides;

    private Paddings(in Operand x, int[] before, in Operand y)
    {
        this.x = CpuBlock.StartOf(x);
        this.y = CpuBlock.StartOf(y);
        (size, this.before) = (y.DType.Size(), before);
        (lengths, inside, strides) = (y.Shape.ToArray(), x.Shape.ToArray(), x.Layout.Strides.ToArray());
    }

    private nint Row => (nint)lengths[^1] * size;

    /// <summary>y[before + i] = x[i], and 0 elsewhere, for y dense. False where rows of x do not lie side by side.</summary>
    public static bool TryRun(in Operand x, int[] before, in Operand y, Workers workers)
    {
        if (x.Shape.Rank == 0 || x.Shape.Size == 0 || x.DType != y.DType || !y.Layout.IsDense || (x.Layout.Strides[^1] != 1 && x.Shape.Lengths[^1] > 1))
        {
            return false;
        }

        new Paddings(x, before, y).Run(workers);
        return true;
    }

    private void Run(Workers workers)
    {
        nint rows = 1;
        foreach (int length in lengths.AsSpan(0, lengths.Length - 1))
        {
            rows *= length;
        }

        workers.Range(rows, Math.Max(1, MapLoops.Grain / lengths[^1]), Rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private void Rows(nint from, nint to)
    {
        // The place of the row among those of x.
        int outer = lengths.Length - 1;
        int* place = stackalloc int[outer + 1];
        nint rest = from;
        for (int axis = outer - 1; axis >= 0; axis--)
        {
            place[axis] = (int)(rest % lengths[axis]) - before[axis];
            rest /= lengths[axis];
        }

        for (nint row = from; row < to; row++)
        {
            nint offset = 0;
            bool isInside = true;
            for (int axis = 0; axis < outer; axis++)
            {
                isInside &= (uint)place[axis] < (uint)inside[axis];
                offset += (nint)place[axis] * strides[axis];
            }

            byte* target = y + (row * Row);
            if (Row < LongRow && row + 1 < to && Row >= Vector256<byte>.Count)
            {
                Short(isInside ? x + (offset * size) : null, target);
            }
            else
            {
                Exact(isInside ? x + (offset * size) : null, target);
            }

            for (int axis = outer - 1; axis >= 0 && ++place[axis] + before[axis] == lengths[axis]; axis--)
            {
                place[axis] = -before[axis];
            }
        }
    }

    /// <summary>Whole registers, of which the last may reach into the next row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Short(byte* source, byte* target)
    {
        nint first = source == null ? Row : (nint)before[^1] * size;
        for (nint i = 0; i < first; i += Vector256<byte>.Count)
        {
            Vector256<byte>.Zero.Store(target + i);
        }

        if (source == null)
        {
            return;
        }

        nint count = (nint)inside[^1] * size;
        target += first;
        for (nint i = 0; i < count; i += Vector256<byte>.Count)
        {
            Vector256.Load(source + i).Store(target + i);
        }

        for (nint i = count; i < Row - first; i += Vector256<byte>.Count)
        {
            Vector256<byte>.Zero.Store(target + i);
        }
    }

    private void Exact(byte* source, byte* target)
    {
        if (source == null)
        {
            Clear(target, Row);
            return;
        }

        nint first = (nint)before[^1] * size;
        nint count = (nint)inside[^1] * size;
        Clear(target, first);
        Buffer.MemoryCopy(source, target + first, count, count);
        Clear(target + first + count, Row - first - count);
    }

    private static void Clear(byte* y, nint bytes) => new Span<byte>(y, (int)bytes).Clear();
}
