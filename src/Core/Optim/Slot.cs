namespace Gpu.Autograd.Optim;

/// <summary>A parameter and what its optimizer keeps for it from its first gradient on.</summary>
internal sealed class Slot(Tensor parameter)
{
    /// <summary>What is optimized.</summary>
    public Tensor Parameter { get; } = parameter;

    /// <summary>The running sums or averages, of the parameter's shape; empty before the first step.</summary>
    public Tensor[] Moments { get; set; } = [];

    /// <summary>The learning rate and the count of steps; null before the first step.</summary>
    public Clock? Clock { get; set; }
}
