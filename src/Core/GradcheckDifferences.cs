using System.Globalization;

namespace Gpu.Autograd;

/// <summary>
/// The derivative at s = 0 of the values of a function of s, by central differences of the fourth order, with what these can be wrong by.
/// One step settles most; where it does not, a ladder of steps does, each about a quarter of the one before: what a difference is worth
/// shows in the finer ones. So a coarse step, rounding and a kink beside the point are told from a wrong derivative.
/// </summary>
/// <param name="value">The values.</param>
/// <param name="step">The first step; the ladder's reach from 0.1 to 10⁻⁹.</param>
/// <param name="terms">The size of the terms that each value is made of, where known: they are rounded, though they may cancel.</param>
internal sealed class GradcheckDifferences(Func<double, double[]> value, double step, double[]? terms = null)
{
    private const double Epsilon = 2.220446049250313e-16;

    private const int Rungs = 14;
    private const double Top = 0.1;

    /// <summary>No power of it is a whole number, so that no oscillation looks the same from several rungs.</summary>
    private const double Ratio = 4.2;

    /// <summary>So many roundings of the value are expected of a function: what it is made of is rounded, too.</summary>
    private const double Roundings = 8;

    /// <summary>How much of a difference rounding may be, for the first step to be believed.</summary>
    private const double Telling = 0.01;

    private readonly Dictionary<double, double[]> seen = [];

    /// <summary>Whether a derivative is what the differences say, within the tolerance and their own error; null where it is.</summary>
    public Disagreement? Check(int j, double got, double tolerance)
    {
        double first = ((4 * Central(j, step)) - Central(j, 2 * step)) / 3;
        double noise = Noise(j, step, 0);
        if (first == got || (Math.Abs(first - got) <= (tolerance * Math.Abs(first)) + noise && noise <= Telling * Math.Abs(first)))
        {
            return null;
        }

        if (got == 0 && IsFlat(j))
        {
            return null;
        }

        // One rung that is sharp and agrees is enough: the finer ones may be lost in a rounding that is larger than it looks.
        var ladder = Ladder(j);
        if (ladder.Exists(rung => Math.Abs(rung.Difference - got) <= (tolerance * Math.Abs(rung.Difference)) + rung.Error
            && rung.Error <= 10 * tolerance * Math.Abs(rung.Difference)))
        {
            return null;
        }

        if (ladder.Count == 0)
        {
            return new(double.NaN, 0, NoteOn(j, got) ?? "f is not finite near this point");
        }

        var (expected, error) = Best(ladder);
        double allowed = (tolerance * Math.Abs(expected)) + error;
        double largest = Enumerable.Range(0, Rungs).Max(k => Math.Abs(At(Step(k))[j]) is var size && double.IsFinite(size) ? size : 0);
        return Gap(j, 1e-12) > 1e-3 * largest && largest > 1e-9
            ? new(expected, allowed, "f jumps at this point")
            : Math.Abs(expected - got) <= allowed ? null : new(expected, allowed, NoteOn(j, got));
    }

    /// <summary>The largest derivative of some values, roughly; 1 where there is none but rounding.</summary>
    public double Size(Range range)
    {
        var (near, far) = (Largest(step), Largest(8 * step));
        return near > 0 && near < 2 * far && far < 2 * near ? near : 1;

        double Largest(double h) =>
            At(h)[range].Zip(At(-h)[range], (a, b) => Math.Abs(a - b) / (2 * h)).Where(double.IsFinite).DefaultIfEmpty().Max();
    }

    /// <summary>
    /// The differences at three neighbouring rungs each: that in the middle, what it may be wrong by, and what of that is rounding.
    /// </summary>
    private List<(double Difference, double Error, double Rounding)> Ladder(int j)
    {
        var ladder = new List<(double, double, double)>();
        double probed = Probed(j);
        for (int k = 0; k + 3 < Rungs; k++)
        {
            var (coarse, middle, fine) = (Extrapolated(j, k), Extrapolated(j, k + 1), Extrapolated(j, k + 2));
            double unsettled = Math.Max(Math.Abs(coarse - middle), Math.Abs(middle - fine));
            double rounding = Noise(j, Step(k + 2), probed);
            if (double.IsFinite(unsettled))
            {
                ladder.Add((middle, (8 * unsettled) + rounding, rounding));
            }
        }

        return ladder;
    }

