using System.Numerics;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Elimination on the CPU. Small matrices go side by side, one in each element of a register; large ones one by one, in blocks whose
/// products are those of the matrix product.
/// </summary>
internal abstract class Elimination
{
    private static readonly Elimination F128 = new Elimination<Lane128<float>, float>();
    private static readonly Elimination D128 = new Elimination<Lane128<double>, double>();
    private static readonly Elimination F256 = new Elimination<Lane256<float>, float>();
    private static readonly Elimination D256 = new Elimination<Lane256<double>, double>();
    private static readonly Elimination F512 = new Elimination<Lane512<float>, float>();
    private static readonly Elimination D512 = new Elimination<Lane512<double>, double>();

    /// <summary>The form for a register width in bits and a dtype.</summary>
    public static Elimination Of(int bits, DType dtype) => (bits, dtype) switch
    {
        (512, DType.Float32) => F512,
        (512, _) => D512,
        (256, DType.Float32) => F256,
        (256, _) => D256,
        (_, DType.Float32) => F128,
        _ => D128,
    };

    /// <summary>See <see cref="Backend.Lu"/>.</summary>
    public abstract void Lu(Operand x, Operand y, Workers workers);

    /// <summary>See <see cref="Backend.Determinant"/>.</summary>
    public abstract void Determinant(Operand x, Operand y, Workers workers);

    /// <summary>See <see cref="Backend.Solve"/>.</summary>
    public abstract void Solve(Operand a, Operand c, Operand y, Operand status, Workers workers);

    /// <summary>See <see cref="Backend.TriangularSolve"/>.</summary>
    public abstract void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y, Workers workers);

    /// <summary>See <see cref="Backend.Cholesky"/>.</summary>
    public abstract void Cholesky(Operand x, Operand y, Operand status, Workers workers);
}

