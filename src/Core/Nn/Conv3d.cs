namespace Gpu.Autograd.Nn;

/// <summary>A convolution over three spatial axes, x [N, C, D, H, W]; see <see cref="Tensor.Conv3d"/>.</summary>
/// <param name="inputs">The channels of x.</param>
/// <param name="outputs">The channels of y.</param>
/// <param name="kernel">The lengths of the windows.</param>
/// <param name="stride">From one window to the next; by default 1.</param>
/// <param name="padding">The zeros around x; by default none.</param>
/// <param name="dilation">From one element of a window to the next; by default 1.</param>
/// <param name="groups">The groups that channels are in; outputs see the inputs of their group.</param>
/// <param name="bias">Whether there is a bias.</param>
/// <param name="generator">Where the random numbers come from; by default from a seed that is new each time.</param>
/// <param name="dtype">float32 or float64.</param>
/// <exception cref="ArgumentException">The numbers do not fit.</exception>
public sealed class Conv3d(
    int inputs, int outputs, PerAxis kernel, PerAxis stride = default, Padding padding = default, PerAxis dilation = default,
    int groups = 1, bool bias = true, Generator? generator = null, DType dtype = DType.Float32)
    : Convolution(
        "Conv3d", 3, isTransposed: false, inputs, outputs, kernel, stride, padding.ToString(), dilation, groups, bias, generator, dtype)
{
    private readonly Padding padding = padding;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x does not fit the weights or the windows.</exception>
    public override Tensor Forward(Tensor x) => x.Conv3d(Weight, Bias, Stride, padding, Dilation, Groups);
}
