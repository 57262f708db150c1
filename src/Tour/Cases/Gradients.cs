using Gpu.Autograd.Data;

namespace Gpu.Autograd.Tour;

/// <content>Gradients.</content>
public static partial class Cases
{
    private static IReadOnlyList<Case> Gradients =>
    [
        new("000-1", Chapter.Gradient, "A polynomial in two variables", "f(x, y) = x² + 3xy at (1.5, −2);  ∇f = [2x + 3y, 3x]", t =>
        {
            var x = t.Given("x", t.Of(1.5, -2));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => v[0].Square() + (3 * v[0] * v[1]));
            t.Check("∇f", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), V((2 * 1.5) + (3 * -2), 3 * 1.5));
        }),
        new("000-R1", Chapter.Gradient, "A linear form", "f(x) = aᵀx;  ∇f = a", t =>
        {
            var a = t.Given("a", t.Of(-1.4624308347702026, 0.7523223161697388));
            var x = t.Given("x", t.Of(-1.7172930240631104, 0.5756789445877075));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => a.MatMul(v));
            t.Check(
                "∇f", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), V(-1.4624308347702026, 0.7523223161697388));
        }),
        new("000-R3", Chapter.Gradient, "A quadratic form", "f(x) = xᵀAx;  ∇f = Ax + Aᵀx, which is 2Ax where A is symmetric", t =>
        {
            var a = t.Given("a", t.Of(RuleMatrix));
            var x = t.Given("x", t.Of(0.6040137410163879, 1.191388487815857));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => v.MatMul(a).MatMul(v));
            t.Check(
                "∇f", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), V(-2.9163116314382194, 0.7888589672736472));

            var s = t.Given("s", a + a.Transpose());
            var h = t.Let<Func<Tensor, Tensor>>("h", v => v.MatMul(s).MatMul(v));
            t.Check(
                "∇h, with S = A + Aᵀ in A's place",
                () => Autodiff.Grad(h)(x),
                () => Autodiff.JacobianForward(h, x),
                2 * Exact(s).MatMul(Exact(x)));
        }),
        new("000-R4", Chapter.Gradient, "A bilinear form", "f(x, y) = xᵀAy;  ∇ₓf = Ay, ∇ᵧf = Aᵀx", t =>
        {
            var a = t.Given("a", t.Of(RuleMatrix));
            var x = t.Given("x", t.Of(0.6040137410163879, 1.191388487815857));
            var y = t.Given("y", t.Of(0.3524523973464966, 0.2941133975982666));
            var f = t.Let<Func<Tensor, Tensor, Tensor>>("f", (u, v) => u.MatMul(a).MatMul(v));
            t.Check(
                "∇ₓf",
                () => Autodiff.Partial(f, argument: 0)(x, y),
                () => Autodiff.JacobianForward(u => f(u, y), x),
                V(-0.29416918117051694, -0.4359491529589832));
            t.Check(
                "∇ᵧf",
                () => Autodiff.Partial(f, argument: 1)(x, y),
                () => Autodiff.JacobianForward(v => f(x, v), y),
                V(-2.9292914585625383, 1.140270283899575));
        }),
        new("000-R5", Chapter.Gradient, "A bilinear form along its matrix", "f(X) = aᵀXb;  ∇f = abᵀ", t =>
        {
            var a = t.Given("a", t.Of(-1.4624308347702026, 0.7523223161697388, -1.7172930240631104));
            var b = t.Given("b", t.Of(0.5756789445877075, 0.6040137410163879));
            var x = t.Given("x", t.Of(new[,]
            {
                { 1.191388487815857, 0.3524523973464966 },
                { 0.2941133975982666, 0.5197460651397705 },
                { -0.1634044349193573, -0.08747884631156921 },
            }));
            var f = t.Let<Func<Tensor, Tensor>>("f", m => a.MatMul(m).MatMul(b));
            t.Check("∇f", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), M(new[,]
            {
                { -0.8418906394930303, -0.8833283194872692 },
                { 0.4330961169623748, 0.4544130166397977 },
                { -0.988609435640484, -1.0372685838857052 },
            }));
        }),
        new("002-1", Chapter.Gradient, "The square of a product", "f(w) = (wᵀx)²;  ∇f = 2(wᵀx)x", t =>
        {
            var w = t.Given("w", t.Of(0.1, 0.2, 0.3));
            var x = t.Given("x", t.Of(1, 2, 3));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => v.MatMul(x).Square());
            t.Check("f(w)", () => f(w), S(1.96));
            t.Check("∇f", () => Autodiff.Grad(f)(w), () => Autodiff.JacobianForward(f, w), V(2.8, 5.6, 8.4));
        }),
        new("003-1", Chapter.Gradient, "A function of a matrix", "f(A) = Σᵢⱼ sin Aᵢⱼ;  ∇f has A's shape, and is cos Aᵢⱼ", t =>
        {
            var a = t.Given("a", t.Of(new[,] { { 0.5, -1 }, { 2, 0 }, { 1.5, 3 } }));
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.Sin().Sum());
            t.Check("∇f", () => Autodiff.Grad(f)(a), () => Autodiff.JacobianForward(f, a), M(new[,]
            {
                { Math.Cos(0.5), Math.Cos(1) }, { Math.Cos(2), 1 }, { Math.Cos(1.5), Math.Cos(3) },
            }));
        }),
        new("003-2", Chapter.Gradient, "Gradients are linear", "∇(f + g) = ∇f + ∇g;  ∇(s·f) = s·∇f, at (1, −2, 0.5)", t =>
        {
            var x = t.Given("x", t.Of(1, -2, 0.5));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => (v * v * v).Sum());
            var g = t.Let<Func<Tensor, Tensor>>("g", v => v.Exp().Sum());
            var sum = V(3 + Math.E, 12 + Math.Exp(-2), 0.75 + Math.Exp(0.5));
            t.Check(
                "∇(f + g)", () => Autodiff.Grad(v => f(v) + g(v))(x), () => Autodiff.JacobianForward(v => f(v) + g(v), x), sum);
            t.Check(
                "∇f + ∇g",
                () => Autodiff.Grad(f)(x) + Autodiff.Grad(g)(x),
                () => Autodiff.JacobianForward(f, x) + Autodiff.JacobianForward(g, x),
                sum);
            t.Check(
                "∇(2.5·f)", () => Autodiff.Grad(v => 2.5 * f(v))(x), () => Autodiff.JacobianForward(v => 2.5 * f(v), x), V(7.5, 30, 1.875));
        }),
        new("003-3", Chapter.Gradient, "A paraboloid on a grid", "f(z) = zᵀz on [0, 2)², step 0.01;  ∇f = 2z", t =>
        {
            double step = t.Let("step", 0.01);
            var axis = Tensor.Arange(200, DType.Float64) * step;
            var grids = Tensor.Meshgrid(axis, axis);
            var points = t.Given("points", t.Here(Tensor.Stack([grids[1].Reshape(-1), grids[0].Reshape(-1)], axis: 1)));
            var f = t.Let<Func<Tensor, Tensor>>("f", z => z.Square().Sum());
            t.Check(
                "∇f at 40,000 points",
                () => Autodiff.Vmap(Autodiff.Grad(f))(points),
                () => Autodiff.Vmap(z => Autodiff.JacobianForward(f, z))(points),
                2 * Exact(points));
            if (t.TakesDifferences)
            {
                // The slopes along each row of the surface: central differences inside, one-sided ones at the edges.
                var heights = t.Given("heights", grids[1].Square() + grids[0].Square());
                var edges = Tensor.Concat([Tensor.Full([1], step, DType.Float64), Tensor.Zeros([198], DType.Float64), V(-step)]);
                t.Check(
                    "∂f/∂x by differences",
                    () => Tensor.Concat(
                        [
                            (heights[.., 1..2] - heights[.., ..1]) / step,
                            (heights[.., 2..] - heights[.., ..^2]) / (2 * step),
                            (heights[.., 199..] - heights[.., 198..199]) / step,
                        ],
                        axis: 1),
                    ((2 * axis) + edges).BroadcastTo([200, 200]));
            }
        }),
        new("003-4", Chapter.Gradient, "The length of Ax, squared", "f(x) = (Ax)ᵀ(Ax);  ∇f = 2AᵀAx", t =>
        {
            var a = t.Given("a", t.Of(new double[,] { { 1, 2 }, { 0, -1 }, { 3, 1 } }));
            var x = t.Given("x", t.Of(2, -1));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => a.MatMul(v).Square().Sum());
            t.Check("∇f", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), V(30, 8));
            t.Check(
                "∂f/∂(Ax)",
                () => Autodiff.Grad(u => u.Square().Sum())(a.MatMul(x)),
                () => Autodiff.JacobianForward(u => u.Square().Sum(), a.MatMul(x)),
                V(0, 2, 10));
        })
        {
            Printed = "∇f = 2Ax",
            True = "2Ax is the gradient with respect to Ax; with respect to x it is 2AᵀAx, of x's shape",
        },
        new("003-5", Chapter.Gradient, "Linear and quadratic forms",
            "∇(bᵀx) = b;  ∇(xᵀAx) = (A + Aᵀ)x, which is 2Ax where A is symmetric", t =>
        {
            var a = t.Given("a", t.Of(new double[,] { { 1, 2, 0 }, { -1, 3, 1 }, { 4, 0, 2 } }));
            var b = t.Given("b", t.Of(2, -3, 0.5));
            var x = t.Given("x", t.Of(1, 2, -1));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => b.MatMul(v));
            t.Check("∇(bᵀx)", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), V(2, -3, 0.5));
            var h = t.Let<Func<Tensor, Tensor>>("h", v => v.MatMul(a).MatMul(v));
            t.Check("∇(xᵀAx)", () => Autodiff.Grad(h)(x), () => Autodiff.JacobianForward(h, x), V(0, 12, 2));
            var s = t.Given("s", a + a.Transpose());
            t.Check(
                "∇(xᵀSx), S = A + Aᵀ",
                () => Autodiff.Grad(v => v.MatMul(s).MatMul(v))(x),
                () => Autodiff.JacobianForward(v => v.MatMul(s).MatMul(v), x),
                V(0, 24, 4));
        }),
        new("003-6", Chapter.Gradient, "A vector has no gradient", "f(x) = Ax: only a scalar has a gradient; a vector has a Jacobian", t =>
        {
            var a = t.Given("a", t.Of(new double[,] { { 1, 2 }, { 0, -1 }, { 3, 1 } }));
            var x = t.Given("x", t.Of(2, -1));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => a.MatMul(v));
            t.Refuses<InvalidOperationException>(
                "∇f", () => Autodiff.Grad(f)(x), "only a scalar has a gradient. Sum it, or ask for a Vjp or the Jacobian.");
            t.Check("J", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), Exact(a));
        }),
        new("004-1", Chapter.Gradient, "A function of three variables", "f(x, y, z) = x² + y² + eᶻ + xᶻ + xyz at (1, 2, 3)", t =>
        {
            var x = t.Given("x", t.Of(1, 2, 3));
            var f = t.Let<Func<Tensor, Tensor>>(
                "f", v => v[0].Square() + v[1].Square() + v[2].Exp() + v[0].Pow(v[2]) + (v[0] * v[1] * v[2]));
            t.Check("f", () => f(x), S(32.08553692318767));
            t.Check("∇f", () => Autodiff.Grad(f)(x), () => Autodiff.JacobianForward(f, x), V(11, 7, 22.085536923187668));
        }),
        new(
            "004-2",
            Chapter.Gradient,
            "Its partial derivatives, with eˣ",
            "f = x² + y² + eˣ + xᶻ + xyz at (2, −1, 3);  ∂ₓ = 2x + eˣ + z·xᶻ⁻¹ + yz, ∂ᵧ = 2y + xz, ∂_z = xᶻ·ln x + xy",
            t =>
            {
                var (x, y, z) = (t.Given("x", t.Of(2)[0]), t.Given("y", t.Of(-1)[0]), t.Given("z", t.Of(3)[0]));
                var f = t.Let<Func<Tensor, Tensor, Tensor, Tensor>>(
                    "f", (x, y, z) => x.Square() + y.Square() + x.Exp() + x.Pow(z) + (x * y * z));
                t.Check(
                    "∂f/∂x",
                    () => Autodiff.Partial(f, argument: 0)(x, y, z),
                    () => Autodiff.JacobianForward(u => f(u, y, z), x),
                    S(4 + Math.Exp(2) + 12 - 3));
                t.Check(
                    "∂f/∂y",
                    () => Autodiff.Partial(f, argument: 1)(x, y, z),
                    () => Autodiff.JacobianForward(u => f(x, u, z), y),
                    S(-2 + 6));
                t.Check(
                    "∂f/∂z",
                    () => Autodiff.Partial(f, argument: 2)(x, y, z),
                    () => Autodiff.JacobianForward(u => f(x, y, u), z),
                    S((8 * Math.Log(2)) - 2));
            }),
        new("004-3", Chapter.Gradient, "A field of arrows", "f(x, y) = sin xy on [0, 4]²;  ∇f = (y cos xy, x cos xy)", t =>
        {
            var axis = Tensor.Linspace(0, 4, 15, DType.Float64);
            var grids = Tensor.Meshgrid(axis, axis);
            var points = t.Given("points", t.Here(Tensor.Stack([grids[1].Reshape(-1), grids[0].Reshape(-1)], axis: 1)));
            var (x, y) = (Exact(points)[.., 0], Exact(points)[.., 1]);
            var f = t.Let<Func<Tensor, Tensor>>("f", v => (v[0] * v[1]).Sin());
            t.Check("f at 15×15 points", () => Autodiff.Vmap(f)(points), (x * y).Sin());
            t.Check(
                "∇f there",
                () => Autodiff.Vmap(Autodiff.Grad(f))(points),
                () => Autodiff.Vmap(v => Autodiff.JacobianForward(f, v))(points),
                Tensor.Stack([y * (x * y).Cos(), x * (x * y).Cos()], axis: 1));
        }),
        new(
            "004-5",
            Chapter.Gradient,
            "Steepest ascent",
            "f(x, y) = x²y + y at (1, 2): over unit v, ∇f·v is largest at ∇f/‖∇f‖, and is ‖∇f‖ = √20; turning the axes turns ∇f",
            t =>
            {
                var x = t.Given("x", t.Of(1, 2));
                var f = t.Let<Func<Tensor, Tensor>>("f", v => (v[0].Square() * v[1]) + v[1]);
                var angles = Math.Atan2(2, 4) + (Tensor.Arange(360, DType.Float64) * (Math.PI / 180));
                var directions = t.Given("directions", t.Here(Tensor.Stack([angles.Cos(), angles.Sin()], axis: 1)));
                var slopes = t.Let<Func<Tensor, Tensor>>("slopes", v => Autodiff.Vmap(u => Autodiff.Jvp(f, x, u).Tangent)(v));
                t.Check(
                    "the largest of 360 slopes",
                    () => directions.MatMul(Autodiff.Grad(f)(x)).Amax(),
                    () => slopes(directions).Amax(),
                    S(Math.Sqrt(20)));
                t.Check(
                    "its direction",
                    () => directions[directions.MatMul(Autodiff.Grad(f)(x)).ArgMax()],
                    () => directions[slopes(directions).ArgMax()],
                    V(2 / Math.Sqrt(5), 1 / Math.Sqrt(5)));

                var (c, s) = (Math.Cos(0.5), Math.Sin(0.5));
                var r = t.Given("r", t.Of(new[,] { { c, -s }, { s, c } }));
                t.Check(
                    "∇ of f in axes turned by R",
                    () => Autodiff.Grad(u => f(r.Transpose().MatMul(u)))(r.MatMul(x)),
                    () => Autodiff.JacobianForward(u => f(r.Transpose().MatMul(u)), r.MatMul(x)),
                    V((4 * c) - (2 * s), (4 * s) + (2 * c)));
            }),
        new(
            "004-6",
            Chapter.Gradient,
            "An image as a surface",
            "f(p) = Σ_q I_q·exp(−|p − q|²/2), a handwritten digit smoothed;  ∇f = Σ_q I_q·exp(−|p − q|²/2)·(q − p)",
            t =>
            {
                var pixels = Digits.Load().Features[0].Reshape(8, 8).To(DType.Float64) / 16;
                var axis = Tensor.Arange(8, DType.Float64);
                var grids = Tensor.Meshgrid(axis, axis);
                var points = Tensor.Stack([grids[0].Reshape(-1), grids[1].Reshape(-1)], axis: 1);
                var (image, all) = (t.Given("image", t.Here(pixels)), t.Given("all", t.Here(points)));
                var (rows, columns) = (t.Given("rows", t.Here(grids[0])), t.Given("columns", t.Here(grids[1])));
                var f = t.Let<Func<Tensor, Tensor>>(
                    "f", p => (image * (((p[0] - rows).Square() + (p[1] - columns).Square()) / -2).Exp()).Sum());

                var (down, right) = (grids[0] - points[.., 0].Reshape(64, 1, 1), grids[1] - points[.., 1].Reshape(64, 1, 1));
                var weights = pixels * ((down.Square() + right.Square()) / -2).Exp();
                t.Check("f at 8×8 points", () => Autodiff.Vmap(f)(all), weights.Sum([-2, -1]));
                t.Check(
                    "∇f there",
                    () => Autodiff.Vmap(Autodiff.Grad(f))(all),
                    () => Autodiff.Vmap(p => Autodiff.JacobianForward(f, p))(all),
                    Tensor.Stack([(weights * down).Sum([-2, -1]), (weights * right).Sum([-2, -1])], axis: 1));
            }),
    ];

    private static double[,] RuleMatrix => new[,]
    {
        { -1.4624308347702026, 0.7523223161697388 },
        { -1.7172930240631104, 0.5756789445877075 },
    };
}
