using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

internal static partial class Subjects
{
    private static Subject[] Circulars =>
    [
        new Subject<Sin>
        {
            Name = "sin",
            Expected = Math.Sin,
            Exact = x => Whole(Exact.Sin(x)),
            Hard = [.. QuarterTurns(), .. Far()],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Cos>
        {
            Name = "cos",
            Expected = Math.Cos,
            Exact = x => Whole(Exact.Cos(x)),
            Hard = [.. QuarterTurns(), .. Far()],
            Edges = [(0, 1), (-1e-40, 1), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Tan>
        {
            Name = "tan",
            Expected = Math.Tan,
            Exact = x => Whole(Exact.Tan(x)),
            Hard = [.. QuarterTurns(), .. Far()],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Asin>
        {
            Name = "asin",
            Expected = Math.Asin,
            Exact = x => Whole(Exact.Asin(x)),
            Low = -1,
            High = 1,
            Hard = UpTo1(),
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (1, Math.PI / 2), (-1, -Math.PI / 2), (1.0001, double.NaN), (-1e30, double.NaN),
                (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Acos>
        {
            Name = "acos",
            Expected = Math.Acos,
            Exact = x => Whole(Exact.Acos(x)),
            Low = -1,
            High = 1,
            Hard = UpTo1(),
            Edges = [(1, 0), (-1, Math.PI), (0, Math.PI / 2), (-0.0, Math.PI / 2), (1e-40, Math.PI / 2), (1.0001, double.NaN),
                (-1e30, double.NaN), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Atan>
        {
            Name = "atan",
            Expected = Math.Atan,
            Exact = x => Whole(Exact.Arctangent(x)),
            Hard = [.. Around(0.5), .. Around(1), .. Around(2), 1e300, -1e300, double.MaxValue],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (1, Math.PI / 4), (double.PositiveInfinity, Math.PI / 2),
                (double.NegativeInfinity, -Math.PI / 2)],
        },
    ];

    private static double[] UpTo1() =>
        [.. Enumerable.Range(1, 500).SelectMany(k => new[] { k * 0.002 - 1e-7, -k * 0.002, 1 - Math.ScaleB(k, -53), 0.5 + k * 1e-4 })];

    private static double[] QuarterTurns() =>
        [
            .. Enumerable.Range(1, 500)
                .SelectMany(k => new[] { Exact.QuarterTurns(k), -Exact.QuarterTurns(k * 1_270_001L), Exact.QuarterTurns(k) + Math.PI / 4 }),
        ];

    // Powers of two, numbers of every size, and those that come nearest to a multiple of π/2 of all, in either type.
    private static double[] Far()
    {
        Random random = new(2);
        double[] x =
        [
            .. Enumerable.Range(-10, 1034).Select(k => Math.ScaleB(1, k)),
            .. Enumerable.Range(0, 4000).Select(k => Math.ScaleB(1 + random.NextDouble(), 16 + k % 1008)),
            .. Enumerable.Range(-3, 7).SelectMany(k => new[] { 1e5 + k * 1e-9, 1e9 + k * 1e-6 }),
            Math.ScaleB(6381956970095103, 797), Math.ScaleB(5319372648326541, 655), Math.ScaleB(16367173, 72), Math.ScaleB(12919355, 86),
            Math.ScaleB(15368639, 119 - 15), float.MaxValue, double.MaxValue, 1e22, 9007199254740991, 9007199254740992,
        ];
        return [.. x, .. x.Select(v => -v)];
    }
}
