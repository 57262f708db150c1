using System.Globalization;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>One gradient check: of a function of several tensors to several tensors, at a point.</summary>
internal sealed class GradcheckRun(Func<Tensor[], Tensor[]> f, Tensor[] x, double tolerance, double step, Generator generator)
{
    private const int Directions = 3;
    private const int MostFailures = 10;

    /// <summary>The step that decides where the first one crosses a kink, as a part of it.</summary>
    private const double Closer = 0.01;

    private readonly List<GradcheckFailure> failures = [];

    /// <summary>What is wrong, up to ten of each mode; the second order is only looked at where the first is right.</summary>
    public IReadOnlyList<GradcheckFailure> Failures(int order)
    {
        var y = f(x);
        if (!ValueHolds(y))
        {
            return failures;
        }

        Tensor[] u = [.. y.Select(Random)];
        Tensor Phi(Tensor[] z) => Inner(f(z), u);
        Func<Tensor[], Tensor> phi = Phi;
        var gradient = Autodiff.Grad<Tensor[]>(phi);
        var g = gradient(x);
        Test("forward", f, "the result", t => Autodiff.Jvp(f, x, t).Tangent);
        Test("reverse", z => [phi(z)], "⟨u, f⟩", t => [Inner(g, t)]);
        if (order == 1 || failures.Count > 0)
        {
            return failures;
        }

        Test("forward over reverse", gradient, "the gradient", t => Autodiff.Hvp(phi, x, t));
        Test("reverse over reverse", gradient, "the gradient", t => Autodiff.Grad<Tensor[]>(z => Inner(gradient(z), t))(x));
        Test("reverse over forward", gradient, "the gradient", t => Autodiff.Grad<Tensor[]>(z => Autodiff.Jvp(phi, z, t).Tangent)(x));

        // Along t twice: the one derivative that is compared with differences of a function that itself depends on t.
        Test(
            "forward over forward",
            t => z => [Inner(gradient(z), t)],
            "⟨gradient, t⟩",
            t => [Autodiff.Jvp(z => Autodiff.Jvp(phi, z, t).Tangent, x, t).Tangent]);
        return failures;
    }

    /// <summary>The value is finite, and the same the second time.</summary>
    private bool ValueHolds(Tensor[] y)
    {
        var (first, second) = (Values(y), Values(f(x)));
        for (int i = 0; i < y.Length; i++)
        {
            if (Array.FindIndex(first[i], value => !double.IsFinite(value)) is var bad and >= 0)
            {
                failures.Add(new("value", null, null, Name("the result", y, i, bad), 0, first[i][bad], 0, "f is not finite at this point"));
            }
            else if (Array.FindIndex(first[i].Zip(second[i]).ToArray(), pair => pair.First != pair.Second) is var other and >= 0)
            {
                failures.Add(new(
                    "determinism", null, null, Name("the result", y, i, other), first[i][other], second[i][other], 0,
                    "f gives another value each time: draw its random numbers outside of it, or from a Generator that it makes itself"));
            }
        }

        return failures.Count == 0;
    }

    private void Test(string mode, Func<Tensor[], Tensor[]> value, string of, Func<Tensor[], Tensor[]> derivative) =>
        Test(mode, _ => value, of, derivative);

    /// <summary>A derivative along random directions; where it is wrong, along each element.</summary>
    private void Test(string mode, Func<Tensor[], Func<Tensor[], Tensor[]>> valueOf, string of, Func<Tensor[], Tensor[]> derivative)
    {
        var inGeneral = Enumerable.Range(0, Directions)
            .Select(_ => Along([.. x.Select(argument => Random(argument) * ScaleOf(argument))])).FirstOrDefault(found => found.Count > 0);
        if (inGeneral is null)
        {
            return;
        }

        int before = failures.Count;
        for (int k = 0; k < x.Length; k++)
        {
            double scale = ScaleOf(x[k]);
            for (int e = 0; e < x[k].Count && failures.Count < before + MostFailures; e++)
            {
                var unit = new double[x[k].Count];
                unit[e] = scale;
                Tensor[] t = [.. x.Select(Reverse.ZerosLike)];
                t[k] = Tensor.From<double>(unit, x[k].Shape, x[k].Device);
                failures.AddRange(Along(t).Take(MostFailures + before - failures.Count).Select(failure => failure with
                {
                    Argument = k,
                    Index = x[k].Shape.Position(e),
                    Expected = failure.Expected / scale,
                    Got = failure.Got / scale,
                    Tolerance = failure.Tolerance / scale,
                }));
            }
        }

        if (failures.Count == before)
        {
            failures.AddRange(inGeneral.Take(MostFailures));
        }

        List<GradcheckFailure> Along(Tensor[] t)
        {
            var value = valueOf(t);
            var got = derivative(t);
            var differs = Differences(value, t, got, step);

            // A kink that the step crosses, though it is not at the point, is out of reach of a smaller one.
            return differs.Count == 0 || Differences(value, t, got, step * Closer) is { Count: 0 }
                ? []
                : [.. differs.Select(d => new GradcheckFailure(
                    mode, null, null, Name(of, got, d.Output, d.Element), d.Expected, d.Got, d.Allowed,
                    NoteOn(d.Got, s => Values(value(At(t, s)))[d.Output][d.Element])))];
        }
    }

