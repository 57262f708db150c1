using System.Globalization;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>One gradient check: of a function of several tensors to several tensors, at a point.</summary>
/// <param name="f">The function.</param>
/// <param name="x">The point.</param>
/// <param name="forward">Whether forward mode is applied to f.</param>
/// <param name="tolerance">The relative error that is allowed.</param>
/// <param name="step">The first step of the differences.</param>
/// <param name="generator">What the random directions come from.</param>
internal sealed class GradcheckRun(
    Func<Tensor[], Tensor[]> f, Tensor[] x, bool forward, double tolerance, double step, Generator generator)
{
    private const int Directions = 3;
    private const int MostFailures = 10;
    private const string WithoutSecond = "order: 1 leaves out second derivatives";

    private readonly List<GradcheckFailure> failures = [];

    /// <summary>
    /// What is wrong, up to ten of each mode, and with which op; the second order is only looked at where the first is right.
    /// </summary>
    public IReadOnlyList<GradcheckFailure> Failures(int order)
    {
        if (forward)
        {
            foreach (var rule in GradcheckSteps.Of(f, x, ops: false).Where(rule => rule.HasForwardRule))
            {
                failures.AddRange(With(rule).NotLinear().Select(failure => failure with { Op = rule.Name, Line = rule.Line }));
            }
        }

        if (failures.Count == 0)
        {
            Find(order, eachElement: true);
            NameOps();
        }

        return failures;
    }

    private GradcheckRun With(GradcheckSteps.Step alone) => new(alone.F, alone.X, forward, tolerance, step, generator);

    /// <summary>An op that fails in the same mode by itself is to blame; the first one is named.</summary>
    private void NameOps()
    {
        var steps = failures.Count > 0 ? GradcheckSteps.Of(f, x, ops: true) : [];
        foreach (string mode in failures.Select(failure => failure.Mode).Distinct().ToArray())
        {
            if (steps.FirstOrDefault(op => Fails(op, mode)) is { } culprit)
            {
                for (int i = 0; i < failures.Count; i++)
                {
                    failures[i] = failures[i].Mode == mode ? failures[i] with { Op = culprit.Name, Line = culprit.Line } : failures[i];
                }
            }
        }

        bool Fails(GradcheckSteps.Step op, string mode)
        {
            var alone = With(op);
            alone.Find(mode.Contains(" over ", StringComparison.Ordinal) ? 2 : 1, eachElement: false);
            return alone.failures.Exists(failure => failure.Mode == mode);
        }
    }

    private void Find(int order, bool eachElement)
    {
        var y = f(x);
        if (!ValueHolds(y) || x.Sum(argument => argument.Count) == 0)
        {
            return;
        }

        var u = Weights(y);
        Tensor Phi(Tensor[] z) => Inner(f(z), u);
        Func<Tensor[], Tensor> phi = Phi;
        var gradient = Autodiff.Grad<Tensor[]>(phi);
        double terms = y.Zip(u, (a, b) => (a * b).Abs().Sum().Item()).Sum();
        double[] gradientTerms = [.. x.SelectMany(argument => Enumerable.Repeat(terms / ScaleOf(argument), argument.Count))];
        if (forward)
        {
            Test("forward", _ => f, "the result", t => Autodiff.Jvp(f, x, t).Tangent, null, "forward: false leaves out forward mode of f");
        }

        var g = new Lazy<Tensor[]>(() => gradient(x), LazyThreadSafetyMode.None);
        Test("reverse", _ => z => [phi(z)], "⟨u, f⟩", t => [Inner(g.Value, t)], [terms], null);
        if (order == 1 || failures.Count > 0)
        {
            return;
        }

        SecondOrder("forward over reverse", t => Autodiff.Hvp(phi, x, t));
        SecondOrder("reverse over reverse", t => Autodiff.Grad<Tensor[]>(z => Inner(gradient(z), t))(x));
        if (forward)
        {
            SecondOrder("reverse over forward", t => Autodiff.Grad<Tensor[]>(z => Autodiff.Jvp(phi, z, t).Tangent)(x));

            // Along t twice: the one derivative that is compared with differences of a function that itself depends on t.
            Test(
                "forward over forward",
                t => z => [Inner(gradient(z), t)],
                "⟨gradient, t⟩",
                t => [Autodiff.Jvp(z => Autodiff.Jvp(phi, z, t).Tangent, x, t).Tangent],
                [terms],
                WithoutSecond);
        }

        void SecondOrder(string mode, Func<Tensor[], Tensor[]> derivative) =>
            Test(mode, _ => gradient, "the gradient", derivative, gradientTerms, WithoutSecond);

        void Test(
            string mode, Func<Tensor[], Func<Tensor[], Tensor[]>> value, string of, Func<Tensor[], Tensor[]> derivative, double[]? sizes,
            string? without) => failures.AddRange(Wrong(mode, value, of, derivative, sizes, without, eachElement));
    }

    /// <summary>The value is finite, and the same the second time.</summary>
    private bool ValueHolds(Tensor[] y)
    {
        var (first, second) = (Values(y), Values(f(x)));
        for (int i = 0, j = 0; i < y.Length; j += y[i++].Count)
        {
            var (here, again) = (first[j..(j + y[i].Count)], second[j..(j + y[i].Count)]);
            if (Array.FindIndex(here, value => !double.IsFinite(value)) is var bad and >= 0)
            {
                failures.Add(new("value", null, null, Name("the result", y, i, bad), 0, here[bad], 0, "f is not finite at this point"));
            }
            else if (Array.FindIndex(here.Zip(again).ToArray(), pair => pair.First != pair.Second) is var other and >= 0)
            {
                failures.Add(new(
                    "determinism", null, null, Name("the result", y, i, other), here[other], again[other], 0,
                    "f gives another value each time: draw its random numbers outside of it, or from a Generator that it makes itself"));
            }
        }

        return failures.Count == 0;
    }

    /// <summary>Random weights of the results, so that results of any size count the same in their sum.</summary>
    private Tensor[] Weights(Tensor[] y)
    {
        var t = Direction(_ => true);
        var along = new GradcheckDifferences(s => Values(f(At(t, s))), step);
        int from = 0;
        return [.. y.Select(output => Random(output) / along.Size(from..(from += output.Count)))];
    }

    /// <summary>Where J·(t₁ + s·t₂) is not J·t₁ + s·J·t₂.</summary>
    private List<GradcheckFailure> NotLinear()
    {
        Func<Tensor[], Tensor[]> derivative = t => Autodiff.Jvp(f, x, t).Tangent;
        var (t1, t2) = (Direction(_ => true), Direction(_ => true));
        var largest = Largest(f(x));
        foreach (double s in (double[])[1, -2, 1e4])
        {
            var (first, second, both) = (Run(derivative, t1), Run(derivative, t2), Run(derivative, [.. t1.Zip(t2, (p, q) => p + (q * s))]));
            if ((first.Thrown ?? second.Thrown ?? both.Thrown) is not null)
            {
                return []; // Forward mode says it.
            }

            var (a, b, got) = (Values(first.Value), Values(second.Value), Values(both.Value));
            for (int i = 0, j = 0; i < both.Value.Length; i++)
            {
                int from = j;
                double size = Largest(first.Value)[i] + Math.Abs(s) * (Largest(second.Value)[i] + (1e-9 * largest[i]));
                for (; j < from + both.Value[i].Count; j++)
                {
                    double expected = a[j] + (s * b[j]);
                    if (Math.Abs(expected - got[j]) > tolerance * size)
                    {
                        string text = s.ToString(CultureInfo.InvariantCulture);
                        return [new(
                            "linearity", null, null, Name("the tangent of its result", both.Value, i, j - from), expected, got[j],
                            tolerance * size, $"along t₁ + {text}·t₂ it is not that along t₁ plus {text} times that along t₂, but " +
                            "the rule of a CustomJvp must be linear in t")];
                    }
                }
            }
        }

        return [];

        static double[] Largest(Tensor[] tensors) =>
            [.. tensors.Select(tensor => tensor.ToArray<double>().Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty().Max())];
    }

    /// <summary>Where a derivative along random directions is wrong; then, along each element.</summary>
    private List<GradcheckFailure> Wrong(
        string mode, Func<Tensor[], Func<Tensor[], Tensor[]>> valueOf, string of, Func<Tensor[], Tensor[]> derivative, double[]? terms,
        string? without, bool eachElement)
    {
        // Each argument alone too: one that matters little would not show beside the others.
        IEnumerable<Tensor[]> random =
        [
            .. Enumerable.Range(0, x.Length > 1 ? Directions - 1 : Directions).Select(_ => Direction(_ => true)),
            .. Enumerable.Range(0, x.Length > 1 ? x.Length : 0).Select(k => Direction(other => other == k)),
        ];
        var inGeneral = random.Select(Along).FirstOrDefault(found => found.Count > 0) ?? [];
        if (!eachElement || inGeneral is [] or [{ Thrown: not null }])
        {
            return inGeneral;
        }

        var found = new List<GradcheckFailure>();
        for (int k = 0; k < x.Length; k++)
        {
            double scale = ScaleOf(x[k]);
            for (int e = 0; e < x[k].Count && found.Count < MostFailures; e++)
            {
                var unit = new double[x[k].Count];
                unit[e] = scale;
                Tensor[] t = [.. x.Select(Reverse.ZerosLike)];
                t[k] = Tensor.From<double>(unit, x[k].Shape, x[k].Device);
                found.AddRange(Along(t).Take(MostFailures - found.Count).Select(failure => failure with
                {
                    Argument = k,
                    Index = x[k].Shape.Position(e),
                    Expected = failure.Expected / scale,
                    Got = failure.Got / scale,
                    Tolerance = failure.Tolerance / scale,
                }));
            }
        }

        return found.Count > 0 ? found : [.. inGeneral.Take(MostFailures)];

        List<GradcheckFailure> Along(Tensor[] t)
        {
            var value = valueOf(t);
            var (tangents, thrown) = Run(derivative, t);
            if (thrown is not null)
            {
                return [new(mode, null, null, of, double.NaN, double.NaN, 0, without) { Thrown = thrown }];
            }

            var got = Values(tangents);
            var differences = new GradcheckDifferences(s => Values(value(At(t, s))), step, terms);
            var wrong = new List<GradcheckFailure>();
            for (int i = 0, j = 0; i < tangents.Length; i++)
            {
                for (int from = j; j < from + tangents[i].Count; j++)
                {
                    if (differences.Check(j, got[j], tolerance) is { } differs)
                    {
                        wrong.Add(new(
                            mode, null, null, Name(of, tangents, i, j - from), differs.Expected, got[j], differs.Allowed, differs.Note));
                    }
                }
            }

            return wrong;
        }
    }

    /// <summary>A derivative, or why the mode cannot be run.</summary>
    private static (Tensor[] Value, Exception? Thrown) Run(Func<Tensor[], Tensor[]> derivative, Tensor[] t)
    {
        try
        {
            return (derivative(t), null);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return ([], e);
        }
    }

    private Tensor[] At(Tensor[] t, double s) => [.. x.Select((argument, k) => argument + (t[k] * s))];

    /// <summary>A random direction of some arguments, each by as much as it is large.</summary>
    private Tensor[] Direction(Predicate<int> moves) =>
        [.. x.Select((argument, k) => moves(k) ? Random(argument) * ScaleOf(argument) : Reverse.ZerosLike(argument))];

    private Tensor Random(Tensor like) => generator.Normal(like.Shape, dtype: DType.Float64).To(like.Device);

    private static double ScaleOf(Tensor argument) =>
        argument.ToArray<double>().Select(Math.Abs).DefaultIfEmpty().Max() is var largest and > 0 ? largest : 1;

    private static Tensor Inner(Tensor[] a, Tensor[] b) =>
        a.Zip(b, (left, right) => (left * right).Sum()).Aggregate((sum, next) => sum + next);

    private static double[] Values(Tensor[] tensors) => [.. tensors.SelectMany(tensor => tensor.ToArray<double>())];

    private static string Name(string of, Tensor[] tensors, int k, int element) =>
        of + (tensors.Length > 1 ? $" {k}" : "") + (tensors[k].Rank > 0 ? " " + Shape.Text(tensors[k].Shape.Position(element)) : "");
}
