using Gpu.Autograd.Autograd;

namespace Gpu.Autograd.Optim;

/// <summary>
/// What changes from step to step, for parameters of one dtype on one device that have made the same number of steps: tensors of rank 0
/// on that device, which the updates read. (As fields of the update they would be fixed when a step is captured.)
/// </summary>
internal sealed class Clock(DType dtype, Device device, double rate, double count)
{
    /// <summary>The learning rate.</summary>
    public Tensor Rate { get; } = Tensor.Scalar(rate, dtype, device);

    /// <summary>The number of steps made. float32 counts to 2²⁴, where the weights of the newest values have long stood still.</summary>
    public Tensor Count { get; } = Tensor.Scalar(count, dtype, device);

    /// <summary>Whether the parameter's updates can read this clock.</summary>
    public bool Fits(Tensor parameter) => Count.DType == parameter.DType && Count.Device == parameter.Device;

    /// <summary>Counts a step.</summary>
    public void Advance() => Launch.Overwrite(Count, default(Increment), Count);

    /// <summary>A clock of its own that stands where this one does.</summary>
    public Clock Copy()
    {
        var copy = new Clock(Count.DType, Count.Device, 0, 0);
        copy.Rate.Assign(Rate);
        copy.Count.Assign(Count);
        return copy;
    }
}