    /// <summary>Where a derivative along t is not the difference.</summary>
    private List<(int Output, int Element, double Expected, double Got, double Allowed)> Differences(
        Func<Tensor[], Tensor[]> value, Tensor[] t, Tensor[] derivative, double h)
    {
        var got = Values(derivative);
        var (near, far) = ((Values(value(At(t, h))), Values(value(At(t, -h)))), (Values(value(At(t, 2 * h))), Values(value(At(t, -2 * h)))));
        var differs = new List<(int, int, double, double, double)>();
        for (int i = 0; i < got.Length; i++)
        {
            var expected = new double[got[i].Length];
            for (int j = 0; j < expected.Length; j++)
            {
                expected[j] = ((8 * (near.Item1[i][j] - near.Item2[i][j])) - (far.Item1[i][j] - far.Item2[i][j])) / (12 * h);
            }

            double allowed = tolerance * (Largest(expected) + (1e-8 / h * Math.Max(1, Largest(near.Item1[i]))));
            for (int j = 0; j < expected.Length; j++)
            {
                if (!(Math.Abs(expected[j] - got[i][j]) <= allowed))
                {
                    differs.Add((i, j, expected[j], got[i][j], allowed));
                }
            }
        }

        return differs;
    }

    /// <summary>A kink or an edge, told from a wrong rule by the differences to either side.</summary>
    private string? NoteOn(double got, Func<double, double> value)
    {
        double here = value(0);
        (double Left, double Right) Sides(double h) => ((here - value(-h)) / h, (value(h) - here) / h);
        var (left, right) = Sides(step * Closer);
        if (!double.IsFinite(left) || !double.IsFinite(right))
        {
            return "f is not finite beside this point, which is at the edge of its domain";
        }

        if (!double.IsFinite(got))
        {
            return "f has no finite derivative at this point or beside it, which may be at the edge of its domain";
        }

        // Across a smooth point the gap shrinks with the step.
        var (farLeft, farRight) = Sides(step);
        double gap = Math.Abs(right - left);
        return gap > 1e-3 * Math.Max(Math.Abs(left), Math.Abs(right)) && gap > 0.5 * Math.Abs(farRight - farLeft)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"there is a kink at this point (the difference to one side is {left:G6}, to the other {right:G6}): move the point")
            : null;
    }

    private Tensor[] At(Tensor[] t, double s) => [.. x.Select((argument, k) => argument + (t[k] * s))];

    private Tensor Random(Tensor like) => generator.Normal(like.Shape, dtype: DType.Float64).To(like.Device);

    /// <summary>A point near 0 may be near the edge of the domain, and is moved by less.</summary>
    private static double ScaleOf(Tensor argument) => Largest(argument.ToArray<double>()) is var largest and > 0 and < 1 ? largest : 1;

    private static Tensor Inner(Tensor[] a, Tensor[] b) => a.Zip(b, (left, right) => (left * right).Sum()).Aggregate((sum, next) => sum + next);

    private static double[][] Values(Tensor[] tensors) => [.. tensors.Select(tensor => tensor.ToArray<double>())];

    private static double Largest(double[] values) => values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();

    private static string Name(string of, Tensor[] tensors, int k, int element) =>
        of + (tensors.Length > 1 ? $" {k}" : "") + (tensors[k].Rank > 0 ? " " + Shape.Text(tensors[k].Shape.Position(element)) : "");
}
