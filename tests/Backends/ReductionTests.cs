namespace Gpu.Autograd.Tests;

/// <summary>The edges of reductions: zeros, ties, empty axes, NaN.</summary>
public class ReductionTests
{
    private static Tensor Of(params double[] x) => Tensor.From<double>(x);

    /// <summary>d³(x·y·z) along (1, 1, 1) is 6, whatever is zero; a product with two zeros has no gradient, but a second derivative.</summary>
    [Fact]
    public void A_product_has_all_derivatives_at_zeros()
    {
        Assert.Equal([6.0, 0, 0], Close.Values(Autodiff.Grad(x => x.Prod())(Of(0, 2, 3))));
        Assert.Equal([0.0, 0, 0], Close.Values(Autodiff.Grad(x => x.Prod())(Of(0, 0, 3))));
        Assert.Equal([0.0, 3, 0, 3, 0, 0, 0, 0, 0], Close.Values(Autodiff.Hessian(x => x.Prod(), Of(0, 0, 3))));
        var one = Tensor.Scalar(1, DType.Float64);
        Tensor Line(Tensor s) => (Of(0, 0, 0) + s).Prod();
        Tensor First(Tensor s) => Autodiff.Jvp(Line, s, one).Tangent;
        Tensor Second(Tensor s) => Autodiff.Grad(First)(s);
        Assert.Equal(6, Autodiff.Jvp(Second, Tensor.Scalar(0, DType.Float64), one).Tangent.Item());
        Assert.Equal([0.0, 1, 0, 0], Close.Values(Autodiff.Vjp(x => x.CumProd(), Of(2, 0, 0, 5)).Pullback(Of(0, 0.5, 1, 1))));
        Assert.Equal([2.0, 0, 0, 0], Close.Values(Of(2, 0, 0, 5).CumProd()));
    }

    [Fact]
    public void Equals_share_the_gradient_of_amax_and_the_first_has_that_of_max()
    {
        var x = Of(1, 4, 4, -2, 4, -2);
        Assert.Equal([0.0, 1 / 3.0, 1 / 3.0, 0, 1 / 3.0, 0], Close.Values(Autodiff.Grad(v => v.Amax())(x)));
        Assert.Equal([0.0, 0, 0, 0.5, 0, 0.5], Close.Values(Autodiff.Grad(v => v.Amin())(x)));
        Assert.Equal([0.0, 1, 0, 0, 0, 0], Close.Values(Autodiff.Grad(v => v.Max())(x)));
        Assert.Equal([0.0, 0, 0, 1, 0, 0], Close.Values(Autodiff.Grad(v => v.Min())(x)));
        Assert.Equal(3, x.ArgMin().Item());
        var infinite = Of(double.PositiveInfinity, 0, double.PositiveInfinity);
        Assert.Equal([0.5, 0, 0.5], Close.Values(Autodiff.Grad(v => v.Amax())(infinite)));
        Assert.Equal([0.0, double.PositiveInfinity], Close.Values(Autodiff.Vjp(v => v.Amax(), Of(1, 2)).Pullback(Tensor.Scalar(double.PositiveInfinity, DType.Float64))));
    }

    [Fact]
    public void NaN_comes_through_extremes()
    {
        var x = Of(3, double.NaN, -1);
        Assert.Equal(double.NaN, x.Amax().Item());
        Assert.Equal(double.NaN, x.Amin().Item());
        Assert.Equal(double.NaN, x.Min().Item());
        Assert.Equal(1, x.ArgMin().Item());
    }

    [Fact]
    public void Nothing_has_a_sum_a_product_and_no_extreme()
    {
        var x = Tensor.Zeros([2, 0], DType.Float64);
        Assert.Equal([1.0, 1], Close.Values(x.Prod(1)));
        Assert.Equal([0.0, 0], Close.Values(x.Norm(1)));
        Assert.Equal([0.0, 0], Close.Values(x.Any(1)));
        Assert.Equal([1.0, 1], Close.Values(x.All(1)));
        Assert.Equal([0.0, 0], Close.Values(x.CountNonzero(1)));
        Assert.Equal([double.NaN, double.NaN], Close.Values(x.Var(1)));
        Assert.Equal(new Shape(2, 0), x.CumSum().Shape);
        Assert.Equal(new Shape(0), x.Amax(0).Shape);
        Assert.Equal("Amax: [2, 0] has no elements along [1] to choose from.", Assert.Throws<ArgumentException>(() => x.Amax(1)).Message);
        Assert.Equal("Amin: [2, 0] has no elements along [0, 1] to choose from.", Assert.Throws<ArgumentException>(() => x.Amin()).Message);
        Assert.Equal("ArgMin: axis 1 of [2, 0] is empty.", Assert.Throws<ArgumentException>(() => x.ArgMin()).Message);
    }

