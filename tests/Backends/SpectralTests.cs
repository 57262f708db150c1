namespace Gpu.Autograd.Tests;

/// <summary>Factorisations by orthogonal matrices and functions of matrices: their identities, derivatives and edges.</summary>
public class SpectralTests
{
    private const DType F64 = DType.Float64;

    /// <summary>Wide, tall and square matrices, in batches.</summary>
    private static IEnumerable<Tensor> Matrices(ulong seed)
    {
        var generator = new Generator(seed);
        for (int size = 1; size <= 8; size++)
        {
            yield return generator.Normal([size, size], dtype: F64);
            yield return generator.Normal([2, size, (size + 2) / 2], dtype: F64);
            yield return generator.Normal([2, 3, (size + 1) / 2, size], dtype: F64);
        }
    }

    private static Tensor Side { get; } = Random(27, 4);

    private static Tensor Factor { get; } = Random(29, 2, 4);

    private static Tensor Eye(int n) => Tensor.Eye(n, F64);

    private static Tensor Matrix(params double[] elements)
    {
        int n = (int)Math.Sqrt(elements.Length);
        return Tensor.From<double>(elements, [n, n]);
    }

    private static Tensor Random(ulong seed, params int[] lengths) => new Generator(seed).Normal(new Shape(lengths), dtype: F64);

    [Fact]
    public void Factors_multiply_to_the_matrix()
    {
        foreach (var x in Matrices(1))
        {
            string what = $"{x.Shape}";
            int k = Math.Min(x.Shape[-2], x.Shape[-1]);
            var one = Eye(k).BroadcastTo([.. x.Shape.Lengths[..^2], k, k]);
            var (q, r) = x.Qr();
            Close.Assert(x, q.MatMul(r), 1e-13, $"{what}: Q·R");
            Close.Assert(one, q.Transpose().MatMul(q), 1e-13, $"{what}: QᵀQ");
            Close.Assert(r.Triu(), r, 0, $"{what}: R");

            var (u, s, vt) = x.Svd();
            Close.Assert(x, (u * s.Unsqueeze(-2)).MatMul(vt), 1e-13, $"{what}: U·S·Vᵀ");
            Close.Assert(one, u.Transpose().MatMul(u), 1e-13, $"{what}: UᵀU");
            Close.Assert(one, vt.MatMul(vt.Transpose()), 1e-13, $"{what}: VVᵀ");
            Close.Assert(x.Square().Sum([-2, -1]), s.Square().Sum(-1), 1e-13, $"{what}: Σs²");

            var symmetric = x.MatMul(x.Transpose()) - Eye(x.Shape[-2]);
            var (values, vectors) = symmetric.Eigh();
            Close.Assert(symmetric, (vectors * values.Unsqueeze(-2)).MatMul(vectors.Transpose()), 1e-13, $"{what}: V·Λ·Vᵀ");
            Close.Assert(symmetric.Trace(), values.Sum(-1), 1e-13, $"{what}: the trace");
        }
    }

    [Fact]
    public void The_four_equations_of_Moore_and_Penrose()
    {
        foreach (var full in Matrices(2))
        {
            // Of less than full rank too.
            var thin = full[TensorIndex.Ellipsis, ..Math.Max(1, full.Shape[-1] / 2)];
            foreach (var x in new[] { full, thin.MatMul(Random(3, thin.Shape[-1], 5)) })
            {
                var p = x.Pinv();
                double size = 1e-12 * Math.Max(1, p.Abs().Amax().Item());
                Close.Assert(x, x.MatMul(p).MatMul(x), size, $"{x.Shape}: xPx = x");
                Close.Assert(p, p.MatMul(x).MatMul(p), size, $"{x.Shape}: PxP = P");
                Close.Assert(x.MatMul(p), x.MatMul(p).Transpose(), size, $"{x.Shape}: xP");
                Close.Assert(p.MatMul(x), p.MatMul(x).Transpose(), size, $"{x.Shape}: Px");
                int most = x == full ? int.MaxValue : thin.Shape[-1];
                int expected = Math.Min(most, Math.Min(x.Shape[-2], x.Shape[-1]));
                Assert.All(x.MatrixRank().Flatten().ToArray<long>(), rank => Assert.Equal(expected, rank));
            }
        }
    }

