using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Matrices of up to so many rows are a thread's each; larger ones, a group's.</summary>
    private const int ThreadsMatrix = 16;

    /// <inheritdoc/>
    public override void Lu(Operand x, Operand y)
    {
        if (y.DType == DType.Float32)
        {
            Lu<F32, Float32>(x, y);
        }
        else
        {
            Lu<F64, Float64>(x, y);
        }
    }

    /// <inheritdoc/>
    public override void Determinant(Operand x, Operand y)
    {
        if (y.DType == DType.Float32)
        {
            Determinant<F32, Float32>(x, y);
        }
        else
        {
            Determinant<F64, Float64>(x, y);
        }
    }

    /// <inheritdoc/>
    public override void Solve(Operand a, Operand c, Operand y, Operand status)
    {
        if (y.DType == DType.Float32)
        {
            Solve<F32, Float32>(a, c, y, status);
        }
        else
        {
            Solve<F64, Float64>(a, c, y, status);
        }
    }

    /// <inheritdoc/>
    public override void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y)
    {
        Copy(c, y);
        if (y.DType == DType.Float32)
        {
            TriangularSolve<F32, Float32>(upper, unit, a, y);
        }
        else
        {
            TriangularSolve<F64, Float64>(upper, unit, a, y);
        }
    }

    /// <inheritdoc/>
    public override void Cholesky(Operand x, Operand y, Operand status)
    {
        if (y.DType == DType.Float32)
        {
            Cholesky<F32, Float32>(x, y, status);
        }
        else
        {
            Cholesky<F64, Float64>(x, y, status);
        }
    }

    private void Lu<T, E>(Operand x, Operand y)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        var (m, n) = (x.Shape[1], x.Shape[2]);
        int pivots = Math.Min(m, n);
        var work = Scratch(x.DType, x.Shape[0], m, n);
        var found = Found(x.Shape[0], pivots);
        Copy(x, work);
        OnEach(new Lu<T, E, M>(Working<T, E>(work), Result<T, E>(y), Dense(found), pivots), work);
        Drop(work);
        Drop(found);
    }

    private void Determinant<T, E>(Operand x, Operand y)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        int n = x.Shape[1];
        var work = Scratch(x.DType, x.Shape[0], n, n);
        var found = Found(x.Shape[0], n);
        if (n > 0)
        {
            Copy(x, work);
        }

        OnEach(new Determinant<T, E, M>(Working<T, E>(work), Dense(y), Dense(found)), work);
        Drop(work);
        Drop(found);
    }

    private void Solve<T, E>(Operand a, Operand c, Operand y, Operand status)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        var (n, k) = (c.Shape[1], c.Shape[2]);
        var work = Scratch(c.DType, c.Shape[0], n, n + k);
        var found = Found(c.Shape[0], n);
        Copy(a, work with { Layout = work.Layout.Sliced([0, 0, 0], [1, 1, 1], a.Shape) });
        Copy(c, work with { Layout = work.Layout.Sliced([0, 0, n], [1, 1, 1], c.Shape) });
        OnEach(new Solve<T, E, M>(Working<T, E>(work), Result<T, E>(y), Dense(status), Dense(found)), work);
        Drop(work);
        Drop(found);
    }

    private void TriangularSolve<T, E>(bool upper, bool unit, Operand a, Operand y)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        var (first, step) = upper ? (y.Shape[1] - 1, -1) : (0, 1);
        Launch(
            new TriangularSolve<T, E, M>(MatricesOf(a), Result<T, E>(y), first, step, unit ? 1 : 0), y.Shape[0] * y.Shape[2]);
    }

    private void Cholesky<T, E>(Operand x, Operand y, Operand status)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        var work = Scratch(x.DType, x.Shape[0], x.Shape[1], x.Shape[1]);
        Copy(x, work);
        OnEach(new Cholesky<T, E, M>(Working<T, E>(work), Result<T, E>(y), Dense(status)), work);
        Drop(work);
    }

    private void OnEach<K>(K kernel, Operand work)
        where K : struct, IOnMatrix
    {
        if (work.Shape[1] <= ThreadsMatrix)
        {
            Launch(new ByThread<K>(kernel), work.Shape[0]);
        }
        else
        {
            LaunchGroups(new ByGroup<K, M, S>(kernel), work.Shape[0], S.Reduce / 4);
        }
    }

    /// <summary>Memory for a batch of matrices, side by side element by element where each is a thread's.</summary>
    private Operand Scratch(DType dtype, int batches, int rows, int columns)
    {
        var operand = NewOperand(new Shape(batches, rows, columns), dtype);
        return rows > ThreadsMatrix
            ? operand
            : operand with { Layout = new Layout(operand.Shape, [1, columns * batches, batches], 0) };
    }

    /// <summary>Where each pivot was found: int32.</summary>
    private Operand Found(int batches, int pivots) => NewOperand(new Shape(batches, pivots), DType.Int32);

    private Square<T, E, M> Working<T, E>(Operand work)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T> =>
        new(View(work.Storage, 0), work.Shape[1], work.Shape[2], work.Layout.Strides[2], work.Layout.Strides[0]);

    private Square<T, E, M> Result<T, E>(Operand y)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T> => new(Dense(y), y.Shape[1], y.Shape[2], 1, y.Shape[1] * y.Shape[2]);
}
