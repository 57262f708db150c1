namespace Gpu.Autograd.Tests;

/// <summary>The slopes of powers where they are delicate: at 0, below 0, and to every order.</summary>
public sealed class PowTests
{
    private const double Inf = double.PositiveInfinity;

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 1, 1)]
    [InlineData(0, 2, 0)]
    [InlineData(0, 0.5, Inf)]
    [InlineData(0, -1, -Inf)]
    [InlineData(3, 0, 0)]
    [InlineData(-2, 0, 0)]
    [InlineData(-2, 3, 12)]
    [InlineData(-2, -3, -3.0 / 16)]
    [InlineData(-2, 0.5, double.NaN)]
    public void Along_the_base(double a, double b, double slope)
    {
        Assert.Equal(slope, Autodiff.Grad(x => x.Pow(Tensor.Scalar(b, DType.Float64)))(Tensor.Scalar(a, DType.Float64)).Item(), 1e-12);
        Assert.Equal(slope, Autodiff.Grad(x => x.Pow(b))(Tensor.Scalar(a, DType.Float64)).Item(), 1e-12);
        Assert.Equal(slope, Jvp(x => x.Pow(b), a), 1e-12);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 2, 0)]
    [InlineData(0, -1, -Inf)]
    [InlineData(2, 3, 5.545177444479562)]
    [InlineData(1, 7, 0)]
    [InlineData(-2, 2, double.NaN)]
    public void Along_the_exponent(double a, double b, double slope)
    {
        Assert.Equal(slope, Autodiff.Grad(x => Tensor.Scalar(a, DType.Float64).Pow(x))(Tensor.Scalar(b, DType.Float64)).Item(), 1e-12);
        Assert.Equal(slope, Jvp(x => Tensor.Scalar(a, DType.Float64).Pow(x), b), 1e-12);
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(0)]
    [InlineData(1.5)]
    public void An_integer_power_has_the_derivatives_of_a_polynomial(double x)
    {
        foreach (Func<Tensor, Tensor> cube in new Func<Tensor, Tensor>[] { v => v.Pow(3), v => v.Pow(Tensor.Scalar(3, DType.Float64)) })
        {
            var f = cube;
            foreach (double expected in new[] { x * x * x, 3 * x * x, 6 * x, 6, 0 })
            {
                Assert.Equal(expected, f(Tensor.Scalar(x, DType.Float64)).Item(), 1e-12);
                Assert.Equal(expected, Jvp(v => v * f(v), x) - (x * Jvp(f, x)), 1e-9);
                f = Autodiff.Grad(f);
            }
        }
    }

    [Fact]
    public void The_slope_along_the_base_has_a_slope_along_the_exponent()
    {
        // ∂²/∂a∂b aᵇ = aᵇ⁻¹·(1 + b·log a), which is 1/a at b = 0.
        var mixed = Autodiff.Grad(b => Autodiff.Grad(a => a.Pow(b))(Tensor.Scalar(4, DType.Float64)));
        Assert.Equal(0.25, mixed(Tensor.Scalar(0, DType.Float64)).Item(), 1e-14);
        Assert.Equal(4 * (1 + (2 * Math.Log(4))), mixed(Tensor.Scalar(2, DType.Float64)).Item(), 1e-12);
    }

    [Fact]
    public void Squares_and_reciprocals_are_powers()
    {
        Tensor x = Tensor.Scalar(-3, DType.Float64);
        Assert.Equal(9, x.Pow(2).Item());
        Assert.Equal(-1.0 / 3, x.Pow(-1).Item());
        Assert.Equal(8, Tensor.Map(default(Gpu.Autograd.Ops.Pow), 2, Tensor.Scalar(3, DType.Float64)).Item());
    }

    private static double Jvp(Func<Tensor, Tensor> f, double x) =>
        Autodiff.Jvp(f, Tensor.Scalar(x, DType.Float64), Tensor.Scalar(1, DType.Float64)).Tangent.Item();
}
