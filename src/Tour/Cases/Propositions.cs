namespace Gpu.Autograd.Tour;

/// <content>What holds of every matrix, each at random points of sizes 1 to 8 and batches of them.</content>
public static partial class Cases
{
    private static IReadOnlyList<Case> Propositions =>
    [
        Proposition("004-P1", "Typical elements",
            "(AB)ᵢⱼ = Σₖ AᵢₖBₖⱼ;  (Ax)ᵢ = Σₖ Aᵢₖxₖ;  (yᵀA)ⱼ = Σₖ yₖAₖⱼ;  yᵀAx = Σᵢⱼ yᵢAᵢⱼxⱼ", (t, n) =>
        {
            var (A, B, x, y) = (
                t.Given("A", t.Normal(n + 1, n)),
                t.Given("B", t.Normal(n, n)),
                t.Given("x", t.Normal(n)),
                t.Given("y", t.Normal(n + 1)));
            var (a, b) = (Rows(A), Rows(B));
            var (u, v) = (Exact(x).ToArray<double>(), Exact(y).ToArray<double>());
            var products = new double[n + 1, n];
            var (columns, rows) = (new double[n + 1], new double[n]);
            double form = 0;
            for (int i = 0; i <= n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    for (int k = 0; k < n; k++)
                    {
                        products[i, j] += a[i, k] * b[k, j];
                    }

                    columns[i] += a[i, j] * u[j];
                    rows[j] += v[i] * a[i, j];
                    form += v[i] * a[i, j] * u[j];
                }
            }

            t.Check("AB", () => A.MatMul(B), M(products));
            t.Check("Ax", () => A.MatMul(x), V(columns));
            t.Check("yᵀA", () => y.MatMul(A), V(rows));
            t.Check("yᵀAx", () => y.MatMul(A).MatMul(x), S(form));
            t.Identity(
                "∂(AX)ᵢⱼ/∂Xₖₗ = Aᵢₖδⱼₗ",
                B,
                X => Autodiff.JacobianReverse(m => A.MatMul(m), X),
                X => Autodiff.JacobianForward(m => A.MatMul(m), X),
                X => Tensor.Einsum("ik,jl->ijkl", Exact(A), I(n)));
        }),
        Proposition("004-P2", "The transpose of a product", "(AB)ᵀ = BᵀAᵀ, and so their derivatives: ∂(AB)ⱼᵢ/∂Aₖₗ = δⱼₖBₗᵢ", (t, n) =>
        {
            var (A, B) = (t.Given("A", t.Normal(n + 1, n)), t.Given("B", t.Normal(n, n)));
            t.Check("(AB)ᵀ", () => A.MatMul(B).Transpose(), Exact(B).Transpose().MatMul(Exact(A).Transpose()));
            t.Identity(
                "∂(AB)ᵀ/∂A",
                A,
                X => Autodiff.JacobianReverse(m => m.MatMul(B).Transpose(), X),
                X => Autodiff.JacobianForward(m => m.MatMul(B).Transpose(), X),
                X => Tensor.Einsum("jk,li->ijkl", I(n + 1), Exact(B)));
            t.Identity(
                "∂(BᵀAᵀ)/∂A",
                A,
                X => Autodiff.JacobianReverse(m => B.Transpose().MatMul(m.Transpose()), X),
                X => Autodiff.JacobianForward(m => B.Transpose().MatMul(m.Transpose()), X),
                X => Tensor.Einsum("jk,li->ijkl", I(n + 1), Exact(B)));
        }),
        Proposition("004-P3", "The inverse of a product", "(AB)⁻¹ = B⁻¹A⁻¹, and so their derivatives", (t, n) =>
        {
            var (A, B) = (t.Given("A", t.Regular(n)), t.Given("B", t.Regular(n)));
            Tensor Derivative(Tensor X) =>
                -Tensor.Einsum("ik,lj->ijkl", Exact(B).Inverse().MatMul(X.Inverse()), X.Inverse());
            t.Check("(AB)⁻¹", () => A.MatMul(B).Inverse(), Exact(B).Inverse().MatMul(Exact(A).Inverse()));
            t.Identity(
                "∂(AB)⁻¹/∂A",
                A,
                X => Autodiff.JacobianReverse(m => m.MatMul(B).Inverse(), X),
                X => Autodiff.JacobianForward(m => m.MatMul(B).Inverse(), X),
                Derivative);
            t.Identity(
                "∂(B⁻¹A⁻¹)/∂A",
                A,
                X => Autodiff.JacobianReverse(m => B.Inverse().MatMul(m.Inverse()), X),
                X => Autodiff.JacobianForward(m => B.Inverse().MatMul(m.Inverse()), X),
                Derivative);
        }),
        new(
            "004-P4",
            Chapter.Propositions,
            "The inverse of a partitioned matrix",
            "A⁻¹ = [[A₁₁⁻¹ + A₁₁⁻¹A₁₂S⁻¹A₂₁A₁₁⁻¹, −A₁₁⁻¹A₁₂S⁻¹], [−S⁻¹A₂₁A₁₁⁻¹, S⁻¹]], S = A₂₂ − A₂₁A₁₁⁻¹A₁₂",
            t => t.Sizes(2, 8, n =>
            {
                var A = t.Given("A", t.Regular(n));
                int m = t.Let("m", n / 2, $"{n / 2}");
                var parts = t.Let<Func<Tensor, Tensor>>("parts", a =>
                {
                    var (a11, a12, a21, a22) = (a[..m, ..m].Inverse(), a[..m, m..], a[m.., ..m], a[m.., m..]);
                    var s = (a22 - a21.MatMul(a11).MatMul(a12)).Inverse();
                    var (right, down) = (a11.MatMul(a12).MatMul(s), s.MatMul(a21).MatMul(a11));
                    return Tensor.Concat(
                        [
                            Tensor.Concat([a11 + right.MatMul(a21).MatMul(a11), -right], axis: 1),
                            Tensor.Concat([-down, s], axis: 1),
                        ]);
                });
                t.Check("A⁻¹, from its parts", () => parts(A), Exact(A).Inverse());
                t.Check("A⁻¹·A", () => parts(A).MatMul(A), I(n));
                t.Identity(
                    "∂A⁻¹/∂A",
                    A,
                    X => Autodiff.JacobianReverse(parts, X),
                    X => Autodiff.JacobianForward(parts, X),
                    X => -Tensor.Einsum("ik,lj->ijkl", X.Inverse(), X.Inverse()));
            })),
        Proposition("004-P5", "A linear map", "∂(Ax)/∂x = A", (t, n) =>
        {
            var A = t.Given("A", t.Mixing(n + 1, n));
            t.Identity(
                "∂(Ax)/∂x",
                t.Normal(n),
                X => Autodiff.JacobianReverse(v => A.MatMul(v), X),
                X => Autodiff.JacobianForward(v => A.MatMul(v), X),
                X => Exact(A));
        }),
        Proposition("004-P6", "A linear map of x(z)", "∂(Ax(z))/∂z = A·∂x/∂z", (t, n) =>
        {
            var A = t.Given("A", t.Mixing(n + 1, n));
            var P = t.Given("P", t.Mixing(n, n));
            var x = t.Let<Func<Tensor, Tensor>>("x", z => P.MatMul(z).Sin());
            t.Identity(
                "∂(Ax)/∂z",
                t.Normal(n),
                Z => Autodiff.JacobianReverse(z => A.MatMul(x(z)), Z),
                Z => Autodiff.JacobianForward(z => A.MatMul(x(z)), Z),
                Z => Exact(A).MatMul(Waves(P, Z).Slope));
        }),
        Proposition("004-P7", "A bilinear form", "α = yᵀAx;  ∂α/∂x = yᵀA, ∂α/∂y = xᵀAᵀ", (t, n) =>
        {
            var (A, x, y) = (t.Given("A", t.Mixing(n + 1, n)), t.Given("x", t.Normal(n)), t.Given("y", t.Normal(n + 1)));
            t.Identity(
                "∂α/∂x",
                x,
                X => Autodiff.Grad(v => y.MatMul(A).MatMul(v))(X),
                X => Autodiff.JacobianForward(v => y.MatMul(A).MatMul(v), X),
                X => Exact(y).MatMul(Exact(A)));
            t.Identity(
                "∂α/∂y",
                y,
                Y => Autodiff.Grad(v => v.MatMul(A).MatMul(x))(Y),
                Y => Autodiff.JacobianForward(v => v.MatMul(A).MatMul(x), Y),
                Y => Exact(x).MatMul(Exact(A).Transpose()));
        }),
        Proposition("004-P8", "A quadratic form", "α = xᵀAx;  ∂α/∂x = xᵀ(A + Aᵀ)", (t, n) =>
        {
            var A = t.Given("A", t.Mixing(n, n));
            t.Identity(
                "∂α/∂x",
                t.Normal(n),
                X => Autodiff.Grad(v => v.MatMul(A).MatMul(v))(X),
                X => Autodiff.JacobianForward(v => v.MatMul(A).MatMul(v), X),
                X => X.MatMul(Exact(A) + Exact(A).Transpose()));
        }),
        Proposition("004-P9", "A symmetric one", "α = xᵀAx, A = Aᵀ;  ∂α/∂x = 2xᵀA", (t, n) =>
        {
            var A = t.Given("A", t.Symmetric(n));
            t.Identity(
                "∂α/∂x",
                t.Normal(n),
                X => Autodiff.Grad(v => v.MatMul(A).MatMul(v))(X),
                X => Autodiff.JacobianForward(v => v.MatMul(A).MatMul(v), X),
                X => 2 * X.MatMul(Exact(A)));
        }),
        Proposition("004-P10", "A product of x(z) and y(z)", "α = yᵀx;  ∂α/∂z = xᵀ·∂y/∂z + yᵀ·∂x/∂z", (t, n) =>
        {
            var (P, Q) = (t.Given("P", t.Mixing(n + 1, n)), t.Given("Q", t.Mixing(n + 1, n)));
            var x = t.Let<Func<Tensor, Tensor>>("x", z => P.MatMul(z).Sin());
            var y = t.Let<Func<Tensor, Tensor>>("y", z => Q.MatMul(z).Sin());
            t.Identity(
                "∂α/∂z",
                t.Normal(n),
                Z => Autodiff.Grad(z => y(z).MatMul(x(z)))(Z),
                Z => Autodiff.JacobianForward(z => y(z).MatMul(x(z)), Z),
                Z => Waves(P, Z).Value.MatMul(Waves(Q, Z).Slope) + Waves(Q, Z).Value.MatMul(Waves(P, Z).Slope));
        }),
        Proposition("004-P11", "The square of x(z)", "α = xᵀx;  ∂α/∂z = 2xᵀ·∂x/∂z", (t, n) =>
        {
            var P = t.Given("P", t.Mixing(n + 1, n));
            var x = t.Let<Func<Tensor, Tensor>>("x", z => P.MatMul(z).Sin());
            t.Identity(
                "∂α/∂z",
                t.Normal(n),
                Z => Autodiff.Grad(z => x(z).MatMul(x(z)))(Z),
                Z => Autodiff.JacobianForward(z => x(z).MatMul(x(z)), Z),
                Z => 2 * Waves(P, Z).Value.MatMul(Waves(P, Z).Slope));
        }),
        Proposition("004-P12", "A bilinear form of x(z) and y(z)", "α = yᵀAx;  ∂α/∂z = xᵀAᵀ·∂y/∂z + yᵀA·∂x/∂z", (t, n) =>
        {
            var (A, P, Q) = (t.Given("A", t.Mixing(n, n + 1)), t.Given("P", t.Mixing(n + 1, n)), t.Given("Q", t.Mixing(n, n)));
            var x = t.Let<Func<Tensor, Tensor>>("x", z => P.MatMul(z).Sin());
            var y = t.Let<Func<Tensor, Tensor>>("y", z => Q.MatMul(z).Sin());
            t.Identity(
                "∂α/∂z",
                t.Normal(n),
                Z => Autodiff.Grad(z => y(z).MatMul(A).MatMul(x(z)))(Z),
                Z => Autodiff.JacobianForward(z => y(z).MatMul(A).MatMul(x(z)), Z),
                Z => Waves(P, Z).Value.MatMul(Exact(A).Transpose()).MatMul(Waves(Q, Z).Slope)
                    + Waves(Q, Z).Value.MatMul(Exact(A)).MatMul(Waves(P, Z).Slope));
        }),
        Proposition("004-P13", "A quadratic form of x(z)", "α = xᵀAx;  ∂α/∂z = xᵀ(A + Aᵀ)·∂x/∂z", (t, n) =>
        {
            var (A, P) = (t.Given("A", t.Mixing(n, n)), t.Given("P", t.Mixing(n, n)));
            var x = t.Let<Func<Tensor, Tensor>>("x", z => P.MatMul(z).Sin());
            t.Identity(
                "∂α/∂z",
                t.Normal(n),
                Z => Autodiff.Grad(z => x(z).MatMul(A).MatMul(x(z)))(Z),
                Z => Autodiff.JacobianForward(z => x(z).MatMul(A).MatMul(x(z)), Z),
                Z => Waves(P, Z).Value.MatMul(Exact(A) + Exact(A).Transpose()).MatMul(Waves(P, Z).Slope));
        }),
        Proposition("004-P14", "A symmetric one", "α = xᵀAx, A = Aᵀ;  ∂α/∂z = 2xᵀA·∂x/∂z", (t, n) =>
        {
            var (A, P) = (t.Given("A", t.Symmetric(n)), t.Given("P", t.Mixing(n, n)));
            var x = t.Let<Func<Tensor, Tensor>>("x", z => P.MatMul(z).Sin());
            t.Identity(
                "∂α/∂z",
                t.Normal(n),
                Z => Autodiff.Grad(z => x(z).MatMul(A).MatMul(x(z)))(Z),
                Z => Autodiff.JacobianForward(z => x(z).MatMul(A).MatMul(x(z)), Z),
                Z => 2 * Waves(P, Z).Value.MatMul(Exact(A)).MatMul(Waves(P, Z).Slope));
        }),
        Proposition("004-P15", "An inverse along a scalar", "∂A⁻¹/∂α = −A⁻¹·∂A/∂α·A⁻¹, with A(α) = B + C·sin α", (t, n) =>
        {
            var (B, C) = (t.Given("B", t.Regular(n)), t.Given("C", 0.25 * t.Regular(n)));
            var A = t.Let<Func<Tensor, Tensor>>("A", alpha => B + (C * alpha.Sin()));
            t.Identity(
                "∂A⁻¹/∂α",
                t.Of(0.5)[0],
                X => Autodiff.JacobianReverse(alpha => A(alpha).Inverse(), X),
                X => Autodiff.JacobianForward(alpha => A(alpha).Inverse(), X),
                X =>
                {
                    var inverse = (Exact(B) + (Exact(C) * X.Sin())).Inverse();
                    return -inverse.MatMul(Exact(C) * X.Cos()).MatMul(inverse);
                });
        }),
    ];

    private static Case Proposition(string id, string title, string formula, Action<Sheet, int> body) =>
        new(id, Chapter.Propositions, title, formula, t => t.Sizes(1, 8, n => body(t, n)));

    /// <summary>sin Pz and its Jacobian, diag(cos Pz)·P.</summary>
    private static (Tensor Value, Tensor Slope) Waves(Tensor p, Tensor z)
    {
        var (matrix, inner) = (Exact(p), Exact(p).MatMul(z));
        return (inner.Sin(), inner.Cos().Reshape(inner.Count, 1) * matrix);
    }
}
