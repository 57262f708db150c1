using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>Remainders are exact: C#'s % is, and is met to the last bit, by scalars and lanes.</summary>
public class FmodTests
{
    [Fact]
    public void Remainders_are_exact_in_float32()
    {
        Random random = new(3);
        float[] edges = [0, 1, 0.1f, float.Epsilon, 3 * float.Epsilon, 1.17549435e-38f, float.MaxValue, 0.6f * float.MaxValue, float.NaN,
            float.PositiveInfinity, 1e10f, 7];
        var pairs = Pairs(edges, 20000, () => BitConverter.Int32BitsToSingle(random.Next()));
        Check<float, Lane512<float>, Lane256<float>, Lane128<float>>(
            pairs.A, pairs.B, (a, b) => a % b, (a, b) => Elementary.Fmod<F32>(new(a), new(b)).Value);
    }

    [Fact]
    public void Remainders_are_exact_in_float64()
    {
        Random random = new(4);
        double[] edges = [0, 1, 0.1, double.Epsilon, 3 * double.Epsilon, 2.2250738585072014e-308, double.MaxValue, 0.6 * double.MaxValue,
            double.NaN, double.PositiveInfinity, 1e300, 7];
        var pairs = Pairs(edges, 20000, () => BitConverter.Int64BitsToDouble(random.NextInt64()));
        Check<double, Lane512<double>, Lane256<double>, Lane128<double>>(
            pairs.A, pairs.B, (a, b) => a % b, (a, b) => Elementary.Fmod<F64>(new(a), new(b)).Value);
    }

    /// <summary>All pairs of the edges, any numbers, near ones, and those next to a multiple.</summary>
    private static (E[] A, E[] B) Pairs<E>(E[] edges, int count, Func<E> any)
        where E : struct, IBinaryFloatingPointIeee754<E>
    {
        List<(E A, E B)> pairs = [.. edges.SelectMany(a => edges.SelectMany(b => new[] { (a, b), (-a, b), (a, -b) }))];
        for (int i = 0; pairs.Count < count || pairs.Count % 64 != 0; i++)
        {
            E b = any();
            E a = (i & 3) switch
            {
                0 => any(),
                1 => b * E.CreateTruncating(1 + (i % 1000) * 0.37),
                2 => b * E.CreateTruncating(i),
                _ => b * E.CreateTruncating(Math.ScaleB(1 + (i % 17) / 16.0, i % 60)),
            };
            pairs.Add((i % 5) switch { 0 => (-a, b), 1 => (E.BitIncrement(a), b), 2 => (E.BitDecrement(a), -b), _ => (a, b) });
        }

        return ([.. pairs.Select(pair => pair.A)], [.. pairs.Select(pair => pair.B)]);
    }

    private static void Check<E, L512, L256, L128>(E[] a, E[] b, Func<E, E, E> expected, Func<E, E, E> scalar)
        where E : unmanaged, IBinaryFloatingPointIeee754<E>
        where L512 : struct, ILane<L512, E>
        where L256 : struct, ILane<L256, E>
        where L128 : struct, ILane<L128, E>
    {
        E[][] lanes = [Lanes<L512, E>(a, b), Lanes<L256, E>(a, b), Lanes<L128, E>(a, b)];
        for (int i = 0; i < a.Length; i++)
        {
            E exact = expected(a[i], b[i]);
            AssertSame(exact, scalar(a[i], b[i]), a[i], b[i]);
            AssertSame(exact, lanes[0][i], a[i], b[i]);
            AssertSame(exact, lanes[1][i], a[i], b[i]);
            AssertSame(exact, lanes[2][i], a[i], b[i]);
        }
    }

    private static void AssertSame<E>(E exact, E y, E a, E b)
        where E : struct, IBinaryFloatingPointIeee754<E> =>
        Assert.True(
            E.IsNaN(exact) ? E.IsNaN(y) : exact == y && E.IsNegative(exact) == E.IsNegative(y),
            $"{a:R} modulo {b:R} is {exact:R}, not {y:R}.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static E[] Lanes<L, E>(E[] a, E[] b)
        where L : struct, ILane<L, E>
        where E : unmanaged
    {
        E[] y = new E[a.Length];
        for (int i = 0; i + L.Count <= a.Length; i += L.Count)
        {
            Elementary.Fmod(L.Load(in a[i]), L.Load(in b[i])).Store(ref y[i]);
        }

        return y;
    }
}
