using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Normalisations: what is left when mean, variance or length are taken out.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// (x − mean)/√(variance + eps) over the last axes, which have the shape given; times a weight and plus a bias of that shape where there
    /// are. The variance is the biased one.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor LayerNorm(Shape normalized, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
    {
        int[] axes = Trailing(normalized, weight, bias, "LayerNorm");
        var (centred, _, variance) = Moments(axes);
        return Affine(Scaled(centred, variance, eps), weight, bias);
    }

    /// <summary>
    /// x/√(mean of x² + eps) over the last axes, which have the shape given; times a weight of that shape where there is one. eps is the
    /// distance from 1 to the next number of the dtype where none is given.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor RmsNorm(Shape normalized, Tensor? weight = null, double? eps = null)
    {
        int[] axes = Trailing(normalized, weight, null, "RmsNorm");
        double least = eps ?? (DType == DType.Float32 ? Math.Pow(2, -23) : Math.Pow(2, -52));
        return Affine(Scaled(this, Square().Mean(axes, keepDims: true), least), weight, null);
    }

    /// <summary>
    /// (x − mean)/√(variance + eps) over each group of channels of each sample, x [N, C, …]; times a weight and plus a bias [C] where there
    /// are.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit, or the groups do not divide the channels.</exception>
    public Tensor GroupNorm(int groups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
    {
        Check.Real(this, "GroupNorm");
        if (Rank < 2 || groups < 1 || Shape[1] % groups != 0)
        {
            throw new ArgumentException($"GroupNorm: {groups} groups do not divide the channels, axis 1, of {Shape}.");
        }

        var (centred, _, variance) = Reshape(Shape[0], groups, Shape[1] / groups * Product(Shape.Lengths[2..])).Moments([2]);
        return AffineChannels(Scaled(centred, variance, eps).Reshape([.. Shape]), weight, bias, "GroupNorm");
    }

    /// <summary>
    /// (x − mean)/√(variance + eps) for each channel, x [N, C, …]; times a weight and plus a bias [C] where there are. Mean and variance [C]
    /// are those given, as in use; or, as in training, those of x itself (the biased variance), through which the gradient passes.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit, or one of mean and variance is given without the other.</exception>
    public Tensor BatchNorm(
        Tensor? weight = null, Tensor? bias = null, Tensor? mean = null, Tensor? variance = null, double eps = 1e-5)
    {
        if ((mean is null) != (variance is null))
        {
            throw new ArgumentException($"BatchNorm: of mean and variance only the {(mean is null ? "variance" : "mean")} is given for {Shape}.");
        }

        if (mean is null || variance is null)
        {
            return BatchNorm(weight, bias, eps).Result;
        }

        RequireChannels("BatchNorm");
        var centred = this - Channels(mean, "BatchNorm", "mean");
        return AffineChannels(Scaled(centred, Channels(variance, "BatchNorm", "variance"), eps), weight, bias, "BatchNorm");
    }

    /// <summary>x/‖x‖ along an axis, by the Euclidean norm; a norm less than eps counts as eps, so that zeros stay zeros.</summary>
    public Tensor Normalize(int axis = -1, double eps = 1e-12)
    {
        Check.Real(this, "Normalize");
        return this / LengthAlong(Shape.Axis(axis, "Normalize"), eps, keepDims: true);
    }

    /// <summary>Batch normalisation by x's own mean and (biased) variance, [C], which are given too.</summary>
    internal (Tensor Result, Tensor Mean, Tensor Variance) BatchNorm(Tensor? weight, Tensor? bias, double eps)
    {
        RequireChannels("BatchNorm");
        var (centred, mean, variance) = Moments([0, .. Enumerable.Range(2, Rank - 2)]);
        var y = AffineChannels(Scaled(centred, variance, eps), weight, bias, "BatchNorm");
        return (y, mean.Reshape(Shape[1]), variance.Reshape(Shape[1]));
    }

    /// <summary>x − mean, the mean and the variance over some axes, which stay with length 1.</summary>
    private (Tensor Centred, Tensor Mean, Tensor Variance) Moments(int[] axes)
    {
        var mean = Mean(axes, keepDims: true);
        var centred = this - mean;
        return (centred, mean, centred.Square().Mean(axes, keepDims: true));
    }

    private static Tensor Scaled(Tensor x, Tensor variance, double eps) => x / (variance + eps).Sqrt();

    private static Tensor Affine(Tensor x, Tensor? weight, Tensor? bias)
    {
        var y = weight is null ? x : x * weight;
        return bias is null ? y : y + bias;
    }

    private static Tensor AffineChannels(Tensor x, Tensor? weight, Tensor? bias, string op) => Affine(
        x,
        weight is null ? null : x.Channels(weight, op, "weight"),
        bias is null ? null : x.Channels(bias, op, "bias"));

    /// <summary>max(‖x‖, eps) along an axis. The root of a sum that cannot be 0 has a finite slope.</summary>
    private Tensor LengthAlong(int axis, double eps, bool keepDims) => Maximum(Square().Sum(axis, keepDims), eps * eps).Sqrt();

    private void RequireChannels(string op)
    {
        Check.Real(this, op);
        if (Rank < 2)
        {
            throw new ArgumentException($"{op}: {Shape} has no channels; [N, C, …] is asked for.");
        }
    }

    private int[] Trailing(Shape normalized, Tensor? weight, Tensor? bias, string op)
    {
        Check.Real(this, op);
        if (normalized.Rank == 0 || normalized.Rank > Rank || !Shape.Lengths[^normalized.Rank..].SequenceEqual(normalized.Lengths))
        {
            throw new ArgumentException($"{op}: the last axes of {Shape} are not {normalized}.");
        }

        foreach (var (each, what) in new[] { (weight, "weight"), (bias, "bias") })
        {
            if (each is null)
            {
                continue;
            }

            Check.Alike(this, each, op);
            if (each.Shape != normalized)
            {
                throw new ArgumentException($"{op}: the {what} {each.Shape} is not {normalized}, the axes that are normalized of {Shape}.");
            }
        }

        return [.. Enumerable.Range(Rank - normalized.Rank, normalized.Rank)];
    }
}
