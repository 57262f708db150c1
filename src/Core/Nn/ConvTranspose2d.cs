namespace Gpu.Autograd.Nn;

/// <summary>A transposed convolution over two spatial axes, x [N, C, H, W]; see <see cref="Tensor.ConvTranspose2d"/>.</summary>
/// <param name="inputs">The channels of x.</param>
/// <param name="outputs">The channels of y.</param>
/// <param name="kernel">The lengths of the windows.</param>
/// <param name="stride">From one window to the next; by default 1.</param>
/// <param name="padding">What is cut off on both sides of y; by default nothing.</param>
/// <param name="outputPadding">What is added at the end of y; by default nothing.</param>
/// <param name="groups">The groups that channels are in; outputs see the inputs of their group.</param>
/// <param name="bias">Whether there is a bias.</param>
/// <param name="dilation">From one element of a window to the next; by default 1.</param>
/// <param name="generator">Where the random numbers come from; by default from a seed that is new each time.</param>
/// <param name="dtype">float32 or float64.</param>
/// <exception cref="ArgumentException">The numbers do not fit.</exception>
public sealed class ConvTranspose2d(
    int inputs, int outputs, PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis outputPadding = default,
    int groups = 1, bool bias = true, PerAxis dilation = default, Generator? generator = null, DType dtype = DType.Float32)
    : Convolution(
        "ConvTranspose2d", 2, isTransposed: true, inputs, outputs, kernel, stride, padding.ToString(), dilation, groups, bias, generator,
        dtype)
{
    private readonly PerAxis padding = padding;
    private readonly PerAxis outputPadding = outputPadding;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x does not fit the weights or the windows.</exception>
    public override Tensor Forward(Tensor x) =>
        x.ConvTranspose2d(Weight, Bias, Stride, padding, outputPadding, Groups, Dilation);
}
