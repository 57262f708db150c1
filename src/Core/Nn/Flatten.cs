namespace Gpu.Autograd.Nn;

/// <summary>All axes from one on as a single axis: by default [N, …] → [N, elements of a sample].</summary>
/// <param name="start">The first of these axes.</param>
public sealed class Flatten(int start = 1) : Module
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x has no such axis.</exception>
    public override Tensor Forward(Tensor x) => x.Flatten(start);

    /// <inheritdoc/>
    public override string ToString() => start == 1 ? "Flatten()" : $"Flatten({start})";
}
