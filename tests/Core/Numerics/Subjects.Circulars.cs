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
            Limit = 1e5f,
            Low = -1e9,
            High = 1e9,
            Hard = QuarterTurns(),
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Cos>
        {
            Name = "cos",
            Expected = Math.Cos,
            Exact = x => Whole(Exact.Cos(x)),
            Limit = 1e5f,
            Low = -1e9,
            High = 1e9,
            Hard = QuarterTurns(),
            Edges = [(0, 1), (-1e-40, 1), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
    ];

    private static double[] QuarterTurns() =>
        [
            .. Enumerable.Range(1, 500)
                .SelectMany(k => new[] { Exact.QuarterTurns(k), -Exact.QuarterTurns(k * 1_270_001L), Exact.QuarterTurns(k) + Math.PI / 4 }),
        ];
}
