namespace Gpu.Autograd.Nn;

/// <summary>Normalises each sample over its last axes, then scales and shifts by a weight (ones at first) and a bias (zeros).</summary>
public sealed class LayerNorm : Module
{
    private readonly Shape normalized;
    private readonly double eps;

    /// <summary>A layer for the last axes of this shape; see <see cref="Tensor.LayerNorm"/>.</summary>
    public LayerNorm(Shape normalized, double eps = 1e-5, bool affine = true, bool bias = true, DType dtype = DType.Float32)
    {
        (this.normalized, this.eps) = (normalized, eps);
        (Weight, Bias) = Scale.Of(normalized, affine, affine && bias, dtype);
    }

    /// <summary>The scale, of the normalised shape; null where there is none.</summary>
    public Tensor? Weight { get; }

    /// <summary>The shift, of the normalised shape; null where there is none.</summary>
    public Tensor? Bias { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The last axes of x are others.</exception>
    public override Tensor Forward(Tensor x) => x.LayerNorm(normalized, Weight, Bias, eps);

    /// <inheritdoc/>
    public override string ToString() => $"LayerNorm({normalized})";
}

/// <summary>Divides each sample by its root mean square over its last axes, then scales by a weight (ones at first).</summary>
public sealed class RmsNorm : Module
{
    private readonly Shape normalized;
    private readonly double? eps;

    /// <summary>A layer for the last axes of this shape; see <see cref="Tensor.RmsNorm"/>.</summary>
    public RmsNorm(Shape normalized, double? eps = null, bool affine = true, DType dtype = DType.Float32)
    {
        (this.normalized, this.eps) = (normalized, eps);
        Weight = Scale.Of(normalized, affine, bias: false, dtype).Weight;
    }

    /// <summary>The scale, of the normalised shape; null where there is none.</summary>
    public Tensor? Weight { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The last axes of x are others.</exception>
    public override Tensor Forward(Tensor x) => x.RmsNorm(normalized, Weight, eps);

    /// <inheritdoc/>
    public override string ToString() => $"RmsNorm({normalized})";
}

/// <summary>Normalises groups of channels of each sample [N, C, …], then scales and shifts each channel (by 1 and 0 at first).</summary>
public sealed class GroupNorm : Module
{
    private readonly int groups;
    private readonly int channels;
    private readonly double eps;

    /// <summary>A layer for so many channels in groups; see <see cref="Tensor.GroupNorm"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The groups do not divide the channels.</exception>
    public GroupNorm(int groups, int channels, double eps = 1e-5, bool affine = true, DType dtype = DType.Float32)
    {
        if (groups < 1 || channels < 1 || channels % groups != 0)
        {
            throw new ArgumentOutOfRangeException(null, $"GroupNorm: {groups} groups do not divide {channels} channels.");
        }

        (this.groups, this.channels, this.eps) = (groups, channels, eps);
        (Weight, Bias) = Scale.Of([channels], affine, affine, dtype);
    }

    /// <summary>The scale of each channel; null where there is none.</summary>
    public Tensor? Weight { get; }

    /// <summary>The shift of each channel; null where there is none.</summary>
    public Tensor? Bias { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x has other channels.</exception>
    public override Tensor Forward(Tensor x) => x.GroupNorm(groups, Weight, Bias, eps);

    /// <inheritdoc/>
    public override string ToString() => $"GroupNorm({groups}, {channels})";
}

/// <summary>x/‖x‖ along an axis; see <see cref="Tensor.Normalize"/>.</summary>
public sealed class Normalize(int axis = -1, double eps = 1e-12) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.Normalize(axis, eps);

    /// <inheritdoc/>
    public override string ToString() => $"Normalize({axis})";
}

/// <summary>The trained scale and shift behind a normalisation.</summary>
internal static class Scale
{
    /// <summary>Ones and zeros of a shape.</summary>
    public static (Tensor? Weight, Tensor? Bias) Of(Shape shape, bool weight, bool bias, DType dtype)
    {
        var (w, b) = (weight ? Tensor.Ones(shape, dtype) : null, bias ? Tensor.Zeros(shape, dtype) : null);
        w?.RequiresGrad = true;
        b?.RequiresGrad = true;
        return (w, b);
    }
}