    [Fact]
    public void Exponentials()
    {
        foreach (var x in Matrices(4).Where(x => x.Shape[-2] == x.Shape[-1]))
        {
            Close.Assert(Eye(x.Shape[-1]).BroadcastTo(x.Shape), x.MatrixExp().MatMul((-x).MatrixExp()), 1e-10, $"{x.Shape}: eˣe⁻ˣ");
            Close.Assert(x.Trace(), x.MatrixExp().LogAbsDet(), 1e-10, $"{x.Shape}: log det eˣ = tr x");
            var (y, slope) = Autodiff.Jvp(t => (x * t).MatrixExp(), Tensor.Scalar(0.7, F64), Tensor.Scalar(1, F64));
            Close.Assert(x.MatMul(y), slope, 1e-10, $"{x.Shape}: d/dt exp(tx)");
        }

        // A nilpotent, a rotation by 100 radians, a diagonal; each scaled for itself.
        Close.Assert(Matrix(1, 2, 11, 0, 1, 4, 0, 0, 1), Matrix(0, 2, 7, 0, 0, 4, 0, 0, 0).MatrixExp(), 1e-14, "nilpotent");
        var (c, s) = (Math.Cos(100), Math.Sin(100));
        var both = Tensor.Stack([Matrix(0, -100, 100, 0), Matrix(-1e-8, 0, 0, 2)]);
        var expected = Tensor.Stack([Matrix(c, -s, s, c), Matrix(Math.Exp(-1e-8), 0, 0, Math.Exp(2))]);
        Close.Assert(expected, both.MatrixExp(), 1e-12, "rotation and diagonal");
        Close.Assert([Math.Exp(-100), 0, 0, Math.Exp(-1)], Close.Values(Matrix(-100, 0, 0, -1).MatrixExp()), 1e-13, "decay");
        Assert.All(Close.Values(Matrix(double.NaN, 0, 0, 1).MatrixExp()), value => Assert.Equal(double.NaN, value));
        var infinite = Tensor.Stack([Matrix(double.PositiveInfinity, 1, 2, 3), Eye(2) * 0]).MatrixExp();
        Assert.All(Close.Values(infinite[0]), value => Assert.Equal(double.NaN, value));
        Close.Assert(Eye(2), infinite[1], 0, "beside one that is not finite");
        Assert.Equal(1, Tensor.Zeros([1, 1], F64).MatrixExp().Item());
    }

    /// <summary>The derivative along a great or a small direction is as exact as along any other.</summary>
    [Theory]
    [InlineData(1e-12)]
    [InlineData(1e9)]
    public void The_exponentials_derivative_is_linear(double size)
    {
        var (x, t) = (Random(5, 3, 3), Random(6, 3, 3));
        var unit = Autodiff.Jvp(v => v.MatrixExp(), x, t).Tangent;
        Close.Assert(unit, Autodiff.Jvp(v => v.MatrixExp(), x, t * size).Tangent / size, 1e-13, "Jvp");
    }

    [Fact]
    public void Powers()
    {
        var x = Random(7, 2, 3, 3);
        Close.Assert(x.MatMul(x).MatMul(x).MatMul(x).MatMul(x), x.MatrixPower(5), 1e-12, "5");
        Close.Assert(x.Inverse().MatMul(x.Inverse()), x.MatrixPower(-2), 1e-10, "−2");
        Close.Assert(Eye(3).BroadcastTo(x.Shape), x.MatrixPower(0), 0, "0");
        Assert.Same(x, x.MatrixPower(1));
    }

