using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Inverses and determinants of batches of matrices by elimination with partial pivoting. All of it is done in float64, for float32
/// matrices too: the copy is needed anyway, and costs little beside n³ steps.
/// </summary>
internal static unsafe class SmallMatrices
{
    /// <summary>y[b] = x[b]⁻¹; NaN where x[b] is singular.</summary>
    public static void Inverse(Operand x, Operand y, Workers workers)
    {
        int n = x.Shape.Lengths[1];
        nint matrix = (nint)n * n;
        byte* target = CpuBlock.StartOf(y);
        bool isDouble = y.DType == DType.Float64;
        ForEach(x, workers, columns: 2 * n, (work, b) =>
        {
            for (int i = 0; i < n; i++)
            {
                new Span<double>(work + ((nint)i * 2 * n) + n, n).Clear();
                work[((nint)i * 2 * n) + n + i] = 1;
            }

            bool regular = Eliminate(work, n, 2 * n, upwards: true, out _);
            for (nint i = 0; i < matrix; i++)
            {
                double value = regular ? work[(i / n * 2 * n) + n + (i % n)] : double.NaN;
                if (isDouble)
                {
                    ((double*)target)[(b * matrix) + i] = value;
                }
                else
                {
                    ((float*)target)[(b * matrix) + i] = (float)value;
                }
            }
        });
    }

    /// <summary>y[b] = log |det x[b]|; −∞ where x[b] is singular.</summary>
    public static void LogAbsDet(Operand x, Operand y, Workers workers)
    {
        int n = x.Shape.Lengths[1];
        byte* target = CpuBlock.StartOf(y);
        bool isDouble = y.DType == DType.Float64;
        ForEach(x, workers, columns: n, (work, b) =>
        {
            double value = Eliminate(work, n, n, upwards: false, out double log) ? log : double.NegativeInfinity;
            if (isDouble)
            {
                ((double*)target)[b] = value;
            }
            else
            {
                ((float*)target)[b] = (float)value;
            }
        });
    }

    private delegate void OnMatrix(double* work, nint b);

    /// <summary>Calls the body with a float64 copy of each matrix, in rows of so many columns.</summary>
    private static void ForEach(Operand x, Workers workers, int columns, OnMatrix body)
    {
        int n = x.Shape.Lengths[1];
        nint cost = Math.Max(1, (nint)n * n * columns);
        workers.Range(x.Shape.Lengths[0], Math.Max(1, MapLoops.Grain / cost), (from, to) =>
        {
            double* work = (double*)Scratch.Rent(0, (nint)n * columns * sizeof(double));
            for (nint b = from; b < to; b++)
            {
                Load(x, b, n, columns, work);
                body(work, b);
            }
        });
    }

    private static void Load(in Operand x, nint b, int n, int columns, double* work)
    {
        var strides = x.Layout.Strides;
        byte* start = CpuBlock.StartOf(x);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                nint at = (b * strides[0]) + ((nint)i * strides[1]) + ((nint)j * strides[2]);
                work[((nint)i * columns) + j] = x.DType == DType.Float64 ? ((double*)start)[at] : ((float*)start)[at];
            }
        }
    }

    /// <summary>
    /// Makes the first n columns upper triangular, or with <paramref name="upwards"/> the unit matrix; the other columns take part.
    /// False where a pivot is 0. <paramref name="log"/> is the sum of the logarithms of the pivots' magnitudes.
    /// </summary>
    private static bool Eliminate(double* work, int n, int columns, bool upwards, out double log)
    {
        log = 0;
        for (int k = 0; k < n; k++)
        {
            double* row = work + ((nint)k * columns);
            int pivot = k;
            for (int i = k + 1; i < n; i++)
            {
                if (Math.Abs(work[((nint)i * columns) + k]) > Math.Abs(work[((nint)pivot * columns) + k]))
                {
                    pivot = i;
                }
            }

            if (pivot != k)
            {
                double* other = work + ((nint)pivot * columns);
                for (int j = k; j < columns; j++)
                {
                    (row[j], other[j]) = (other[j], row[j]);
                }
            }

            if (row[k] == 0)
            {
                return false;
            }

            log += Math.Log(Math.Abs(row[k]));
            if (upwards)
            {
                double scale = row[k];
                for (int j = k; j < columns; j++)
                {
                    row[j] /= scale;
                }
            }

            for (int i = upwards ? 0 : k + 1; i < n; i++)
            {
                double* target = work + ((nint)i * columns);
                if (i != k && target[k] != 0)
                {
                    Subtract(target + k, target[k] / row[k], row + k, columns - k);
                }
            }
        }

        return true;
    }

    /// <summary>y −= factor·x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Subtract(double* y, double factor, double* x, nint count)
    {
        nint i = 0;
        for (; i + Vector<double>.Count <= count; i += Vector<double>.Count)
        {
            (Vector.Load(y + i) - (factor * Vector.Load(x + i))).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] -= factor * x[i];
        }
    }
}
