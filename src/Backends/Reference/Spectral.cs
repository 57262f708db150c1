namespace Gpu.Autograd.Backends;

/// <summary>
/// Factorisations by orthogonal matrices, of batches. All of it is done in float64, for float32 matrices too, by a thread a matrix. A matrix
/// with an element that is not finite gives NaN everywhere.
/// </summary>
internal static unsafe class Spectral
{
    /// <summary>Matrices with more columns get their singular vectors nearly from the eigenvectors of xᵀx first.</summary>
    private const int Few = 8;

    /// <summary>Elements beyond these bounds are scaled, so that no square of them is lost.</summary>
    private const double Least = 1e-120, Greatest = 1e120;

    /// <summary>A row of y is a column of Q and a row of R.</summary>
    public static void Qr(Operand x, Operand y, Workers workers)
    {
        var (m, n) = (x.Shape.Lengths[1], x.Shape.Lengths[2]);
        ForEach(x, y, workers, isTransposed: false, scratch: (2 * m * n) + (2 * n), (work, result) =>
        {
            double scale = ScaleDown(work, m * n);
            double* q = work + ((nint)m * n);
            Householder.Qr(work, q, q + ((nint)m * n), m, n);
            for (int k = 0; k < n; k++)
            {
                double sign = work[((nint)k * n) + k] < 0 ? -1 : 1;
                for (int i = 0; i < m; i++)
                {
                    result[((nint)k * (m + n)) + i] = sign * q[((nint)i * n) + k];
                }

                for (int j = 0; j < n; j++)
                {
                    result[((nint)k * (m + n)) + m + j] = j < k ? 0 : sign * scale * work[((nint)k * n) + j];
                }
            }
        });
    }

    /// <summary>A row of y is an eigenvector and its value.</summary>
    public static void Eigh(Operand x, Operand y, Workers workers)
    {
        int n = x.Shape.Lengths[1];
        ForEach(x, y, workers, isTransposed: false, scratch: (n * n) + (3 * n), (work, result) =>
        {
            double scale = ScaleDown(work, n * n);
            double* vectors = work + ((nint)n * n);
            double* values = vectors + ((nint)n * n);
            Tridiagonal.Eigen(work, vectors, values, values + n, n);
            var order = Order(values, n, descending: false);
            for (int k = 0; k < n; k++)
            {
                double* vector = vectors + ((nint)order[k] * n);
                double sign = RowOps.PointsDown(vector, n) ? -1 : 1;
                for (int i = 0; i < n; i++)
                {
                    result[((nint)k * (n + 1)) + i] = sign * vector[i];
                }

                result[((nint)k * (n + 1)) + n] = values[order[k]] * scale;
            }
        });
    }

    /// <summary>A row of y is a left singular vector, a right one, and their value.</summary>
    public static void Svd(Operand x, Operand y, Workers workers)
    {
        // Rows are turned: the columns of x.
        var (m, n) = (x.Shape.Lengths[1], x.Shape.Lengths[2]);
        ForEach(x, y, workers, isTransposed: true, scratch: (2 * n * n) + (3 * n) + (n > Few ? n * m : 0), (work, result) =>
        {
            double scale = ScaleDown(work, m * n);
            double* right = work + ((nint)m * n);
            double* values = right + ((nint)n * n);
            double* left = work;
            if (n > Few)
            {
                left = OneSided.Prepared(work, right, values, values + n, n, m);
            }
            else
            {
                OneSided.Unit(right, n);
            }

            OneSided.Run(left, right, values, n, m);
            var order = Order(values, n, descending: true);
            OneSided.Normalise(left, values, order, n, m);
            for (int k = 0; k < n; k++)
            {
                double* u = left + ((nint)order[k] * m);
                double* v = right + ((nint)order[k] * n);
                double* row = result + ((nint)k * (m + n + 1));
                double sign = RowOps.PointsDown(u, m) ? -1 : 1;
                for (int i = 0; i < m; i++)
                {
                    row[i] = sign * u[i];
                }

                for (int i = 0; i < n; i++)
                {
                    row[m + i] = sign * v[i];
                }

                row[m + n] = values[order[k]] * scale;
            }
        });
    }

    private delegate void OnMatrix(double* work, double* result);

    /// <summary>Calls the body with a float64 copy of each matrix, with scratch behind it, and writes its result to y.</summary>
    private static void ForEach(Operand x, Operand y, Workers workers, bool isTransposed, int scratch, OnMatrix body)
    {
        var lengths = x.Shape.Lengths;
        var (m, n) = (lengths[1], lengths[2]);
        int size = y.Shape.Lengths[1] * y.Shape.Lengths[2];
        nint cost = Math.Max(1, 20 * (nint)m * n * Math.Min(m, n));
        workers.Range(lengths[0], Math.Max(1, MapLoops.Grain / cost), (from, to) =>
        {
            double* work = (double*)Scratch.Rent(0, (((nint)m * n) + scratch) * sizeof(double));
            double* result = (double*)Scratch.Rent(1, (nint)size * sizeof(double));
            for (nint b = from; b < to; b++)
            {
                if (Load(x, b, m, n, isTransposed, work))
                {
                    body(work, result);
                }
                else
                {
                    new Span<double>(result, size).Fill(double.NaN);
                }

                Store(y, b * size, size, result);
            }
        });
    }

    /// <summary>Copies a matrix, or its transpose; false where an element is not finite.</summary>
    private static bool Load(in Operand x, nint b, int m, int n, bool isTransposed, double* work)
    {
        var strides = x.Layout.Strides;
        byte* start = CpuBlock.StartOf(x);
        bool isFinite = true;
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                nint at = (b * strides[0]) + ((nint)i * strides[1]) + ((nint)j * strides[2]);
                double value = x.DType == DType.Float64 ? ((double*)start)[at] : ((float*)start)[at];
                work[isTransposed ? ((nint)j * m) + i : ((nint)i * n) + j] = value;
                isFinite &= double.IsFinite(value);
            }
        }

        return isFinite;
    }

    private static void Store(in Operand y, nint at, int size, double* result)
    {
        byte* target = CpuBlock.StartOf(y);
        for (int i = 0; i < size; i++)
        {
            if (y.DType == DType.Float64)
            {
                ((double*)target)[at + i] = result[i];
            }
            else
            {
                ((float*)target)[at + i] = (float)result[i];
            }
        }
    }

    /// <summary>Divides very great and very small matrices by their greatest element, and says by what.</summary>
    private static double ScaleDown(double* x, int count)
    {
        double greatest = 0;
        for (int i = 0; i < count; i++)
        {
            greatest = Math.Max(greatest, Math.Abs(x[i]));
        }

        if (greatest is 0 or (>= Least and <= Greatest))
        {
            return 1;
        }

        for (int i = 0; i < count; i++)
        {
            x[i] /= greatest;
        }

        return greatest;
    }

    private static int[] Order(double* values, int count, bool descending)
    {
        var order = new int[count];
        var keys = new double[count];
        for (int k = 0; k < count; k++)
        {
            (order[k], keys[k]) = (k, descending ? -values[k] : values[k]);
        }

        Array.Sort(keys, order);
        return order;
    }
}
