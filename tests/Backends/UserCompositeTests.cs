namespace Gpu.Autograd.Tests;

/// <summary>A user's functions of a few ops, without a word about derivatives, to third order.</summary>
public class UserCompositeTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>A gated activation: σ(a·x)·tanh(x).</summary>
    private static Tensor Gated(Tensor x, double a) => (a * x).Sigmoid() * x.Tanh();

    /// <summary>Squares near 0, straight lines far off, as of Huber.</summary>
    private static Tensor HuberLike(Tensor x, double delta)
    {
        var size = x.Abs();
        return Tensor.Where(size < delta, 0.5 * x.Square(), delta * (size - (0.5 * delta)));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_gated_activation_has_three_derivatives(string deviceName)
    {
        var x = Tensor.From([-1.5, -0.2, 0.4, 2.0]).To(TestDevices.Require(deviceName));
        Func<Tensor, Tensor> f = v => Gated(v, 1.7).Sum();

        var third = Autodiff.Grad(u => Autodiff.Grad(v => Autodiff.Grad(f)(v).Sum())(u).Sum())(x);

        // σ' = a·σ(1 − σ), σ'' = a²·σ(1 − σ)(1 − 2σ), …; t' = 1 − t², t'' = −2t·t', t''' = −2t'² + 4t²·t'; and Leibniz's rule.
        double[] expected = [.. x.ToArray<double>().Select(v =>
        {
            double a = 1.7, s = 1 / (1 + Math.Exp(-a * v)), t = Math.Tanh(v);
            double s1 = a * s * (1 - s), s2 = a * s1 * (1 - (2 * s)), s3 = (a * s2 * (1 - (2 * s))) - (2 * a * s1 * s1);
            double t1 = 1 - (t * t), t2 = -2 * t * t1, t3 = -2 * ((t1 * t1) + (t * t2));
            return (s3 * t) + (3 * s2 * t1) + (3 * s1 * t2) + (s * t3);
        })];
        Close.Assert(expected, Close.Values(third), 1e-12, "third derivative of a gated activation");
        AgreesWithDifferences(v => Gated(v, 1.7), x);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_loss_in_two_pieces_has_three_derivatives(string deviceName)
    {
        var x = Tensor.From([-1.5, -0.2, 0.4, 2.0]).To(TestDevices.Require(deviceName));
        Func<Tensor, Tensor> f = v => (HuberLike(v, 0.7) * v).Sum();

        var first = Autodiff.Grad(f)(x);
        var third = Autodiff.Grad(u => Autodiff.Grad(v => Autodiff.Grad(f)(v).Sum())(u).Sum())(x);

        // x³/2 within, 0.7·|x|·x − 0.245·x beyond.
        Close.Assert([(2 * 0.7 * 1.5) - 0.245, 1.5 * 0.04, 1.5 * 0.16, (2 * 0.7 * 2) - 0.245], Close.Values(first), 1e-12, "first derivative");
        Close.Assert([0, 3, 3, 0], Close.Values(third), 1e-12, "third derivative");
        AgreesWithDifferences(v => HuberLike(v, 0.7) * v, x);
    }

    /// <summary>Forward and reverse mode, first and second order, against differences.</summary>
    private static void AgreesWithDifferences(Func<Tensor, Tensor> f, Tensor x) => Assert.True(Gradcheck.Check(f, x).Passed);
}
