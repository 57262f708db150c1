namespace Gpu.Autograd.Tests;

/// <summary>Rules of a user's own are used in the place of the derivative, and agree with it where they are right.</summary>
public class CustomRuleTests
{
    // A composite of two arguments and two results, one argument an index that has no gradient.
    private static readonly Func<(Tensor A, Tensor B, Tensor Rows), (Tensor Y, Tensor[] Z)> Plain = x =>
        ((x.A.Sin() * x.B).Gather(x.Rows), [x.A.Square() * x.B.Exp()]);

    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor Point => new Generator(1).Uniform([4], 0.3, 1.2, DType.Float64);

    private static Tensor Direction => new Generator(2).Normal([4], dtype: DType.Float64);

    private static Tensor Rows => Tensor.From<long>([2, 0, 2]);

    /// <summary>A true rule and the plain derivative, in every mode that the kind of rule serves.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void True_rules_are_the_derivative(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (point, direction, rows) = (Point.To(device), Direction.To(device), Rows.To(device));
        var vjp = Autodiff.CustomVjp<(Tensor A, Tensor B, Tensor Rows), (Tensor Y, Tensor[] Z), (Tensor A, Tensor B, Tensor Rows, int Length)>(
            Plain,
            x => (Plain(x), (x.A, x.B, x.Rows, x.A.Shape[0])),
            (r, g) =>
            {
                var gy = g.Y.ScatterAdd(r.Rows, r.Length);
                return (
                    (gy * r.A.Cos() * r.B) + (g.Z[0] * 2 * r.A * r.B.Exp()), (gy * r.A.Sin()) + (g.Z[0] * r.A.Square() * r.B.Exp()), r.Rows);
            });
        var jvp = Autodiff.CustomJvp<(Tensor A, Tensor B, Tensor Rows), (Tensor Y, Tensor[] Z)>(
            Plain,
            (x, t) => (
                Plain(x),
                (((x.A.Cos() * t.A * x.B) + (x.A.Sin() * t.B)).Gather(x.Rows),
                    [(2 * x.A * t.A * x.B.Exp()) + (x.A.Square() * x.B.Exp() * t.B)])));
        foreach (var (name, rule) in new[] { ("CustomVjp", vjp), ("CustomJvp", jvp) })
        {
            Tensor F(Tensor x, bool custom)
            {
                var y = (custom ? rule : Plain)((x, 2 * x, rows));
                return (y.Y.Square().Sum() * y.Z[0]) + y.Y.Sum();
            }

            Tensor Loss(Tensor x, bool custom) => F(x, custom).Square().Sum();
            Func<Tensor, Tensor> One(bool c) => x => Loss(x, c);
            Tensor batch = new Generator(5).Uniform([3, 4], 0.3, 1.2, DType.Float64).To(device);
            Same("value", c => F(point, c));
            Same("reverse", c => Autodiff.Grad(One(c))(point));
            Same("forward over reverse", c => Autodiff.Hvp(One(c), point, direction));
            Same("reverse over reverse", c => Autodiff.Grad(x => (Autodiff.Grad(One(c))(x) * direction).Sum())(point));
            Same("Vmap", c => Autodiff.Vmap(One(c))(batch));
            Same("Vmap of reverse", c => Autodiff.Vmap(Autodiff.Grad(One(c)))(batch));
            Same("reverse over Vmap", c => Autodiff.Grad(x => Autodiff.Vmap(One(c))(x).Square().Sum())(batch));
            Same("reverse over Vmap, outside of the batch", c => Autodiff.Grad(x => Autodiff.Vmap(
                row => ((c ? rule : Plain)((x, row, rows)).Z[0] * row).Sum())(batch).Square().Sum())(point));
            Same("Jacobian by rows", c => Autodiff.JacobianReverse(x => F(x, c), point));
            Same("tape", c => Tape(One(c), twice: false));
            Same("tape twice", c => Tape(One(c), twice: true));
            if (name == "CustomJvp")
            {
                Same("forward", c => Autodiff.Jvp(x => F(x, c), point, direction).Tangent);
                Same("reverse over forward", c => Autodiff.Grad(x => Autodiff.Jvp(One(c), x, direction).Tangent)(point));
                Same("forward over Vmap", c => Autodiff.Jvp(Autodiff.Vmap(One(c)), batch, batch * 2).Tangent);
                Same("Hessian", c => Autodiff.Hessian(One(c), point));
            }

            void Same(string mode, Func<bool, Tensor> f) => Close.Assert(f(false), f(true), 1e-11, $"{name}, {mode} on {deviceName}");
        }