    [Fact]
    public void Products()
    {
        Tensor a = Random(8, 2, 3), b = Random(9, 4, 2), c = Random(10, 3, 2), d = Random(11, 2, 5);
        Close.Assert(a.MatMul(c).Kron(b.MatMul(d)), a.Kron(b).MatMul(c.Kron(d)), 1e-13, "(a ⊗ b)(c ⊗ d) = ac ⊗ bd");
        var square = Random(12, 3, 3);
        var product = b.MatMul(Random(13, 2, 4)).Kron(square).Reshape(4, 3, 4, 3);
        Close.Assert(square * b.MatMul(Random(13, 2, 4)).Trace(), product.Trace(0, 2), 1e-12, "the partial trace");
        var (e, f) = (Random(14, 2, 3, 4), Random(15, 3, 4, 5));
        Close.Assert(Tensor.Einsum("abc,bcd->ad", e, f), e.TensorDot(f), 1e-13, "2 axes");
        Close.Assert(
            Tensor.Einsum("abc,dca->bd", Random(14, 2, 3, 4), Random(15, 5, 4, 2)),
            Random(14, 2, 3, 4).TensorDot(Random(15, 5, 4, 2), [0, -1], [2, 1]), 1e-13, "named axes");
        Close.Assert(Tensor.Einsum("ab,cd->abcd", a, b), a.TensorDot(b, 0), 0, "outer");
    }

    [Fact]
    public void Least_squares()
    {
        // Tall: the residual is orthogonal to the columns. Wide: the shortest solution is made of rows. Of less rank: both.
        foreach (var a in new[] { Random(16, 5, 3), Random(16, 3, 5), Random(16, 5, 2).MatMul(Random(17, 2, 4)) })
        {
            var b = Random(18, a.Shape[-2], 2);
            var x = a.LeastSquares(b);
            Close.Assert(Tensor.Zeros([a.Shape[-1], 2], F64), a.Transpose().MatMul(a.MatMul(x) - b), 1e-12, $"{a.Shape}: aᵀ(ax − b)");
            Close.Assert(x, a.Pinv().MatMul(a).MatMul(x), 1e-12, $"{a.Shape}: no shorter one");
            Close.Assert(x[.., 0], a.LeastSquares(b[.., 0]), 1e-13, "a vector");
        }
    }

    [Fact]
    public void Norms()
    {
        var x = Matrix(3, 0, 4, 5);
        Close.Assert([Math.Sqrt(45) + Math.Sqrt(5)], Close.Values(x.NuclearNorm()), 1e-14, "nuclear");
        Close.Assert([Math.Sqrt(45)], Close.Values(x.SpectralNorm()), 1e-14, "spectral");
        Close.Assert([Math.Sqrt(50)], Close.Values(x.FrobeniusNorm()), 1e-14, "Frobenius");
        Close.Assert([3.0], Close.Values(x.Cond()), 1e-14, "condition");
        Assert.Equal(double.PositiveInfinity, Matrix(1, 0, 0, 0).Cond().Item());
    }

    public static TheoryData<string> Differentiated =>
        ["qr", "wide qr", "eigh", "svd", "wide svd", "exp", "pinv", "least squares", "low rank pinv", "power", "norms", "kron"];

    private static (Func<Tensor, Tensor> F, Tensor X) Case(string name) => name switch
    {
        "qr" => (x => Both(x.Qr().Q, x.Qr().R), Random(20, 2, 4, 3)),
        "wide qr" => (x => Both(x.Qr().Q, x.Qr().R), Random(21, 3, 4)),
        "eigh" => (x => Both(x.Eigh().Vectors, x.Eigh().Values), Random(22, 2, 3, 3)),
        "svd" => (x => Both(Both(x.Svd().U, x.Svd().S), x.Svd().Vt), Random(23, 2, 4, 3)),
        "wide svd" => (x => Both(Both(x.Svd().U, x.Svd().S), x.Svd().Vt), Random(24, 2, 4)),
        "exp" => (x => x.MatrixExp(), Random(25, 2, 3, 3)),
        "pinv" => (x => x.Pinv(), Random(26, 3, 4)),
        "least squares" => (x => x.LeastSquares(Side), Random(28, 4, 2)),
        "low rank pinv" => (x => x.MatMul(Factor).Pinv(), Random(30, 3, 2)),
        "power" => (x => x.MatrixPower(-3), Random(31, 3, 3)),
        "norms" => (x => x.NuclearNorm() + (x.SpectralNorm() * x.FrobeniusNorm()) + x.Cond(), Random(32, 2, 4, 3)),
        _ => (x => x.Kron(x.Transpose()), Random(33, 2, 3)),
    };

