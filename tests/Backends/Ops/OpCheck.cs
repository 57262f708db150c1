using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Ops;

/// <summary>
/// What must hold of every differentiable op: each check takes the op as a function and throws where it does not hold, so that the
/// checks can themselves be tried on ops that are wrong.
/// </summary>
internal static class OpCheck
{
    /// <summary>The step of central differences in float64: their error is of the order of its square.</summary>
    private const double Step = 1e-5;

    /// <summary>J·t by forward mode against central differences.</summary>
    public static void TangentIsDifference(Func<Tensor, Tensor> f, Tensor x, string what)
    {
        var t = OpSamples.Like(x, 31);
        var (y, forward) = Autodiff.Jvp(f, x, t);
        Close.Assert(f(x), y, 0, $"{what}: the value under Jvp");
        var difference = (f(x + (t * Step)) - f(x - (t * Step))) * (0.5 / Step);
        Close.Assert(difference, forward, 1e-7, $"{what}: Jvp against central differences");
    }

    /// <summary>⟨u, J·t⟩ = ⟨Jᵀ·u, t⟩: forward against reverse mode.</summary>
    public static void ModesAreAdjoint(Func<Tensor, Tensor> f, Tensor x, double tolerance, string what)
    {
        var t = OpSamples.Like(x, 32);
        var (y, forward) = Autodiff.Jvp(f, x, t);
        var u = OpSamples.Like(y, 33);
        var reverse = Autodiff.Vjp(f, x).Pullback(u);
        Close.Assert((u * forward).Sum(), (reverse * t).Sum(), tolerance, $"{what}: ⟨u, Jt⟩ = ⟨Jᵀu, t⟩");
    }

    /// <summary>The tape's gradient is the transform's.</summary>
    public static void TapeIsTransform(Func<Tensor, Tensor> f, Tensor x, double tolerance, string what)
    {
        var y = f(x);
        var u = OpSamples.Like(y, 34);
        var leaf = x * 1;
        leaf.RequiresGrad = true;
        (f(leaf) * u).Sum().Backward();
        var expected = Autodiff.Vjp(f, x).Pullback(u);
        Close.Assert(expected, leaf.Grad ?? Tensor.Zeros(x.Shape, x.DType, x.Device), tolerance, $"{what}: Backward against Vjp");
    }

    /// <summary>
    /// The second derivative of ⟨u, f⟩ along v, by all four mixtures of modes, against each other and against differences of the gradient.
    /// Reverse over anything runs the rules recorded, a plain Vjp runs them fused: so this also holds fused and recorded equal.
    /// </summary>
    public static void SecondOrderAgrees(Func<Tensor, Tensor> f, Tensor x, double tolerance, string what)
    {
        var u = OpSamples.Like(f(x), 35);
        var v = OpSamples.Like(x, 36);
        Tensor Phi(Tensor z) => (f(z) * u).Sum();
        Tensor Slope(Tensor z) => Autodiff.Jvp(Phi, z, v).Tangent;
        var gradient = Autodiff.Grad(Phi);
        var difference = (gradient(x + (v * Step)) - gradient(x - (v * Step))) * (0.5 / Step);
        var forwardOverReverse = Autodiff.Hvp(Phi, x, v);
        var reverseOverReverse = Autodiff.Grad(z => (gradient(z) * v).Sum())(x);
        var reverseOverForward = Autodiff.Grad(Slope)(x);
        var forwardOverForward = Autodiff.Jvp(Slope, x, v).Tangent;
        if (x.DType == DType.Float64)
        {
            Close.Assert(difference, forwardOverReverse, 1e-6, $"{what}: Hvp against differences of the gradient");
        }

        Close.Assert(forwardOverReverse, reverseOverReverse, tolerance, $"{what}: reverse over reverse");
        Close.Assert(forwardOverReverse, reverseOverForward, tolerance, $"{what}: reverse over forward");
        Close.Assert((forwardOverReverse * v).Sum(), forwardOverForward, tolerance, $"{what}: forward over forward");
    }

    /// <summary>The third derivative of ⟨u, f⟩ along v twice, by four mixtures of modes, one of them all reverse.</summary>
    public static void ThirdOrderAgrees(Func<Tensor, Tensor> f, Tensor x, double tolerance, string what)
    {
        var u = OpSamples.Like(f(x), 35);
        var v = OpSamples.Like(x, 36);
        Tensor Phi(Tensor z) => (f(z) * u).Sum();
        Tensor Slope(Tensor z) => Autodiff.Jvp(Phi, z, v).Tangent;
        Tensor Hv(Tensor z) => Autodiff.Hvp(Phi, z, v);
        var expected = Autodiff.Jvp(Hv, x, v).Tangent;
        Close.Assert(expected, Autodiff.Grad(z => (Hv(z) * v).Sum())(x), tolerance, $"{what}: reverse over forward over reverse");
        Close.Assert(expected, Autodiff.Grad(z => Autodiff.Jvp(Slope, z, v).Tangent)(x), tolerance, $"{what}: reverse over forward twice");
        var gradient = Autodiff.Grad(Phi);
        var second = Autodiff.Grad(z => (gradient(z) * v).Sum());
        Close.Assert(expected, Autodiff.Grad(z => (second(z) * v).Sum())(x), tolerance, $"{what}: reverse three times");
    }

    /// <summary>The gradient by fused kernels is the gradient by recorded ops.</summary>
    public static void FusedIsRecorded(Func<Tensor, Tensor> f, Tensor x, double tolerance, string what)
    {
        var u = OpSamples.Like(f(x), 37);
        var fused = Autodiff.Vjp(f, x).Pullback(u);
        var recorded = Autodiff.Jvp(z => Autodiff.Vjp(f, z).Pullback(u), x, Tensor.Zeros(x.Shape, x.DType, x.Device)).Value;
        Close.Assert(fused, recorded, tolerance, $"{what}: fused against recorded");
        var fusedTangent = Autodiff.Jvp(f, x, OpSamples.Like(x, 38)).Tangent;
        var recordedTangent = Autodiff.Vjp(z => Autodiff.Jvp(f, z, OpSamples.Like(x, 38)).Tangent, x).Value;
        Close.Assert(fusedTangent, recordedTangent, tolerance, $"{what}: fused against recorded tangent");
    }

    /// <summary>The stated slopes of an elementwise op against forward mode's, and against central differences, over its domain.</summary>
    public static void SlopeIsTheValues(ElementwiseRow row)
    {
        var random = new Random(5);
        for (int sample = 0; sample < 200; sample++)
        {
            double[] x = [.. Enumerable.Range(0, row.Arity).Select(_ => row.Domain.Low + (random.NextDouble() * (row.Domain.High - row.Domain.Low)))];
            for (int k = row.Name == "select" ? 1 : 0; k < row.Arity; k++)
            {
                // A mask is 0 or 1.
                if (row.Name == "select")
                {
                    x[0] = sample % 2;
                }

                double slope = row.Slope(k, x);
                Close.Assert([row.TangentSlope(k, x)], [slope], 1e-12, $"{row.Name}: slope {k} against forward mode");
                var (up, down) = ((double[])x.Clone(), (double[])x.Clone());
                up[k] += 1e-6;
                down[k] -= 1e-6;
                double difference = (row.Value(up) - row.Value(down)) / 2e-6;
                Close.Assert([difference], [slope], 1e-6, $"{row.Name}: slope {k} against central differences");
            }
        }
    }
}
