namespace Gpu.Autograd.Tour;

/// <content>Jacobians, their determinants, and their products.</content>
public static partial class Cases
{
    private static IReadOnlyList<Case> Jacobians =>
    [
        new("000-2", Chapter.Jacobian, "Two functions of two variables",
            "y = [x² + 3xy, 2x + y] at (1.5, −2);  J = [[2x + 3y, 3x], [2, 1]]", t =>
        {
            var x = t.Given("x", t.Of(1.5, -2));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => Tensor.Stack([v[0].Square() + (3 * v[0] * v[1]), (2 * v[0]) + v[1]]));
            t.Check("J", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), M(new[,]
            {
                { (2 * 1.5) + (3 * -2), 3 * 1.5 }, { 2, 1 },
            }));
        }),
        new("000-R2", Chapter.Jacobian, "A linear map", "f(x) = Ax;  J = A", t =>
        {
            double[,] rows =
            {
                { -1.4624308347702026, 0.7523223161697388, -1.7172930240631104 },
                { 0.5756789445877075, 0.6040137410163879, 1.191388487815857 },
            };
            var a = t.Given("a", t.Of(rows));
            var x = t.Given("x", t.Of(0.3524523973464966, 0.2941133975982666, 0.5197460651397705));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => a.MatMul(v));
            t.Check("J", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), M(rows));
        }),
        new("001-1", Chapter.Jacobian, "The sum", "f(x) = Σxᵢ, ℝ⁴ → ℝ¹;  J is 1×4, all ones", t =>
        {
            var x = t.Given("x", t.Of(3, -1, 4, 1.5));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => v.Sum(axis: 0, keepDims: true));
            t.Check("J", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), M(new double[,] { { 1, 1, 1, 1 } }));
        }),
        new("001-5", Chapter.Jacobian, "Four shapes", "ℝ → ℝ: a scalar;  ℝᴰ → ℝ: 1×D;  ℝ → ℝᴱ: E×1;  ℝᴰ → ℝᴱ: E×D", t =>
        {
            var s = t.Given("s", t.Of(0.5)[0]);
            var x = t.Given("x", t.Of(1, 2, 3));
            var (s1, w) = (t.Given("s1", t.Of(0.5)), t.Given("w", t.Of(new double[,] { { 1, 0, 2 }, { -1, 3, 0 } })));
            var f = t.Let<Func<Tensor, Tensor>>("f", u => u.Square());
            t.Check("ℝ → ℝ", () => Autodiff.JacobianReverse(f, s), () => Autodiff.JacobianForward(f, s), S(1));
            var g = t.Let<Func<Tensor, Tensor>>("g", v => v.Square().Sum(axis: 0, keepDims: true));
            t.Check("ℝ³ → ℝ", () => Autodiff.JacobianReverse(g, x), () => Autodiff.JacobianForward(g, x), M(new double[,] { { 2, 4, 6 } }));
            var h = t.Let<Func<Tensor, Tensor>>("h", u => Tensor.Concat([u, u.Square()]));
            t.Check(
                "ℝ → ℝ²", () => Autodiff.JacobianReverse(h, s1), () => Autodiff.JacobianForward(h, s1), M(new double[,] { { 1 }, { 1 } }));
            var k = t.Let<Func<Tensor, Tensor>>("k", v => w.MatMul(v.Square()));
            t.Check(
                "ℝ³ → ℝ²",
                () => Autodiff.JacobianReverse(k, x),
                () => Autodiff.JacobianForward(k, x),
                M(new double[,] { { 2, 0, 12 }, { -2, 12, 0 } }));
        }),
        new("001-6", Chapter.Jacobian, "A linear map, partial by partial", "f(x) = Ax, A: M×N;  ∂fᵢ/∂xⱼ = Aᵢⱼ, so df/dx = A", t =>
        {
            double[,] rows = { { 1, -2, 0.5 }, { 3, 0, 4 } };
            var a = t.Given("a", t.Of(rows));
            var x = t.Given("x", t.Of(2, 1, -1));
            var e3 = t.Given("e3", t.Of(0, 0, 1));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => a.MatMul(v));
            t.Check("df/dx", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), M(rows));
            t.Check(
                "∂f₂/∂x₃",
                () => Autodiff.Grad(v => f(v)[1])(x)[2],
                () => Autodiff.Jvp(f, x, e3).Tangent[1],
                S(4));
        })
        {
            Printed = "Σⱼ ∂fᵢ/∂xⱼ = Aᵢⱼ (5.67)",
            True = "∂fᵢ/∂xⱼ = Aᵢⱼ, without the sum",
        },
        new("002-2", Chapter.Jacobian, "A product, element by element", "z = w ⊙ x with x = [1, 2, 3];  J = diag(x)", t =>
        {
            var w = t.Given("w", t.Of(0.1, 0.2, 0.3));
            var x = t.Given("x", t.Of(1, 2, 3));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => v * x);
            t.Check(
                "J",
                () => Autodiff.JacobianReverse(f, w),
                () => Autodiff.JacobianForward(f, w),
                M(new double[,] { { 1, 0, 0 }, { 0, 2, 0 }, { 0, 0, 3 } }));
        }),
        new("004-4", Chapter.Jacobian, "A map of the plane", "f(x, y) = [x, sin y]: [2, −0.544…] at (2, 10);  J = diag(1, cos y)", t =>
        {
            var x = t.Given("x", t.Of(2, 10));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => Tensor.Stack([v[0], v[1].Sin()]));
            t.Check("f", () => f(x), V(2, Math.Sin(10)));
            t.Check(
                "J",
                () => Autodiff.JacobianReverse(f, x),
                () => Autodiff.JacobianForward(f, x),
                M(new[,] { { 1, 0 }, { 0, Math.Cos(10) } }));

            var axis = Tensor.Linspace(-5, 5, 20, DType.Float64);
            var grids = Tensor.Meshgrid(axis, axis);
            var points = t.Given("points", t.Here(Tensor.Stack([grids[1].Reshape(-1), grids[0].Reshape(-1)], axis: 1)));
            var exact = Exact(points);
            t.Check(
                "f at 20×20 points of [−5, 5]²",
                () => Autodiff.Vmap(f)(points),
                Tensor.Stack([exact[.., 0], exact[.., 1].Sin()], axis: 1));
            t.Check(
                "J there",
                () => Autodiff.Vmap(v => Autodiff.JacobianReverse(f, v))(points),
                () => Autodiff.Vmap(v => Autodiff.JacobianForward(f, v))(points),
                Tensor.Stack([Tensor.OnesLike(exact[.., 0]), exact[.., 1].Cos()], axis: 1).Diag());
        }),
        new("004-7", Chapter.Jacobian, "By one argument; from ℝ to ℝ³, from ℝ³ to ℝ⁴",
            "∂f/∂y of x²y is x²;  Jacobians are 3×1 and 4×3", t =>
        {
            var (a, b) = (t.Given("a", t.Of(3)[0]), t.Given("b", t.Of(-2)[0]));
            var f = t.Let<Func<Tensor, Tensor, Tensor>>("f", (x, y) => x.Square() * y);
            t.Check(
                "∂f/∂y at (3, −2)",
                () => Autodiff.Partial(f, argument: 1)(a, b),
                () => Autodiff.JacobianForward(y => f(a, y), b),
                S(9));
            var s = t.Given("s", t.Of(2));
            var g = t.Let<Func<Tensor, Tensor>>("g", u => Tensor.Concat([u, u.Square(), u.Exp()]));
            t.Check(
                "J of g at 2",
                () => Autodiff.JacobianReverse(g, s),
                () => Autodiff.JacobianForward(g, s),
                M(new[,] { { 1 }, { 4 }, { Math.Exp(2) } }));
            var x = t.Given("x", t.Of(1, 2, 3));
            var h = t.Let<Func<Tensor, Tensor>>(
                "h", v => Tensor.Stack([v[0] * v[1], v[1] * v[2], v[2].Square(), v[0] + v[1] + v[2]]));
            t.Check(
                "J of h at (1, 2, 3)",
                () => Autodiff.JacobianReverse(h, x),
                () => Autodiff.JacobianForward(h, x),
                M(new double[,] { { 2, 1, 0 }, { 0, 3, 2 }, { 0, 0, 6 }, { 1, 1, 1 } }));
        }),
    ];

    private static IReadOnlyList<Case> Determinants =>
    [
        new("001-2", Chapter.Determinant, "The area of a parallelogram",
            "b₁, b₂ → c₁ = (−2, 1), c₂ = (1, 1);  det J = −3, so areas grow by |det J| = 3", t =>
        {
            double[,] rows = { { -2, 1 }, { 1, 1 } };
            var b = t.Given("b", t.Of(new double[,] { { 1, 0 }, { 0, 1 } }));
            var c = t.Given("c", t.Of(rows));
            t.Check("J, the change of basis: J·B = C", () => c.MatMul(b.Inverse()), M(rows));
            t.Check("its determinant", () => c.MatMul(b.Inverse()).Det(), S(-3));
            var x = t.Given("x", t.Of(0.5, 0.25));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => Tensor.Stack([(-2 * v[0]) + v[1], v[0] + v[1]]));
            t.Check("J, by derivatives", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), M(rows));
            t.Check("det J", () => Autodiff.JacobianReverse(f, x).Det(), () => Autodiff.JacobianForward(f, x).Det(), S(-3));
            t.Check("area", () => Autodiff.JacobianReverse(f, x).Det().Abs(), () => Autodiff.JacobianForward(f, x).Det().Abs(), S(3));
            t.Check("its logarithm", () => Autodiff.LogAbsDetJacobian(f, x), S(Math.Log(3)));
        })
        {
            Printed = "det = |−3| = 3",
            True = "the determinant is −3; its absolute value, 3, is the scaling of areas",
        },
        new("001-3", Chapter.Determinant, "The determinant of any matrix",
            "det A by LU = cofactor expansion;  ∂det A/∂Aᵢⱼ is the cofactor of i, j (n = 1…6)", t =>
            t.Sizes(1, 6, n =>
            {
                var a = t.Given("a", t.Regular(n));
                var f = t.Let<Func<Tensor, Tensor>>("f", m => m.Det());
                var elements = Rows(a);
                var cofactors = new double[n, n];
                for (int i = 0; i < n; i++)
                {
                    for (int j = 0; j < n; j++)
                    {
                        cofactors[i, j] = ((i + j) % 2 == 0 ? 1 : -1) * Cofactors(Without(elements, i, j));
                    }
                }

                t.Check("det A", () => f(a), S(Cofactors(elements)));
                t.Check("∂det A/∂A", () => Autodiff.Grad(f)(a), () => Autodiff.JacobianForward(f, a), M(cofactors));
            })),
        new("001-4", Chapter.Determinant, "By derivatives, and by differences",
            "f(x, y) = (x² + y², xy) at (1, 2);  J = [[2, 4], [2, 1]], det J = −6", t =>
        {
            var x = t.Given("x", t.Of(1, 2));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => Tensor.Stack([v[0].Square() + v[1].Square(), v[0] * v[1]]));
            t.Check(
                "J", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), M(new double[,] { { 2, 4 }, { 2, 1 } }));
            t.Check("det J", () => Autodiff.JacobianReverse(f, x).Det(), () => Autodiff.JacobianForward(f, x).Det(), S(-6));
            if (t.TakesDifferences)
            {
                var unit = t.Given("unit", Tensor.Eye(2, DType.Float64));
                var d = t.Let<Func<Tensor, Tensor>>("d", e => (f(x + (1e-5 * e)) - f(x)) / 1e-5);
                t.Check("J by differences, h = 10⁻⁵", () => Autodiff.Vmap(d, outAxis: 1)(unit), M(new[,]
                {
                    { 2.00001000001393, 4.000010000027032 }, { 2.0000000000131024, 1.0000000000065512 },
                }));
                t.Check("its determinant", () => Autodiff.Vmap(d, outAxis: 1)(unit).Det(), S(-6.000010000079442));
            }
        }),
    ];

    private static IReadOnlyList<Case> ChainRules =>
    [
        new("001-7", Chapter.ChainRule, "Along a spiral",
            "f = exp(x₁x₂²), g = (t cos t, t sin t), h = f∘g at 0.7;  dh/dt = ∂f/∂x·∂g/∂t", t =>
        {
            var s = t.Given("s", t.Of(0.7)[0]);
            var f = t.Let<Func<Tensor, Tensor>>("f", x => (x[0] * x[1].Square()).Exp());
            var g = t.Let<Func<Tensor, Tensor>>("g", t => Tensor.Stack([t * t.Cos(), t * t.Sin()]));
            t.Check("h(t)", () => f(g(s)), S(1.1150238234749623));
            t.Check(
                "dh/dt",
                () => Autodiff.Grad(t => f(g(t)))(s),
                () => Autodiff.JacobianForward(t => f(g(t)), s),
                S(0.7062888605145927));
            t.Check(
                "∂f/∂x·∂g/∂t",
                () => Autodiff.JacobianReverse(f, g(s)).MatMul(Autodiff.JacobianReverse(g, s)),
                () => Autodiff.JacobianForward(f, g(s)).MatMul(Autodiff.JacobianForward(g, s)),
                S(0.7062888605145927));
        })
        {
            Printed = "dh/dt = exp(x₁x₂)x₂²(cos t − t sin t) + 2x₁x₂(sin t + t cos t) (5.74c)",
            True = "dh/dt = exp(x₁x₂²)[x₂²(cos t − t sin t) + 2x₁x₂(sin t + t cos t)], and ∂f/∂x₂ = 2x₁x₂·exp(x₁x₂²)",
        },
        new("001-8", Chapter.ChainRule, "Least squares",
            "L = eᵀe, e = y − Φθ: 27.5;  ∂L/∂e = 2eᵀ, ∂e/∂θ = −Φ, ∂L/∂θ = −2eᵀΦ = [18, 56]", t =>
        {
            double[,] features = { { 1, 2 }, { 1, 3 }, { 1, 4 } };
            var y = t.Given("y", t.Of(1, 2, 3));
            var phi = t.Given("phi", t.Of(features));
            var theta = t.Given("theta", t.Of(0.5, 1.5));
            var e = t.Let<Func<Tensor, Tensor>>("e", v => y - phi.MatMul(v));
            var loss = t.Let<Func<Tensor, Tensor>>("loss", r => r.MatMul(r));
            t.Check("L", () => loss(e(theta)), S(27.5));
            t.Check(
                "∂L/∂θ", () => Autodiff.Grad(v => loss(e(v)))(theta), () => Autodiff.JacobianForward(v => loss(e(v)), theta), V(18, 56));
            t.Check(
                "∂L/∂e = 2eᵀ",
                () => Autodiff.Grad(loss)(e(theta)),
                () => Autodiff.JacobianForward(loss, e(theta)),
                V(2 * (1 - 3.5), 2 * (2 - 5), 2 * (3 - 6.5)));
            t.Check("∂e/∂θ = −Φ", () => Autodiff.JacobianReverse(e, theta), () => Autodiff.JacobianForward(e, theta), -M(features));
            t.Check(
                "∂L/∂e·∂e/∂θ",
                () => Autodiff.Grad(loss)(e(theta)).MatMul(Autodiff.JacobianReverse(e, theta)),
                () => Autodiff.JacobianForward(loss, e(theta)).MatMul(Autodiff.JacobianForward(e, theta)),
                V(18, 56));
        })
        {
            Printed = "L(e) = ‖e‖₂ = eᵀe (5.76)",
            True = "eᵀe = ‖e‖₂²: the square of the norm",
        },
        new("002-4", Chapter.ChainRule, "The chain rule of Jacobians", "z(y(x)) with y = tanh(Wx), z = y ⊙ y;  Jₓ(z) = J_y(z)·Jₓ(y)", t =>
        {
            var w = t.Given("w", t.Normal(2, 3));
            var x = t.Given("x", t.Of(0.5, -1, 0.25));
            var y = t.Let<Func<Tensor, Tensor>>("y", v => w.MatMul(v).Tanh());
            var z = t.Let<Func<Tensor, Tensor>>("z", u => u * u);
            var u = Exact(w).MatMul(Exact(x)).Tanh();
            var expected = (2 * u * (1 - u.Square())).Reshape(2, 1) * Exact(w);
            t.Check(
                "Jₓ(z)", () => Autodiff.JacobianReverse(v => z(y(v)), x), () => Autodiff.JacobianForward(v => z(y(v)), x), expected);
            t.Check(
                "J_y(z)·Jₓ(y)",
                () => Autodiff.JacobianReverse(z, y(x)).MatMul(Autodiff.JacobianReverse(y, x)),
                () => Autodiff.JacobianForward(z, y(x)).MatMul(Autodiff.JacobianForward(y, x)),
                expected);
        }),
    ];

    /// <summary>The elements of a matrix.</summary>
    private static double[,] Rows(Tensor x)
    {
        var elements = new double[x.Shape[0], x.Shape[1]];
        double[] values = Exact(x).ToArray<double>();
        for (int i = 0; i < values.Length; i++)
        {
            elements[i / x.Shape[1], i % x.Shape[1]] = values[i];
        }

        return elements;
    }

    /// <summary>The determinant by cofactors of the first row.</summary>
    private static double Cofactors(double[,] a)
    {
        double sum = a.Length == 0 ? 1 : 0;
        for (int j = 0; j < a.GetLength(1); j++)
        {
            sum += (j % 2 == 0 ? 1 : -1) * a[0, j] * Cofactors(Without(a, 0, j));
        }

        return sum;
    }

    /// <summary>A matrix without a row and a column.</summary>
    private static double[,] Without(double[,] a, int row, int column)
    {
        int n = a.GetLength(0) - 1;
        var rest = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                rest[i, j] = a[i < row ? i : i + 1, j < column ? j : j + 1];
            }
        }

        return rest;
    }
}
