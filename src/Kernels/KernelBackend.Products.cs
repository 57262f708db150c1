using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    /// <summary>Below so many multiplications a product is not worth a group's shared memory.</summary>
    private const long SmallProduct = 512;

    /// <summary>A side of a product below which most of a tile would be empty.</summary>
    private const int ThinSide = 8;

    /// <inheritdoc/>
    public override void MatMul(Operand a, Operand c, Operand y)
    {
        switch (y.DType)
        {
            case DType.Float32: MatMul<F32>(a, c, y); break;
            case DType.Float64: MatMul<F64>(a, c, y); break;
            case DType.Int32: MatMulByThreads<I32>(a, c, y); break;
            default: MatMulByThreads<I64>(a, c, y); break;
        }
    }

    private void MatMul<T>(Operand a, Operand c, Operand y)
        where T : unmanaged, IReal<T>
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        int rows = y.Shape[1];
        int columns = y.Shape[2];
        if (Math.Min(rows, columns) < ThinSide || (long)rows * columns * a.Shape[2] < SmallProduct)
        {
            MatMulByThreads<T>(a, c, y);
            return;
        }

        int tile = 4 * S.Side;
        int tiles = y.Shape[0] * ((rows + tile - 1) / tile) * ((columns + tile - 1) / tile);
        LaunchGroups(new MatMulTile<T, M, S>(MatricesOf(a), MatricesOf(c), MatricesOf(y)), tiles, S.Side * S.Side);
    }

    private void MatMulByThreads<T>(Operand a, Operand c, Operand y)
        where T : unmanaged, IReal<T>
    {
        if (y.Shape.Size > 0)
        {
            Launch(new MatMulThread<T, M>(MatricesOf(a), MatricesOf(c), MatricesOf(y)), y.Shape.Size);
        }
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
