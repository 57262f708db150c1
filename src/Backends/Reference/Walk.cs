using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gpu.Autograd.Backends;

/// <summary>Where a loop finds consecutive elements: side by side in memory, or one for all, repeated over a register.</summary>
internal unsafe struct Stream
{
    public byte* At;
    public bool Repeats;
}

/// <summary>
/// The elements of one strided operand by their row-major number. Loops ask for a few hundred at a time and get them where they lie when
/// they lie side by side, else packed into a block of their own; so every loop body is written for dense elements only.
/// </summary>
internal readonly unsafe struct Walk
{
    /// <summary>How many elements are packed at a time: small enough for a few blocks to stay in the first-level cache.</summary>
    public const int Block = 512;

    /// <summary>Rows from here on are worth a call each; shorter ones are packed together.</summary>
    private const int LongRow = 256;

    private readonly int[] lengths;
    private readonly int[] strides;
    private readonly int size;
    private readonly byte* start;
    private readonly int row;
    private readonly int step;

    /// <summary>A walk over a layout; <paramref name="storage"/> is where its offset counts from.</summary>
    public Walk(Layout layout, byte* storage, int size)
        : this(Loops(layout), storage + ((nint)layout.Offset * size), size)
    {
    }

    /// <summary>A walk over an operand.</summary>
    public Walk(in Operand operand)
        : this(operand.Layout, CpuBlock.StartOf(operand.Storage), operand.DType.Size())
    {
    }

    /// <summary>A walk over elements at equal distances.</summary>
    public static Walk Line(int length, int step, byte* start, int size) => new(([length], [length == 1 ? 1 : step]), start, size);

    /// <summary>A walk over the first elements of the fibres along an operand's last axis.</summary>
    public static Walk OfFibres(in Operand x) => new(
        new Layout(new Shape(x.Shape.Lengths[..^1]), x.Layout.Strides[..^1].ToArray(), x.Layout.Offset),
        CpuBlock.StartOf(x.Storage),
        x.DType.Size());

    private Walk((int[] Lengths, int[] Strides) loops, byte* start, int size)
    {
        (lengths, strides) = loops;
        this.start = start;
        this.size = size;
        row = lengths[^1];
        step = strides[^1];
    }

    private Walk(in Walk walk, nint offset)
    {
        this = walk;
        start += offset * size;
    }

    /// <summary>The first element.</summary>
    public byte* Start => start;

    /// <summary>The number of loops that are left when neighbouring axes are merged.</summary>
    public int Rank => lengths.Length;

    /// <summary>The distance of neighbours in the innermost loop.</summary>
    public int InnerStride => step;

    /// <summary>Whether the same row comes again and again.</summary>
    public bool IsOneRow => lengths.Length == 2 && strides[0] == 0;

    /// <summary>Whether the two innermost loops are those of a transposed matrix; if so, its lengths and the distance of its rows.</summary>
    public bool IsTransposed(out int rows, out int columns, out int stride)
    {
        bool transposed = Rank > 1 && strides[^2] == 1 && step != 1;
        (rows, columns, stride) = transposed ? (lengths[^2], row, step) : default;
        return transposed;
    }

    /// <summary>The same walk from another first element, so many elements on.</summary>
    public Walk Moved(nint offset) => new(this, offset);

    /// <summary>How many elements from number <paramref name="at"/> on are best asked for at once.</summary>
    public nint Reach(nint at, bool mayRepeat)
    {
        if ((step == 1 || (step == 0 && mayRepeat)) && (Rank == 1 || row >= LongRow))
        {
            return row - (at % row);
        }

        // Whole rows where they are all the same, so that what was packed once serves again.
        return IsOneRow && row < Block ? (Block / row * row) - (at % row) : Block;
    }

    /// <summary>Whether a block that holds so many elements from the first on holds these too.</summary>
    public bool IsIn(nint held, nint at, nint count) => IsOneRow && count <= held && at % row == 0;

    /// <summary>
    /// The elements from number <paramref name="at"/> on: where they lie, or packed into <paramref name="buffer"/>. With
    /// <paramref name="mayRepeat"/>, one element that stands for all fills 64 bytes of the buffer instead.
    /// </summary>
    public Stream Fetch(nint at, nint count, byte* buffer, bool mayRepeat)
    {
        byte* direct = Direct(at, count);
        if (direct != null)
        {
            return new Stream { At = direct };
        }

        if (step == 0 && mayRepeat && (at % row) + count <= row)
        {
            Repeat(start + (Offset(at) * size), size, buffer);
            return new Stream { At = buffer, Repeats = true };
        }

        Move(at, count, buffer, store: false);
        return new Stream { At = buffer };
    }

    /// <summary>Where the elements from number <paramref name="at"/> on lie side by side; null if they do not.</summary>
    public byte* Direct(nint at, nint count) => step == 1 && (at % row) + count <= row ? start + (Offset(at) * size) : null;

    /// <summary>Copies consecutive elements to a block.</summary>
    public void Take(nint at, nint count, byte* block) => Move(at, count, block, store: false);

    /// <summary>Writes consecutive elements from a block to where they belong.</summary>
    public void Put(nint at, nint count, byte* buffer) => Move(at, count, buffer, store: true);

    /// <summary>The distance of an element from the first, in elements.</summary>
    public nint Offset(nint at)
    {
        uint rest = (uint)at;
        nint offset = 0;
        for (int axis = lengths.Length - 1; axis > 0; axis--)
        {
            (rest, uint index) = Math.DivRem(rest, (uint)lengths[axis]);
            offset += (nint)index * strides[axis];
        }

        return offset + ((nint)rest * strides[0]);
    }

    /// <summary>Fills 64 bytes with one element.</summary>
    public static void Repeat(byte* element, int size, byte* buffer)
    {
        switch (size)
        {
            case 4:
                new Span<uint>(buffer, 16).Fill(*(uint*)element);
                break;
            case 8:
                new Span<ulong>(buffer, 8).Fill(*(ulong*)element);
                break;
            default:
                new Span<byte>(buffer, 64).Fill(*element);
                break;
        }
    }

    /// <summary>The loops over a layout, with neighbours that are walked as one merged; at least one.</summary>
    private static (int[] Lengths, int[] Strides) Loops(Layout layout)
    {
        var all = layout.Shape.Lengths;
        var steps = layout.Strides;
        Span<int> lengths = stackalloc int[all.Length + 1];
        Span<int> strides = stackalloc int[all.Length + 1];
        int loops = 0;
        for (int axis = 0; axis < all.Length; axis++)
        {
            if (all[axis] == 1)
            {
                continue;
            }

            if (loops > 0 && strides[loops - 1] == all[axis] * steps[axis])
            {
                (lengths[loops - 1], strides[loops - 1]) = (lengths[loops - 1] * all[axis], steps[axis]);
            }
            else
            {
                (lengths[loops], strides[loops++]) = (all[axis], steps[axis]);
            }
        }

        if (loops == 0)
        {
            (lengths[0], strides[0], loops) = (1, 1, 1);
        }

        return (lengths[..loops].ToArray(), strides[..loops].ToArray());
    }

    private void Move(nint at, nint count, byte* block, bool store)
    {
        switch (size)
        {
            case 4:
                MoveRows((uint*)block, at, count, store);
                break;
            case 8:
                MoveRows((ulong*)block, at, count, store);
                break;
            default:
                MoveRows(block, at, count, store);
                break;
        }
    }


    /// <summary>Row by row: the number of the first element is taken apart once, and counted up from there.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MoveRows<T>(T* block, nint at, nint count, bool store)
        where T : unmanaged
    {
        Span<int> index = stackalloc int[lengths.Length];
        uint rest = (uint)at;
        nint offset = 0;
        for (int axis = lengths.Length - 1; axis >= 0; axis--)
        {
            (rest, uint i) = Math.DivRem(rest, (uint)lengths[axis]);
            index[axis] = (int)i;
            offset += (nint)i * strides[axis];
        }

        nint left = row - index[^1];
        if (IsOneRow && count > row && !store)
        {
            // The row from where it begins, then twice, four times, eight times that.
            T* first = (T*)start;
            Pack(first + offset, step, block, left);
            Pack(first, step, block + left, row - left);
            for (nint done = row; done < count; done *= 2)
            {
                Unsafe.CopyBlockUnaligned(block + done, block, (uint)(Math.Min(done, count - done) * sizeof(T)));
            }

            return;
        }

        // What is written beyond a row the next ones overwrite, if there are so many elements still.
        nint slack = Vector512<byte>.Count / sizeof(T);
        bool isQuick = !store && row < LongRow && step is 0 or 1;
        bool isColumn = isQuick && step == 0 && lengths.Length == 2 && row <= slack;
        while (true)
        {
            nint run = Math.Min(left, count);
            T* elements = (T*)start + offset;
            if (isQuick && count - run >= slack)
            {
                if (step == 0)
                {
                    var value = Vector512.Create(*elements);
                    for (nint i = 0; i < run; i += slack)
                    {
                        value.Store(block + i);
                    }
                }
                else
                {
                    for (nint i = 0; i < run; i += slack)
                    {
                        Vector512.Load(elements + i).Store(block + i);
                    }
                }
            }
            else if (store)
            {
                Spread(block, elements, step, run);
            }
            else
            {
                Pack(elements, step, block, run);
            }

            count -= run;
            if (count == 0)
            {
                return;
            }

            block += run;
            offset += (left - row) * step;
            left = row;
            if (isColumn)
            {
                // An element a row, each stored over what the last one wrote too much.
                for (; count - row >= slack; count -= row)
                {
                    offset += strides[0];
                    index[0]++;
                    Vector512.Create(((T*)start)[offset]).Store(block);
                    block += row;
                }
            }

            for (int axis = lengths.Length - 2; axis >= 0; axis--)
            {
                offset += strides[axis];
                if (++index[axis] < lengths[axis])
                {
                    break;
                }

                index[axis] = 0;
                offset -= (nint)strides[axis] * lengths[axis];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack<T>(T* elements, nint step, T* block, nint count)
        where T : unmanaged
    {
        if (step == 1)
        {
            Unsafe.CopyBlockUnaligned(block, elements, (uint)(count * sizeof(T)));
        }
        else if (step == 0)
        {
            new Span<T>(block, (int)count).Fill(*elements);
        }
        else
        {
            for (nint i = 0; i < count; i++)
            {
                block[i] = *elements;
                elements += step;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread<T>(T* block, T* elements, nint step, nint count)
        where T : unmanaged
    {
        if (step == 1)
        {
            Unsafe.CopyBlockUnaligned(elements, block, (uint)(count * sizeof(T)));
            return;
        }

        for (nint i = 0; i < count; i++)
        {
            *elements = block[i];
            elements += step;
        }
    }
}
