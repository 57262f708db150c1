namespace Gpu.Autograd.Nn;

/// <summary>
/// What the convolutions have in common: a weight, a bias, and how the windows lie. Weights and biases begin uniform on ±1/√(inputs of one
/// output).
/// </summary>
public abstract class Convolution : Module
{
    private readonly string signature;

    private protected Convolution(
        string name, int axes, bool isTransposed, int inputs, int outputs, PerAxis kernel, PerAxis stride, string padding, PerAxis dilation,
        int groups, bool bias, Generator? generator, DType dtype)
    {
        int[] size = kernel.For(axes, default, least: 1, name, "kernel");
        if (inputs < 1 || outputs < 1 || groups < 1 || inputs % groups != 0 || outputs % groups != 0)
        {
            throw new ArgumentOutOfRangeException(
                null, $"{name}: {groups} groups do not divide {inputs} input and {outputs} output channels, of which there must be some.");
        }

        var (first, second) = isTransposed ? (inputs, outputs / groups) : (outputs, inputs / groups);
        generator ??= new Generator((ulong)Random.Shared.NextInt64());
        double bound = 1 / Math.Sqrt(second * (double)new Shape(size).Size);
        Weight = generator.Uniform([first, second, .. size], -bound, bound, dtype);
        Weight.RequiresGrad = true;
        if (bias)
        {
            Bias = generator.Uniform([outputs], -bound, bound, dtype);
            Bias.RequiresGrad = true;
        }

        (Stride, Dilation, Groups) = (stride, dilation, groups);
        signature = $"{name}({inputs}, {outputs}, kernel {kernel}"
            + (stride.Any() ? $", stride {stride}" : "")
            + (padding is "[]" ? "" : $", padding {padding}")
            + (dilation.Any() ? $", dilation {dilation}" : "")
            + (groups > 1 ? $", groups {groups})" : ")");
    }

    /// <summary>The weight: [outputs, inputs/groups, kernel…], of a transposed one [inputs, outputs/groups, kernel…].</summary>
    public Tensor Weight { get; }

    /// <summary>The bias: [outputs]; null where there is none.</summary>
    public Tensor? Bias { get; }

    private protected PerAxis Stride { get; }

    private protected PerAxis Dilation { get; }

    private protected int Groups { get; }

    /// <inheritdoc/>
    public override string ToString() => signature;
}
