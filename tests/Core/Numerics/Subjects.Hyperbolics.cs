using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Numerics;

internal static partial class Subjects
{
    private static Subject[] Hyperbolics =>
    [
        new Subject<Sinh>
        {
            Name = "sinh",
            Expected = Math.Sinh,
            Exact = x => Whole(Exact.Sinh(x)),
            Low = -710.4,
            High = 710.4,
            Hard = [710.47, -710.47, .. Thresholds(0.5 * Math.Log(2))],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (720, double.PositiveInfinity), (-720, double.NegativeInfinity),
                (double.PositiveInfinity, double.PositiveInfinity), (double.NegativeInfinity, double.NegativeInfinity)],
        },
        new Subject<Cosh>
        {
            Name = "cosh",
            Expected = Math.Cosh,
            Exact = x => Whole(Exact.Cosh(x)),
            Low = -710.4,
            High = 710.4,
            Hard = [710.47, -710.47, .. Thresholds(0.5 * Math.Log(2))],
            Edges = [(0, 1), (-0.0, 1), (-1e-40, 1), (720, double.PositiveInfinity), (-720, double.PositiveInfinity),
                (double.PositiveInfinity, double.PositiveInfinity), (double.NegativeInfinity, double.PositiveInfinity)],
        },
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
        new Subject<Asinh>
        {
            Name = "asinh",
            Expected = Math.Asinh,
            Exact = x => Whole(Exact.Asinh(x)),
            Hard = [1e17, 1.1e17, 1e160, -1.7e308, .. Thresholds(0.01), .. Around(Math.Sqrt(0.125)), .. Around(0.5)],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (double.PositiveInfinity, double.PositiveInfinity),
                (double.NegativeInfinity, double.NegativeInfinity)],
        },
        new Subject<Acosh>
        {
            Name = "acosh",
            Expected = Math.Acosh,
            Exact = x => Whole(Exact.Acosh(x)),
            Low = 1,
            Hard = [1e17, 1.1e17, 1e160, 1.7e308, .. Enumerable.Range(1, 200).SelectMany(k => new[] { 1 + k * 0.01, 1 + Math.ScaleB(k, -52) })],
            Edges = [(1, 0), (0.9, double.NaN), (0, double.NaN), (-3, double.NaN), (double.PositiveInfinity, double.PositiveInfinity),
                (double.NegativeInfinity, double.NaN)],
        },
        new Subject<Atanh>
        {
            Name = "atanh",
            Expected = Math.Atanh,
            Exact = x => Whole(Exact.Atanh2(x)),
            Low = -1,
            High = 1,
            Hard = [.. Enumerable.Range(1, 500).SelectMany(k => new[] { k * 0.001, -k * 0.001, 1 - k * 1e-4, 1 - Math.ScaleB(k, -53) })],
            Edges = [(0, 0), (-0.0, -0.0), (-1e-40, -1e-40), (1, double.PositiveInfinity), (-1, double.NegativeInfinity),
                (1.5, double.NaN), (-1e30, double.NaN), (double.PositiveInfinity, double.NaN), (double.NegativeInfinity, double.NaN)],
        },
    ];
}
