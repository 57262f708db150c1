using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>Watching for what is not finite.</content>
public static partial class Autodiff
{
    /// <summary>
    /// Watches every op of this thread until the result is disposed, <c>using (Autodiff.DetectAnomaly()) { … }</c>: the first NaN or
    /// infinity that an op makes, in its value, its gradient or its tangent, is an <see cref="AnomalyException"/> that names the op, the
    /// element and the line of code that ran the op. Every value is read on the host: it is slow.
    /// </summary>
    /// <remarks>
    /// An infinity counts where all that the op read was finite, a NaN where nothing that it read was one: a mask of −∞ passes through.
    /// Values that are written rather than computed (<see cref="Tensor.From{T}(ReadOnlySpan{T}, Shape, Device)"/>, random numbers,
    /// optimizers) are not watched.
    /// </remarks>
    public static AnomalyScope DetectAnomaly() => new(new Anomaly());
}
