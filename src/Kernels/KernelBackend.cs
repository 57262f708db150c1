using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

/// <summary>
/// A back end made of kernels: what each op launches, for every device alike. A device adds its memory and the two ways to launch.
/// </summary>
/// <typeparam name="M">The device's memory as its kernels see it.</typeparam>
/// <typeparam name="S">The sizes of its groups.</typeparam>
public abstract partial class KernelBackend<M, S> : Backend
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <summary>The memory of a storage from a byte on.</summary>
    protected abstract M View(Storage storage, long offset);

    /// <inheritdoc/>
    public override void Fill(double value, Operand y) => Elements.With(y.DType, new FillAction(this, value, y));

    /// <inheritdoc/>
    public override void Copy(Operand x, Operand y) => Elements.With(x.DType, new CopyAction(this, x, y));

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand x, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.Map(op, x, y);
            return;
        }

        switch (y.DType)
        {
            case DType.Float32: Map<TOp, F32>(op, x, y); break;
            case DType.Float64: Map<TOp, F64>(op, x, y); break;
            case DType.Int32: Map<TOp, I32>(op, x, y); break;
            case DType.Int64: Map<TOp, I64>(op, x, y); break;
            default: Map<TOp, B8>(op, x, y); break;
        }
    }

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.Map(op, a, b, y);
            return;
        }

        switch (y.DType)
        {
            case DType.Float32: Map<TOp, F32>(op, a, b, y); break;
            case DType.Float64: Map<TOp, F64>(op, a, b, y); break;
            case DType.Int32: Map<TOp, I32>(op, a, b, y); break;
            case DType.Int64: Map<TOp, I64>(op, a, b, y); break;
            default: Map<TOp, B8>(op, a, b, y); break;
        }
    }

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.Map(op, a, b, c, y);
            return;
        }

        switch (y.DType)
        {
            case DType.Float32: Map<TOp, F32>(op, a, b, c, y); break;
            case DType.Float64: Map<TOp, F64>(op, a, b, c, y); break;
            case DType.Int32: Map<TOp, I32>(op, a, b, c, y); break;
            case DType.Int64: Map<TOp, I64>(op, a, b, c, y); break;
            default: Map<TOp, B8>(op, a, b, c, y); break;
        }
    }

    /// <inheritdoc/>
    public override void Map<TOp>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.Map(op, a, b, c, d, y);
            return;
        }

        switch (y.DType)
        {
            case DType.Float32: Map<TOp, F32>(op, a, b, c, d, y); break;
            case DType.Float64: Map<TOp, F64>(op, a, b, c, d, y); break;
            case DType.Int32: Map<TOp, I32>(op, a, b, c, d, y); break;
            case DType.Int64: Map<TOp, I64>(op, a, b, c, d, y); break;
            default: Map<TOp, B8>(op, a, b, c, d, y); break;
        }
    }

    private void Map<TOp, T>(TOp op, Operand x, Operand y)
        where TOp : struct, IMap1
        where T : unmanaged, IReal<T>
    {
        for (var piece = new Piece(LoopNest.Of(x.Layout, y.Layout)); piece.Left; piece.Next())
        {
            LaunchOver(piece, new Map1<TOp, T, M>(op, Walk(piece, 0, x), Walk(piece, 1, y)));
        }
    }

    private void Map<TOp, T>(TOp op, Operand a, Operand b, Operand y)
        where TOp : struct, IMap2
        where T : unmanaged, IReal<T>
    {
        for (var piece = new Piece(LoopNest.Of(a.Layout, b.Layout, y.Layout)); piece.Left; piece.Next())
        {
            LaunchOver(piece, new Map2<TOp, T, M>(op, Walk(piece, 0, a), Walk(piece, 1, b), Walk(piece, 2, y)));
        }
    }

    private void Map<TOp, T>(TOp op, Operand a, Operand b, Operand c, Operand y)
        where TOp : struct, IMap3
        where T : unmanaged, IReal<T>
    {
        for (var piece = new Piece(LoopNest.Of(a.Layout, b.Layout, c.Layout, y.Layout)); piece.Left; piece.Next())
        {
            LaunchOver(piece, new Map3<TOp, T, M>(op, Walk(piece, 0, a), Walk(piece, 1, b), Walk(piece, 2, c), Walk(piece, 3, y)));
        }
    }

    private void Map<TOp, T>(TOp op, Operand a, Operand b, Operand c, Operand d, Operand y)
        where TOp : struct, IMap4
        where T : unmanaged, IReal<T>
    {
        for (var piece = new Piece(LoopNest.Of(a.Layout, b.Layout, c.Layout, d.Layout, y.Layout)); piece.Left; piece.Next())
        {
            LaunchOver(
                piece,
                new Map4<TOp, T, M>(
                    op, Walk(piece, 0, a), Walk(piece, 1, b), Walk(piece, 2, c), Walk(piece, 3, d), Walk(piece, 4, y)));
        }
    }

    private readonly struct FillAction(KernelBackend<M, S> backend, double value, Operand y) : IElementAction
    {
        public void Run<T, E>()
            where T : unmanaged
            where E : struct, IElement<T>
        {
            for (var piece = new Piece(LoopNest.Of(y.Layout)); piece.Left; piece.Next())
            {
                backend.LaunchOver(piece, new Fill<T, M>(E.Of(value), backend.Walk(piece, 0, y)));
            }
        }
    }

    private readonly struct CopyAction(KernelBackend<M, S> backend, Operand x, Operand y) : IElementAction
    {
        public void Run<T, E>()
            where T : unmanaged
            where E : struct, IElement<T>
        {
            if (x.DType != y.DType)
            {
                Elements.With(y.DType, new ConvertAction<T, E>(backend, x, y));
                return;
            }

            for (var piece = new Piece(LoopNest.Of(x.Layout, y.Layout)); piece.Left; piece.Next())
            {
                backend.LaunchOver(piece, new Copy<T, M>(backend.Walk(piece, 0, x), backend.Walk(piece, 1, y)));
            }
        }
    }

    private readonly struct ConvertAction<TFrom, EFrom>(KernelBackend<M, S> backend, Operand x, Operand y) : IElementAction
        where TFrom : unmanaged
        where EFrom : struct, IElement<TFrom>
    {
        public void Run<T, E>()
            where T : unmanaged
            where E : struct, IElement<T>
        {
            for (var piece = new Piece(LoopNest.Of(x.Layout, y.Layout)); piece.Left; piece.Next())
            {
                backend.LaunchOver(piece, new Convert<TFrom, EFrom, T, E, M>(backend.Walk(piece, 0, x), backend.Walk(piece, 1, y)));
            }
        }
    }

    /// <summary>An operand at a piece of its loops.</summary>
    private Walk<M> Walk(Piece piece, int k, Operand operand) => new(View(operand.Storage, 0), piece.Strides(k));

    /// <summary>An operand of at most five axes, each a loop of its own.</summary>
    private Walk<M> Walk(Operand operand) => new(View(operand.Storage, 0), Indexing.StridesOf(operand.Layout.Offset, operand.Layout.Strides));

    /// <summary>The memory of a dense operand, from its first element on.</summary>
    private M Dense(Operand operand) => View(operand.Storage, (long)operand.Layout.Offset * operand.DType.Size());

    private void LaunchOver<TBody>(Piece piece, TBody body)
        where TBody : struct, IBody
    {
        int[] n = piece.Lengths;
        if (n.Length <= Flat.Most)
        {
            Launch(new Each<TBody, Flat>(body, default), piece.Count);
        }
        else if (n.Length <= Loops2.Most)
        {
            Launch(new Each<TBody, Loops2>(body, new Loops2(n[^1])), piece.Count);
        }
        else
        {
            Launch(new Each<TBody, Loops5>(body, Indexing.LoopsOf(n)), piece.Count);
        }
    }
}
