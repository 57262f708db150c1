using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Elements that one thread combines alone: more would cost accuracy, and leave a device with few results idle.</summary>
    private const int Alone = 64;

    /// <inheritdoc/>
    public override void Reduce<TMonoid>(TMonoid monoid, Operand x, Operand y)
    {
        if (Sketching(y.DType) is { } sketch)
        {
            sketch.Sum(x, y);
            return;
        }

        switch (y.DType)
        {
            case DType.Float32: Reduce<TMonoid, F32>(monoid, x, y); break;
            case DType.Float64: Reduce<TMonoid, F64>(monoid, x, y); break;
            case DType.Int32: Reduce<TMonoid, I32>(monoid, x, y); break;
            default: Reduce<TMonoid, I64>(monoid, x, y); break;
        }
    }

    /// <inheritdoc/>
    public override void ArgMax(Operand x, Operand y)
    {
        switch (x.DType)
        {
            case DType.Float32: ArgMax<F32, Float32>(x, y); break;
            case DType.Float64: ArgMax<F64, Float64>(x, y); break;
            case DType.Int32: ArgMax<int, Int32>(x, y); break;
            case DType.Int64: ArgMax<long, Int64>(x, y); break;
            default: ArgMax<byte, Bool>(x, y); break;
        }
    }

    private void Reduce<TMonoid, T>(TMonoid monoid, Operand x, Operand y)
        where TMonoid : struct, IMonoid
        where T : unmanaged, IReal<T>
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        var kept = new List<int>();
        var reduced = new List<int>();
        for (int axis = 0; axis < x.Shape.Rank; axis++)
        {
            (y.Shape[axis] == 1 && x.Shape[axis] != 1 ? reduced : kept).Add(axis);
        }

        ReduceFibres<TMonoid, T>(monoid, x, x.Layout.Permuted([.. kept, .. reduced]), kept.Count, Dense(y));
    }

    /// <summary>Reduces all axes of a layout from the given one on; in steps, while the pieces of one launch are still several.</summary>
    private void ReduceFibres<TMonoid, T>(TMonoid monoid, Operand x, Layout layout, int keptAxes, M y)
        where TMonoid : struct, IMonoid
        where T : unmanaged, IReal<T>
    {
        var keptLoops = LoopNest.Of(Axes(layout, ..keptAxes));
        var alongLoops = LoopNest.Of(Axes(layout, keptAxes..));
        if (keptLoops.Rank > Loops5.Most || alongLoops.Rank > Loops5.Most)
        {
            var dense = DenseCopy(x, layout);
            ReduceFibres<TMonoid, T>(monoid, dense, dense.Layout, keptAxes, y);
            Drop(dense);
            return;
        }

        int fibres = Product(keptLoops.Lengths);
        int length = Product(alongLoops.Lengths);

        // Neighbours in memory are read by neighbouring threads: those of neighbouring fibres, or of one group on one fibre.
        bool byThread = length <= Alone || (fibres > 1 && Math.Abs(keptLoops.Strides(0)[^1]) < Math.Abs(alongLoops.Strides(0)[^1]));
        int step = !byThread ? S.Reduce * S.PerThread : length <= Alone ? Alone : Alone * ReduceColumns.Slices;
        int pieces = Math.Max((length + step - 1) / step, 1);
        var partial = pieces == 1 ? default : NewOperand(byThread ? new Shape(pieces, fibres) : new Shape(fibres, pieces), x.DType);
        M target = pieces == 1 ? y : Dense(partial);
        if (alongLoops.Rank == 1)
        {
            Combine<TMonoid, T, Flat>(monoid, new Fibres<Flat, M>(
                View(x.Storage, 0),
                Indexing.LoopsOf(keptLoops.Lengths),
                Indexing.StridesOf(keptLoops.Offsets[0], keptLoops.Strides(0)),
                default,
                Indexing.StridesOf(0, alongLoops.Strides(0))), target, fibres, pieces, length, step, byThread);
        }
        else
        {
            Combine<TMonoid, T, Loops5>(monoid, new Fibres<Loops5, M>(
                View(x.Storage, 0),
                Indexing.LoopsOf(keptLoops.Lengths),
                Indexing.StridesOf(keptLoops.Offsets[0], keptLoops.Strides(0)),
                Indexing.LoopsOf(alongLoops.Lengths),
                Indexing.StridesOf(0, alongLoops.Strides(0))), target, fibres, pieces, length, step, byThread);
        }

        if (pieces > 1)
        {
            var rest = byThread ? partial.Layout.Permuted([1, 0]) : partial.Layout;
            ReduceFibres<TMonoid, T>(monoid, partial, rest, 1, y);
            Drop(partial);
        }
    }

    private void Combine<TMonoid, T, L>(
        TMonoid monoid, Fibres<L, M> x, M y, int fibres, int pieces, int length, int step, bool byThread)
        where TMonoid : struct, IMonoid
        where T : unmanaged, IReal<T>
        where L : struct, ILoops
    {
        if (byThread && step > Alone)
        {
            LaunchGroups(
                new ReduceColumns<TMonoid, T, L, M>(monoid, x, y, fibres, length, step),
                Parts(fibres, ReduceColumns.Columns) * pieces,
                ReduceColumns.Columns * ReduceColumns.Slices);
        }
        else if (byThread)
        {
            Launch(new ReduceThread<TMonoid, T, L, M>(monoid, x, y, fibres, length, step), fibres * pieces);
        }
        else if (IsLittle(length))
        {
            LaunchGroups(new ReduceGroup<TMonoid, T, L, M, FewThreads<S>>(monoid, x, y, pieces, length, step), fibres * pieces, S.Few);
        }
        else
        {
            LaunchGroups(new ReduceGroup<TMonoid, T, L, M, S>(monoid, x, y, pieces, length, step), fibres * pieces, S.Reduce);
        }
    }

    /// <summary>Whether a row, or what is reduced to one, keeps no more than a few threads busy.</summary>
    private static bool IsLittle(int length) => S.Few < S.Reduce && length <= S.Few * S.PerThread;

    private void ArgMax<T, E>(Operand x, Operand y)
        where T : unmanaged
        where E : struct, IElement<T>
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        int keptAxes = x.Shape.Rank - 1;
        var keptLoops = LoopNest.Of(Axes(x.Layout, ..keptAxes));
        if (keptLoops.Rank > Loops5.Most)
        {
            var dense = DenseCopy(x, x.Layout);
            ArgMax<T, E>(dense, y);
            Drop(dense);
            return;
        }

        int length = x.Shape[keptAxes];
        var fibres = Fibre(x, keptLoops, 0);
        if (length <= Alone)
        {
            Launch(new ArgMaxThread<T, E, M>(fibres, Dense(y), length), y.Shape.Size);
        }
        else
        {
            LaunchGroups(new ArgMaxGroup<T, E, M, S>(fibres, Dense(y), length), y.Shape.Size, S.Reduce);
        }
    }

    private static Layout Axes(Layout layout, Range axes) =>
        new(new Shape(layout.Shape.Lengths[axes]), layout.Strides[axes].ToArray(), layout.Offset);

    private static int Product(ReadOnlySpan<int> lengths)
    {
        int product = 1;
        foreach (int length in lengths)
        {
            product *= length;
        }

        return product;
    }
}
