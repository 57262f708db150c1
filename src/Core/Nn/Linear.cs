namespace Gpu.Autograd.Nn;

/// <summary>The affine map y = x·Wᵀ + b: [..., inputs] → [..., outputs].</summary>
public sealed class Linear : Module
{
    /// <summary>A layer with weights and biases uniform on ±1/√inputs.</summary>
    /// <param name="inputs">The length of x's last axis.</param>
    /// <param name="outputs">The length of y's last axis.</param>
    /// <param name="bias">Whether there is a b.</param>
    /// <param name="generator">Where the random numbers come from; by default from a seed that is new each time.</param>
    /// <param name="dtype">float32 or float64.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is not positive.</exception>
    public Linear(int inputs, int outputs, bool bias = true, Generator? generator = null, DType dtype = DType.Float32)
    {
        if (inputs < 1 || outputs < 1)
        {
            throw new ArgumentOutOfRangeException(
                null, $"Linear: {inputs} inputs and {outputs} outputs: there must be at least one of each.");
        }

        generator ??= new Generator((ulong)Random.Shared.NextInt64());
        double bound = 1 / Math.Sqrt(inputs);
        Weight = generator.Uniform([outputs, inputs], -bound, bound, dtype);
        Weight.RequiresGrad = true;
        if (bias)
        {
            Bias = generator.Uniform([outputs], -bound, bound, dtype);
            Bias.RequiresGrad = true;
        }
    }

    /// <summary>W: [outputs, inputs].</summary>
    public Tensor Weight { get; }

    /// <summary>b: [outputs]; null where there is none.</summary>
    public Tensor? Bias { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x's last axis has another length than the inputs.</exception>
    public override Tensor Forward(Tensor x) => x.Linear(Weight, Bias);

    /// <inheritdoc/>
    public override string ToString() => $"Linear({Weight.Shape[1]}, {Weight.Shape[0]})";
}
