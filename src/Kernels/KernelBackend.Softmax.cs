using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <inheritdoc/>
    public override void Softmax(bool log, Operand x, Operand y)
    {
        if (y.DType == DType.Float32)
        {
            Softmax<F32>(log, x, y);
        }
        else
        {
            Softmax<F64>(log, x, y);
        }
    }

    /// <inheritdoc/>
    public override void SoftmaxGradient(bool log, Operand g, Operand y, Operand dx)
    {
        if (dx.DType == DType.Float32)
        {
            SoftmaxGradient<F32>(log, g, y, dx);
        }
        else
        {
            SoftmaxGradient<F64>(log, g, y, dx);
        }
    }

    /// <inheritdoc/>
    public override void CrossEntropy(Operand x, Operand? labels, Operand y)
    {
        if (labels is { } at && Sketching(y.DType) is { } sketch)
        {
            sketch.CrossEntropy(x, at, y);
            return;
        }

        if (y.DType == DType.Float32)
        {
            CrossEntropy<F32, Float32>(x, labels, y);
        }
        else
        {
            CrossEntropy<F64, Float64>(x, labels, y);
        }
    }

    /// <inheritdoc/>
    public override void CrossEntropyGradient(Operand g, Operand x, Operand? labels, Operand dx)
    {
        if (labels is { } at && Sketching(dx.DType) is { } sketch)
        {
            sketch.CrossEntropyGradient(g, x, at, dx);
            return;
        }

        if (dx.DType == DType.Float32)
        {
            CrossEntropyGradient<F32>(g, x, labels, dx);
        }
        else
        {
            CrossEntropyGradient<F64>(g, x, labels, dx);
        }
    }

    private void Softmax<T>(bool log, Operand x, Operand y)
        where T : unmanaged, IReal<T>
    {
        var kept = Kept(x.Layout, y.Layout);
        if (kept.Rank > Loops5.Most)
        {
            ByDense(y, (dense, y) => Softmax<T>(log, dense[0], y), x);
            return;
        }

        int length = y.Shape.Lengths[^1];
        var (from, to) = (Fibre(x, kept, 0), Fibre(y, kept, 1));
        if (log)
        {
            LaunchRows<LogSoftmaxRow<T, M>, T>(new(from, to, length), y.Shape.Size, length);
        }
        else
        {
            LaunchRows<SoftmaxRow<T, M>, T>(new(from, to, length), y.Shape.Size, length);
        }
    }

    private void SoftmaxGradient<T>(bool log, Operand g, Operand y, Operand dx)
        where T : unmanaged, IReal<T>
    {
        var kept = Kept(g.Layout, y.Layout, dx.Layout);
        if (kept.Rank > Loops5.Most)
        {
            ByDense(dx, (dense, dx) => SoftmaxGradient<T>(log, dense[0], dense[1], dx), g, y);
            return;
        }

        int length = dx.Shape.Lengths[^1];
        var (from, at, to) = (Fibre(g, kept, 0), Fibre(y, kept, 1), Fibre(dx, kept, 2));
        if (log)
        {
            LaunchRows<LogSoftmaxBackRow<T, M>, T>(new(from, at, to, length), dx.Shape.Size, length);
        }
        else
        {
            LaunchRows<SoftmaxBackRow<T, M>, T>(new(from, at, to, length), dx.Shape.Size, length);
        }
    }

    private void CrossEntropy<T, E>(Operand x, Operand? labels, Operand y)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        var kept = Kept(x.Layout);
        if (kept.Rank > Loops5.Most)
        {
            ByDense(y, (dense, y) => CrossEntropy<T, E>(dense[0], labels, y), x);
            return;
        }

        int length = x.Shape.Lengths[^1];
        var from = Fibre(x, kept, 0);
        if (labels is not { } known)
        {
            LaunchRows<LogSumExpRow<T, M>, T>(new(from, Dense(y), length), x.Shape.Size, length);
        }
        else if (known.DType == DType.Int32)
        {
            LaunchRows<CrossEntropyRow<T, E, int, Int32, M>, T>(new(from, Dense(known), Dense(y), length), x.Shape.Size, length);
        }
        else
        {
            LaunchRows<CrossEntropyRow<T, E, long, Int64, M>, T>(new(from, Dense(known), Dense(y), length), x.Shape.Size, length);
        }
    }

    private void CrossEntropyGradient<T>(Operand g, Operand x, Operand? labels, Operand dx)
        where T : unmanaged, IReal<T>
    {
        // Each row has one element of g; its fibres are that long.
        g = g with { Layout = new Layout(new Shape([.. g.Shape.Lengths, 1]), [.. g.Layout.Strides, 0], g.Layout.Offset) };
        var kept = Kept(g.Layout, x.Layout, dx.Layout);
        if (kept.Rank > Loops5.Most)
        {
            ByDense(
                dx,
                (dense, dx) => CrossEntropyGradient<T>(
                    dense[0] with { Layout = dense[0].Layout.TryReshape(new Shape(dense[0].Shape.Lengths[..^1]))! }, dense[1], labels, dx),
                g,
                x);
            return;
        }

        int length = dx.Shape.Lengths[^1];
        var (slopes, from, to) = (Fibre(g, kept, 0), Fibre(x, kept, 1), Fibre(dx, kept, 2));
        if (labels is not { } known)
        {
            LaunchRows<LogSumExpBackRow<T, M>, T>(new(slopes, from, to, length), dx.Shape.Size, length);
        }
        else if (known.DType == DType.Int32)
        {
            LaunchRows<CrossEntropyBackRow<T, int, Int32, M>, T>(new(slopes, from, Dense(known), to, length), dx.Shape.Size, length);
        }
        else
        {
            LaunchRows<CrossEntropyBackRow<T, long, Int64, M>, T>(new(slopes, from, Dense(known), to, length), dx.Shape.Size, length);
        }
    }

    /// <summary>The loops over the rows of operands: all axes but the last.</summary>
    private static LoopNest Kept(params ReadOnlySpan<Layout> layouts)
    {
        var rows = new Layout[layouts.Length];
        for (int k = 0; k < rows.Length; k++)
        {
            rows[k] = Axes(layouts[k], ..^1);
        }

        return LoopNest.Of(rows);
    }

    /// <summary>Makes a call with dense copies, where the layouts have more loops than a kernel.</summary>
    private void ByDense(Operand y, Action<Operand[], Operand> call, params ReadOnlySpan<Operand> x)
    {
        var copies = new Operand[x.Length];
        for (int k = 0; k < copies.Length; k++)
        {
            copies[k] = DenseCopy(x[k], x[k].Layout);
        }

        var result = NewOperand(y.Shape, y.DType);
        call(copies, result);
        Copy(result, y);
        foreach (var operand in copies.Append(result))
        {
            Drop(operand);
        }
    }

    /// <summary>Short rows have a thread each, long ones a group.</summary>
    private void LaunchRows<TRow, T>(TRow row, int elements, int length)
        where TRow : struct, IRow<T>
        where T : unmanaged, IReal<T>
    {
        if (elements == 0)
        {
            return;
        }

        if (length <= Alone || ByRows)
        {
            Launch(new RowByThread<TRow, T>(row), elements / length);
        }
        else if (IsLittle(length))
        {
            LaunchGroups(new RowByGroup<TRow, T, M, FewThreads<S>>(row), elements / length, S.Few);
        }
        else
        {
            LaunchGroups(new RowByGroup<TRow, T, M, S>(row), elements / length, S.Reduce);
        }
    }
}
