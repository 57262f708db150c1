using System.Numerics;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// What is to be done to a block of y[batch] that is finished and still in the cache: the epilogue of a product. It is called on the thread
/// that computed the block, inside of the loop that <see cref="Workers"/> runs; each element of y is in exactly one block.
/// </summary>
internal delegate void Finished(nint batch, int row, int rows, int column, int columns);

/// <summary>Products of batches of matrices.</summary>
internal static class MatrixProduct
{
    /// <summary>y[b] = a[b]·c[b], and what follows a block of it, if anything does.</summary>
    public static void Run(in Operand a, in Operand c, in Operand y, int bits, Workers workers, Finished? finished = null)
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        if (a.Shape.Lengths[2] == 0)
        {
            Zeros(y, workers, finished);
            return;
        }

        switch (bits, y.DType)
        {
            case (_, DType.Int32):
                WholeProduct<int>.Run(a, c, y, workers, finished);
                break;
            case (_, DType.Int64):
                WholeProduct<long>.Run(a, c, y, workers, finished);
                break;
            case (_, DType.Bool):
                throw new NotSupportedException("MatMul: truth values have no sum.");
            case (512, DType.Float32):
                MatrixProduct<Lane512<float>, float>.Run(a, c, y, workers, finished);
                break;
            case (512, _):
                MatrixProduct<Lane512<double>, double>.Run(a, c, y, workers, finished);
                break;
            case (256, DType.Float32):
                MatrixProduct<Lane256<float>, float>.Run(a, c, y, workers, finished);
                break;
            case (256, _):
                MatrixProduct<Lane256<double>, double>.Run(a, c, y, workers, finished);
                break;
            case (_, DType.Float32):
                MatrixProduct<Lane128<float>, float>.Run(a, c, y, workers, finished);
                break;
            default:
                MatrixProduct<Lane128<double>, double>.Run(a, c, y, workers, finished);
                break;
        }
    }

    /// <summary>The empty sum. A method of its own: where a lambda stands, its captures are allocated even if it is not reached.</summary>
    private static void Zeros(Operand y, Workers workers, Finished? finished) => workers.Once(() =>
    {
        Copies.Fill(0, y);
        for (int batch = 0; finished is not null && batch < y.Shape.Lengths[0]; batch++)
        {
            finished(batch, 0, y.Shape.Lengths[1], 0, y.Shape.Lengths[2]);
        }
    });
}

/// <summary>
/// The products for one width of registers. Where a stays in the second-level cache it is read where it lies, and threads take panels of c's
/// columns, or rows of y where c stays, too. Where a does not, c is packed block by block for all threads, and each takes some of a's rows,
/// packed for itself.
/// </summary>
/// <remarks>An element is a sum in the order of k, cut where the blocks are; it depends on neither its place nor the threads.</remarks>
internal static unsafe class MatrixProduct<TLane, E>
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, INumber<E>
{
    /// <summary>The multiplications that are worth another thread: some microseconds.</summary>
    private const long Grain = 512 << 10;

    /// <summary>The multiplications that take as long as it takes to write an element.</summary>
    private const int PerElement = 16;

    /// <summary>Products with so many multiplications are shared one by one, however many there are.</summary>
    private const long Large = 256 * Grain;

    /// <summary>Rows of a product that threads take at a time.</summary>
    private const int RowGrain = 32;

    /// <summary>The multiplications for which a helper is woken.</summary>
    private const long Long = 8 * Grain;

    public static void Run(Operand a, Operand c, Operand y, Workers workers, Finished? finished)
    {
        int batches = y.Shape.Lengths[0];
        long cost = Math.Max(1, (long)y.Shape.Lengths[1] * y.Shape.Lengths[2] * (a.Shape.Lengths[2] + PerElement));
        if (cost >= Large || (cost >= 2 * Grain && batches < 4 * workers.Threads))
        {
            for (int batch = 0; batch < batches; batch++)
            {
                Share(Product<TLane, E>.Of(a, c, y, batch, finished), workers);
            }
        }
        else
        {
            Action<nint, nint> some = (from, to) =>
            {
                for (int batch = (int)from; batch < to; batch++)
                {
                    Product<TLane, E>.Of(a, c, y, batch, finished).Run();
                }
            };
            workers.Range(batches, (nint)Math.Max(1, Grain / cost), some, isLong: cost * batches >= Long);
        }
    }

    /// <summary>y += a·c.</summary>
    public static void Add(Matrix<E> a, Matrix<E> c, Matrix<E> y, Workers workers)
    {
        if (y.Rows > 0 && y.Columns > 0)
        {
            Share(new Product<TLane, E>(a, c, y, true, 0, null), workers);
        }
    }

    /// <summary>One product, shared by the threads if it pays.</summary>
    private static void Share(Product<TLane, E> product, Workers workers)
    {
        long cost = Math.Max(1, (long)product.Y.Rows * product.Y.Columns * product.A.Columns);
        bool isLong = cost >= Long;
        if (product.IsThin)
        {
            nint grain = (nint)Math.Max(4, Grain / 4 * product.ManyLines / cost / 4 * 4);
            workers.Range(product.ManyLines, grain, (from, to) => product.ByLines((int)from, (int)to), isLong);
        }
        else if (!product.IsStaying)
        {
            ShareBlocks(new ProductCut<TLane, E>(product, workers.Threads), workers, isLong);
        }
        else if (product.IsByRows && product.Y.Rows >= 2 * RowGrain)
        {
            // Rows lie side by side: the thread that has some is likely to have them again in the next loop over y.
            nint grain = (nint)((Grain * product.Y.Rows / cost) + RowGrain) / RowGrain * RowGrain;
            workers.Range(product.Y.Rows, grain, (from, to) => product.Columns(0, product.Panels, (int)from, (int)(to - from)), isLong);
        }
        else
        {
            nint grain = (nint)Math.Max(1, Grain * product.Panels / cost);
            workers.Range(product.Panels, grain, (from, to) => product.Columns((int)from, (int)to, 0, product.Y.Rows), isLong);
        }
    }

    private static void ShareBlocks(ProductCut<TLane, E> cut, Workers workers, bool isLong)
    {
        var packed = new Packed();
        for (int number = 0; number < cut.Count; number++)
        {
            var block = cut[number];
            workers.Once(() => packed.Start = (E*)Scratch.Rent(Product<TLane, E>.SlotC, block.PackedBytes));
            workers.Range(block.Panels, 1 + (block.Panels / 16), (from, to) => block.Pack(packed.Start, (int)from, (int)to), isLong);
            workers.Range(block.Tasks, 1, (from, to) => block.Run(packed.Start, (int)from, (int)to), isLong);
        }
    }

    /// <summary>Where the packed columns are: in working memory of the thread that runs the loops.</summary>
    private sealed class Packed
    {
        public E* Start;
    }
}
