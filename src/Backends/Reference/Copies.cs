using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>Copies and conversions between any layouts and dtypes, and constants.</summary>
internal static unsafe class Copies
{
    private const int BlockBytes = Walk.Block * sizeof(double);

    /// <summary>Matrices are transposed in squares of this side, so that each cache line is read and written once.</summary>
    private const int Tile = 16;

    /// <summary>Sets every element.</summary>
    public static void Fill(double value, in Operand y)
    {
        switch (y.DType)
        {
            case DType.Float32:
                FillWith((float)value, y);
                break;
            case DType.Float64:
                FillWith(value, y);
                break;
            case DType.Int32:
                FillWith((int)value, y);
                break;
            case DType.Int64:
                FillWith((long)value, y);
                break;
            default:
                FillWith((byte)(value != 0 ? 1 : 0), y);
                break;
        }
    }

    /// <summary>y = x, converted where the dtypes differ.</summary>
    public static void Run(Operand x, Operand y, Workers workers)
    {
        int count = y.Shape.Size;
        if (count == 0)
        {
            return;
        }

        int size = y.DType.Size();
        if (x.DType != y.DType)
        {
            Convert(x, y, workers);
        }
        else if (x.Layout.IsDense && y.Layout.IsDense)
        {
            long bytes = (long)count * size;
            if (count >= 2 * MapLoops.Grain || workers.IsPreparing)
            {
                MoveShared(CpuBlock.StartOf(x), CpuBlock.StartOf(y), count, size, workers);
            }
            else
            {
                Buffer.MemoryCopy(CpuBlock.StartOf(x), CpuBlock.StartOf(y), bytes, bytes);
            }
        }
        else if (y.Layout.IsDense)
        {
            Pack(new Walk(x), CpuBlock.StartOf(y), count, size, workers);
        }
        else
        {
            Spread(new Walk(x), new Walk(y), count, workers);
        }
    }

    // A method of its own: where a lambda stands, its captures are allocated even if it is not reached.
    private static void MoveShared(byte* x, byte* y, int count, int size, Workers workers) =>
        workers.Range(count, MapLoops.Grain, (from, to) =>
            Buffer.MemoryCopy(x + (from * size), y + (from * size), (to - from) * size, (to - from) * size));

    private static void FillWith<E>(E value, in Operand y)
        where E : unmanaged
    {
        int count = y.Shape.Size;
        if (y.Layout.IsDense)
        {
            new Span<E>(CpuBlock.StartOf(y), count).Fill(value);
            return;
        }

        E* block = stackalloc E[Walk.Block];
        new Span<E>(block, Walk.Block).Fill(value);
        var walk = new Walk(y);
        for (int at = 0; at < count; at += Walk.Block)
        {
            walk.Put(at, Math.Min(Walk.Block, count - at), (byte*)block);
        }
    }

    private static void Pack(Walk x, byte* y, int count, int size, Workers workers)
    {
        if (!x.IsTransposed(out int rows, out int columns, out int stride))
        {
            workers.Range(count, MapLoops.Grain, (from, to) => x.Take(from, to - from, y + (from * size)));
            return;
        }

        // Matrix by matrix, and in each a strip of tiles at a time.
        nint matrix = (nint)rows * columns;
        int strips = (rows + Tile - 1) / Tile;
        nint strip = (nint)Tile * columns;
        workers.Range(count / matrix * strips, Math.Max(1, MapLoops.Grain / strip), (from, to) =>
        {
            for (nint i = from; i < to; i++)
            {
                var (k, s) = Math.DivRem(i, strips);
                byte* source = x.Moved(x.Offset(k * matrix) + (s * Tile)).Start;
                byte* target = y + (((k * matrix) + (s * strip)) * size);
                int height = (int)Math.Min(Tile, rows - (s * Tile));
                switch (size)
                {
                    case 4:
                        Transposition.Copy((uint*)source, stride, (uint*)target, columns, columns, height);
                        break;
                    case 8:
                        Transposition.Copy((ulong*)source, stride, (ulong*)target, columns, columns, height);
                        break;
                    default:
                        Transposition.Copy(source, stride, target, columns, columns, height);
                        break;
                }
            }
        });
    }

    private static void Spread(Walk x, Walk y, int count, Workers workers) =>
        workers.Range(count, MapLoops.Grain, (from, to) =>
        {
            byte* block = stackalloc byte[BlockBytes];
            for (nint at = from; at < to; at += Walk.Block)
            {
                nint length = Math.Min(Walk.Block, to - at);
                y.Put(at, length, x.Fetch(at, length, block, mayRepeat: false).At);
            }
        });

    private static void Convert(Operand x, Operand y, Workers workers)
    {
        var walkX = new Walk(x);
        var walkY = new Walk(y);
        var convert = x.DType switch
        {
            DType.Float32 => Conversion<float>(y.DType),
            DType.Float64 => Conversion<double>(y.DType),
            DType.Int32 => Conversion<int>(y.DType),
            DType.Int64 => Conversion<long>(y.DType),
            _ => Conversion<byte>(y.DType),
        };
        workers.Range(y.Shape.Size, MapLoops.Grain, (from, to) =>
        {
            byte* blockX = stackalloc byte[BlockBytes];
            byte* blockY = stackalloc byte[BlockBytes];
            for (nint at = from; at < to; at += Walk.Block)
            {
                nint length = Math.Min(Walk.Block, to - at);
                byte* source = walkX.Fetch(at, length, blockX, mayRepeat: false).At;
                byte* target = walkY.Direct(at, length);
                convert(source, target == null ? blockY : target, length);
                if (target == null)
                {
                    walkY.Put(at, length, blockY);
                }
            }
        });
    }

    private static delegate*<byte*, byte*, nint, void> Conversion<S>(DType to)
        where S : unmanaged, INumberBase<S> => to switch
        {
            DType.Float32 => &Convert<S, float>,
            DType.Float64 => &Convert<S, double>,
            DType.Int32 => &Convert<S, int>,
            DType.Int64 => &Convert<S, long>,
            _ => &Convert<S, byte>,
        };

    /// <summary>Truth values are bytes here: 0, or anything else for true.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convert<S, D>(byte* x, byte* y, nint count)
        where S : unmanaged, INumberBase<S>
        where D : unmanaged, INumberBase<D>
    {
        S* from = (S*)x;
        D* to = (D*)y;
        for (nint i = 0; i < count; i++)
        {
            to[i] = typeof(S) == typeof(byte) || typeof(D) == typeof(byte)
                ? (S.IsZero(from[i]) ? D.Zero : D.One)
                : D.CreateTruncating(from[i]);
        }
    }
}
