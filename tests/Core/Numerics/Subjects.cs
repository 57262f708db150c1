using System.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>The elementary functions of one operand: a family a file.</summary>
internal static partial class Subjects
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Subject> All { get; } = [.. Exponentials, .. Roots, .. Circulars, .. Special, .. Hyperbolics];

    /// <summary>One by its name.</summary>
    public static Subject Named(string name) => All.Single(subject => subject.Name == name);

    private static (BigInteger M, int N) Whole(BigInteger y) => (y, 0);

    // The neighbours of a number where a formula changes.
    private static double[] Around(double x) =>
        [
            .. Enumerable.Range(-20, 41)
                .SelectMany(k => new[] { x + k * Math.ScaleB(Math.Abs(x), -52), x * (1 + k * 1e-3) })
                .Where(v => v != 1 && v > -1),
        ];

    // Where the number of binades (or of what step says) changes.
    private static double[] Thresholds(double step) =>
        [.. Enumerable.Range(-120, 240).Select(k => (2 * k + 1) * step).SelectMany(v => new[] { v, Math.BitIncrement(v), v * (1 + 1e-9) })];
}
