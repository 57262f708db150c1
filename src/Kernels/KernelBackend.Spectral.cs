using System.Runtime.InteropServices;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Matrices up to so many rows are turned by a thread each, larger ones by a thread a pair of rows.</summary>
    private const int TurnedByOne = 24;

    /// <summary>Six sweeps do for nearly all matrices.</summary>
    private const int MostSweeps = 40;

    /// <inheritdoc/>
    public override void Qr(Operand x, Operand y)
    {
        if (y.DType == DType.Float32)
        {
            Qr<F32, Float32>(x, y);
        }
        else
        {
            Qr<F64, Float64>(x, y);
        }
    }

    /// <inheritdoc/>
    public override void Eigh(Operand x, Operand y)
    {
        int n = x.Shape[2];
        if (y.DType == DType.Float32)
        {
            Turn<F32, Float32>(x, y, isSymmetric: true, new TurnedRows<F32, Float32, M>(Dense(y), n, n + 1, -1, 0));
        }
        else
        {
            Turn<F64, Float64>(x, y, isSymmetric: true, new TurnedRows<F64, Float64, M>(Dense(y), n, n + 1, -1, 0));
        }
    }

    /// <inheritdoc/>
    public override void Svd(Operand x, Operand y)
    {
        // The rows that are turned are x's columns.
        var (m, n) = (x.Shape[1], x.Shape[2]);
        var columns = x with { Layout = x.Layout.Permuted([0, 2, 1]) };
        if (y.DType == DType.Float32)
        {
            Turn<F32, Float32>(columns, y, isSymmetric: false, new TurnedRows<F32, Float32, M>(Dense(y), n, m + n + 1, 0, m));
        }
        else
        {
            Turn<F64, Float64>(columns, y, isSymmetric: false, new TurnedRows<F64, Float64, M>(Dense(y), n, m + n + 1, 0, m));
        }
    }

    private void Turn<T, E>(Operand x, Operand y, bool isSymmetric, TurnedRows<T, E, M> result)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        var (batch, rows, length) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        bool isDouble = x.DType == DType.Float64;
        var (scales, values) = (NewOperand(new Shape(batch, 2), x.DType), NewOperand(new Shape(batch, rows), x.DType));
        var memory = NewOperand(new Shape(batch, rows, length + rows), x.DType);
        var work = new TurningRows<T, E, M>(
            Dense(memory), Dense(scales), rows, length, isSymmetric ? length : 0, isDouble ? double.BitIncrement(1) - 1 : float.BitIncrement(1) - 1);
        var (least, greatest) = isDouble ? (1e-120, 1e120) : (1e-14, 1e14);
        Launch(new TurnScale<T, E, M>(MatricesOf(x), work, least, greatest), batch);
        Launch(new TurnStart<T, E, M>(MatricesOf(x), work), memory.Shape.Size);
        if (rows <= TurnedByOne)
        {
            Launch(new TurnAll<T, E, M>(work, MostSweeps), batch);
        }
        else
        {
            TurnInRounds(work, batch);
        }

        Launch(new TurnValue<T, E, M>(work, Dense(values)), batch * rows);
        Launch(new PlaceRow<T, E, M>(work, Dense(values), result), batch * rows);
        if (!isSymmetric)
        {
            Launch(new CompleteRows<T, E, M>(work, result), batch);
        }

        Launch(new PointRow<T, E, M>(Dense(y), result.Width, length), batch * rows);
        Drop(scales);
        Drop(values);
        Drop(memory);
    }

    private void TurnInRounds<T, E>(TurningRows<T, E, M> work, int batch)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        int places = work.Rows + (work.Rows % 2);
        int pairs = batch * places / 2;
        var (counts, count) = (NewOperand(new Shape(pairs), DType.Int32), NewOperand(new Shape(1), DType.Int32));
        int turned = 1;
        for (int sweep = 0; sweep < MostSweeps && turned > 0; sweep++)
        {
            Fill(0, counts);
            for (int round = 0; round < places - 1; round++)
            {
                Launch(new TurnRound<T, E, M>(work, Dense(counts), round, places), pairs);
            }

            Reduce(default(Sum), counts, count);
            Download(count.Storage, 0, MemoryMarshal.AsBytes(new Span<int>(ref turned)));
        }

        Drop(counts);
        Drop(count);
    }

    private void Qr<T, E>(Operand x, Operand y)
        where T : unmanaged, IReal<T>
        where E : struct, IElement<T>
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        var (batch, m, n) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        var columns = DenseCopy(x, x.Layout.Permuted([0, 2, 1]));
        var factors = NewOperand(new Shape(batch, n, 2), x.DType);
        var work = new Reflections<T, E, M>(Dense(columns), Dense(factors), n, m);
        Launch(new SpoilColumns<T, E, M>(work), batch);
        for (int k = 0; k < n; k++)
        {
            Launch(new MakeReflection<T, E, M>(work, k), batch);
            if (k + 1 < n)
            {
                Launch(new ApplyReflection<T, E, M>(work, k, Dense(columns), k + 1, m), batch * (n - k - 1));
            }
        }

        Launch(new StartQr<T, E, M>(work, Dense(y)), y.Shape.Size);
        for (int k = n - 1; k >= 0; k--)
        {
            Launch(new ApplyReflection<T, E, M>(work, k, Dense(y), k, m + n), batch * (n - k));
        }

        Launch(new PointQr<T, E, M>(work, Dense(y)), batch * n);
        Drop(columns);
        Drop(factors);
    }
}
