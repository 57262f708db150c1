using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

internal static partial class Subjects
{
    private static Subject[] Hyperbolics =>
    [
        new Subject<Tanh>
        {
            Name = "tanh",
            Expected = Math.Tanh,
            Exact = x => Whole(Exact.Tanh(x)),
            Low = -700,
            High = 700,
            Hard = Thresholds(0.25 * Math.Log(2)),
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (30, 1), (-30, -1), (double.PositiveInfinity, 1),
                (double.NegativeInfinity, -1)],
        },
    ];
}
