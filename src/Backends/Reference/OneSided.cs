namespace Gpu.Autograd.Backends;

/// <summary>
/// Jacobi's one-sided method: rows are rotated, two at a time, until they are orthogonal; their lengths are the singular values. Small ones
/// are as accurate, in relation to themselves, as great ones.
/// </summary>
internal static unsafe class OneSided
{
    private const double Epsilon = 1.0 / (1L << 52);

    /// <summary>Six sweeps do for nearly all matrices.</summary>
    private const int MostSweeps = 40;

    /// <summary>The unit matrix.</summary>
    public static void Unit(double* vectors, int n)
    {
        new Span<double>(vectors, n * n).Clear();
        for (int k = 0; k < n; k++)
        {
            vectors[((nint)k * n) + k] = 1;
        }
    }

    /// <summary>
    /// Rows that are nearly orthogonal already, by the eigenvectors of x·xᵀ, which are quickly found and are made the vectors. So a sweep or
    /// two are left. The result is the rest, behind 2·rows numbers of it.
    /// </summary>
    public static double* Prepared(double* x, double* vectors, double* values, double* rest, int rows, int length)
    {
        double* products = rest + (2 * rows);
        double* turned = products + ((nint)rows * rows);
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double product = RowOps.Dot(x + ((nint)i * length), x + ((nint)j * length), length);
                products[((nint)i * rows) + j] = product;
                products[((nint)j * rows) + i] = product;
            }
        }

        Tridiagonal.Eigen(products, vectors, values, rest, rows);
        new Span<double>(turned, rows * length).Clear();
        for (int k = 0; k < rows; k++)
        {
            for (int i = 0; i < rows; i++)
            {
                RowOps.Add(turned + ((nint)k * length), vectors[((nint)k * rows) + i], x + ((nint)i * length), length);
            }
        }

        return turned;
    }

    /// <summary>Makes the rows of x orthogonal, turns the vectors along with them, and writes the lengths.</summary>
    public static void Run(double* x, double* vectors, double* values, int rows, int length)
    {
        double total = 0;
        for (int k = 0; k < rows; k++)
        {
            total += RowOps.Dot(x + ((nint)k * length), x + ((nint)k * length), length);
        }

        for (int sweep = 0, turned = 1; sweep < MostSweeps && turned > 0; sweep++)
        {
            turned = 0;
            for (int k = 0; k < rows; k++)
            {
                values[k] = RowOps.Dot(x + ((nint)k * length), x + ((nint)k * length), length);
            }

            for (int p = 0; p < rows; p++)
            {
                for (int q = p + 1; q < rows; q++)
                {
                    turned += Turn(p, q) ? 1 : 0;
                }
            }
        }

        for (int k = 0; k < rows; k++)
        {
            values[k] = Math.Sqrt(RowOps.Dot(x + ((nint)k * length), x + ((nint)k * length), length));
        }

        bool Turn(int p, int q)
        {
            double* a = x + ((nint)p * length);
            double* b = x + ((nint)q * length);
            var (alpha, beta) = (values[p], values[q]);
            double gamma = RowOps.Dot(a, b, length);
            if (Math.Abs(gamma) <= 2 * Epsilon * Math.Sqrt(alpha) * Math.Sqrt(beta) || Math.Min(alpha, beta) <= Epsilon * Epsilon * total)
            {
                return false;
            }

            double zeta = (beta - alpha) / (2 * gamma);
            double t = Math.CopySign(1, zeta) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
            double c = 1 / Math.Sqrt(1 + (t * t));
            RowOps.Rotate(a, b, c, c * t, length);
            RowOps.Rotate(vectors + ((nint)p * rows), vectors + ((nint)q * rows), c, c * t, rows);
            values[p] = Math.Max(alpha - (t * gamma), 0);
            values[q] = beta + (t * gamma);
            return true;
        }
    }

    /// <summary>Gives every row the length 1. Those that are 0 but for rounding become whatever is orthogonal to the rest.</summary>
    public static void Normalise(double* x, double* values, int[] order, int rows, int length)
    {
        double total = 0;
        for (int k = 0; k < rows; k++)
        {
            total += values[k] * values[k];
        }

        int unit = 0;
        for (int k = 0; k < rows; k++)
        {
            double* row = x + ((nint)order[k] * length);
            if (values[order[k]] > 4 * Epsilon * Math.Sqrt(total))
            {
                RowOps.Scale(row, 1 / values[order[k]], length);
                continue;
            }

            for (double left = 0; left < 0.5 / length; unit++)
            {
                new Span<double>(row, length).Clear();
                row[unit] = 1;
                for (int pass = 0; pass < 2; pass++)
                {
                    for (int other = 0; other < k; other++)
                    {
                        double* before = x + ((nint)order[other] * length);
                        RowOps.Add(row, -RowOps.Dot(row, before, length), before, length);
                    }
                }

                left = RowOps.Dot(row, row, length);
                RowOps.Scale(row, 1 / Math.Sqrt(left), length);
            }
        }
    }
}
