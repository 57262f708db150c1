namespace Gpu.Autograd.Autograd;

/// <summary>
/// One matrix as elimination with complete pivoting sees it, on the host: how many pivots are small beside the first, and the constant
/// matrices by which left·x·right is 1 but for a small block at the end.
/// </summary>
/// <param name="Nullity">The number of small pivots.</param>
/// <param name="Left">E⁻¹·L⁻¹·P.</param>
/// <param name="Right">Q·U⁻¹.</param>
/// <param name="Factor">det x / det(left·x·right).</param>
internal sealed record CompletePivoting(int Nullity, double[] Left, double[] Right, double Factor)
{
    /// <summary>The elimination of n×n elements. A NaN anywhere is a factor NaN, and nullity 0.</summary>
    public static CompletePivoting Of(ReadOnlySpan<double> x, int n, DType dtype)
    {
        // The fourth root of the rounding error: second derivatives then lose no more than a quarter of the digits to the least pivot.
        double small = dtype == DType.Float64 ? 1e-4 : 1e-2;
        double[] w = x.ToArray(), left = Unit(n), right = Unit(n);
        double factor = 1, greatest = 0;
        int rank = 0;
        for (; rank < n; rank++)
        {
            var (row, column) = Greatest(w, rank, n);
            double pivot = w[(row * n) + column];
            greatest = rank == 0 ? Math.Abs(pivot) : greatest;
            if (double.IsNaN(pivot) || double.IsInfinity(pivot))
            {
                return new CompletePivoting(0, new double[n * n], new double[n * n], double.NaN);
            }

            if (Math.Abs(pivot) <= small * greatest)
            {
                break;
            }

            factor *= (row == rank) == (column == rank) ? pivot : -pivot;
            SwapRows(w, row, rank, n);
            SwapRows(left, row, rank, n);
            SwapColumns(w, column, rank, n);
            SwapColumns(right, column, rank, n);
            Clear(w, left, right, rank, n);
        }

        for (int i = rank * n; i < n * n; i++)
        {
            left[i] = greatest == 0 ? left[i] : left[i] / greatest;
        }

        return new CompletePivoting(n - rank, left, right, factor * (greatest == 0 ? 1 : Math.Pow(greatest, n - rank)));
    }

    /// <summary>Makes row and column k of w those of 1: rows take part in left, columns in right.</summary>
    private static void Clear(double[] w, double[] left, double[] right, int k, int n)
    {
        double pivot = w[(k * n) + k];
        for (int j = 0; j < n; j++)
        {
            left[(k * n) + j] /= pivot;
            w[(k * n) + j] /= pivot;
        }

        for (int i = k + 1; i < n; i++)
        {
            double factor = w[(i * n) + k];
            for (int j = 0; j < n; j++)
            {
                left[(i * n) + j] -= factor * left[(k * n) + j];
                w[(i * n) + j] -= factor * w[(k * n) + j];
            }
        }

        for (int j = k + 1; j < n; j++)
        {
            double factor = w[(k * n) + j];
            for (int i = 0; i < n; i++)
            {
                right[(i * n) + j] -= factor * right[(i * n) + k];
            }

            w[(k * n) + j] = 0;
        }
    }

    private static (int Row, int Column) Greatest(double[] w, int from, int n)
    {
        int best = (from * n) + from;
        for (int i = from; i < n; i++)
        {
            for (int j = from; j < n; j++)
            {
                int at = (i * n) + j;
                if (double.IsNaN(w[at]))
                {
                    return (i, j);
                }

                best = Math.Abs(w[at]) > Math.Abs(w[best]) ? at : best;
            }
        }

        return (best / n, best % n);
    }

    private static void SwapRows(double[] x, int a, int b, int n)
    {
        for (int j = 0; j < n; j++)
        {
            (x[(a * n) + j], x[(b * n) + j]) = (x[(b * n) + j], x[(a * n) + j]);
        }
    }

    private static void SwapColumns(double[] x, int a, int b, int n)
    {
        for (int i = 0; i < n; i++)
        {
            (x[(i * n) + a], x[(i * n) + b]) = (x[(i * n) + b], x[(i * n) + a]);
        }
    }

    private static double[] Unit(int n)
    {
        var one = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            one[(i * n) + i] = 1;
        }

        return one;
    }
}
