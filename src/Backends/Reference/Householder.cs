namespace Gpu.Autograd.Backends;

/// <summary>Reflections I − β·v·vᵀ that map a vector to a multiple of the first unit vector, and x = Q·R by them.</summary>
internal static unsafe class Householder
{
    /// <summary>Makes x the v of its own reflection. The result is β, and <paramref name="head"/> what the first element becomes.</summary>
    public static double Reflector(double* x, int count, out double head)
    {
        head = x[0];
        double tail = RowOps.Dot(x + 1, x + 1, count - 1);
        if (tail == 0)
        {
            return 0;
        }

        double norm = Math.Sqrt((head * head) + tail);
        double alpha = head > 0 ? -norm : norm;
        x[0] = head - alpha;
        head = alpha;
        return -1 / (alpha * x[0]);
    }

    /// <summary>x ← x − β·v·(vᵀ·x): rows × columns, with so many elements from row to row.</summary>
    public static void Reflect(double* x, double* v, double factor, int rows, int columns, int step, double* products)
    {
        if (factor == 0)
        {
            return;
        }

        new Span<double>(products, columns).Clear();
        for (int i = 0; i < rows; i++)
        {
            RowOps.Add(products, v[i], x + ((nint)i * step), columns);
        }

        for (int i = 0; i < rows; i++)
        {
            RowOps.Add(x + ((nint)i * step), -factor * v[i], products, columns);
        }
    }

    /// <summary>
    /// Overwrites the upper triangle of x, m × n with m ≥ n in rows, with R, and q with the n columns of Q. The rest has room for
    /// (m + 2)·n numbers.
    /// </summary>
    public static void Qr(double* x, double* q, double* rest, int m, int n)
    {
        double* factors = rest + ((nint)m * n);
        double* products = factors + n;
        for (int k = 0; k < n; k++)
        {
            double* v = rest + ((nint)k * m);
            for (int i = k; i < m; i++)
            {
                v[i - k] = x[((nint)i * n) + k];
            }

            factors[k] = Reflector(v, m - k, out double head);
            Reflect(x + ((nint)k * n) + k + 1, v, factors[k], m - k, n - k - 1, n, products);
            x[((nint)k * n) + k] = head;
        }

        new Span<double>(q, m * n).Clear();
        for (int k = n - 1; k >= 0; k--)
        {
            q[((nint)k * n) + k] = 1;
            Reflect(q + ((nint)k * n) + k, rest + ((nint)k * m), factors[k], m - k, n - k, n, products);
        }
    }
}
