namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Elements that are sorted by counting: every one of them reads all the others.</summary>
    private const int CountedRun = 32;

    /// <inheritdoc/>
    public override void ArgSort(bool descending, Operand x, Operand y)
    {
        if (y.Shape.Size > 0)
        {
            Elements.With(x.DType, new SortAction(this, descending, x, y));
        }
    }

    private void ArgSort<T, E, O>(Operand x, Operand y)
        where T : unmanaged
        where E : struct, IElement<T>
        where O : struct, IOrder
    {
        var kept = LoopNest.Of(Axes(x.Layout, ..(x.Shape.Rank - 1)));
        if (kept.Rank > Loops5.Most)
        {
            var dense = DenseCopy(x, x.Layout);
            ArgSort<T, E, O>(dense, y);
            Drop(dense);
            return;
        }

        int length = x.Shape.Lengths[^1];
        int count = y.Shape.Size;
        var fibres = Fibre(x, kept, 0);
        var (sorted, next) = (NewOperand(y.Shape, DType.Int32), NewOperand(y.Shape, DType.Int32));
        Launch(new SortRuns<T, E, O, M>(fibres, Dense(sorted), length, CountedRun), count);
        for (long run = CountedRun; run < length; run *= 2)
        {
            Launch(new MergeRuns<T, E, O, M>(fibres, Dense(sorted), Dense(next), length, (int)run), count);
            (sorted, next) = (next, sorted);
        }

        Copy(sorted, y);
        Drop(sorted);
        Drop(next);
    }

    private readonly struct SortAction(KernelBackend<M, S> backend, bool descending, Operand x, Operand y) : IElementAction
    {
        public void Run<T, E>()
            where T : unmanaged
            where E : struct, IElement<T>
        {
            if (descending)
            {
                backend.ArgSort<T, E, Descending>(x, y);
            }
            else
            {
                backend.ArgSort<T, E, Ascending>(x, y);
            }
        }
    }
}
