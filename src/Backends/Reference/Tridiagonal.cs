namespace Gpu.Autograd.Backends;

/// <summary>
/// Eigenvalues and vectors of a symmetric matrix: reflections make it tridiagonal, then QL steps with implicit shifts make it diagonal.
/// </summary>
internal static unsafe class Tridiagonal
{
    private const double Rounding = 1.0 / (1L << 53);

    /// <summary>A value is found in two or three steps; so many mean that there is none.</summary>
    private const int MostSteps = 60;

    /// <summary>
    /// Writes the values, in no order, and the vectors, as rows. x, n × n, is overwritten. The rest has room for 2·n numbers.
    /// </summary>
    public static void Eigen(double* x, double* vectors, double* values, double* rest, int n)
    {
        double* off = rest;
        Reduce(x, vectors, values, off, rest + n, n);
        for (int l = 0; l < n; l++)
        {
            for (int step = 0; !Deflate(vectors, values, off, l, n); step++)
            {
                if (step == MostSteps)
                {
                    values[l] = double.NaN;
                    break;
                }
            }
        }
    }

    /// <summary>x = Qᵀ·T·Q with rows of Q as the vectors: the diagonal of T, and what is beside it.</summary>
    private static void Reduce(double* x, double* vectors, double* diagonal, double* off, double* products, int n)
    {
        // Row k of x keeps the reflection that cleared column k; nothing reads that row any more.
        for (int k = 0; k < n; k++)
        {
            diagonal[k] = x[((nint)k * n) + k];
            int count = n - k - 1;
            if (count == 0)
            {
                off[k] = 0;
                continue;
            }

            double* v = x + ((nint)k * n) + k + 1;
            double factor = Householder.Reflector(v, count, out off[k]);
            x[((nint)k * n) + k] = factor;
            if (factor == 0)
            {
                continue;
            }

            double* first = x + ((nint)(k + 1) * n) + k + 1;
            double inner = 0;
            for (int i = 0; i < count; i++)
            {
                products[i] = factor * RowOps.Dot(first + ((nint)i * n), v, count);
                inner += products[i] * v[i];
            }

            RowOps.Add(products, -0.5 * factor * inner, v, count);
            for (int i = 0; i < count; i++)
            {
                RowOps.Add(first + ((nint)i * n), -v[i], products, -products[i], v, count);
            }
        }

        // Q is the product of the reflections; its transpose is built from the last one, whose block is smallest, and turned at the end.
        new Span<double>(vectors, n * n).Clear();
        for (int k = n - 1; k >= 0; k--)
        {
            vectors[((nint)k * n) + k] = 1;
            int count = n - k - 1;
            if (count > 0)
            {
                Householder.Reflect(
                    vectors + ((nint)(k + 1) * n) + k + 1, x + ((nint)k * n) + k + 1, x[((nint)k * n) + k], count, count, n, products);
            }
        }

        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double* a = vectors + ((nint)i * n) + j;
                double* b = vectors + ((nint)j * n) + i;
                (*a, *b) = (*b, *a);
            }
        }
    }

    /// <summary>True if value l stands alone; else a step, from the next zero beside the diagonal up to l.</summary>
    private static bool Deflate(double* vectors, double* d, double* e, int l, int n)
    {
        int m = l;
        while (m < n - 1 && Math.Abs(e[m]) > Rounding * (Math.Abs(d[m]) + Math.Abs(d[m + 1])))
        {
            m++;
        }

        if (m == l)
        {
            return true;
        }

        double g = (d[l + 1] - d[l]) / (2 * e[l]);
        double r = Math.Sqrt((g * g) + 1);
        g = d[m] - d[l] + (e[l] / (g + Math.CopySign(r, g)));
        var (s, c, p) = (1.0, 1.0, 0.0);
        for (int i = m - 1; i >= l; i--)
        {
            double f = s * e[i];
            double b = c * e[i];
            r = Math.Sqrt((f * f) + (g * g));
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= p;
                e[m] = 0;
                return false;
            }

            (s, c) = (f / r, g / r);
            g = d[i + 1] - p;
            r = ((d[i] - g) * s) + (2 * c * b);
            p = s * r;
            d[i + 1] = g + p;
            g = (c * r) - b;
            RowOps.Rotate(vectors + ((nint)i * n), vectors + ((nint)(i + 1) * n), c, s, n);
        }

        d[l] -= p;
        e[l] = g;
        e[m] = 0;
        return false;
    }
}