    private static Tensor Both(Tensor a, Tensor b) => Tensor.Concat([a.Flatten(), b.Flatten()]);

    [Theory]
    [MemberData(nameof(Differentiated))]
    public void Derivatives(string name)
    {
        var (f, x) = Case(name);
        Gradcheck.Assert(f, x, order: 2);
    }

    [Theory]
    [MemberData(nameof(Differentiated))]
    public void Under_Vmap(string name)
    {
        var (f, x) = Case(name);
        var batch = Tensor.Stack([x, x * 1.5, x + 0.1]);
        Func<Tensor, Tensor> gradient = v => Autodiff.Grad(z => f(z).Sin().Sum())(v);
        foreach (var g in new[] { f, gradient })
        {
            var expected = Tensor.Stack([.. batch.Unbind().Select(g)]);
            Close.Assert(expected, Autodiff.Vmap(g)(batch), 1e-12, name);
        }
    }

    /// <summary>Functions of the values as a set have gradients where values coincide: here those of closed formulas.</summary>
    [Fact]
    public void Invariant_functions_where_values_coincide()
    {
        var q = Random(40, 3, 3).Qr().Q;
        var twice = (q * Tensor.From<double>([2, 2, 5])).MatMul(q.Transpose());
        foreach (var x in new[] { Eye(3), Eye(3) * 0, twice })
        {
            Close.Assert(x * 2, Autodiff.Grad(z => z.Eigh().Values.Square().Sum())(x), 1e-13, $"Σλ² at {x}");
            Close.Assert(x.MatMul(x) * 3, Autodiff.Grad(z => z.EigenvaluesSymmetric().Pow(3).Sum())(x), 1e-12, $"Σλ³ at {x}");
            var t = Random(41, 3, 3);
            Close.Assert((x * t).Sum() * 2, Autodiff.Jvp(z => z.Eigh().Values.Square().Sum(), x, t).Tangent, 1e-12, $"Σλ² at {x}, forward");
        }

        Close.Assert(twice.MatrixExp(), Autodiff.Grad(z => z.Eigh().Values.Exp().Sum())(twice), 1e-12, "tr eˣ");
        var rotation = Matrix(0.6, -0.8, 0.8, 0.6);
        Close.Assert(rotation, Autodiff.Grad(z => z.NuclearNorm())(rotation), 1e-14, "the nuclear norm of a rotation");
        Close.Assert(rotation / 2, Autodiff.Grad(z => z.SpectralNorm())(rotation), 1e-14, "the spectral norm of a rotation");
        Close.Assert(rotation * 2, Autodiff.Grad(z => z.SingularValues().Square().Sum())(rotation), 1e-14, "Σs²");

        // A space that stays the same whatever its basis: the projection on the vectors of 2 and 2.
        Tensor Project(Tensor z) => z.Eigh().Vectors[.., ..2] is var v ? v.MatMul(v.Transpose()) : v;
        var mixed = q[.., 0].Outer(q[.., 2]);
        var expected = (mixed + mixed.Transpose()) / -6;
        Close.Assert(expected, Autodiff.Grad(z => (Project(z) * mixed).Sum())(twice), 1e-12, "a projection");
    }

    /// <summary>The pseudoinverse reads no vectors: where singular values coincide it has all its derivatives.</summary>
    [Fact]
    public void The_pseudoinverse_where_values_coincide()
    {
        Gradcheck.Assert(z => z.Pinv(), Eye(3));
        Gradcheck.Assert(z => z.Pinv(), Matrix(0.6, -0.8, 0.8, 0.6)[.., ..2]);
        Gradcheck.Assert(z => z.MatrixExp(), Eye(3) * 0);
    }

