using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Tour;

/// <content>Layers, the two modes, and second derivatives.</content>
public static partial class Cases
{
    private static IReadOnlyList<Case> Layers =>
    [
        new(
            "001-16",
            Chapter.Backpropagation,
            "Layers upon layers",
            "fⁱ = σ(Aᵢ₋₁fⁱ⁻¹ + bᵢ₋₁), L = ‖y − fᴷ‖²;  ∂L/∂Aⱼ and ∂L/∂bⱼ are products of the layers' Jacobians (K = 1…5, shown is 2)",
            t => t.Sizes(1, 5, layers =>
            {
                const int Width = 2;
                var theta = new Tensor[2 * layers];
                for (int k = 0; k < layers; k++)
                {
                    theta[2 * k] = t.Given($"theta[{2 * k}]", t.Normal(Width, Width));
                    theta[(2 * k) + 1] = t.Given($"theta[{(2 * k) + 1}]", t.Normal(Width));
                }

                var (x, y) = (t.Given("x", t.Of(0.5, -1)), t.Given("y", t.Of(1, 0.25)));
                Layered(t, "sigmoid", s => s.Sigmoid(), s => s.Sigmoid() * (1 - s.Sigmoid()), theta, x, y);
                Layered(t, "tanh", s => s.Tanh(), s => 1 - s.Tanh().Square(), theta, x, y);
                Layered(t, "ReLU", s => s.Relu(), s => (s > 0).To(DType.Float64), theta, x, y);
            })),
        new(
            "001-17",
            Chapter.Backpropagation,
            "A network of 2-2-1 neurons learns",
            "h = σ(xW₁ + b₁), a = σ(W₂h + b₂), L = ½(a − y)²; 1000 steps of gradient descent, 0.05 each",
            t =>
            {
                var (x, y) = (t.Given("x", t.Of(0.5, 0.8)), t.Given("y", t.Of(1)));
                Tensor[] start =
                [
                    t.Given("start[0]", t.Of(new[,] { { 0.5, 0.2 }, { 0.3, 0.7 } })), t.Given("start[1]", t.Of(0.1, 0.2)),
                    t.Given("start[2]", t.Of(new[,] { { 0.6, 0.9 } })), t.Given("start[3]", t.Of(0.3)),
                ];
                var z1 = t.Let<Func<Tensor[], Tensor>>("z1", p => x.MatMul(p[0]) + p[1]);
                var z2 = t.Let<Func<Tensor[], Tensor>>("z2", p => p[2].MatMul(z1(p).Sigmoid()) + p[3]);
                var net = t.Let<Func<Tensor[], Tensor>>("net", p => z2(p).Sigmoid());
                var loss = t.Let<Func<Tensor[], Tensor>>("loss", p => 0.5 * (net(p) - y).Square().Sum());
                t.Check("before", () => net(start), V(0.7889176625306139));

                // A step against the gradient at the weights as they are.
                var step = t.Mode == Mode.Reverse
                    ? t.Let<Func<Tensor[], Tensor[]>>("step", p => Tree.Map(p, Autodiff.Grad(loss)(p), (w, g) => w - (0.05 * g)))
                    : t.Let<Func<Tensor[], Tensor[]>>(
                        "step", p => Tree.Map(p, Autodiff.JacobiansForward(loss, p), (w, g) => w - (0.05 * g)));

                // A step with the activations of the weights at the start, never computed again.
                var (s1, s2) = (t.Let("s1", z1(start)), t.Let("s2", z2(start)));
                var h = t.Let("h", s1.Sigmoid());
                var output = t.Mode == Mode.Reverse
                    ? t.Let("output", Autodiff.Grad(s => 0.5 * (s.Sigmoid() - y).Square().Sum())(s2))
                    : t.Let("output", Autodiff.JacobianForward(s => 0.5 * (s.Sigmoid() - y).Square().Sum(), s2));
                var hidden = t.Mode == Mode.Reverse
                    ? t.Let<Func<Tensor[], Tensor>>(
                        "hidden", p => Autodiff.Grad(s => (p[2].MatMul(s.Sigmoid()) * output).Sum())(s1))
                    : t.Let<Func<Tensor[], Tensor>>(
                        "hidden", p => Autodiff.JacobianForward(s => (p[2].MatMul(s.Sigmoid()) * output).Sum(), s1));
                var staleStep = t.Let<Func<Tensor[], Tensor[]>>(
                    "staleStep",
                    p => Tree.Map(p, [x.Outer(hidden(p)), hidden(p), output.Outer(h), output], (w, g) => w - (0.05 * g)));

                var stale = t.Let("stale", Repeat(1000, staleStep, start));
                t.Check("after, on stale activations", () => net(stale), V(0.995164913282539));
                var end = t.Let("end", Repeat(1000, step, start));
                t.Check("after, by gradient descent", () => net(end), V(0.9281528320638617));
                t.Check(
                    "W₁",
                    () => end[0],
                    M(new[,] { { 0.5515372988037034, 0.26429356273222643 }, { 0.3824596780859267, 0.802869700371563 } }));
                t.Check("b₁", () => end[1], V(0.20307459760740829, 0.3285871254644533));
                t.Check("W₂", () => end[2], M(new[,] { { 0.9883785837038697, 1.3248675757156314 } }));
                t.Check("b₂", () => end[3], V(0.885172959616815));
            })
        {
            Printed = "0.995164913282539 after training: the forward pass is never repeated, so that all steps use the first activations",
            True = "gradient descent computes them again in every step, and ends at 0.9281528320638617",
        },
    ];

