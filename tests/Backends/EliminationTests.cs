using MathNet.Numerics.LinearAlgebra;

namespace Gpu.Autograd.Tests.Backends;

/// <summary>Determinants, inverses, linear equations and factorisations, as their callers see them.</summary>
public class EliminationTests
{
    private readonly Generator draws = new(61);

    public static TheoryData<int, int> Ranks => new()
    {
        { 2, 2 }, { 2, 1 }, { 2, 0 }, { 3, 3 }, { 3, 2 }, { 3, 1 }, { 3, 0 }, { 4, 4 }, { 4, 3 }, { 4, 2 }, { 4, 1 }, { 4, 0 },
    };

    [Theory]
    [MemberData(nameof(Ranks))]
    public void The_derivatives_of_det_are_those_of_the_polynomial(int n, int rank)
    {
        var x = OfRank(n, rank);
        var u = draws.Normal([n, n], dtype: DType.Float64);
        var v = draws.Normal([n, n], dtype: DType.Float64);
        Close.Assert(Expansion(x), x.Det(), 1e-13, "value");
        Close.Assert(Autodiff.Grad(Expansion)(x), Autodiff.Grad(y => y.Det())(x), 1e-12, "gradient");
        Close.Assert(Autodiff.Jvp(Expansion, x, u).Tangent, Autodiff.Jvp(y => y.Det(), x, u).Tangent, 1e-12, "tangent");
        Close.Assert(Autodiff.Hessian(Expansion, x), Autodiff.Hessian(y => y.Det(), x), 1e-11, "Hessian");
        Close.Assert(Third(Expansion), Third(y => y.Det()), 1e-9, "third derivatives");

        Tensor Third(Func<Tensor, Tensor> f) => Autodiff.Jvp(y => Autodiff.Hvp(f, y, u), x, v).Tangent;
    }

