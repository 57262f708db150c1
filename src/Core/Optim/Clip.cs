using Gpu.Autograd.Autograd;

namespace Gpu.Autograd.Optim;

/// <summary>Limits on gradients, between <c>Backward</c> and <c>Step</c>.</summary>
public static class Clip
{
    /// <summary>
    /// Scales all gradients by min(1, max/(norm + 10⁻⁶)), where the norm is that of all of them as one vector. Returns the norm before, a
    /// scalar on the first gradient's device; 0 where there is no gradient.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">max is not positive.</exception>
    public static Tensor GradientNorm(IEnumerable<Tensor> parameters, double max)
    {
        if (!(max > 0))
        {
            throw new ArgumentOutOfRangeException(
                null, FormattableString.Invariant($"GradientNorm: the greatest norm is {max}; it must be positive."));
        }

        var withGradient = parameters.Where(parameter => parameter.Grad is not null).ToList();
        if (withGradient.Count == 0)
        {
            return Tensor.Scalar(0);
        }

        using var scope = Tensor.NoGrad();
        var first = withGradient[0].Grad!;
        var squares = withGradient.Select(parameter => parameter.Grad!.Square().Sum().To(first.DType).To(first.Device));
        var norm = squares.Aggregate((a, b) => a + b).Sqrt();
        var factor = Launch.Map(new ClipFactor(max), norm);
        foreach (var parameter in withGradient)
        {
            parameter.Grad = parameter.Grad! * factor.To(parameter.DType).To(parameter.Device);
        }

        return norm;
    }
}
