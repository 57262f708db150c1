using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gpu.Autograd.Backends;

/// <summary>Copies with zeros around them, in one pass.</summary>
internal sealed unsafe class Paddings
{
    /// <summary>Rows of fewer bytes are moved by registers, and what is too much is overwritten by what follows.</summary>
    private const int LongRow = 512;

    /// <summary>The bytes of a register.</summary>
    private const int Register = 32;

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
    private void Rows(nint from, nint to)
    {
        int axis = lengths.Length - 2;
        int rows = axis < 0 ? 1 : lengths[axis], above = axis < 0 ? 0 : before[axis], within = axis < 0 ? 1 : inside[axis];
        nint bytes = (nint)lengths[^1] * size, front = (nint)before[^1] * size, count = (nint)inside[^1] * size;
        nint step = axis < 0 ? 0 : (nint)strides[axis] * size;
        bool isShort = bytes is < LongRow and >= Register;
        for (nint row = from; row < to;)
        {
            var (matrix, first) = Math.DivRem(row, rows);
            byte* source = x + (Offset(matrix, out bool isInside) * size);
            nint end = Math.Min(to, row + rows - first);
            for (; row < end; row++)
            {
                nint place = (nint)first++ - above;
                byte* line = isInside && place >= 0 && place < within ? source + (place * step) : null;
                byte* target = y + (row * bytes);
                if (isShort && row + 1 < to)
                {
                    Short(line, target, front, line == null ? 0 : count, bytes);
                }
                else
                {
                    Exact(line, target, front, line == null ? 0 : count, bytes);
                }
            }
        }
    }

    /// <summary>Where a matrix of the last two axes begins in x, if it is inside.</summary>
    private nint Offset(nint matrix, out bool isInside)
    {
        nint offset = 0;
        isInside = true;
        for (int axis = lengths.Length - 3; axis >= 0; axis--)
        {
            (matrix, nint place) = Math.DivRem(matrix, lengths[axis]);
            place -= before[axis];
            isInside &= place >= 0 && place < inside[axis];
            offset += place * strides[axis];
        }

        return isInside ? offset : 0;
    }

    /// <summary>Whole registers, of which the last may reach into the next row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Short(byte* source, byte* target, nint front, nint count, nint bytes)
    {
        for (nint i = 0; i < front; i += Register)
        {
            Vector256<byte>.Zero.Store(target + i);
        }

        target += front;
        for (nint i = 0; i < count; i += Register)
        {
            Vector256.Load(source + i).Store(target + i);
        }

        for (nint i = count; i < bytes - front; i += Register)
        {
            Vector256<byte>.Zero.Store(target + i);
        }
    }

    private static void Exact(byte* source, byte* target, nint front, nint count, nint bytes)
    {
        Clear(target, front);
        Buffer.MemoryCopy(source, target + front, count, count);
        Clear(target + front + count, bytes - front - count);
    }

    private static void Clear(byte* y, nint bytes) => new Span<byte>(y, (int)bytes).Clear();
}
