using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Up to so many rows or columns a product is narrow: a square tile would be mostly empty.</summary>
    private const int Narrow = 16;

    /// <summary>As many groups as keep a GPU busy. It does not depend on the device: the same product is added up in the same order on all.</summary>
    private const int Enough = 64;

    /// <summary>The least depth that is worth a piece of its own.</summary>
    private const int LeastPart = 64;

    /// <summary>The ways to multiply.</summary>
    private enum Way
    {
        /// <summary>A thread an element.</summary>
        Threads,

        /// <summary>Tiles of 64 × 16.</summary>
        Tall,

        /// <summary>Tiles of 16 × 64: the transposed product in tall tiles.</summary>
        Flat,

        /// <summary>Tiles of 32 × 32, 4 × 4 elements a thread.</summary>
        Square32,

        /// <summary>Tiles of 64 × 64, 8 × 8 elements a thread.</summary>
        Square64,

        /// <summary>Tiles of 128 × 128, 8 × 8 elements a thread.</summary>
        Square128,
    }

    /// <inheritdoc/>
    public override void MatMul(Operand a, Operand c, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.MatMul(default(Alone), a, c, null, y);
            return;
        }

        Multiply(Factor.Left(a, 1, 1), Factor.Right(c, 1, 1), y, WayOf(a.Shape[2], y), default(AsItIs));
    }

    /// <inheritdoc/>
    public override void MatMul<TOp>(TOp op, Operand a, Operand c, Operand b, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.MatMul(op, a, c, b, y);
            return;
        }

        var way = WayOf(a.Shape[2], y);
        Multiply(Factor.Left(a, 1, 1), Factor.Right(c, 1, 1), y, way, new Through<TOp, M>(op, MatricesOf(way == Way.Flat ? Turned(b) : b)));
    }

    /// <inheritdoc/>
    public override void Contract(int batch, int summed, Operand a, Operand c, Operand y)
    {
        if (IsByGroups(batch, summed, a, c, y))
        {
            var (left, right) = (Factor.Left(a, batch, summed), Factor.Right(c, batch, summed));
            y = Matrices(y, batch, a.Shape.Rank - batch - summed, c.Shape.Rank - batch - summed);
            Multiply(left, right, y, TilesOf(left.Depth, y), default(AsItIs));
        }
        else
        {
            base.Contract(batch, summed, a, c, y);
        }
    }

    /// <inheritdoc/>
    public override void Contract<TOp>(TOp op, int batch, int summed, Operand a, Operand c, Operand b, Operand y)
    {
        int rows = a.Shape.Rank - batch - summed, columns = c.Shape.Rank - batch - summed;
        if (IsByGroups(batch, summed, a, c, y) && b.Layout.Grouped(batch, rows, columns) is { } other)
        {
            var (left, right) = (Factor.Left(a, batch, summed), Factor.Right(c, batch, summed));
            (y, b) = (Matrices(y, batch, rows, columns), b with { Layout = other });
            var way = TilesOf(left.Depth, y);
            Multiply(left, right, y, way, new Through<TOp, M>(op, MatricesOf(way == Way.Flat ? Turned(b) : b)));
        }
        else
        {
            base.Contract(op, batch, summed, a, c, b, y);
        }
    }

    /// <summary>Whether tiles read a factor by its groups of axes, since these are no matrices.</summary>
    private static bool IsByGroups(int batch, int summed, Operand a, Operand c, Operand y)
    {
        var (left, right) = (Factor.Left(a, batch, summed), Factor.Right(c, batch, summed));
        return y.DType.IsReal() && left.Depth > 0 && left.Fits && right.Fits && !(left.IsMatrix && right.IsMatrix);
    }

    /// <summary>
    /// How a product is computed, from its shape alone. The larger a tile, the fewer times the factors are read, but there must be enough of
    /// them, and they must not be mostly empty: so the largest square is taken that gives enough groups and is filled by more than half.
    /// Where even the smallest are too few, <see cref="MatMulByTiles"/> cuts the depth. The last layers of small nets are narrow, and have
    /// tiles of their own; batches of small matrices, and integers, are computed a thread an element.
    /// </summary>
    private static Way WayOf(int depth, Operand y)
    {
        var (batches, rows, columns) = (y.Shape[0], y.Shape[1], y.Shape[2]);
        int less = Math.Min(rows, columns);
        return ByRows ? Way.Flat
            : less <= Narrow
            ? !y.DType.IsReal() || (Math.Max(rows, columns) <= Narrow && depth <= 2 * LeastPart) || depth <= 4
                ? Way.Threads
                : rows < columns ? Way.Flat : Way.Tall
            : !y.DType.IsReal() || depth == 0 ? Way.Threads
            : S.Most >= 256 && IsWorth(128) ? Way.Square128
            : IsWorth(64) ? Way.Square64
            : Way.Square32;

        bool IsWorth(int side) => less > side / 2 && (long)batches * Parts(rows, side) * Parts(columns, side) >= Enough;
    }

    /// <summary>The same where only tiles will do.</summary>
    private static Way TilesOf(int depth, Operand y) =>
        WayOf(depth, y) is var way && way != Way.Threads ? way : y.Shape[1] < y.Shape[2] ? Way.Flat : Way.Tall;

    private void Multiply<F>(Factor a, Factor c, Operand y, Way way, F finish)
        where F : struct, IFinish
    {
        if (way == Way.Flat)
        {
            (a, c, y) = (c, a, Turned(y));
        }

        if (y.Shape.Size > 0)
        {
            switch (y.DType)
            {
                case DType.Float32: Multiply<F32, F>(a, c, y, way, finish); break;
                case DType.Float64: Multiply<F64, F>(a, c, y, way, finish); break;
                case DType.Int32: MatMulByThreads<I32, Result<F, I32, M>>(a.Operand, c.Operand, y, ResultOf<I32, F>(finish, y)); break;
                default: MatMulByThreads<I64, Result<F, I64, M>>(a.Operand, c.Operand, y, ResultOf<I64, F>(finish, y)); break;
            }
        }
    }

    private void Multiply<T, F>(Factor a, Factor c, Operand y, Way way, F finish)
        where T : unmanaged, IReal<T>
        where F : struct, IFinish => MultiplyInto<T, Result<F, T, M>>(a, c, y, way, ResultOf<T, F>(finish, y));

    private void MultiplyInto<T, R>(Factor a, Factor c, Operand y, Way way, R result)
        where T : unmanaged, IReal<T>
        where R : struct, IResult<T>
    {
        switch (way)
        {
            case Way.Threads: MatMulByThreads<T, R>(a.Operand, c.Operand, y, result); break;
            case Way.Square32: MatMulByTiles<T, R, Block4<T>, Raster8x8>(a, c, y, result); break;
            case Way.Square64: MatMulByTiles<T, R, Block8<T>, Raster8x8>(a, c, y, result); break;
            case Way.Square128: MatMulByTiles<T, R, Block8<T>, Raster16x16>(a, c, y, result); break;
            default: MatMulByTiles<T, R, Block4<T>, Raster16x4>(a, c, y, result); break;
        }
    }

    private void MatMulByThreads<T, R>(Operand a, Operand c, Operand y, R result)
        where T : unmanaged, IReal<T>
        where R : struct, IResult<T> =>
        Launch(new MatMulThread<T, M, R>(MatricesOf(a), MatricesOf(c), result, y.Shape[1], y.Shape[2]), y.Shape.Size);

    /// <summary>
    /// The product in tiles. If they are too few to keep a GPU busy and the depth is large, it is cut into pieces, which a second launch adds up:
    /// into so many that to write and read them takes at most half as many bytes as the factors have.
    /// </summary>
    private void MatMulByTiles<T, R, B, D>(Factor a, Factor c, Operand y, R result)
        where T : unmanaged, IReal<T>
        where R : struct, IResult<T>
        where B : struct, IBlock<T, B>
        where D : struct, IRaster
    {
        int side = 4 * B.Quads;
        var (batches, rows, columns, depth) = (y.Shape[0], y.Shape[1], y.Shape[2], a.Depth);
        int groups = batches * Parts(rows, side * D.Down) * Parts(columns, side * D.Across);
        int pieces = ByRows ? 1 : Math.Clamp(Math.Min(Enough / groups, depth / LeastPart), 1, Enough);
        if (pieces == 1)
        {
            MatMulPart<T, B, D, R>(a, c, y.Shape, result, depth);
            return;
        }

        // A part ends where a step does: none has a ragged end but the last.
        int part = Parts(Parts(depth, pieces), LeastPart / 4) * (LeastPart / 4);
        pieces = Parts(depth, part);
        var partial = NewOperand(new Shape(pieces * batches, rows, columns), y.DType);
        MatMulPart<T, B, D, Result<AsItIs, T, M>>(a, c, y.Shape, ResultOf<T, AsItIs>(default, partial), part);
        Launch(new MatMulPieces<T, M, R>(MatricesOf(partial), result, batches, pieces), y.Shape.Size);
        Drop(partial);
    }

    /// <summary>The product, or its pieces of so much depth each; with quads where the factors' layouts have them.</summary>
    private void MatMulPart<T, B, D, R>(Factor left, Factor right, Shape shape, R y, int part)
        where T : unmanaged, IReal<T>
        where B : struct, IBlock<T, B>
        where D : struct, IRaster
        where R : struct, IResult<T>
    {
        if (!left.IsMatrix)
        {
            WithRight(Groups(left));
        }
        else if (left.HasQuads)
        {
            WithRight(Quads(left));
        }
        else
        {
            WithRight(Strided(left));
        }

        void WithRight<A>(A a)
            where A : struct, IPanel
        {
            if (!right.IsMatrix)
            {
                Multiply(a, Groups(right));
            }
            else if (right.HasQuads)
            {
                Multiply(a, Quads(right));
            }
            else
            {
                Multiply(a, Strided(right));
            }
        }

        void Multiply<A, C>(A a, C c)
            where A : struct, IPanel
            where C : struct, IPanel
        {
            int down = Parts(shape[1], MatMulTile<T, M, A, C, B, D, R>.Rows);
            int across = Parts(shape[2], MatMulTile<T, M, A, C, B, D, R>.Columns);
            LaunchGroups(
                new MatMulTile<T, M, A, C, B, D, R>(a, c, y, down, across, shape[0], left.Depth, part),
                Parts(left.Depth, part) * shape[0] * down * across,
                D.Down * D.Across);
        }
    }

    private QuadPanel<M> Quads(Factor x) =>
        new(View(x.Operand.Storage, 0), x.Operand.Layout.Offset, x.BatchStride, x.Along ? x.LineStride : x.DepthStride, x.Lines, x.Along ? 1 : 0);

    private StridedPanel<M> Strided(Factor x) =>
        new(View(x.Operand.Storage, 0), x.Operand.Layout.Offset, x.BatchStride, x.LineStride, x.DepthStride, x.Lines, x.Along ? 1 : 0);

    private GroupPanel<M> Groups(Factor x) =>
        new(View(x.Operand.Storage, 0), x.Operand.Layout.Offset, x.Batches, x.Along ? x.Depths : x.AllLines, x.Along ? x.AllLines : x.Depths, x.Lines, x.Along ? 1 : 0);

    private Result<F, T, M> ResultOf<T, F>(F finish, Operand y)
        where T : unmanaged, IReal<T>
        where F : struct, IFinish => new(finish, MatricesOf(y), Factor.Left(y, 1, 1) is { HasQuads: true, Along: true } ? 1 : 0);

    private static Operand Turned(Operand x) => x with { Layout = x.Layout.Permuted([0, 2, 1]) };

    private static int Parts(int length, int part) => (length + part - 1) / part;

    private Matrices<M> MatricesOf(Operand x)
    {
        var strides = x.Layout.Strides;
        return new Matrices<M>(View(x.Storage, 0), x.Layout.Offset, strides[0], strides[1], strides[2], x.Shape[1], x.Shape[2]);
    }

    /// <summary>The elements of x's storage at a layout, dense in a storage of their own. Whoever asks releases it, once its last launch is made.</summary>
    private Operand DenseCopy(Operand x, Layout layout)
    {
        var copy = NewOperand(layout.Shape, x.DType);
        Copy(x with { Layout = layout }, copy);
        return copy;
    }

    private Operand NewOperand(Shape shape, DType dtype) =>
        new(new Storage(this, (long)shape.Size * dtype.Size()), new Layout(shape), dtype);
}
