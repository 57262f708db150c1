using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

internal static partial class Subjects
{
    private static Subject[] Special =>
    [
        new Subject<Erf>
        {
            Name = "erf",
            Expected = Reference.Erf,
            Exact = x => Whole(Exact.Erf(x)),
            Low = -30,
            High = 30,
            Hard = [.. Steps(-6, 6), .. Around(0.75)],
            Edges = [(0, 0), (-0.0, -0.0), (10, 1), (-10, -1), (double.PositiveInfinity, 1),
                (double.NegativeInfinity, -1)],
        },
        new Subject<Erfc>
        {
            Name = "erfc",
            Expected = Reference.Erfc,
            Exact = Exact.Erfc,
            Low = -30,
            High = 27,
            Hard = [.. Steps(-6, 6), .. Steps(6, 27.2), .. Around(0.75)],
            Edges = [(0, 1), (-0.0, 1), (1e-40, 1), (30, 0), (-30, 2), (double.PositiveInfinity, 0), (double.NegativeInfinity, 2)],
        },
        new Subject<Lgamma>
        {
            Name = "lgamma",
            Expected = Reference.Lgamma,
            Exact = x => Whole(Exact.Lgamma(x)),
            Positive = true,
            Low = 0,
            High = 1e300,
            Hard = [.. Steps(0, 4), .. Steps(0, 20), .. Around(1), .. Around(2).Where(x => x != 2), .. Around(2.5), .. Around(3), 1e200, 1e290],
            Edges = [(1, 0), (2, 0), (0, double.PositiveInfinity), (-0.0, double.PositiveInfinity), (-1, double.PositiveInfinity),
                (-2, double.PositiveInfinity), (-1e30, double.PositiveInfinity), (double.PositiveInfinity, double.PositiveInfinity),
                (double.NegativeInfinity, double.PositiveInfinity)],
        },
        new Subject<Digamma>
        {
            Name = "digamma",
            Expected = Reference.Digamma,
            Exact = x => Whole(Exact.Polygamma(0, x)),
            Positive = true,
            Low = 0,
            High = 1e300,
            Hard = [.. Steps(0, 4), .. Steps(0, 20), .. Around(1.4616321449683623), .. Around(1), .. Around(2), .. Around(2.5), 1e200, 1e290],
            Edges = [(0, double.NegativeInfinity), (-0.0, double.PositiveInfinity), (-1, double.NaN), (-2, double.NaN), (-1e30, double.NaN),
                (double.PositiveInfinity, double.PositiveInfinity), (double.NegativeInfinity, double.NaN)],
        },
        PolygammaOf(1),
        PolygammaOf(2),
        PolygammaOf(3),
    ];

    private static Subject PolygammaOf(int n) => new Subject<Polygamma>(new(n))
    {
        Name = $"polygamma {n}",
        Expected = x => Reference.Polygamma(n, x),
        Exact = x => Whole(Exact.Polygamma(n, x)),
        Positive = true,
        Ulps32 = 12,
        Ulps64 = 9,
        Low = 0,
        High = 1e15,
        Hard = [.. Steps(0, 4), .. Steps(0, 40)],
        Edges = [(0, n % 2 == 0 ? double.NegativeInfinity : double.PositiveInfinity),
            (-0.0, n % 2 == 0 ? double.NegativeInfinity : double.PositiveInfinity),
            (-1, n % 2 == 0 ? double.NegativeInfinity : double.PositiveInfinity),
            (-5, n % 2 == 0 ? double.NegativeInfinity : double.PositiveInfinity),
            (double.PositiveInfinity, n % 2 == 0 ? -0.0 : 0)],
    };

    // A thousand numbers between two.
    private static double[] Steps(double from, double to) => [.. Enumerable.Range(0, 1000).Select(k => from + (to - from) * (k + 0.51) / 1000)];
}