    private static IReadOnlyList<Case> Modes =>
    [
        new("001-15", Chapter.Automatic, "An expression with a shared part",
            "c = x² + exp x², f = √c + cos c at 0.5;  f' = 2x(1/(2√c) − sin c)(1 + exp x²)", t =>
        {
            var x = t.Given("x", t.Of(0.5)[0]);
            var c = t.Let<Func<Tensor, Tensor>>("c", x => x.Square() + x.Square().Exp());
            var f = t.Let<Func<Tensor, Tensor>>("f", x => c(x).Sqrt() + c(x).Cos());
            t.Check("f", () => f(x), S(1.2753204214157405));
            t.Check("f'", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), S(-1.360431078598279));
            var typed = t.Let<Func<Tensor, Tensor>>(
                "typed", x => x.Square() + x.Square().Exp() + x.Square().Cos() + x.Square().Exp());
            t.Check("f as it is typed", () => typed(x), S(3.7869632550861274));
            t.Check("its derivative", () => Autodiff.Grad(typed)(x), () => Autodiff.JacobianForward(typed, x), S(3.32064687412096));
        })
        {
            Printed = "f = x² + exp x² + cos x² + exp x², beside c = a + b, d = √c, e = cos c, f = d + e",
            True = "they are two functions: the second is √c + cos c; both are above",
        },
        new("001-18", Chapter.Automatic, "Forward and backward", "J by forward mode = J by reverse mode, as in every case here", t =>
        {
            var (w, x) = (t.Given("w", t.Normal(4, 3)), t.Given("x", t.Of(0.5, -1, 2)));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => w.MatMul(v).Tanh() + (v.Square().Sum() / 4).Sin());
            var (u, v) = (Exact(w).MatMul(Exact(x)).Tanh(), Exact(x));
            t.Check(
                "J",
                () => Autodiff.JacobianReverse(f, x),
                () => Autodiff.JacobianForward(f, x),
                ((1 - u.Square()).Reshape(4, 1) * Exact(w)) + ((v.Square().Sum() / 4).Cos() * v / 2));
            t.Check(
                "the difference",
                () => Autodiff.JacobianForward(f, x) - Autodiff.JacobianReverse(f, x),
                Tensor.Zeros([4, 3], DType.Float64));
        }),
    ];

    private static IReadOnlyList<Case> Hessians =>
    [
        new("001-19", Chapter.Hessian, "By derivatives, and by differences", "f = x² + y² + xy at (1, 2);  H = [[2, 1], [1, 2]]", t =>
        {
            double[,] expected = { { 2, 1 }, { 1, 2 } };
            var x = t.Given("x", t.Of(1, 2));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => v[0].Square() + v[1].Square() + (v[0] * v[1]));
            t.Check(
                "H",
                () => Autodiff.JacobianReverse(Autodiff.Grad(f), x),
                () => Autodiff.JacobianForward(v => Autodiff.JacobianForward(f, v), x),
                M(expected));
            t.Check("H, forward over reverse", () => Autodiff.Hessian(f, x), M(expected));
            if (t.TakesDifferences)
            {
                double h = t.Let("h", 1e-5);
                var e = t.Given("e", Tensor.Eye(2, DType.Float64));
                var (both, across) = (t.Let("both", h * (e[0] + e[1])), t.Let("across", h * (e[0] - e[1])));
                var d = t.Let<Func<Tensor, Tensor>>("d", s => (f(x + s) - (2 * f(x)) + f(x - s)) / (h * h));
                t.Check("∂²f/∂x² by differences", () => d(h * e[0]), S(2.0000001654807416));
                t.Check("∂²f/∂y² by differences", () => d(h * e[1]), S(2.0000001654807416));
                t.Check(
                    "∂²f/∂x∂y by differences",
                    () => (f(x + both) - f(x + across) - f(x - across) + f(x - both)) / (4 * h * h),
                    S(0.9999978622943216));
            }
        }),
        new("002-3", Chapter.Hessian, "A cubic", "f = w₁²w₂ + w₂³ at (1, 2);  H = [[4, 2], [2, 12]]", t =>
        {
            double[,] expected = { { 4, 2 }, { 2, 12 } };
            var w = t.Given("w", t.Of(1, 2));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => (v[0].Square() * v[1]) + v[1].Pow(3));
            t.Check(
                "H",
                () => Autodiff.JacobianReverse(Autodiff.Grad(f), w),
                () => Autodiff.JacobianForward(v => Autodiff.JacobianForward(f, v), w),
                M(expected));
            t.Check("H, forward over reverse", () => Autodiff.Hessian(f, w), M(expected));
        }),
        new("002-5", Chapter.Hessian, "Descent, and Newton's step",
            "a small step along −∇f lowers f;  x − H⁻¹∇f is the minimum of a quadratic f", t =>
        {
            var q = t.Given("q", t.Of(new double[,] { { 4, 1, 0 }, { 1, 3, -1 }, { 0, -1, 5 } }));
            var (least, x) = (t.Given("least", t.Of(1, -2, 3)), t.Given("x", t.Of(5, 5, -4)));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => 0.5 * (v - least).MatMul(q).MatMul(v - least));
            t.Check(
                "f(x − ∇f/1000) < f(x)",
                () => f(x - (0.001 * Autodiff.Grad(f)(x))) < f(x),
                () => f(x - (0.001 * Autodiff.JacobianForward(f, x))) < f(x),
                S(1));
            t.Check(
                "x − H⁻¹∇f",
                () => x - Autodiff.JacobianReverse(Autodiff.Grad(f), x).Solve(Autodiff.Grad(f)(x)),
                () => x - Autodiff.JacobianForward(v => Autodiff.JacobianForward(f, v), x).Solve(Autodiff.JacobianForward(f, x)),
                V(1, -2, 3));
        }),
    ];

    private static Tensor[] Repeat(int times, Func<Tensor[], Tensor[]> step, Tensor[] p)
    {
        for (int i = 0; i < times; i++)
        {
            p = step(p);
        }

        return p;
    }

    /// <summary>The gradients of layers beside the products of their Jacobians.</summary>
    private static void Layered(
        Sheet t,
        string name,
        Func<Tensor, Tensor> sigma,
        Func<Tensor, Tensor> slope,
        Tensor[] theta,
        Tensor x,
        Tensor y,
        [CallerArgumentExpression(nameof(sigma))] string sigmaCode = "")
    {
        t.Let("sigma", sigma, sigmaCode);
        var loss = t.Let<Func<Tensor[], Tensor>>(
            "loss", p => (y - p.Chunk(2).Aggregate(x, (f, layer) => sigma(layer[0].MatMul(f) + layer[1]))).Square().Sum());
        Tensor[] exact = [.. theta.Select(Exact)];
        List<Tensor> inputs = [Exact(x)];
        List<Tensor> slopes = [];
        for (int k = 0; k < exact.Length; k += 2)
        {
            var z = exact[k].MatMul(inputs[^1]) + exact[k + 1];
            slopes.Add(slope(z));
            inputs.Add(sigma(z));
        }

        // From the loss back: ∂L/∂fᴷ times the Jacobians diag(σ')·A of the layers above.
        var back = -2 * (Exact(y) - inputs[^1]);
        var expected = new Tensor[exact.Length];
        for (int k = exact.Length - 2; k >= 0; k -= 2)
        {
            var jacobian = slopes[k / 2].Diag();
            expected[k + 1] = back.MatMul(jacobian);
            expected[k] = expected[k + 1].Outer(inputs[k / 2]);
            back = expected[k + 1].MatMul(exact[k]);
        }

        t.Check(
            $"[∂L/∂A₀, ∂L/∂b₀, …], σ = {name}",
            () => Flat(Autodiff.Grad(loss)(theta)),
            () => Flat(Autodiff.JacobiansForward(loss, theta)),
            Flat(expected));
    }

    private static Tensor Flat(Tensor[] parts) => Tensor.Concat([.. parts.Select(part => part.Flatten())]);
}
