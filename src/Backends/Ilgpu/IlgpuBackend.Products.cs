using ILGPU;

namespace Gpu.Autograd.Backends;

/// <content>Large matrix products by the maker's own library, where it is installed and agrees with the kernels.</content>
internal partial class IlgpuBackend<S>
{
    private const string Products = "large products";

    /// <summary>Multiplications from which on the library's product is worth its call.</summary>
    private const long Large = 1 << 21;

    /// <summary>
    /// The same in a captured step. There the kernel has bias, activation and optimizer's step in it, is one launch with what comes before and
    /// after it, and reads arguments where they are; with the library's, each of these is a launch of its own and goes through memory once more,
    /// at some microseconds each. A product of this size takes a GPU of 10 TFLOP/s 54 µs: enough for the better one to make up for them.
    /// </summary>
    private const long LargeInStep = 1 << 28;

    private Func<IBlas>? openBlas;
    private IBlas? blas;

    /// <inheritdoc/>
    public override void MatMul(Operand a, Operand c, Operand y)
    {
        if (!TryBlas(a, c, y))
        {
            base.MatMul(a, c, y);
        }
    }

    /// <inheritdoc/>
    public override void MatMul<TOp>(TOp op, Operand a, Operand c, Operand b, Operand y)
    {
        if (TryBlas(a, c, y))
        {
            Map(op, y, b, y);
        }
        else
        {
            base.MatMul(op, a, c, b, y);
        }
    }

    /// <inheritdoc/>
    internal override bool UpdatesByProducts(Operand a, Operand x) => base.UpdatesByProducts(a, x) && !IsForBlas(a, x, LargeInStep);

    /// <inheritdoc/>
    internal override string? LibraryOfProducts(long multiplications) => blas is not null && multiplications >= Large ? "cuBLAS" : null;

    private bool IsForBlas(Operand a, Operand y, long least) =>
        (long)y.Shape[1] * y.Shape[2] * a.Shape[2] >= least && y.DType.IsReal() && (openBlas is not null || blas is not null);

    private bool TryBlas(Operand a, Operand c, Operand y)
    {
        if (!IsForBlas(a, y, IsNoting ? LargeInStep : Large))
        {
            return false;
        }

        lock (gate)
        {
            if (openBlas is { } open)
            {
                openBlas = null;
                OpenBlas(open);
            }

            return blas is not null && Multiply(blas, a, c, y);
        }
    }

    /// <summary>The library is used only where it gives, on this device, what the kernels give.</summary>
    private void OpenBlas(Func<IBlas> open)
    {
        try
        {
            Enter();

            // The comparison is made now, also where the product that asked for it is only noted.
            AtOnce(() =>
            {
                var library = open();
                if (!Agrees(library, DType.Float32, 1e-5) || !Agrees(library, DType.Float64, 1e-13))
                {
                    GiveUpBlas("its products are not those of the library's own kernel");
                    return;
                }

                blas = library;
                Note($"{name}: large products are computed by the maker's library, cuBLAS.", Products, isGood: true);
            });
        }
        catch (OutOfMemoryException)
        {
            // Nothing was compared: that is done the next time.
            openBlas = open;
            throw;
        }
        catch (Exception e) when (Refusal.Of(e) is { Meaning: Meaning.Lost })
        {
            throw Told(e)!;
        }
        catch (Exception e) when (e is not DeviceException { IsLost: true })
        {
            GiveUpBlas(Innermost(e).Message);
        }
    }

    /// <summary>
    /// Products of all transposes and of odd sizes: a small one, and a batch of larger ones, on a GPU of several tiles in rows, columns and terms.
    /// </summary>
    private bool Agrees(IBlas library, DType dtype, double tolerance)
    {
        int unit = S.Reduce / 4;
        for (int transposes = 0; transposes < 4; transposes++)
        {
            if (!Agrees(library, 1, 21, 13, 17, transposes, dtype, tolerance) ||
                !Agrees(library, 3, (2 * unit) + 5, (2 * unit) + 27, (4 * unit) + 3, transposes, dtype, tolerance))
            {
                return false;
            }
        }

        return true;
    }

