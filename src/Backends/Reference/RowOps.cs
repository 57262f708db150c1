using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends;

/// <summary>The steps on rows of float64 that factorisations are made of.</summary>
internal static unsafe class RowOps
{
    /// <summary>Σ a·b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot(double* a, double* b, int count)
    {
        int i = 0;
        double sum = 0;
        if (count >= Vector<double>.Count)
        {
            var sums = Vector<double>.Zero;
            for (; i + Vector<double>.Count <= count; i += Vector<double>.Count)
            {
                sums += Vector.Load(a + i) * Vector.Load(b + i);
            }

            sum = Vector.Sum(sums);
        }

        for (; i < count; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>y += factor·x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(double* y, double factor, double* x, int count)
    {
        int i = 0;
        for (; i + Vector<double>.Count <= count; i += Vector<double>.Count)
        {
            (Vector.Load(y + i) + (factor * Vector.Load(x + i))).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += factor * x[i];
        }
    }

    /// <summary>y += a·u + b·v.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(double* y, double a, double* u, double b, double* v, int count)
    {
        int i = 0;
        for (; i + Vector<double>.Count <= count; i += Vector<double>.Count)
        {
            (Vector.Load(y + i) + (a * Vector.Load(u + i)) + (b * Vector.Load(v + i))).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += (a * u[i]) + (b * v[i]);
        }
    }

    /// <summary>(a, b) ← (c·a − s·b, s·a + c·b).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(double* a, double* b, double c, double s, int count)
    {
        int i = 0;
        for (; i + Vector<double>.Count <= count; i += Vector<double>.Count)
        {
            var (x, y) = (Vector.Load(a + i), Vector.Load(b + i));
            ((c * x) - (s * y)).Store(a + i);
            ((s * x) + (c * y)).Store(b + i);
        }

        for (; i < count; i++)
        {
            (a[i], b[i]) = ((c * a[i]) - (s * b[i]), (s * a[i]) + (c * b[i]));
        }
    }

    /// <summary>x ← factor·x.</summary>
    public static void Scale(double* x, double factor, int count)
    {
        for (int i = 0; i < count; i++)
        {
            x[i] *= factor;
        }
    }

    /// <summary>Whether the first of a vector's large elements, those above 0.6 of the greatest, is negative: then its sign is turned.</summary>
    public static bool PointsDown(double* x, int count)
    {
        double greatest = 0;
        for (int i = 0; i < count; i++)
        {
            greatest = Math.Max(greatest, Math.Abs(x[i]));
        }

        for (int i = 0; i < count; i++)
        {
            if (Math.Abs(x[i]) >= 0.6 * greatest)
            {
                return x[i] < 0;
            }
        }

        return false;
    }
}