    /// <summary>The least uncertain difference: where finer ones say something else, they are right, as far as rounding lets them.</summary>
    private static (double Difference, double Error) Best(List<(double Difference, double Error, double Rounding)> ladder) =>
        ladder.Select((rung, k) => (
            rung.Difference,
            Error: ladder.Skip(k + 1)
                .Select(finer => Math.Abs(finer.Difference - rung.Difference) - finer.Rounding).Append(rung.Error).Max()))
            .MinBy(rung => rung.Error);

    /// <summary>A kink or an edge, told from a wrong rule by the differences to either side.</summary>
    private string? NoteOn(int j, double got)
    {
        var (left, right) = Sides(j, Rungs - 1);
        if (!double.IsFinite(left) || !double.IsFinite(right))
        {
            return "f is not finite beside this point, which is at the edge of its domain";
        }

        if (!double.IsFinite(got))
        {
            return "f has no finite derivative at this point or beside it, which may be at the edge of its domain";
        }

        // Looked at with the smallest step that rounding does not matter to, where the difference across the point is much the same as with
        // the next step. Across a smooth point the gap between the two sides shrinks with the step.
        double probed = Probed(j);
        for (int k = Rungs - 1; k >= 2; k--)
        {
            (left, right) = Sides(j, k);
            double gap = Math.Abs(right - left);
            double steepest = Math.Max(Math.Abs(left), Math.Abs(right));
            if (Noise(j, Step(k), probed) + Math.Abs(Central(j, Step(k)) - Central(j, Step(k - 1))) <= Telling * steepest)
            {
                var (farLeft, farRight) = Sides(j, k - 2);
                return gap > 1e-3 * steepest && Math.Abs(farRight - farLeft) < 4 * gap
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"there is a kink at this point (the difference to one side is {left:G6}, to the other {right:G6}): move the point")
                    : null;
            }
        }

        return null;
    }

    private static double Step(int k) => Top / Math.Pow(Ratio, k);

    private double[] At(double s) => seen.TryGetValue(s, out var values) ? values : seen[s] = value(s);

    private double Central(int j, double h) => (At(h)[j] - At(-h)[j]) / (2 * h);

    /// <summary>The difference of the fourth order, from two rungs.</summary>
    private double Extrapolated(int j, int k) => ((Ratio * Ratio * Central(j, Step(k + 1))) - Central(j, Step(k))) / ((Ratio * Ratio) - 1);

    private (double Left, double Right) Sides(int j, int k)
    {
        var (h, here) = (Step(k), At(0)[j]);
        return ((here - At(-h)[j]) / h, (At(h)[j] - here) / h);
    }

    /// <summary>What rounding makes of a difference; the values where they are 0 all around are taken to be of the size of 1.</summary>
    private double Noise(int j, double h, double probed)
    {
        double size = Math.Max(Math.Abs(At(h)[j]), Math.Abs(At(-h)[j])) + Math.Abs(Central(j, h));
        size = Math.Max(size, terms?[j] ?? 0);
        return Roundings * Math.Max(probed, Epsilon * (size > 0 ? size : 1)) / h;
    }

    /// <summary>
    /// The rounding of the value, as it shows where the argument hardly moves: more than its own where larger terms cancel. If small steps
    /// do not change the value at all, then the least that it changes by.
    /// </summary>
    private double Probed(int j)
    {
        double most = new[] { 7e-13, 1e-12, 1e-10, 1e-9, 1e-8, 5e-8 }.Max(s => Gap(j, s));
        double least = IsFlat(j)
            ? Enumerable.Range(0, Rungs).SelectMany(k => new[] { Change(j, Step(k)), Change(j, -Step(k)) }).Where(change => change > 0)
                .DefaultIfEmpty().Min()
            : 0;
        return double.IsFinite(most) ? Math.Max(most, least) : 0;
    }

    private bool IsFlat(int j) => Change(j, Step(Rungs - 1)) == 0 && Change(j, -Step(Rungs - 1)) == 0;

    private double Change(int j, double s) => Math.Abs(At(s)[j] - At(0)[j]);

    /// <summary>How far the value is from half way between those to either side.</summary>
    private double Gap(int j, double s) => Math.Abs(At(s)[j] + At(-s)[j] - (2 * At(0)[j])) / 2;

    /// <summary>A derivative that is not what differences say.</summary>
    internal sealed record Disagreement(double Expected, double Allowed, string? Note);
}