    private bool Agrees(IBlas library, int batch, int m, int n, int k, int transposes, DType dtype, double tolerance)
    {
        var a = Matrices(batch, m, k, (transposes & 1) != 0, dtype, seed: 1);
        var c = Matrices(batch, k, n, (transposes & 2) != 0, dtype, seed: 2);
        Operand expected = NewMatrices(batch, m, n, dtype), actual = NewMatrices(batch, m, n, dtype);
        base.MatMul(a, c, expected);
        Multiply(library, a, c, actual);
        double[] e = Numbers(expected), y = Numbers(actual);
        for (int i = 0; i < e.Length; i++)
        {
            if (!(Math.Abs(y[i] - e[i]) <= tolerance * k))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// A matrix that lies by rows is its transpose by columns, so what is asked of the library is yᵀ = cᵀ·aᵀ, each operand transposed once
    /// more where it lies by columns already. Operands that lie otherwise are left to the kernels.
    /// </summary>
    private bool Multiply(IBlas library, Operand a, Operand c, Operand y)
    {
        if (Leading(a) is not (bool turnedA, int lda) || Leading(c) is not (bool turnedC, int ldc))
        {
            return false;
        }

        Taken(a.Storage);
        Taken(c.Storage);
        Taken(y.Storage);
        int m = y.Shape[1], n = y.Shape[2], k = a.Shape[2];
        for (int i = 0; i < y.Shape[0]; i++)
        {
            int batch = i;
            if (y.DType == DType.Float32)
            {
                Launch(() => library.Gemm(turnedC, turnedA, n, m, k, From<float>(c, batch), ldc, From<float>(a, batch), lda, From<float>(y, batch), n));
            }
            else
            {
                Launch(() => library.Gemm(turnedC, turnedA, n, m, k, From<double>(c, batch), ldc, From<double>(a, batch), lda, From<double>(y, batch), n));
            }
        }

        return true;
    }

    /// <summary>Whether a matrix lies by columns, and how far its rows, or columns, are apart.</summary>
    private static (bool ByColumns, int Leading)? Leading(Operand x)
    {
        int rows = x.Shape[1], columns = x.Shape[2], down = x.Layout.Strides[1], across = x.Layout.Strides[2];
        return across == 1 && down >= columns ? (false, down)
            : down == 1 && across >= rows ? (true, across)
            : null;
    }

    private static ArrayView<T> From<T>(Operand x, int batch)
        where T : unmanaged
    {
        int offset = x.Layout.Offset + (batch * x.Layout.Strides[0]);
        var all = BufferOf(x.Storage).View.BaseView.Cast<T>();
        return all.SubView(offset, all.Length - offset);
    }

    private Operand NewMatrices(int batch, int rows, int columns, DType dtype) =>
        new(new Storage(this, (long)batch * rows * columns * dtype.Size()), new Layout(new Shape(batch, rows, columns)), dtype);

    private Operand Matrices(int batch, int rows, int columns, bool byColumns, DType dtype, ulong seed)
    {
        var x = byColumns ? NewMatrices(batch, columns, rows, dtype) : NewMatrices(batch, rows, columns, dtype);
        Random(Distribution.Uniform, seed, 0, x);
        return byColumns ? x with { Layout = x.Layout.Permuted([0, 2, 1]) } : x;
    }

    private double[] Numbers(Operand x)
    {
        var bytes = new byte[x.Shape.Size * x.DType.Size()];
        Download(x.Storage, 0, bytes);
        var numbers = new double[x.Shape.Size];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = x.DType == DType.Float32 ? BitConverter.ToSingle(bytes, 4 * i) : BitConverter.ToDouble(bytes, 8 * i);
        }

        return numbers;
    }

    private void GiveUpBlas(string why)
    {
        blas = null;
        Note($"{name}: large products are computed by the library's own kernel, not by the maker's: {why.TrimEnd('.')}.", Products);
    }
}