    [Fact]
    public void Other_functions_throw_where_values_coincide()
    {
        var half = Tensor.Stack([Matrix(1, 0, 0, 2), Matrix(0.5, 0, 0, 0.5)]);
        var error = Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(z => z.Eigh().Vectors.Sin().Sum())(half));
        Assert.Equal(
            "Eigh: eigenvalues 0 and 1 of matrix [1] coincide (0.5 and 0.5); a function that tells them or their vectors apart has no " +
            "derivative there.", error.Message);
        error = Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(z => z.Eigh().Values[.., 0].Sum())(half));
        Assert.StartsWith("Eigh: eigenvalues 0 and 1 of matrix [1] coincide", error.Message);
        error = Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(z => z.Svd().U.Sin().Sum())(Eye(2)));
        Assert.StartsWith("Svd: singular values 0 and 1 coincide (1 and 1);", error.Message);

        // The derivative of VΛVᵀ = x is not to be had from V and Λ.
        var reconstruction = (Tensor z) => z.Eigh() is var (l, v) ? (v * l.Unsqueeze(-2)).MatMul(v.Transpose()) : z;
        Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(z => (reconstruction(z) * Matrix(1, 2, 2, 4)).Sum())(Eye(2)));
        Assert.Throws<InvalidOperationException>(() => Autodiff.Vmap(w => Autodiff.Grad(z => (reconstruction(z) * w).Sum())(Eye(2)))(half + 1));
        Assert.All(Close.Values(Autodiff.Jvp(reconstruction, Eye(2), Matrix(0, 1, 1, 0)).Tangent), value => Assert.Equal(double.NaN, value));
        Assert.Throws<InvalidOperationException>(
            () => Autodiff.Grad(w => (Autodiff.Grad(z => z.Eigh().Values.Square().Sum())(w) * Matrix(1, 2, 2, 4)).Sum())(Eye(2)));

        // Of a direction that the vectors follow, the derivative is there.
        Close.Assert(Matrix(3, 0, 0, 4), Autodiff.Jvp(reconstruction, Eye(2), Matrix(3, 0, 0, 4)).Tangent, 1e-14, "a diagonal direction");
    }

    [Fact]
    public void A_singular_value_of_0()
    {
        var x = Tensor.From<double>([1, 0, 0, 0, 0, 0], [3, 2]);
        var error = Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(z => z.Svd().U.Sin().Sum())(x));
        Assert.Equal("Svd: singular value 1 is 0; a function of its vectors has no derivative there.", error.Message);
        Close.Assert(x * 2, Autodiff.Grad(z => z.SingularValues().Square().Sum())(x), 1e-14, "Σs²");
        var tangent = Autodiff.Jvp(z => z.Svd().U, x, Random(50, 3, 2)).Tangent;
        Assert.True(tangent[.., 0].IsFinite().All().Item() == 1);
        Assert.True(tangent[.., 1].IsNaN().All().Item() == 1);
    }

    /// <summary>Columns that depend on each other have factors, but R no inverse.</summary>
    [Fact]
    public void Factors_without_a_derivative()
    {
        var x = Tensor.Stack([Matrix(1, 0, 0, 0), Eye(2)]);
        var g = Autodiff.Grad(z => z.Qr().R.Sum())(x);
        Assert.All(Close.Values(g[0]), value => Assert.Equal(double.NaN, value));
        Assert.True(g[1].IsFinite().All().Item() == 1);
        var tangent = Autodiff.Jvp(z => z.Qr().Q, x, Tensor.OnesLike(x)).Tangent;
        Assert.True(tangent[0].IsNaN().Any().Item() == 1);
        Assert.True(tangent[1].IsFinite().All().Item() == 1);
    }

    [Fact]
    public void Matrices_without_rows_or_columns()
    {
        foreach (var (m, n) in new[] { (0, 0), (3, 0), (0, 3) })
        {
            var x = Tensor.Zeros([2, m, n], F64);
            Assert.Equal([2, m, 0], x.Qr().Q.Shape);
            Assert.Equal([2, 0, n], x.Qr().R.Shape);
            Assert.Equal([2, m, 0], x.Svd().U.Shape);
            Assert.Equal([2, 0, n], x.Svd().Vt.Shape);
            Assert.Equal([2, n, m], x.Pinv().Shape);
            Assert.Equal([0, 0], x.NuclearNorm().ToArray<double>());
            Assert.Equal([0, 0], x.MatrixRank().ToArray<long>());
            Assert.Equal(x.Shape, Autodiff.Grad(z => z.SingularValues().Sum() + z.Pinv().Sum() + z.Qr().R.Sum())(x).Shape);
        }

        var none = Tensor.Zeros([2, 0, 0], F64);
        Assert.Equal([2, 0], none.Eigh().Values.Shape);
        Assert.Equal([2, 0, 0], none.MatrixExp().Shape);
        Assert.Equal(none.Shape, Autodiff.Grad(z => z.Eigh().Values.Sum() + z.MatrixExp().Sum())(none).Shape);
    }

    [Fact]
    public void Errors()
    {
        var x = Tensor.Zeros([2, 3]);
        Assert.Equal("Eigh: [2, 3] is not made of square matrices.", Assert.Throws<ArgumentException>(() => x.Eigh()).Message);
        Assert.Equal("MatrixExp: [2, 3] is not made of square matrices.", Assert.Throws<ArgumentException>(() => x.MatrixExp()).Message);
        Assert.Equal("MatrixPower: [2, 3] is not made of square matrices.", Assert.Throws<ArgumentException>(() => x.MatrixPower(2)).Message);
        var whole = x.To(DType.Int32);
        Assert.Equal(
            "Svd: the elements of [2, 3] are int32, not float32 or float64; convert with To(DType) first.",
            Assert.Throws<ArgumentException>(() => whole.Svd()).Message);
        Assert.Throws<ArgumentException>(() => whole.Qr());
        Assert.Throws<ArgumentException>(() => whole[.., ..2].Eigh());
        Assert.Throws<ArgumentException>(() => whole.Pinv());
        Assert.Throws<ArgumentException>(() => whole.LeastSquares(whole));
        Assert.Throws<ArgumentException>(() => whole.MatrixRank());
        Assert.Throws<ArgumentException>(() => whole.Cond());
        Assert.Throws<ArgumentException>(() => whole.NuclearNorm());
        Assert.Throws<ArgumentException>(() => whole.SpectralNorm());
        Assert.Throws<ArgumentException>(() => whole.FrobeniusNorm());
        Assert.Throws<ArgumentException>(() => x[0].Qr());
        Assert.Equal("Cond: the matrices of [2, 0] are empty.", Assert.Throws<ArgumentException>(() => x[.., ..0].Cond()).Message);
        Assert.Equal(
            "LeastSquares: [2, 3] and [3, 1] do not have the same number of rows.",
            Assert.Throws<ArgumentException>(() => x.LeastSquares(Tensor.Zeros([3, 1]))).Message);
        Assert.Equal(
            "TensorDot: the axes [1] of [2, 3] and [0] of [2, 3] do not have the same lengths.",
            Assert.Throws<ArgumentException>(() => x.TensorDot(x, 1)).Message);
        Assert.Equal(
            "TensorDot: the axes [1, -1] of [2, 3] name one twice.",
            Assert.Throws<ArgumentException>(() => x.TensorDot(x, [1, -1], [0, 1])).Message);
        Assert.Equal("TensorDot: [2, 3] and [2, 3] do not both have 3 axes.", Assert.Throws<ArgumentException>(() => x.TensorDot(x, 3)).Message);
        Assert.Throws<ArgumentException>(() => x.Kron(x[0]));
    }
}
