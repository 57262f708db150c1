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
        if (WayOf(a, y) == Way.Flat)
        {
            MatMul(Turned(c), Turned(a), Turned(y), default(AsItIs));
        }
        else
        {
            MatMul(a, c, y, default(AsItIs));
        }
    }

    /// <inheritdoc/>
    public override void MatMul<TOp>(TOp op, Operand a, Operand c, Operand b, Operand y)
    {
        if (WayOf(a, y) == Way.Flat)
        {
            MatMul(Turned(c), Turned(a), Turned(y), new Through<TOp, M>(op, MatricesOf(Turned(b))));
        }
        else
        {
            MatMul(a, c, y, new Through<TOp, M>(op, MatricesOf(b)));
        }
    }

    /// <summary>
    /// How a product is computed, from its shape alone. The larger a tile, the fewer times the factors are read, but there must be enough of
    /// them, and they must not be mostly empty: so the largest square is taken that gives enough groups and is filled by more than half.
    /// Where even the smallest are too few, <see cref="MatMulByTiles"/> cuts the depth. The last layers of small nets are narrow, and have
    /// tiles of their own; batches of small matrices, and integers, are computed a thread an element.
    /// </summary>
    private static Way WayOf(Operand a, Operand y)
    {
        var (batches, rows, columns, depth) = (y.Shape[0], y.Shape[1], y.Shape[2], a.Shape[2]);
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

    private void MatMul<F>(Operand a, Operand c, Operand y, F finish)
        where F : struct, IFinish
    {
        if (y.Shape.Size > 0)
        {
            switch (y.DType)
            {
                case DType.Float32: MatMul<F32, F>(a, c, y, finish); break;
                case DType.Float64: MatMul<F64, F>(a, c, y, finish); break;
                case DType.Int32: MatMulByThreads<I32, F>(a, c, y, finish); break;
                default: MatMulByThreads<I64, F>(a, c, y, finish); break;
            }
        }
    }

    private void MatMul<T, F>(Operand a, Operand c, Operand y, F finish)
        where T : unmanaged, IReal<T>
        where F : struct, IFinish
    {
        switch (ByRows ? Way.Tall : WayOf(a, y))
        {
            case Way.Threads: MatMulByThreads<T, F>(a, c, y, finish); break;
            case Way.Square32: MatMulByTiles<T, F, Block4<T>, Raster8x8>(a, c, y, finish); break;
            case Way.Square64: MatMulByTiles<T, F, Block8<T>, Raster8x8>(a, c, y, finish); break;
            case Way.Square128: MatMulByTiles<T, F, Block8<T>, Raster16x16>(a, c, y, finish); break;
            default: MatMulByTiles<T, F, Block4<T>, Raster16x4>(a, c, y, finish); break;
        }
    }

    private void MatMulByThreads<T, F>(Operand a, Operand c, Operand y, F finish)
        where T : unmanaged, IReal<T>
        where F : struct, IFinish => Launch(
            new MatMulThread<T, M, Result<F, T, M>>(MatricesOf(a), MatricesOf(c), ResultOf<T, F>(finish, y), y.Shape[1], y.Shape[2]),
            y.Shape.Size);

    /// <summary>
    /// The product in tiles. If they are too few to keep a GPU busy and the depth is large, it is cut into pieces, which a second launch adds up.
    /// </summary>
    private void MatMulByTiles<T, F, B, D>(Operand a, Operand c, Operand y, F finish)
        where T : unmanaged, IReal<T>
        where F : struct, IFinish
        where B : struct, IBlock<T, B>
        where D : struct, IRaster
    {
        int side = 4 * B.Quads;
        var (batches, depth) = (y.Shape[0], a.Shape[2]);
        int groups = batches * Parts(y.Shape[1], side * D.Down) * Parts(y.Shape[2], side * D.Across);
        int pieces = ByRows ? 1 : Math.Clamp(Math.Min(Enough / groups, depth / LeastPart), 1, Enough);
        if (pieces == 1)
        {
            MatMulPart<T, B, D, Result<F, T, M>>(a, c, y.Shape, ResultOf<T, F>(finish, y), depth);
            return;
        }

        // A part ends where a step does: none has a ragged end but the last.
        int part = Parts(Parts(depth, pieces), LeastPart / 4) * (LeastPart / 4);
        pieces = Parts(depth, part);
        var partial = NewOperand(new Shape(pieces * batches, y.Shape[1], y.Shape[2]), y.DType);
        MatMulPart<T, B, D, Result<AsItIs, T, M>>(a, c, y.Shape, ResultOf<T, AsItIs>(default, partial), part);
        Launch(new MatMulPieces<T, M, Result<F, T, M>>(MatricesOf(partial), ResultOf<T, F>(finish, y), batches, pieces), y.Shape.Size);
        Drop(partial);
    }

    /// <summary>The product, or its pieces of so much depth each; with quads where the factors' layouts have them.</summary>
    private void MatMulPart<T, B, D, R>(Operand a, Operand c, Shape shape, R y, int part)
        where T : unmanaged, IReal<T>
        where B : struct, IBlock<T, B>
        where D : struct, IRaster
        where R : struct, IResult<T>
    {
        var (left, right) = (new Factor(a, 1, 2), new Factor(c, 2, 1));
        switch (left.HasQuads, right.HasQuads)
        {
            case (true, true): Multiply(Quads(left), Quads(right)); break;
            case (true, false): Multiply(Quads(left), Strided(right)); break;
            case (false, true): Multiply(Strided(left), Quads(right)); break;
            default: Multiply(Strided(left), Strided(right)); break;
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

    private Result<F, T, M> ResultOf<T, F>(F finish, Operand y)
        where T : unmanaged, IReal<T>
        where F : struct, IFinish => new(finish, MatricesOf(y), new Factor(y, 1, 2) is { HasQuads: true, Along: true } ? 1 : 0);

    private static Operand Turned(Operand x) => x with { Layout = x.Layout.Permuted([0, 2, 1]) };

    private static int Parts(int length, int part) => (length + part - 1) / part;

    /// <summary>A factor of a product: which of its axes is the depth, and how it lies in memory.</summary>
    private readonly struct Factor(Operand x, int lineAxis, int depthAxis)
    {
        internal Operand Operand => x;

        internal int Lines => x.Shape[lineAxis];

        internal int Depth => x.Shape[depthAxis];

        internal int BatchStride => x.Shape[0] == 1 ? 0 : x.Layout.Strides[0];

        internal int LineStride => x.Layout.Strides[lineAxis];

        internal int DepthStride => x.Layout.Strides[depthAxis];

        /// <summary>Whether neighbours in memory are neighbours along the depth, rather than across lines.</summary>
        internal bool Along => LineStride != 1 && (DepthStride == 1 || Math.Abs(DepthStride) < Math.Abs(LineStride));

        /// <summary>Whether every quad along the direction of neighbours is whole, and starts at a multiple of 4.</summary>
        internal bool HasQuads => (Along ? DepthStride : LineStride) == 1
            && (Along ? Depth : Lines) % 4 == 0
            && (Along ? LineStride : DepthStride) % 4 == 0
            && BatchStride % 4 == 0
            && x.Layout.Offset % 4 == 0;
    }

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
