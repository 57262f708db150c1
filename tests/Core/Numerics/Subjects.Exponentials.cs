using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

internal static partial class Subjects
{
    private static Subject[] Exponentials =>
    [
        new Subject<Exp>
        {
            Name = "exp",
            Expected = Math.Exp,
            Exact = Exact.Exp,
            Low = -745,
            High = 709.7,
            Hard = Thresholds(0.5 * Math.Log(2)),
            Edges = [(0, 1), (-0.0, 1), (double.PositiveInfinity, double.PositiveInfinity), (double.NegativeInfinity, 0),
                (1000, double.PositiveInfinity), (-1000, 0)],
        },
        new Subject<Exp2>
        {
            Name = "exp2",
            Expected = x => Math.Pow(2, x),
            Exact = Exact.Exp2,
            Low = -1074,
            High = 1024,
            Hard = [.. Thresholds(0.5), .. Enumerable.Range(1, 20).Select(k => -1021 - k - 0.3)],
            Edges = [(0, 1), (-0.0, 1), (5, 32), (-3, 0.125), (double.PositiveInfinity, double.PositiveInfinity),
                (double.NegativeInfinity, 0), (1025, double.PositiveInfinity), (-1076, 0)],
        },
        new Subject<Expm1>
        {
            Name = "expm1",
            Expected = ExpectedExpm1,
            Exact = x => Whole(Exact.Expm1(x)),
            Low = -745,
            High = 709.7,
            Hard = Thresholds(0.5 * Math.Log(2)),
            Edges = [(0, 0), (-0.0, -0.0), (1e-40, 1e-40), (double.PositiveInfinity, double.PositiveInfinity),
                (double.NegativeInfinity, -1), (-1000, -1)],
        },
        new Subject<Log>
        {
            Name = "log",
            Expected = Math.Log,
            Exact = x => Whole(Exact.Log(x)),
            Low = 0,
            Hard = [.. Around(1), .. Around(Math.Sqrt(2)), .. Around(Math.Sqrt(0.5))],
            Edges = [(1, 0), (0, double.NegativeInfinity), (-0.0, double.NegativeInfinity), (-1e-40, double.NaN), (-1, double.NaN),
                (double.NegativeInfinity, double.NaN), (double.PositiveInfinity, double.PositiveInfinity)],
        },
        new Subject<Log2>
        {
            Name = "log2",
            Expected = Math.Log2,
            Exact = x => Whole(Exact.Log2(x)),
            Low = 0,
            Hard = [.. Around(1), .. Around(Math.Sqrt(2)), .. Around(Math.Sqrt(0.5))],
            Edges = [(1, 0), (8, 3), (0.0625, -4), (1L << 62, 62), (0, double.NegativeInfinity), (-0.0, double.NegativeInfinity),
                (-1e-40, double.NaN), (double.NegativeInfinity, double.NaN), (double.PositiveInfinity, double.PositiveInfinity)],
        },
        new Subject<Log10>
        {
            Name = "log10",
            Expected = Math.Log10,
            Exact = x => Whole(Exact.Log10(x)),
            Low = 0,
            Hard = [.. Around(1), .. Around(Math.Sqrt(2)), .. Around(Math.Sqrt(0.5))],
            Edges = [(1, 0), (10, 1), (1000, 3), (0, double.NegativeInfinity), (-0.0, double.NegativeInfinity), (-1e-40, double.NaN),
                (double.NegativeInfinity, double.NaN), (double.PositiveInfinity, double.PositiveInfinity)],
        },
        new Subject<Log1p>
        {
            Name = "log1p",
            Expected = ExpectedLog1p,
            Exact = x => Whole(Exact.Log1p(x)),
            Low = -1,
            Hard = [.. Around(-1), .. Around(Math.Sqrt(2) - 1), .. Around(Math.Sqrt(0.5) - 1)],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (-1, double.NegativeInfinity), (-2, double.NaN),
                (double.NegativeInfinity, double.NaN), (double.PositiveInfinity, double.PositiveInfinity)],
        },
        new Subject<Sigmoid>
        {
            Name = "sigmoid",
            Expected = x => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x)),
            Exact = Exact.Sigmoid,
            Low = -745,
            High = 745,
            Hard = Thresholds(0.5 * Math.Log(2)),
            Edges = [(0, 0.5), (double.PositiveInfinity, 1), (double.NegativeInfinity, 0), (1000, 1), (-1000, 0)],
        },
        new Subject<Softplus>
        {
            Name = "softplus",
            Expected = x => Math.Max(x, 0) + ExpectedLog1p(Math.Exp(-Math.Abs(x))),
            Exact = Exact.Softplus,
            Low = -745,
            High = 745,
            Hard = Thresholds(0.5 * Math.Log(2)),
            Edges = [(1000, 1000), (-1000, 0), (double.PositiveInfinity, double.PositiveInfinity), (double.NegativeInfinity, 0)],
        },
    ];

    // (u − 1)·x / log u is accurate even where u = exp x has lost most of x.
    private static double ExpectedExpm1(double x)
    {
        double u = Math.Exp(x);
        return u == 1 ? x : Math.Abs(x) > 1 ? u - 1 : (u - 1) * (x / Math.Log(u));
    }

    private static double ExpectedLog1p(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : u <= 0 || double.IsInfinity(u) ? Math.Log(u) : Math.Log(u) * (x / (u - 1));
    }
}
