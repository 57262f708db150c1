using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <inheritdoc/>
    public override void Scan<TMonoid>(TMonoid monoid, Operand x, Operand y)
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        if (y.DType == DType.Float32)
        {
            Scan<TMonoid, F32>(monoid, x, y);
        }
        else
        {
            Scan<TMonoid, F64>(monoid, x, y);
        }
    }

    /// <summary>Pieces are reduced, the results scanned, and then each piece is scanned from what is before it.</summary>
    private void Scan<TMonoid, T>(TMonoid monoid, Operand x, Operand y)
        where TMonoid : struct, IMonoid
        where T : unmanaged, IReal<T>
    {
        int keptAxes = x.Shape.Rank - 1;
        var kept = LoopNest.Of(Axes(x.Layout, ..keptAxes), Axes(y.Layout, ..keptAxes));
        if (kept.Rank > Loops5.Most)
        {
            var (denseX, denseY) = (DenseCopy(x, x.Layout), NewOperand(y.Shape, y.DType));
            Scan<TMonoid, T>(monoid, denseX, denseY);
            Copy(denseY, y);
            Drop(denseX);
            Drop(denseY);
            return;
        }

        int fibres = Product(kept.Lengths);
        int length = x.Shape.Lengths[^1];
        var (from, to) = (Fibre(x, kept, 0), Fibre(y, kept, 1));
        bool byThread = length <= Alone || (fibres > 1 && Math.Abs(kept.Strides(0)[^1]) < Math.Abs(x.Layout.Strides[^1]));
        int step = byThread ? Alone : S.Reduce * S.PerThread;
        int pieces = (length + step - 1) / step;
        var total = pieces == 1 ? default : NewOperand(byThread ? new Shape(pieces, fibres) : new Shape(fibres, pieces), x.DType);
        var before = pieces == 1 ? default : NewOperand(total.Shape, x.DType);
        if (pieces > 1)
        {
            Combine<TMonoid, T, Flat>(monoid, from, Dense(total), fibres, pieces, length, step, byThread);
            int[] order = byThread ? [1, 0] : [0, 1];
            Scan<TMonoid, T>(
                monoid, total with { Layout = total.Layout.Permuted(order) }, before with { Layout = before.Layout.Permuted(order) });
        }

        // Where there is one piece, nothing is before it; any memory will do.
        M memory = pieces == 1 ? View(x.Storage, 0) : Dense(before);
        if (byThread)
        {
            Launch(new ScanThread<TMonoid, T, M>(monoid, from, to, memory, fibres, length, step), fibres * pieces);
        }
        else
        {
            LaunchGroups(new ScanGroup<TMonoid, T, M, S>(monoid, from, to, memory, pieces, length), fibres * pieces, S.Reduce);
        }

        if (pieces > 1)
        {
            Drop(total);
            Drop(before);
        }
    }

    /// <summary>An operand as the fibres along its last axis, the others being loops of a nest.</summary>
    private Fibres<Flat, M> Fibre(Operand x, LoopNest kept, int operand) => new(
        View(x.Storage, 0),
        Indexing.LoopsOf(kept.Lengths),
        Indexing.StridesOf(kept.Offsets[operand], kept.Strides(operand)),
        default,
        Indexing.StridesOf(0, x.Layout.Strides[^1..]));
}
