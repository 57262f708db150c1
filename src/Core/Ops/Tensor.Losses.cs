using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <content>Losses that compare element by element with a target of the same shape.</content>
public sealed partial class Tensor
{
    /// <summary>(x − target)², reduced.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ.</exception>
    public Tensor MeanSquaredError(Tensor target, Reduction reduction = Reduction.Mean) =>
        Off(target, "MeanSquaredError").Square().Reduced(reduction);

    /// <summary>|x − target|, reduced; the slope at 0 is 0.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ.</exception>
    public Tensor L1Loss(Tensor target, Reduction reduction = Reduction.Mean) => Off(target, "L1Loss").Abs().Reduced(reduction);

    /// <summary>½·(x − target)² where that is less than delta away, else delta·(|x − target| − ½·delta), reduced.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ, or delta is not positive.</exception>
    public Tensor HuberLoss(Tensor target, double delta = 1, Reduction reduction = Reduction.Mean) => delta > 0
        ? Off(target, "HuberLoss").Map(new Huber(delta)).Reduced(reduction)
        : throw new ArgumentException(FormattableString.Invariant($"HuberLoss: delta is {delta}; it must be positive."));

    /// <summary>½·(x − target)²/beta where that is less than beta away, else |x − target| − ½·beta, reduced; with beta 0 |x − target|.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ, or beta is negative.</exception>
    public Tensor SmoothL1Loss(Tensor target, double beta = 1, Reduction reduction = Reduction.Mean)
    {
        if (!(beta >= 0))
        {
            throw new ArgumentException(FormattableString.Invariant($"SmoothL1Loss: beta is {beta}; it must not be negative."));
        }

        var off = Off(target, "SmoothL1Loss");
        return (beta == 0 ? off.Abs() : off.Map(new Huber(beta)) * (1 / beta)).Reduced(reduction);
    }

    /// <summary>max(0, margin − target·x) for targets of −1 and 1, reduced; the slope at the margin is 0.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ.</exception>
    public Tensor HingeLoss(Tensor target, double margin = 1, Reduction reduction = Reduction.Mean)
    {
        RequireTarget(target, "HingeLoss");
        return (margin - (target * this)).Relu().Reduced(reduction);
    }

    /// <summary>
    /// −target·log x − (1 − target)·log(1 − x) for probabilities x, each times a weight that broadcasts to x where there is one, reduced.
    /// The logarithms are no less than −100 and the slope divides by no less than 1e-12, so that both are finite at 0 and 1.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ.</exception>
    public Tensor BinaryCrossEntropy(Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean)
    {
        RequireTarget(target, "BinaryCrossEntropy");
        return Weighted(Map(default(BinaryEntropy), this, target), weight, "BinaryCrossEntropy").Reduced(reduction);
    }

    /// <summary>
    /// The binary cross-entropy of σ(x): posWeight·target·log(1 + e⁻ˣ) + (1 − target)·log(1 + eˣ), without overflow, each times a weight
    /// where there is one, reduced. Both weights broadcast to x.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ.</exception>
    public Tensor BinaryCrossEntropyWithLogits(
        Tensor target, Tensor? weight = null, Tensor? posWeight = null, Reduction reduction = Reduction.Mean)
    {
        const string Op = "BinaryCrossEntropyWithLogits";
        RequireTarget(target, Op);
        var loss = Weighted((-this).Softplus() * target, posWeight, Op) + (Softplus() * (1 - target));
        return Weighted(loss, weight, Op).Reduced(reduction);
    }

    /// <summary>
    /// The divergence of log-probabilities x from a target distribution p: p·(log p − x), and 0·log 0 = 0; from a log target t: eᵗ·(t − x).
    /// Reduced over all elements; <see cref="Reduction.BatchMean"/> gives the mean divergence.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices differ.</exception>
    public Tensor KlDivergence(Tensor target, bool logTarget = false, Reduction reduction = Reduction.Mean)
    {
        RequireTarget(target, "KlDivergence");
        var loss = logTarget
            ? target.Exp() * (target - this)
            : (target * Where(Equal(target, 0), 1, target).Log()) - (target * this);
        return loss.Reduced(reduction);
    }

    /// <summary>
    /// Σ x·y/(‖x‖·‖y‖) along an axis, where a norm less than eps counts as eps; shapes broadcast. 0 with finite slopes for zeros.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public Tensor CosineSimilarity(Tensor other, int axis = -1, double eps = 1e-8)
    {
        Check.Real(this, "CosineSimilarity");
        Check.Alike(this, other, "CosineSimilarity");
        _ = Shape.Broadcast(Shape, other.Shape, "CosineSimilarity");
        var product = this * other;
        axis = product.Shape.Axis(axis, "CosineSimilarity");
        return product.Sum(axis) / (Stretch(product.Shape).LengthAlong(axis, eps, false) * other.Stretch(product.Shape).LengthAlong(axis, eps, false));
    }

    /// <summary>A loss's values as one.</summary>
    private Tensor Reduced(Reduction reduction) => reduction switch
    {
        Reduction.Mean => Mean(),
        Reduction.Sum => Sum(),
        Reduction.BatchMean => Sum() / (Rank == 0 ? 1 : Shape[0]),
        _ => this,
    };

    private Tensor Off(Tensor target, string op)
    {
        RequireTarget(target, op);
        return this - target;
    }

    private void RequireTarget(Tensor target, string op)
    {
        Check.Real(this, op);
        if (Shape != target.Shape)
        {
            throw new ArgumentException($"{op}: {Shape} and the target {target.Shape} differ.");
        }

        Check.Alike(this, target, op);
    }

    private static Tensor Weighted(Tensor loss, Tensor? weight, string op) =>
        weight is null ? loss
        : weight.Shape.BroadcastsTo(loss.Shape) ? loss * weight
        : throw new ArgumentException($"{op}: the weights {weight.Shape} do not broadcast to {loss.Shape}.");
}
