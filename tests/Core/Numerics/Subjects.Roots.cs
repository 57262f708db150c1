using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

internal static partial class Subjects
{
    private static Subject[] Roots =>
    [
        new Subject<Rsqrt>
        {
            Name = "rsqrt",
            Expected = x => 1 / Math.Sqrt(x),
            Exact = x => Whole(Exact.Rsqrt(x)),
            Low = 0,
            Edges = [(1, 1), (16, 0.25), (0, double.PositiveInfinity), (-0.0, double.NegativeInfinity), (-1, double.NaN),
                (double.PositiveInfinity, 0), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Cbrt>
        {
            Name = "cbrt",
            Expected = Math.Cbrt,
            Exact = Exact.Cbrt,
            Hard = [1e300, -1e305, 1.7e308, .. Enumerable.Range(1, 100).SelectMany(k => new[] { k, Math.Pow(2, k * 0.1), -k / 9.0 })],
            Edges = [(0, 0), (-0.0, -0.0), (1, 1), (8, 2), (-27, -3), (1e-30, 1e-10), (double.PositiveInfinity, double.PositiveInfinity),
                (double.NegativeInfinity, double.NegativeInfinity)],
        },
    ];
}
