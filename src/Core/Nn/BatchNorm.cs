using Gpu.Autograd.Autograd;

namespace Gpu.Autograd.Nn;

/// <summary>
/// Normalises each channel of x [N, C, …], then scales and shifts it (by 1 and 0 at first). In training by the mean and variance of the
/// batch, which the running statistics follow; outside of training by these.
/// </summary>
/// <remarks>
/// The running statistics are state and not parameters: <see cref="Functional"/> leaves them the module's own, transforms and checkpoints
/// move them by one step each time the module is called, and they move under NoGrad too. Under Vmap a batch of each sample would have
/// statistics of its own, which the module has no room for; that is an error.
/// </remarks>
public sealed class BatchNorm : Module
{
    private readonly double? momentum;
    private readonly double eps;
    private readonly int channels;

    /// <summary>A layer for so many channels.</summary>
    /// <param name="channels">The length of axis 1.</param>
    /// <param name="eps">What is added to the variance.</param>
    /// <param name="momentum">The weight of the newest batch in the running statistics; null for their mean over all batches.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="runningStatistics">Whether statistics are kept; if not, those of the batch are used always.</param>
    /// <param name="dtype">float32 or float64.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no channels, or the momentum is not from 0 to 1.</exception>
    public BatchNorm(
        int channels, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool runningStatistics = true, DType dtype = DType.Float32)
    {
        if (channels < 1 || momentum is < 0 or > 1 or double.NaN)
        {
            throw new ArgumentOutOfRangeException(
                null, FormattableString.Invariant($"BatchNorm: {channels} channels with momentum {momentum}: some, and one from 0 to 1."));
        }

        (this.channels, this.eps, this.momentum) = (channels, eps, momentum);
        (Weight, Bias) = Scale.Of([channels], affine, affine, dtype);
        if (runningStatistics)
        {
            RunningMean = Tensor.Zeros([channels], dtype);
            RunningVariance = Tensor.Ones([channels], dtype);
            Batches = momentum is null ? Tensor.Scalar(0, DType.Int64) : null;
        }
    }

    /// <summary>The scale of each channel; null where there is none.</summary>
    public Tensor? Weight { get; }

    /// <summary>The shift of each channel; null where there is none.</summary>
    public Tensor? Bias { get; }

    /// <summary>The mean of each channel over the batches so far, the newest weighing most; null where none is kept.</summary>
    public Tensor? RunningMean { get; }

    /// <summary>The same of the (unbiased) variance.</summary>
    public Tensor? RunningVariance { get; }

    /// <summary>How many batches the running statistics are the mean of (int64); null where there is a momentum.</summary>
    public Tensor? Batches { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">x has other channels, or in training but one element of each.</exception>
    /// <exception cref="InvalidOperationException">The running statistics would have to move under Vmap.</exception>
    public override Tensor Forward(Tensor x)
    {
        if (x.Rank < 2 || x.Shape[1] != channels)
        {
            throw new ArgumentException($"BatchNorm: {x.Shape} is not [N, {channels}, …].");
        }

        if (RunningMean is null || RunningVariance is null)
        {
            return x.BatchNorm(Weight, Bias, eps).Result;
        }

        if (!Training)
        {
            return x.BatchNorm(Weight, Bias, RunningMean, RunningVariance, eps);
        }

        int count = x.Count / channels;
        if (count < 2)
        {
            throw new ArgumentException($"BatchNorm: {x.Shape} has {count} elements of each channel; for a variance in training there must be two.");
        }

        var (y, mean, variance) = x.BatchNorm(Weight, Bias, eps);
        if (Scope.Current?.IsAgain != true)
        {
            RequireOne(mean, RunningMean);
            Batches?.Assign(Batches + 1);
            var weight = Batches is null ? momentum!.Value : 1 / Batches.To(RunningMean.DType);
            Follow(RunningMean, mean, weight);
            Follow(RunningVariance, variance * ((double)count / (count - 1)), weight);
        }

        return y;
    }

    /// <inheritdoc/>
    public override string ToString() => $"BatchNorm({channels})";

    private static void RequireOne(Tensor newest, Tensor running)
    {
        if (newest.Detach().IsBatched)
        {
            throw new InvalidOperationException(
                $"BatchNorm: under Vmap the running statistics {running.Shape} cannot follow those of each sample; call Eval() first, or make " +
                "the layer with runningStatistics: false.");
        }
    }

    private static void Follow(Tensor running, Tensor newest, Tensor weight) =>
        running.Assign((running * (1 - weight)) + (newest.Detach() * weight));
}