    [Fact]
    public void A_spread_of_zero_has_the_gradient_zero()
    {
        Assert.Equal([0.0, 0, 0], Close.Values(Autodiff.Grad(x => x.Std())(Of(2, 2, 2))));
        Assert.Equal(0, Of(2, 2, 2).Std().Item());
        Assert.Equal(double.NaN, Of(2).Std().Item());
        Assert.Equal(0, Of(2).Std([], correction: 0).Item());
        Assert.Equal([0.0, 0, 0], Close.Values(Autodiff.Grad(x => x.Norm())(Of(0, 0, 0))));
        Close.Assert(Of(0, 0.6, -0.8), Autodiff.Grad(x => x.Norm())(Of(0, 3, -4)), 1e-15, "the 2-norm beside a zero");
        Assert.Equal([0.0, 0], Close.Values(Autodiff.Grad(x => x.Norm([], p: 3))(Of(0, 0))));
        Close.Assert(Of(0, 1, -1) * Math.Pow(2, -2 / 3.0), Autodiff.Grad(x => x.Norm([], p: 3))(Of(0, 1, -1)), 1e-14, "the 3-norm beside a zero");
        Assert.Equal([0.0, 1, -1], Close.Values(Autodiff.Grad(x => x.Norm([], p: 1))(Of(0, 3, -4))));
        Assert.Equal([0.0, 0.5, -0.5], Close.Values(Autodiff.Grad(x => x.Norm([], double.PositiveInfinity))(Of(0, 4, -4))));
        Assert.Contains("p is -1", Assert.Throws<ArgumentException>(() => Of(1).Norm([], p: -1)).Message);
        Assert.Equal(double.NaN, Of(1, double.NaN).Norm().Item());
    }

    [Fact]
    public void Any_and_all_take_every_dtype()
    {
        Assert.Equal([1.0, 0], Close.Values(Tensor.From([0, 5, 0, 0], [2, 2]).Any(1)));
        Assert.Equal([0.0, 1], Close.Values(Tensor.From([true, false, true, true], [2, 2]).All(-1)));
        Assert.Equal(DType.Bool, Of(1).All().DType);
        Assert.Equal(1, Of(double.NaN, 0).Any().Item());
        Assert.Equal(3, Tensor.From([1L, 0, -4, 2]).CountNonzero().Item());
        Assert.Equal(DType.Int64, Of(1).CountNonzero().DType);
    }

    /// <summary>The adjoint of a running sum runs from the other end.</summary>
    [Fact]
    public void A_running_sum_runs_back()
    {
        Assert.Equal([1.0, 3, 6, 10], Close.Values(Of(1, 2, 3, 4).CumSum()));
        Assert.Equal([10.0, 9, 7, 4], Close.Values(Autodiff.Vjp(x => x.CumSum(), Of(0, 0, 0, 0)).Pullback(Of(1, 2, 3, 4))));
    }

    /// <summary>49 times the rounded 1/49 is not 1.</summary>
    [Fact]
    public void Means_divide()
    {
        var x = Tensor.Ones([1, 1, 7, 7], DType.Float64);
        Assert.Equal(1, x.Mean().Item());
        Assert.Equal(1, x.AvgPool2d(7).Item());
        Assert.Equal(1, Tensor.Ones([49], DType.Float64).L1Loss(Tensor.Zeros([49], DType.Float64), Reduction.BatchMean).Item());
    }

    /// <summary>A scalar counts as one element along an axis, as it does for sums.</summary>
    [Fact]
    public void A_scalar_is_one_element_to_scan_and_to_sort()
    {
        var x = Tensor.Scalar(3, DType.Float64);
        Assert.Equal([3.0, 3, 3, 0, 0], new[] { x.CumSum(), x.CumProd(0), x.Sort().Values, x.Sort().Indices, x.ArgSort() }.Select(t => t.Item()));
        Assert.All([x.CumSum(), x.CumProd(), x.Sort().Values, x.Sort().Indices, x.ArgSort()], t => Assert.Equal(0, t.Rank));
        Assert.Equal(1, Autodiff.Grad(v => v.CumSum() * v.Sort().Values.Detach() / 3)(x).Item());
        Assert.Equal((3.0, 0), (x.TopK(1).Values.Item(), x.TopK(1).Values.Rank));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.CumSum(1));
    }
}
