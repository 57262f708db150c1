namespace Gpu.Autograd.Tour;

/// <content>Derivatives of and along matrices.</content>
public static partial class Cases
{
    private static IReadOnlyList<Case> Matrices =>
    [
        new("001-9", Chapter.Matrices, "A matrix along a vector, in two ways",
            "A(x) ∈ ℝ⁴ˣ², x ∈ ℝ³: Aᵢⱼ = sin Σₖ Pᵢⱼₖxₖ;  dA/dx is 4×2×3", t =>
        {
            var p = t.Given("p", t.Normal(4, 2, 3));
            var x = t.Given("x", t.Of(0.5, -1, 0.25));
            var f = t.Let<Func<Tensor, Tensor>>("f", v => p.MatMul(v).Sin());
            var unit = t.Given("unit", t.Here(Tensor.Eye(3)));
            var zero = t.Given("zero", t.Of(0)[0]);
            var expected = Exact(p).MatMul(Exact(x)).Cos().Reshape(4, 2, 1) * Exact(p);
            t.Check("dA/dx", () => Autodiff.JacobianReverse(f, x), () => Autodiff.JacobianForward(f, x), expected);
            t.Check(
                "collating ∂A/∂xᵢ",
                () => Autodiff.Vmap(e => Autodiff.JacobianReverse(s => f(x + (s * e)), zero), outAxis: 2)(unit),
                () => Autodiff.Vmap(e => Autodiff.Jvp(f, x, e).Tangent, outAxis: 2)(unit),
                expected);
            t.Check(
                "flattened, 8×3, and reshaped",
                () => Autodiff.JacobianReverse(v => f(v).Flatten(), x).Reshape(4, 2, 3),
                () => Autodiff.JacobianForward(v => f(v).Flatten(), x).Reshape(4, 2, 3),
                expected);
        }),
        new("001-10", Chapter.Matrices, "A matrix along a matrix, in two ways",
            "A(B) = CBD, m×n of p×q;  J[i,j,k,l] = ∂Aᵢⱼ/∂Bₖₗ = CᵢₖDₗⱼ, m×n×p×q", t =>
        {
            var (b, c, d) = (t.Given("b", t.Normal(3, 2)), t.Given("c", t.Normal(4, 3)), t.Given("d", t.Normal(2, 2)));
            var f = t.Let<Func<Tensor, Tensor>>("f", m => c.MatMul(m).MatMul(d));
            var expected = Tensor.Einsum("ik,lj->ijkl", Exact(c), Exact(d));
            t.Check("J", () => Autodiff.JacobianReverse(f, b), () => Autodiff.JacobianForward(f, b), expected);
            var g = t.Let<Func<Tensor, Tensor>>("g", v => f(v.Reshape(3, 2)).Flatten());
            t.Check(
                "flattened, mn×pq",
                () => Autodiff.JacobianReverse(g, b.Flatten()),
                () => Autodiff.JacobianForward(g, b.Flatten()),
                expected.Reshape(8, 6));
        }),
        new("001-11", Chapter.Matrices, "A vector along a matrix", "f = Ax along A;  ∂fᵢ/∂Aᵢ_q = x_q, other rows 0: M×(M×N)", t =>
        {
            var a = t.Given("a", t.Normal(2, 3));
            var x = t.Given("x", t.Of(2, -1, 0.5));
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.MatMul(x));
            var expected = M(new[,] { { 2, -1, 0.5, 0, 0, 0 }, { 0, 0, 0, 2, -1, 0.5 } }).Reshape(2, 2, 3);
            t.Check("df/dA", () => Autodiff.JacobianReverse(f, a), () => Autodiff.JacobianForward(f, a), expected);
        }),
        new("001-12", Chapter.Matrices, "A Gram matrix",
            "K = RᵀR, R: M×N;  ∂K_pq/∂R_ij = R_iq (j=p), R_ip (j=q), 2R_iq (j=p=q), else 0: N×N×M×N", t =>
        {
            const int Rows = 4;
            const int Columns = 2;
            var r = t.Given("r", t.Normal(Rows, Columns));
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.Transpose().MatMul(m));
            double[,] values = Cases.Rows(r);
            var expected = new double[Columns * Columns * Rows * Columns];
            for (int k = 0; k < expected.Length; k++)
            {
                var (p, q, i, j) = (k / Columns / Rows / Columns, k / Columns / Rows % Columns, k / Columns % Rows, k % Columns);
                expected[k] = j == p && p == q ? 2 * values[i, q] : j == p ? values[i, q] : j == q ? values[i, p] : 0;
            }

            t.Check(
                "dK/dR",
                () => Autodiff.JacobianReverse(f, r),
                () => Autodiff.JacobianForward(f, r),
                V(expected).Reshape(Columns, Columns, Rows, Columns));
        })
        {
            Printed = "a table for A: 4×2 along B: 2×3 whose entries are made from B alone ([18, 10, 11], …)",
            True = "that table is a placeholder and the derivative of nothing; above is dK/dR",
        },
        new("001-14", Chapter.Matrices, "Trace, contraction and transpose of tensors",
            "tr: D×D×E×F → E×F;  a contraction sums over shared axes;  a transpose swaps the first two", t =>
        {
            var x = t.Given("x", t.Normal(3, 3, 2, 4));
            var trace = t.Let<Func<Tensor, Tensor>>("trace", v => v.Diagonal(axis1: 0, axis2: 1).Sum(-1));
            var exact = Exact(x);
            var eye4 = Tensor.Einsum("eg,fh->efgh", I(2), I(4));
            t.Check("tr X", () => trace(x), exact[0, 0] + exact[1, 1] + exact[2, 2]);
            t.Check(
                "∂tr X/∂X, 2×4×3×3×2×4",
                () => Autodiff.JacobianReverse(trace, x),
                () => Autodiff.JacobianForward(trace, x),
                Tensor.Einsum("ab,efgh->efabgh", I(3), eye4));

            var (a, b) = (t.Given("a", t.Normal(2, 3, 4)), t.Given("b", t.Normal(3, 4, 2)));
            var contract = t.Let<Func<Tensor, Tensor>>("contract", v => Tensor.Einsum("ijk,jkl->il", v, b));
            t.Check("Σⱼₖ AᵢⱼₖBⱼₖₗ", () => contract(a), Exact(a).Reshape(2, 12).MatMul(Exact(b).Reshape(12, 2)));
            t.Check(
                "its derivative along A",
                () => Autodiff.JacobianReverse(contract, a),
                () => Autodiff.JacobianForward(contract, a),
                Tensor.Einsum("im,jkl->ilmjk", I(2), Exact(b)));

            var swap = t.Let<Func<Tensor, Tensor>>("swap", v => v.Transpose(0, 1));
            t.Check("the transpose of A", () => swap(a), Tensor.Stack([Exact(a)[.., 0], Exact(a)[.., 1], Exact(a)[.., 2]]));
            t.Check(
                "its derivative",
                () => Autodiff.JacobianReverse(swap, a),
                () => Autodiff.JacobianForward(swap, a),
                Tensor.Einsum("im,jn,kp->jikmnp", I(2), I(3), I(4)));
        }),
    ];

    private static IReadOnlyList<Case> Identities =>
    [
        Sized("001-13a", "A transpose", "∂f(X)ᵀ/∂X = (∂f(X)/∂X)ᵀ, with f(X) = XX", (t, n) =>
        {
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.MatMul(m));
            t.Identity(
                "∂fᵀ/∂X",
                t.Regular(n),
                X => Autodiff.JacobianReverse(m => f(m).Transpose(), X),
                X => Autodiff.JacobianForward(m => f(m).Transpose(), X),
                X => SquareJacobian(X).Transpose(0, 1));
        }),
        Sized("001-13b", "A trace", "∂tr f(X)/∂X = tr(∂f(X)/∂X), with f(X) = XX: 2Xᵀ", (t, n) =>
        {
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.MatMul(m));
            var x = t.Regular(n);
            t.Identity(
                "∂tr f/∂X",
                x,
                X => Autodiff.Grad(m => f(m).Trace())(X),
                X => Autodiff.JacobianForward(m => f(m).Trace(), X),
                X => 2 * X.Transpose());
            t.Identity(
                "tr ∂f/∂X",
                x,
                X => Autodiff.JacobianReverse(f, X).Diagonal(axis1: 0, axis2: 1).Sum(-1),
                X => Autodiff.JacobianForward(f, X).Diagonal(axis1: 0, axis2: 1).Sum(-1),
                X => 2 * X.Transpose());
        }),
        Sized("001-13c", "A determinant", "∂det f(X)/∂X = det f·tr(f⁻¹·∂f/∂X), with f(X) = XX", (t, n) =>
        {
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.MatMul(m));
            t.Identity(
                "∂det f/∂X",
                t.Regular(n),
                X => Autodiff.Grad(m => f(m).Det())(X),
                X => Autodiff.JacobianForward(m => f(m).Det(), X),
                X => X.MatMul(X).Det() * Tensor.Einsum("ji,ijkl->kl", X.MatMul(X).Inverse(), SquareJacobian(X)));
        }),
        Sized("001-13d", "An inverse", "∂f(X)⁻¹/∂X = −f⁻¹·∂f/∂X·f⁻¹, with f(X) = XX", (t, n) =>
        {
            var f = t.Let<Func<Tensor, Tensor>>("f", m => m.MatMul(m));
            t.Identity(
                "∂f⁻¹/∂X",
                t.Regular(n),
                X => Autodiff.JacobianReverse(m => f(m).Inverse(), X),
                X => Autodiff.JacobianForward(m => f(m).Inverse(), X),
                X => -Tensor.Einsum("ia,abkl,bj->ijkl", X.MatMul(X).Inverse(), SquareJacobian(X), X.MatMul(X).Inverse()));
        }),
        Sized("001-13e", "A form in an inverse", "∂(aᵀX⁻¹b)/∂X = −X⁻ᵀ·abᵀ·X⁻ᵀ", (t, n) =>
        {
            var (a, b) = (t.Given("a", t.Normal(n)), t.Given("b", t.Normal(n)));
            var f = t.Let<Func<Tensor, Tensor>>("f", m => a.MatMul(m.Inverse()).MatMul(b));
            t.Identity(
                "∂f/∂X",
                t.Regular(n),
                X => Autodiff.Grad(f)(X),
                X => Autodiff.JacobianForward(f, X),
                X => -X.Inverse().Transpose().MatMul(Exact(a).Outer(Exact(b))).MatMul(X.Inverse().Transpose()));
        }),
        Sized("001-13f", "Linear forms", "∂(xᵀa)/∂x = ∂(aᵀx)/∂x = aᵀ", (t, n) =>
        {
            var a = t.Given("a", t.Normal(n));
            var x = t.Normal(n);
            t.Identity(
                "∂(xᵀa)/∂x",
                x,
                X => Autodiff.Grad(v => v.MatMul(a))(X),
                X => Autodiff.JacobianForward(v => v.MatMul(a), X),
                X => Exact(a));
            t.Identity(
                "∂(aᵀx)/∂x",
                x,
                X => Autodiff.Grad(v => a.MatMul(v))(X),
                X => Autodiff.JacobianForward(v => a.MatMul(v), X),
                X => Exact(a));
        }),
        Sized("001-13g", "Bilinear and quadratic forms", "∂(aᵀXb)/∂X = abᵀ;  ∂(xᵀBx)/∂x = xᵀ(B + Bᵀ)", (t, n) =>
        {
            var (a, b, B) = (t.Given("a", t.Normal(n)), t.Given("b", t.Normal(n)), t.Given("B", t.Normal(n, n)));
            t.Identity(
                "∂(aᵀXb)/∂X",
                t.Normal(n, n),
                X => Autodiff.Grad(m => a.MatMul(m).MatMul(b))(X),
                X => Autodiff.JacobianForward(m => a.MatMul(m).MatMul(b), X),
                X => Exact(a).Outer(Exact(b)));
            t.Identity(
                "∂(xᵀBx)/∂x",
                t.Normal(n),
                x => Autodiff.Grad(v => v.MatMul(B).MatMul(v))(x),
                x => Autodiff.JacobianForward(v => v.MatMul(B).MatMul(v), x),
                x => x.MatMul(Exact(B) + Exact(B).Transpose()));
        }),
        Sized("001-13h", "Weighted least squares", "∂(x−As)ᵀW(x−As)/∂s = −2(x−As)ᵀWA, W symmetric", (t, n) =>
        {
            var (x, A, W) = (t.Given("x", t.Normal(n + 1)), t.Given("A", t.Normal(n + 1, n)), t.Given("W", t.Symmetric(n + 1)));
            var f = t.Let<Func<Tensor, Tensor>>("f", s => (x - A.MatMul(s)).MatMul(W).MatMul(x - A.MatMul(s)));
            t.Identity(
                "∂f/∂s",
                t.Normal(n),
                X => Autodiff.Grad(f)(X),
                X => Autodiff.JacobianForward(f, X),
                X => -2 * (Exact(x) - Exact(A).MatMul(X)).MatMul(Exact(W)).MatMul(Exact(A)));
        }),
    ];

    private static Case Sized(string id, string title, string formula, Action<Sheet, int> body) =>
        new(id, Chapter.Matrices, title, formula, t => t.Sizes(1, 8, n => body(t, n)));

    /// <summary>∂(XX)ᵢⱼ/∂Xₖₗ = δᵢₖXₗⱼ + Xᵢₖδⱼₗ.</summary>
    private static Tensor SquareJacobian(Tensor x) =>
        Tensor.Einsum("ik,lj->ijkl", I(x.Shape[0]), x) + Tensor.Einsum("ik,lj->ijkl", x, I(x.Shape[0]));
}
