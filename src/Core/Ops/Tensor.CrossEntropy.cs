using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Losses of classes: their axis is the second, or the only one.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The cross-entropy of logits [N, C, …] (or [C]) against labels: −log softmax(x)[label] for labels [N, …] (int32 or int64, 0..C−1), or
    /// −Σ target·log softmax(x) for probabilities of the logits' shape; reduced. NaN, with gradient NaN, where every logit is −∞ or one is +∞.
    /// </summary>
    /// <param name="labels">Labels, or probabilities.</param>
    /// <param name="weight">
    /// A weight for each class, [C]. The mean over labels is the weighted one, Σ w·loss/Σ w; over probabilities it is the plain one.
    /// </param>
    /// <param name="labelSmoothing">The share, 0 to 1, of each target that is spread over all classes.</param>
    /// <param name="ignoreIndex">A label whose loss is 0 and which the mean does not count; NaN where all are such.</param>
    /// <param name="reduction">What is made of the losses.</param>
    /// <exception cref="ArgumentException">Shapes, dtypes, devices or numbers do not fit.</exception>
    /// <exception cref="IndexOutOfRangeException">A label is not of 0..C−1 (on a device: NaN instead).</exception>
    public Tensor CrossEntropy(
        Tensor labels, Tensor? weight = null, double labelSmoothing = 0, long? ignoreIndex = null, Reduction reduction = Reduction.Mean)
    {
        const string Op = "CrossEntropy";
        int axis = ClassAxis(Op, weight);
        if (!(labelSmoothing is >= 0 and <= 1))
        {
            throw new ArgumentException(FormattableString.Invariant($"{Op}: the label smoothing {labelSmoothing} is not from 0 to 1."));
        }

        if (!labels.DType.IsReal())
        {
            RequireLabels(labels, axis, Op);
            return Likelihood(labels, axis, isLogits: true, weight, labelSmoothing, ignoreIndex, reduction, Op);
        }

        RequireTarget(labels, Op);
        if (ignoreIndex is { } ignored)
        {
            throw new ArgumentException($"{Op}: there is no label {ignored} to ignore among probabilities {labels.Shape}.");
        }

        var target = labelSmoothing == 0 ? labels : (labels * (1 - labelSmoothing)) + (labelSmoothing / Shape[axis]);
        var loss = -(LogSoftmax(axis) * target).Last(axis);
        return (weight is null ? loss : loss * weight).Sum(-1).Reduced(reduction);
    }

    /// <summary>
    /// −x[label] for log-probabilities x [N, C, …] (or [C]) and labels [N, …] (int32 or int64, 0..C−1), reduced; weights and ignored labels
    /// as of <see cref="CrossEntropy"/>.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    /// <exception cref="IndexOutOfRangeException">A label is not of 0..C−1 (on a device: NaN instead).</exception>
    public Tensor NegativeLogLikelihood(
        Tensor labels, Tensor? weight = null, long? ignoreIndex = null, Reduction reduction = Reduction.Mean)
    {
        int axis = ClassAxis("NegativeLogLikelihood", weight);
        RequireLabels(labels, axis, "NegativeLogLikelihood");
        return Likelihood(labels, axis, isLogits: false, weight, 0, ignoreIndex, reduction, "NegativeLogLikelihood");
    }

    private Tensor Likelihood(
        Tensor labels, int axis, bool isLogits, Tensor? weight, double smoothing, long? ignoreIndex, Reduction reduction, string op)
    {
        // Where the losses of all classes are asked for, or there is no class, it is the logarithms that are picked from.
        bool isFused = isLogits && smoothing == 0 && Count > 0;
        var rows = (isLogits && !isFused ? LogSoftmax(axis) : this).Last(axis);
        var (index, ignored) = (labels, (Tensor?)null);
        if (ignoreIndex is { } skipped)
        {
            // What is ignored is read at 0, and its loss left out.
            ignored = Equal(labels, skipped);
            index = Where(ignored, 0, labels);
        }

        var loss = isFused
            ? Engine.Apply(EntropyOfRows.Labelled, rows, index)
            : -rows.Gather(index.Unsqueeze(-1), rows.Rank - 1, rows.Rank - 1, op).Reshape([.. labels.Shape]);
        var share = weight?.Gather(index, 0, 0, op);
        loss = share is null ? loss : loss * share;
        if (smoothing > 0)
        {
            var all = (weight is null ? rows : rows * weight).Sum(-1);
            loss = (loss * (1 - smoothing)) - (all * (smoothing / Shape[axis]));
        }

        if (ignored is not null)
        {
            loss = Where(ignored, 0, loss);
            share = Where(ignored, 0, share ?? Ones(labels.Shape, DType, Device));
        }

        return share is null || reduction != Reduction.Mean ? loss.Reduced(reduction) : loss.Sum() / share.Sum();
    }

    private int ClassAxis(string op, Tensor? weight)
    {
        Check.Real(this, op);
        if (Rank == 0)
        {
            throw new ArgumentException($"{op}: {Shape} has no axis of classes; [N, C, …] or [C] is asked for.");
        }

        int axis = Math.Min(Rank - 1, 1);
        if (weight is not null && weight.Shape != [Shape[axis]])
        {
            throw new ArgumentException($"{op}: the weights {weight.Shape} are not one for each of the {Shape[axis]} classes of {Shape}.");
        }

        if (weight is not null)
        {
            Check.Alike(this, weight, op);
        }

        return axis;
    }

    private void RequireLabels(Tensor labels, int axis, string op)
    {
        Check.Index(this, labels, op);
        if (Shape.Reduced([axis], false) is var expected && labels.Shape != expected)
        {
            throw new ArgumentException($"{op}: labels {labels.Shape} do not fit {Shape}, whose classes are axis {axis}; {expected} is asked for.");
        }
    }
}