        Tensor Tape(Func<Tensor, Tensor> loss, bool twice)
        {
            var x = point.Detach() * 1;
            x.RequiresGrad = true;
            loss(x).Backward(createGraph: twice);
            if (twice)
            {
                var g = x.Grad!;
                x.Grad = null;
                (g * direction).Sum().Backward();
            }

            return x.Grad!;
        }
    }

    /// <summary>A rule that is not the derivative shows that the rule is what is used: here ten times the cube's slope.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Wrong_rules_are_used_all_the_same(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.Scalar(2, DType.Float64, device);
        var one = Tensor.Ones([], DType.Float64, device);
        var batch = Tensor.From<double>([1, 2, 3], device: device);
        var vjp = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * v * v, v => (v * v * v, v), (r, g) => g * 30 * r * r);
        var jvp = Autodiff.CustomJvp<Tensor, Tensor>(v => v * v * v, (v, t) => (v * v * v, 30 * v * v * t));
        foreach (var f in new[] { vjp, jvp })
        {
            Assert.Equal(8, f(x).Item());
            Assert.Equal(120, Autodiff.Grad(f)(x).Item());
            Assert.Equal(120, Autodiff.Hvp(f, x, one).Item());
            Assert.Equal(120, Autodiff.Grad(Autodiff.Grad(f))(x).Item());
            Assert.Equal([30, 120, 270], Autodiff.Vmap(Autodiff.Grad(f))(batch).ToArray<double>());
            Assert.Equal([30, 120, 270], Autodiff.Grad(v => Autodiff.Vmap(f)(v).Sum())(batch).ToArray<double>());
            Assert.Equal(360, Autodiff.Grad(v => Autodiff.Vmap(row => f(v) * row / 2)(batch).Sum())(x).Item());
            var leaf = Tensor.Scalar(2, DType.Float64, device);
            leaf.RequiresGrad = true;
            f(leaf).Backward();
            Assert.Equal(120, leaf.Grad!.Item());
            leaf.Grad = null;
            Autodiff.Checkpoint(f, leaf).Backward();
            Assert.Equal(120, leaf.Grad!.Item());
        }

        Assert.Equal(120, Autodiff.Jvp(jvp, x, one).Tangent.Item());
        Assert.Equal(120, Autodiff.Grad(v => Autodiff.Jvp(jvp, v, one).Tangent)(x).Item());
        Assert.Equal([30, 120, 270], Autodiff.Jvp(Autodiff.Vmap(jvp), batch, Tensor.Ones([3], DType.Float64, device)).Tangent.ToArray<double>());
    }

    /// <summary>The function runs where nothing is differentiated, and only there; host code in it is allowed.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_function_runs_where_nothing_is_differentiated(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var ran = new List<string>();
        var f = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            x => Tensor.Scalar(Say("f", x.Item()), DType.Float64, device),
            x => (Tensor.Scalar(Say("forward", x.Item()), DType.Float64, device), x),
            (r, g) => g * Say("backward", 5));
        double Say(string what, double value)
        {
            ran.Add(what);
            return value;
        }

        var x = Tensor.Scalar(3, DType.Float64, device);
        f(x);
        Assert.Equal(["f"], ran);
        Assert.Equal(5, Autodiff.Grad(f)(x).Item());
        Assert.Equal(["f", "forward", "backward"], ran);
        x.RequiresGrad = true;
        Tensor.NoGrad(() => f(x));
        Assert.Equal("f", ran[^1]);
    }

    /// <summary>The random numbers of the rule's two halves fit, also where the tape runs the first again.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Random_numbers(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Tensor Gradient(bool custom)
        {
            var generator = new Generator(3);
            Tensor Mask() => generator.Uniform([4], dtype: DType.Float64, device: device);
            var f = Autodiff.CustomVjp<Tensor, Tensor, (Tensor, Tensor)>(
                x => x * x * Mask(),
                x =>
                {
                    var mask = Mask();
                    return (x * x * mask, (x, mask));
                },
                (r, g) => g * 2 * r.Item1 * r.Item2);
            var leaf = Point.To(device);
            leaf.RequiresGrad = true;
            (custom ? f(leaf) : leaf * leaf * Mask()).Sum().Backward(createGraph: true);
            var first = leaf.Grad!;
            leaf.Grad = null;
            (first * first).Sum().Backward();
            var batch = new Generator(4).Uniform([2, 4], dtype: DType.Float64, device: device);
            var mapped = Autodiff.Grad(v => Autodiff.Vmap(row => custom ? f(row) : row * row * Mask())(v).Sum())(batch);
            return Tensor.Concat([first.Detach(), leaf.Grad!, mapped.Reshape(8)]);
        }

        Close.Assert(Gradient(false), Gradient(true), 1e-13, "gradient, its gradient and a batch's");
    }

    [Fact]
    public void Clear_errors()
    {
        var (x, w) = (Point, Point);
        var identity = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * 1, v => (v * 1, v), (r, g) => g);
        Assert.Contains("CustomJvp", Assert.Throws<InvalidOperationException>(() => Autodiff.Jvp(identity, x, x)).Message);
        var wrong = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * 1, v => (v * 1, v), (r, g) => g.Sum());
        Assert.Contains(
            "gradient float64 [] on cpu for an argument float64 [4]",
            Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v => wrong(v).Sum())(x)).Message);
        var wrongTangent = Autodiff.CustomJvp<Tensor, Tensor>(v => v * 1, (v, t) => (v * 1, t.Sum()));
        Assert.Contains("float64 []", Assert.Throws<InvalidOperationException>(() => Autodiff.Jvp(wrongTangent, x, x)).Message);

        var otherResult = Autodiff.CustomJvp<Tensor, Tensor>(v => v.Sum(), (v, t) => (v, t));
        Assert.Equal(
            "CustomJvp: the rule returned a result float64 [4] on cpu, the function float64 [] on cpu.",
            Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(otherResult)(x)).Message);
        var moreResults = Autodiff.CustomJvp<Tensor, Tensor[]>(v => [v], (v, t) => ([v, v], [t, t]));
        Assert.Equal(
            "CustomJvp: the rule returned 2 results, the function 1.",
            Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v => moreResults(v)[0].Sum())(x)).Message);

        // What is differentiated and not an argument would have no gradient.
        w.RequiresGrad = true;
        var captures = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * w, v => (v * w, v), (r, g) => g * w);
        var leaf = Point;
        leaf.RequiresGrad = true;
        Assert.Contains("RequiresGrad", Assert.Throws<InvalidOperationException>(() => captures(leaf)).Message);
        Assert.Contains("a running Grad", Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v =>
            Autodiff.CustomVjp<Tensor, Tensor, Tensor>(a => a * v, a => (a * v, a), (r, g) => g)(v * 2).Sum())(x)).Message);
        var detached = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * w.Detach(), v => (v * w.Detach(), v), (r, g) => g * w);
        detached(leaf).Sum().Backward();
        Assert.Equal(Close.Values(Point), Close.Values(leaf.Grad!));
        var muted = Autodiff.Grad(v => Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            a => a, a => (a * Tensor.NoGrad(() => v.Sum() + w.Sum()), a), (r, g) => g)(v).Sum());
        Assert.Equal([1, 1, 1, 1], muted(x).ToArray<double>());
        Assert.Equal([0, 0, 0, 0], Autodiff.Grad(v => Tensor.NoGrad(() => identity(v)).Sum())(x).ToArray<double>());

        var generator = new Generator(1);
        var draws = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            v => v * generator.Uniform([], dtype: DType.Float64), v => (v * generator.Uniform([], dtype: DType.Float64), v), (r, g) => g);
        Assert.Contains("draw them outside", Assert.Throws<InvalidOperationException>(
            () => Autodiff.Grad(v => Autodiff.Vmap(row => draws(v).Sum() * row)(x).Sum())(x)).Message);
    }

    /// <summary>What a batch has one of for each sample must be an argument: as such it works, and else the error says so.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_is_captured_from_a_batch(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (w, batch) = (Point.To(device), new Generator(5).Normal([3, 4], dtype: DType.Float64).To(device));
        Tensor Loss(Func<Tensor, Tensor, Tensor> product) => Autodiff.Grad(v => Autodiff.Vmap(row => product(v, row))(batch).Square().Sum())(w);
        var expected = Loss((v, row) => v * row);
        Close.Assert(expected, Loss((v, row) => Autodiff.CustomVjp<(Tensor V, Tensor Row), Tensor, (Tensor V, Tensor Row)>(
            x => x.V * x.Row, x => (x.V * x.Row, x), (x, g) => (g * x.Row, Tensor.Zeros([4], DType.Float64, device)))((v, row))), 1e-13, "argument");
        Close.Assert(expected, Loss((v, row) => Autodiff.CustomJvp<(Tensor V, Tensor Row), Tensor>(
            x => x.V * x.Row, (x, t) => (x.V * x.Row, (t.V * x.Row) + (x.V * t.Row)))((v, row))), 1e-13, "argument, CustomJvp");

        const string Says = "another one for each of the batch of 3 of Vmap, and is not among its arguments; make it an argument";
        var forward = Error((v, row) => Autodiff.CustomVjp<Tensor, Tensor, Tensor>(z => z * row, z => (z * row, z), (r, g) => g * row)(v));
        Assert.Contains(Says, forward);
        Assert.StartsWith($"CustomVjp: the function given in {nameof(CustomRuleTests)}.{nameof(What_is_captured_from_a_batch)} uses", forward);
        Assert.Contains(Says, Error((v, row) => Autodiff.CustomJvp<Tensor, Tensor>(z => z * row, (z, t) => (z * row, t * row))(v)));
        Assert.Contains(Says, Error((v, row) => Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            z => z * row, z => (z * row, z), (r, g) => g * row)(v * row)));
        Assert.Contains("in its backward half", Error((v, row) => Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            z => z * 1, z => (z * 1, z), (r, g) => g * row)(v) * row));

        string Error(Func<Tensor, Tensor, Tensor> product) => Assert.Throws<InvalidOperationException>(() => Loss(product)).Message;
    }
}
