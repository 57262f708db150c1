namespace Gpu.Autograd.Optim;

/// <summary>A parameter and what its optimizer keeps for it from its first gradient on.</summary>
internal sealed class Slot(Tensor parameter)
{
    private Clock? clock;

    /// <summary>What is optimized.</summary>
    public Tensor Parameter { get; } = parameter;

    /// <summary>The running sums or averages, of the parameter's shape; empty before the first step.</summary>
    public Tensor[] Moments { get; set; } = [];

    /// <summary>The learning rate and the count of steps; null before the first step.</summary>
    public Clock? Clock
    {
        get => clock;
        set
        {
            clock = value;
            if (value is not null)
            {
                Rate = Stretched(value.Rate);
                Weights = [.. value.Weights.Select(Stretched)];
            }
        }
    }

    /// <summary>The clock's learning rate under the parameter's shape.</summary>
    public Tensor Rate { get; private set; } = null!;

    /// <summary>The clock's weights under the parameter's shape.</summary>
    public Tensor[] Weights { get; private set; } = [];

    private Tensor Stretched(Tensor scalar) => scalar.View(scalar.Layout.BroadcastTo(Parameter.Shape));
}