/// <summary>Elimination for one width of registers: cuts batches, and picks how each part is done.</summary>
internal sealed unsafe class Elimination<TLane, E> : Elimination
    where TLane : struct, ILane<TLane, E>
    where E : unmanaged, IFloatingPointIeee754<E>
{
    /// <summary>Up to so many rows and columns a matrix is small.</summary>
    private const int Small = 8;

    // The product of matrices has the first two.
    private const int SlotWork = 2;
    private const int SlotOrder = 3;

    /// <inheritdoc/>
    public override void Lu(Operand x, Operand y, Workers workers)
    {
        var (m, n) = (x.Shape.Lengths[1], x.Shape.Lengths[2]);
        if (Math.Max(m, n) <= Small)
        {
            Abreast(x.Shape.Lengths[0], m * (n + 1), m * n * n, workers, (work, batch, count) =>
            {
                SmallElimination<TLane, E>.Load(x, batch, count, work, n + 1);
                SmallElimination<TLane, E>.Lu(work, m, n);
                SmallElimination<TLane, E>.Store(work, n + 1, 0, y, batch, count);
            });
            return;
        }

        OneByOne(x.Shape.Lengths[0], m * (nint)n * n, m * (nint)n, workers, (work, order, batch, inner) =>
        {
            Copy(Matrix<E>.Of(x, batch), work, n);
            LargeElimination<TLane, E>.Factor(work, m, n, order, inner);
            var target = Matrix<E>.Of(y, batch);
            for (int i = 0; i < m; i++)
            {
                new Span<E>(work + ((nint)i * n), n).CopyTo(new Span<E>(target.Start + (i * target.RowStride), n));
                target.Start[(i * target.RowStride) + n] = E.CreateTruncating(order[i]);
            }
        });
    }

    /// <inheritdoc/>
    public override void Determinant(Operand x, Operand y, Workers workers)
    {
        int n = x.Shape.Lengths[1];
        E* target = (E*)CpuBlock.StartOf(y);
        if (n <= Small)
        {
            Abreast(x.Shape.Lengths[0], (n * n) + 3, n * n * n, workers, (work, batch, count) =>
            {
                SmallElimination<TLane, E>.Load(x, batch, count, work, n);
                SmallElimination<TLane, E>.Determinant(work, n, work + ((nint)n * n * TLane.Count));
                SmallElimination<TLane, E>.Store(work + ((nint)n * n * TLane.Count), 3, 0, y, batch, count);
            });
            return;
        }

        OneByOne(x.Shape.Lengths[0], n * (nint)n * n, n * (nint)n, workers, (work, order, batch, inner) =>
        {
            Copy(Matrix<E>.Of(x, batch), work, n);
            bool isEven = LargeElimination<TLane, E>.Factor(work, n, n, order, inner);
            var (det, sign, log) = (isEven ? E.One : -E.One, isEven ? E.One : -E.One, E.Zero);
            for (nint i = 0; i < n; i++)
            {
                E pivot = work[(i * n) + i];
                det *= pivot;
                sign *= E.IsNaN(pivot) ? pivot : E.CreateTruncating(E.Sign(pivot));
                log += E.Log(E.Abs(pivot));
            }

            bool isSingular = sign == E.Zero;
            target[3 * batch] = isSingular ? E.Zero : det;
            target[(3 * batch) + 1] = sign;
            target[(3 * batch) + 2] = isSingular ? E.NegativeInfinity : log;
        });
    }

    /// <inheritdoc/>
    public override void Solve(Operand a, Operand c, Operand y, Operand status, Workers workers)
    {
        var (n, k) = (c.Shape.Lengths[1], c.Shape.Lengths[2]);
        long* stopped = (long*)CpuBlock.StartOf(status);
        if (n <= Small && k <= Small)
        {
            Abreast(c.Shape.Lengths[0], (n * (n + k)) + 1, n * n * (n + k), workers, (work, batch, count) =>
            {
                SmallElimination<TLane, E>.Load(a, batch, count, work, n + k);
                SmallElimination<TLane, E>.Load(c, batch, count, work + ((nint)n * TLane.Count), n + k);
                E* at = work + ((nint)n * (n + k) * TLane.Count);
                SmallElimination<TLane, E>.Solve(work, n, k, at);
                SmallElimination<TLane, E>.Store(work, n + k, n, y, batch, count);
                Note(at, stopped + batch, count);
            });
            return;
        }

        OneByOne(c.Shape.Lengths[0], n * (nint)n * (n + k), n * (nint)n, workers, (work, order, batch, inner) =>
        {
            Copy(Matrix<E>.Of(a, batch), work, n);
            LargeElimination<TLane, E>.Factor(work, n, n, order, inner);
            var (right, target) = (Matrix<E>.Of(c, batch), Matrix<E>.Of(y, batch));
            stopped[batch] = 0;
            for (int i = n - 1; i >= 0; i--)
            {
                Copy(right.Part(order[i], 1, 0, k), target.Start + (i * target.RowStride), k);
                stopped[batch] = E.IsZero(work[((nint)i * n) + i]) ? i + 1 : stopped[batch];
            }

            if (stopped[batch] != 0)
            {
                new Span<E>(target.Start, n * k).Fill(E.NaN);
                return;
            }

            LargeElimination<TLane, E>.SolveLower(work, n, target, unit: true, inner);
            LargeElimination<TLane, E>.SolveUpper(work, n, target, unit: false, inner);
        });
    }

    /// <inheritdoc/>
    public override void TriangularSolve(bool upper, bool unit, Operand a, Operand c, Operand y, Workers workers)
    {
        var (n, k) = (c.Shape.Lengths[1], c.Shape.Lengths[2]);
        if (n <= Small && k <= Small)
        {
            Abreast(c.Shape.Lengths[0], n * (n + k), n * n * k, workers, (work, batch, count) =>
            {
                SmallElimination<TLane, E>.Load(a, batch, count, work, n + k);
                SmallElimination<TLane, E>.Load(c, batch, count, work + ((nint)n * TLane.Count), n + k);
                SmallElimination<TLane, E>.TriangularSolve(work, n, k, upper, unit);
                SmallElimination<TLane, E>.Store(work, n + k, n, y, batch, count);
            });
            return;
        }

        OneByOne(c.Shape.Lengths[0], n * (nint)n * k, n * (nint)n, workers, (work, _, batch, inner) =>
        {
            Copy(Matrix<E>.Of(a, batch), work, n);
            var target = Matrix<E>.Of(y, batch);
            Copy(Matrix<E>.Of(c, batch), target.Start, k);
            if (upper)
            {
                LargeElimination<TLane, E>.SolveUpper(work, n, target, unit, inner);
            }
            else
            {
                LargeElimination<TLane, E>.SolveLower(work, n, target, unit, inner);
            }
        });
    }

    /// <inheritdoc/>
    public override void Cholesky(Operand x, Operand y, Operand status, Workers workers)
    {
        int n = x.Shape.Lengths[1];
        long* stopped = (long*)CpuBlock.StartOf(status);
        if (n <= Small)
        {
            Abreast(x.Shape.Lengths[0], (n * n) + 1, n * n * n, workers, (work, batch, count) =>
            {
                SmallElimination<TLane, E>.Load(x, batch, count, work, n);
                E* at = work + ((nint)n * n * TLane.Count);
                SmallElimination<TLane, E>.Cholesky(work, n, at);
                SmallElimination<TLane, E>.Store(work, n, 0, y, batch, count);
                Note(at, stopped + batch, count);
            });
            return;
        }

        OneByOne(x.Shape.Lengths[0], n * (nint)n * n, 0, workers, (_, _, batch, inner) =>
        {
            var target = Matrix<E>.Of(y, batch);
            Copy(Matrix<E>.Of(x, batch), target.Start, n);
            stopped[batch] = LargeElimination<TLane, E>.Cholesky(target.Start, n, inner);
            for (nint i = 0; i < n; i++)
            {
                new Span<E>(target.Start + (i * n) + i + 1, (int)(n - i - 1)).Clear();
            }

            if (stopped[batch] != 0)
            {
                new Span<E>(target.Start, n * n).Fill(E.NaN);
            }
        });
    }

    private delegate void OnSome(E* work, nint batch, int count);

    private delegate void OnOne(E* work, int* order, nint batch, Workers inner);

    /// <summary>Calls the body for as many matrices as a register has elements, with room for so many elements of each.</summary>
    private static void Abreast(int batches, nint elements, nint cost, Workers workers, OnSome body) =>
        workers.Range(batches, Grain(cost), (from, to) =>
        {
            E* work = (E*)Scratch.Rent(SlotWork, elements * TLane.Count * sizeof(E));
            for (nint batch = from; batch < to; batch += TLane.Count)
            {
                body(work, batch, (int)Math.Min(TLane.Count, to - batch));
            }
        });

    /// <summary>Ranges that are worth a thread, in whole registers.</summary>
    private static nint Grain(nint cost) =>
        Math.Max(1, MapLoops.Grain / Math.Max(1, cost) / TLane.Count) * TLane.Count;

    /// <summary>Calls the body for each matrix, with room for so many elements. Where there are fewer than threads, these share each.</summary>
    private static void OneByOne(int batches, nint cost, nint elements, Workers workers, OnOne body)
    {
        var inner = batches >= workers.Threads ? new Workers(1) : workers;
        workers.Range(batches, Math.Max(1, MapLoops.Grain / Math.Max(1, cost)), (from, to) =>
        {
            for (nint batch = from; batch < to; batch++)
            {
                // One row of a matrix has at least one element, so that there is room for the order of its rows.
                E* work = (E*)Scratch.Rent(SlotWork, elements * sizeof(E));
                int* order = (int*)Scratch.Rent(SlotOrder, elements * sizeof(int));
                body(work, order, batch, inner);
            }
        });
    }

    /// <summary>A matrix, in rows of so many elements.</summary>
    private static void Copy(Matrix<E> x, E* y, nint stride)
    {
        for (int i = 0; i < x.Rows; i++)
        {
            E* source = x.Start + (i * x.RowStride);
            E* target = y + (i * stride);
            for (int j = 0; j < x.Columns; j++)
            {
                target[j] = source[j * x.ColumnStride];
            }
        }
    }

    private static void Note(E* at, long* stopped, int count)
    {
        for (int i = 0; i < count; i++)
        {
            stopped[i] = long.CreateTruncating(at[i]);
        }
    }
}
