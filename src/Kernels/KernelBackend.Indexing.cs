using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Indices that a thread of a scatter may read for nothing, so that each element of the result has a thread.</summary>
    private const int FewIndices = 256;

    /// <inheritdoc/>
    public override void Gather(Operand x, Operand index, Operand y)
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        if (index.DType == DType.Int32)
        {
            Elements.With(x.DType, new GatherAction<int, Int32>(this, x, index, y));
        }
        else
        {
            Elements.With(x.DType, new GatherAction<long, Int64>(this, x, index, y));
        }
    }

    /// <inheritdoc/>
    public override void ScatterAdd(Operand g, Operand index, Operand y)
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        switch (y.DType)
        {
            case DType.Float32: ScatterAdd<F32>(g, index, y); break;
            case DType.Float64: ScatterAdd<F64>(g, index, y); break;
            case DType.Int32: ScatterAdd<I32>(g, index, y); break;
            default: ScatterAdd<I64>(g, index, y); break;
        }
    }

    /// <inheritdoc/>
    public override void Random(Distribution distribution, ulong seed, ulong counter, Operand y)
    {
        int count = y.Shape.Size;
        if (count == 0)
        {
            return;
        }

        int threads = (int)Philox.Counters(y.DType, count);
        switch (distribution, y.DType)
        {
            case (Distribution.Uniform, DType.Float32): Launch(new Uniform32<M>(seed, counter, Dense(y), count), threads); break;
            case (Distribution.Normal, DType.Float32): Launch(new Normal32<M>(seed, counter, Dense(y), count), threads); break;
            case (Distribution.Uniform, _): Launch(new Uniform64<M>(seed, counter, Dense(y), count), threads); break;
            default: Launch(new Normal64<M>(seed, counter, Dense(y), count), threads); break;
        }
    }

    private void ScatterAdd<T>(Operand g, Operand index, Operand y)
        where T : unmanaged, IReal<T>
    {
        if (index.DType == DType.Int32)
        {
            ScatterAdd<T, int, Int32>(g, index, y);
        }
        else
        {
            ScatterAdd<T, long, Int64>(g, index, y);
        }
    }

    private void ScatterAdd<T, TIndex, EIndex>(Operand g, Operand index, Operand y)
        where T : unmanaged, IReal<T>
        where TIndex : unmanaged
        where EIndex : struct, IElement<TIndex>
    {
        int n = y.Shape[1];
        int m = index.Shape[1];
        int r = y.Shape[2];
        if (m <= FewIndices)
        {
            Launch(new ScatterSearch<T, TIndex, EIndex, M>(Walk(g), Walk(index), Dense(y), n, m, r), y.Shape.Size);
        }
        else
        {
            Fill(0, y);
            Launch(new ScatterWalk<T, TIndex, EIndex, M>(Walk(g), Walk(index), Dense(y), n, m, r), y.Shape[0] * r);
        }
    }

    private readonly struct GatherAction<TIndex, EIndex>(KernelBackend<M, S> backend, Operand x, Operand index, Operand y) : IElementAction
        where TIndex : unmanaged
        where EIndex : struct, IElement<TIndex>
    {
        public void Run<T, E>()
            where T : unmanaged
            where E : struct, IElement<T> => backend.Launch(
                new Gather<T, E, TIndex, EIndex, M>(
                    backend.Walk(x), backend.Walk(index), backend.Dense(y), x.Shape[1], y.Shape[1], y.Shape[2]),
                y.Shape.Size);
    }
}
