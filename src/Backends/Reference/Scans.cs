using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Running combinations along the last axis, fibre by fibre from the first element to the last: in float64, for float32 fibres too, so that
/// a long sum does not lose digits.
/// </summary>
internal static unsafe class Scans
{
    /// <summary>Fibres that go side by side, where neighbours in memory are neighbouring fibres' elements.</summary>
    private const int Abreast = 16;

    /// <summary>y[…, k] = x[…, 0] ∘ … ∘ x[…, k].</summary>
    public static void Run<TMonoid>(TMonoid monoid, in Operand x, in Operand y, Workers workers)
        where TMonoid : struct, IMonoid
    {
        if (y.Shape.Size == 0)
        {
            return;
        }

        int length = y.Shape.Lengths[^1];
        nint stepX = x.Layout.Strides[^1];
        nint stepY = y.Layout.Strides[^1];
        var (fibresX, fibresY) = (Walk.OfFibres(x), Walk.OfFibres(y));
        int abreast = Math.Abs(stepX) == 1 && Math.Abs(stepY) == 1 ? 1 : Abreast;
        bool isDouble = y.DType == DType.Float64;
        int grain = Math.Max(abreast, MapLoops.Grain / length / abreast * abreast);
        workers.Range(y.Shape.Size / length, grain, (from, to) =>
        {
            for (nint fibre = from; fibre < to; fibre += abreast)
            {
                int count = (int)Math.Min(abreast, to - fibre);
                if (isDouble)
                {
                    Along<TMonoid, double>(monoid, fibresX, fibresY, fibre, count, length, stepX, stepY);
                }
                else
                {
                    Along<TMonoid, float>(monoid, fibresX, fibresY, fibre, count, length, stepX, stepY);
                }
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Along<TMonoid, E>(
        TMonoid monoid, Walk fibresX, Walk fibresY, nint fibre, int count, int length, nint stepX, nint stepY)
        where TMonoid : struct, IMonoid
        where E : unmanaged
    {
        E** x = stackalloc E*[Abreast];
        E** y = stackalloc E*[Abreast];
        F64* sum = stackalloc F64[Abreast];
        for (int i = 0; i < count; i++)
        {
            x[i] = (E*)fibresX.Start + fibresX.Offset(fibre + i);
            y[i] = (E*)fibresY.Start + fibresY.Offset(fibre + i);
            sum[i] = monoid.Identity<F64>();
        }

        if (count == 1)
        {
            // The sum stays in a register.
            E* from = x[0];
            E* to = y[0];
            F64 running = sum[0];
            for (nint k = 0; k < length; k++)
            {
                running = monoid.Combine(running, Load(from + (k * stepX)));
                Store(to + (k * stepY), running.Value);
            }

            return;
        }

        for (nint k = 0; k < length; k++)
        {
            for (int i = 0; i < count; i++)
            {
                sum[i] = monoid.Combine(sum[i], Load(x[i] + (k * stepX)));
                Store(y[i] + (k * stepY), sum[i].Value);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static F64 Load<E>(E* x)
        where E : unmanaged => new(typeof(E) == typeof(double) ? *(double*)x : *(float*)x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<E>(E* y, double value)
        where E : unmanaged
    {
        if (typeof(E) == typeof(double))
        {
            *(double*)y = value;
        }
        else
        {
            *(float*)y = (float)value;
        }
    }
}
