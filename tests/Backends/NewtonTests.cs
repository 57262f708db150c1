namespace Gpu.Autograd.Tests;

/// <summary>Newton's method and Gauss and Newton's as short programs.</summary>
public class NewtonTests
{
    /// <summary>(1 − x)² + 100·(y − x²)², least at (1, 1).</summary>
    private static Tensor Rosenbrock(Tensor v) => Residuals(v).Square().Sum();

    private static Tensor Residuals(Tensor v) => Tensor.Stack([1 - v[0], 10 * (v[1] - v[0].Square())]);

    [Fact]
    public void Newton()
    {
        var v = Tensor.From<double>([-1.2, 1]);
        for (int step = 0; step < 7; step++)
        {
            v -= Autodiff.Hessian(Rosenbrock, v).Inverse().MatMul(Autodiff.Grad(Rosenbrock)(v));
        }

        Close.Assert([1, 1], Close.Values(v), 1e-12, "Newton");
    }

    [Fact]
    public void Gauss_and_Newton()
    {
        var v = Tensor.From<double>([-1.2, 1]);
        for (int step = 0; step < 3; step++)
        {
            var jacobian = Tensor.Stack([.. Tensor.Eye(2, DType.Float64).Unbind().Select(t => Autodiff.Jvp(Residuals, v, t).Tangent)], axis: 1);
            v -= jacobian.LeastSquares(Residuals(v));
        }

        Close.Assert([1, 1], Close.Values(v), 1e-12, "Gauss and Newton");
    }
}