    /// <summary>Matrices of all ranks in one batch, by Vmap and by their axis, near singular ones among them.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Det_of_a_batch_of_every_rank(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var near = OfRank(3, 2) + (1e-9 * draws.Normal([3, 3], dtype: DType.Float64));
        var x = Tensor.Stack([OfRank(3, 3), OfRank(3, 2), OfRank(3, 1), OfRank(3, 0), near], 0).To(device);
        var gradient = Autodiff.Grad((Tensor y) => y.Det().Sum())(x);
        Close.Assert(Autodiff.Vmap(Autodiff.Grad(Expansion))(x), gradient, 1e-12, "gradient");
        Close.Assert(gradient, Autodiff.Vmap(Autodiff.Grad(y => y.Det()))(x), 1e-12, "gradient by Vmap");
        var hessians = Autodiff.Vmap(y => Autodiff.Hessian(Expansion, y))(x);
        Close.Assert(hessians, Autodiff.Vmap(y => Autodiff.Hessian(z => z.Det(), y))(x), 1e-11, "Hessian by Vmap");
    }

    /// <summary>The tape, twice: a gradient that is itself differentiated.</summary>
    [Fact]
    public void Det_of_a_singular_matrix_on_the_tape()
    {
        var x = OfRank(3, 2);
        x.RequiresGrad = true;
        x.Det().Backward();
        Close.Assert(Autodiff.Grad(Expansion)(x.Detach()), x.Grad!, 1e-12, "gradient");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Identities(int n)
    {
        var x = draws.Normal([5, 2, n, n], dtype: DType.Float64) + (3 * Tensor.Eye(n, DType.Float64));
        var z = draws.Normal([2, n, n], dtype: DType.Float64) + (3 * Tensor.Eye(n, DType.Float64));
        var b = draws.Normal([5, 1, n, 3], dtype: DType.Float64);
        var one = Tensor.Eye(n, DType.Float64).BroadcastTo(x.Shape);
        Close.Assert(one, x.MatMul(x.Inverse()), 1e-10, "x·x⁻¹");
        Close.Assert(x.Det() * z.Det(), x.MatMul(z).Det(), 1e-10, "det of a product");
        Close.Assert(x.Det(), x.Transpose().Det(), 1e-10, "det of the transpose");
        Close.Assert(Tensor.Ones([5, 2], DType.Float64), x.Det() * x.Inverse().Det(), 1e-10, "det of the inverse");
        var (sign, log) = x.Slogdet();
        Close.Assert(x.Det(), sign * log.Exp(), 1e-10, "sign and logarithm");
        Close.Assert(x.LogAbsDet(), log, 1e-10, "logarithm");
        Close.Assert(b.BroadcastTo([5, 2, n, 3]), x.MatMul(x.Solve(b)), 1e-10, "solve");
        var (p, l, u) = x.Lu();
        Close.Assert(x, p.MatMul(l).MatMul(u), 1e-10, "LU");
        Close.Assert(l, l.Tril(), 0, "L");
        Close.Assert(u, u.Triu(), 0, "U");
        Close.Assert(one, p.MatMul(p.Transpose()), 0, "P");
        var positive = x.MatMul(x.Transpose());
        var c = positive.Cholesky();
        Close.Assert(positive, c.MatMul(c.Transpose()), 1e-10, "Cholesky");
        Close.Assert(2 * c.Diagonal().Log().Sum([-1]), positive.LogAbsDet(), 1e-10, "log det by Cholesky");
        Close.Assert(x.Triu().Solve(b), x.TriangularSolve(b, upper: true), 1e-10, "upper triangle");
        Close.Assert(x.Tril().Transpose().Solve(b), x.Transpose().TriangularSolve(b, upper: true), 1e-10, "transposed triangle");

        // Jacobi: d log |det x| = tr(x⁻¹·dx); d x⁻¹ = −x⁻¹·dx·x⁻¹.
        var t = draws.Normal(x.Shape, dtype: DType.Float64);
        Close.Assert(x.Inverse().MatMul(t).Trace(), Autodiff.Jvp(y => y.LogAbsDet(), x, t).Tangent, 1e-10, "Jacobi");
        Close.Assert(x.Det() * x.Inverse().MatMul(t).Trace(), Autodiff.Jvp(y => y.Det(), x, t).Tangent, 1e-10, "Jacobi's formula");
        Close.Assert(-x.Inverse().MatMul(t).MatMul(x.Inverse()), Autodiff.Jvp(y => y.Inverse(), x, t).Tangent, 1e-10, "d x⁻¹");
    }

    [Fact]
    public void Rectangular_factors_and_their_derivatives()
    {
        foreach (Shape shape in new Shape[] { [5, 3], [3, 5], [2, 4, 1], [1, 4], [3, 9], [11, 2] })
        {
            var x = draws.Normal(shape, dtype: DType.Float64);
            var (p, l, u) = x.Lu();
            Close.Assert(x, p.MatMul(l).MatMul(u), 1e-13, $"{shape}");
            Gradcheck.Assert(y => (y.Lu().L * 3).Sin().Sum() + y.Lu().U.Sin().Sum(), x);
        }
    }

    [Fact]
    public void A_vector_or_a_batch_of_vectors_on_the_right()
    {
        var a = Tensor.From([2.0, 0, 1, 4], [2, 2]);
        Close.Assert([1, 0.75], a.Solve(Tensor.From([2.0, 4])).ToArray<double>(), 1e-15, "vector");
        var batch = a.BroadcastTo([3, 2, 2]);
        Assert.Equal([3, 2], batch.Solve(Tensor.Ones([3, 2], DType.Float64)).Shape);
        Assert.Equal([3, 2], batch.Solve(Tensor.Ones([2], DType.Float64)).Shape);
        Assert.Equal([3, 2, 5], batch.Solve(Tensor.Ones([2, 5], DType.Float64)).Shape);
        Assert.Equal([7, 3, 2, 1], a.Solve(Tensor.Ones([7, 3, 2, 1], DType.Float64)).Shape);
    }

    [Fact]
    public void No_rows_and_no_matrices()
    {
        var none = Tensor.Zeros([0, 0], DType.Float64);
        Assert.Equal(1, none.Det().Item());
        Assert.Equal(0, none.LogAbsDet().Item());
        Assert.Equal(1, none.Slogdet().Sign.Item());
        Assert.Equal([0, 0], none.Inverse().Shape);
        Assert.Equal([0, 0], none.Cholesky().Shape);
        Assert.Equal([0, 2], none.Solve(Tensor.Zeros([0, 2], DType.Float64)).Shape);
        Assert.Equal([0, 0], none.Lu().P.Shape);
        Assert.Equal([0, 0], Autodiff.Grad(y => y.Det())(none).Shape);
        var empty = Tensor.Zeros([0, 3, 3]);
        Assert.Equal([0], empty.Det().Shape);
        Assert.Equal([0, 3, 3], empty.Inverse().Shape);
        Assert.Equal([0, 3, 3], Autodiff.Grad((Tensor y) => y.Det().Sum())(empty).Shape);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Singular_and_indefinite(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var singular = Tensor.From([1f, 2, 2, 4], [2, 2], device);
        Assert.Equal(0, singular.Det().Item());
        Assert.Equal(double.NegativeInfinity, singular.LogAbsDet().Item());
        Assert.Equal(0, singular.Slogdet().Sign.Item());
        Close.Assert([4, -2, -2, 1], Close.Values(Autodiff.Grad(y => y.Det())(singular).To(Device.Cpu)), 1e-6, "cofactors");

        // One whose transpose has no pivot that is 0, but for rounding.
        var other = Tensor.From<double>([1, 2, 3, 2, 4, 6, 1, 0, 1], [3, 3], device);
        Assert.Equal(double.NegativeInfinity, other.LogAbsDet().Item());
        Assert.All(Close.Values(Autodiff.Grad(y => y.LogAbsDet())(other).To(Device.Cpu)), value => Assert.Equal(double.NaN, value));
        var batch = Tensor.Stack([Tensor.Eye(2, device: device), singular], 0);
        Says("Inverse: [2, 2] is singular: pivot 2 of 2 is 0.", () => singular.Inverse());
        Says("Inverse: matrix [1] of [2, 2, 2] is singular: pivot 2 of 2 is 0.", () => batch.Inverse());
        Says("Solve: matrix [0, 1] of [1, 2, 2, 2] is singular: pivot 2 of 2 is 0.", () => batch.Unsqueeze(0).Solve(batch.Unsqueeze(0)));
        Says(
            "Cholesky: matrix [1] of [2, 2, 2] is not positive definite: its leading minor of order 1 is not positive.",
            () => Tensor.Stack([Tensor.Eye(2, device: device), -singular], 0).Cholesky());
        Says(
            "Cholesky: [2, 2] is not positive definite: its leading minor of order 2 is not positive.", () => singular.Cholesky());
    }

    [Fact]
    public void What_does_not_fit_is_said()
    {
        var a = Tensor.Ones([2, 3]);
        Says("Det: [2, 3] is not made of square matrices.", () => a.Det());
        Says("Lu: [3] is not made of matrices.", () => a[0].Lu());
        var square = Tensor.Ones([3, 3]);
        Says("Solve: [3, 3] and [2]: 3 equations, but 2 rows on the right.", () => square.Solve(Tensor.Ones([2])));
        Says("TriangularSolve: [3, 3] and []: a scalar is no right-hand side; divide instead.", () => square.TriangularSolve(a.Sum()));
    }

    public static TheoryData<string> Functions => [.. Named.Keys];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Second_derivatives_are_those_of_the_differences(string name)
    {
        var x = (0.3 * draws.Normal([3, 3], dtype: DType.Float64)) + Tensor.Eye(3, DType.Float64);
        Gradcheck.Assert(y => Autodiff.Grad((Tensor z) => (Named[name](z) * 3).Sin().Sum())(y), x);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Vmap_is_a_loop(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = ((0.3 * draws.Normal([3, 4, 4], dtype: DType.Float64)) + Tensor.Eye(4, DType.Float64)).To(device);
        foreach (var (name, f) in Named)
        {
            var gradient = Autodiff.Grad((Tensor y) => f(y).Sin().Sum());
            Close.Assert(Tensor.Stack([.. x.Unbind().Select(f)], 0), Autodiff.Vmap(f)(x), 1e-12, name);
            Close.Assert(Tensor.Stack([.. x.Unbind().Select(gradient)], 0), Autodiff.Vmap(gradient)(x), 1e-12, $"gradient of {name}");
        }
    }

    public static TheoryData<string, int> Large => new()
    {
        { "random", 60 }, { "random", 200 }, { "random", 512 }, { "permutation", 130 }, { "rank-one update", 100 }, { "near singular", 50 },
        { "Hilbert", 2 }, { "Hilbert", 5 }, { "Hilbert", 8 },
    };

    /// <summary>Residuals, and what MathNet computes, within n·ε·κ.</summary>
    [Theory]
    [MemberData(nameof(Large))]
    public void Large_and_ill_conditioned_matrices(string kind, int n)
    {
        var a = Kind(kind, n);
        var x = Tensor.From<double>(a.ToRowMajorArray(), [n, n]);
        var b = Matrix<double>.Build.Random(n, 3, 5);
        double[] singular = [.. a.Svd(false).S];
        double allowed = n * Math.Pow(2, -52) * (singular[0] / singular[^1]);
        var expected = a.LU();
        double log = expected.U.Diagonal().PointwiseAbs().PointwiseLog().Sum();
        Assert.InRange(x.LogAbsDet().Item() - log, -allowed, allowed);
        double sign = expected.U.Diagonal().Aggregate(Parity(expected.P), (product, pivot) => product * Math.Sign(pivot));
        Close.Assert([sign], [x.Slogdet().Sign.Item()], 0, "sign");
        var solution = x.Solve(Tensor.From<double>(b.ToRowMajorArray(), [n, 3]));
        Within(expected.Solve(b), solution);
        Within(expected.Inverse(), x.Inverse());

        // Backward stable: the residual is small whatever the condition.
        var residual = (a * Matrix<double>.Build.DenseOfRowMajor(n, 3, solution.ToArray<double>())) - b;
        double size = Matrix<double>.Build.DenseOfRowMajor(n, 3, solution.ToArray<double>()).InfinityNorm();
        Assert.InRange(residual.InfinityNorm(), 0, n * Math.Pow(2, -52) * a.InfinityNorm() * size);

        var positive = a * a.Transpose();
        if (kind is "random" or "permutation")
        {
            var factor = Tensor.From<double>(positive.ToRowMajorArray(), [n, n]).Cholesky();
            Close.Assert(positive.ToRowMajorArray(), factor.MatMul(factor.Transpose()).ToArray<double>(), 1e-14, "Cholesky");
            var (p, l, u) = x.Lu();
            Close.Assert(x, p.MatMul(l).MatMul(u), n * 1e-15, "LU");
        }

        void Within(Matrix<double> matrix, Tensor y)
        {
            double scale = matrix.Enumerate().Max(Math.Abs);
            double worst = matrix.ToRowMajorArray().Zip(y.ToArray<double>(), (e, v) => Math.Abs(e - v)).Max();
            Assert.InRange(worst, 0, allowed * scale);
        }
    }

    private static readonly Dictionary<string, Func<Tensor, Tensor>> Named = new()
    {
        ["Det"] = x => x.Det(),
        ["LogAbsDet"] = x => x.LogAbsDet(),
        ["Slogdet"] = x => x.Slogdet().LogAbsDet,
        ["Inverse"] = x => x.Inverse(),
        ["Solve"] = x => x.Solve(x.Sin()),
        ["TriangularSolve"] = x => x.TriangularSolve(x.Cos()),
        ["TriangularSolve of a unit triangle"] = x => x.TriangularSolve(x.Cos(), upper: true, unit: true),
        ["Cholesky"] = x => x.MatMul(x.Transpose()).Cholesky(),
        ["L"] = x => x.Lu().L,
        ["U"] = x => x.Lu().U,
    };

    private static double Parity(MathNet.Numerics.Permutation order) =>
        order.ToInversions().Where((to, from) => to != from).Aggregate(1, (sign, _) => -sign);

    private static Matrix<double> Kind(string kind, int n)
    {
        var random = Matrix<double>.Build.Random(n, n, 7);
        var one = Matrix<double>.Build.DenseIdentity(n);
        return kind switch
        {
            "Hilbert" => Matrix<double>.Build.Dense(n, n, (i, j) => 1.0 / (i + j + 1)),
            "permutation" => Matrix<double>.Build.Dense(n, n, (i, j) => j == ((7 * i) + 3) % n ? 1 : 0),
            "rank-one update" => one + random.Column(0).OuterProduct(random.Column(1)),
            "near singular" => random.Column(0).OuterProduct(random.Column(1)) + (1e-9 * one),
            _ => random,
        };
    }

    private Tensor OfRank(int n, int rank) => rank == 0
        ? Tensor.Zeros([n, n], DType.Float64)
        : draws.Normal([n, rank], dtype: DType.Float64).MatMul(draws.Normal([rank, n], dtype: DType.Float64));

    /// <summary>det by Laplace's expansion along the first row: a polynomial in the elements.</summary>
    private static Tensor Expansion(Tensor x)
    {
        int n = x.Shape[-1];
        if (n == 1)
        {
            return x[0][0];
        }

        Tensor? sum = null;
        for (int j = 0; j < n; j++)
        {
            int[] others = [.. Enumerable.Range(0, n).Where(k => k != j)];
            var minor = Tensor.Stack([.. others.Select(k => x.Transpose()[k].Slice([1], [n], [1]))], 1);
            var term = x[0][j] * Expansion(minor);
            sum = sum is null ? term : j % 2 == 0 ? sum + term : sum - term;
        }

        return sum!;
    }

    private static void Says(string message, Func<object> call) => Assert.Equal(message, Assert.Throws<ArgumentException>(call).Message);
}
