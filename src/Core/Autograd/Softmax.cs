using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Autograd;

// Ops along an axis that would be a handful of others, were each of those not a pass over memory. Their gradients are ops too, so that
// they are one pass in any transform; the derivatives of these are made of ops.

/// <summary>exp(x)/Σ exp(x) along an axis, or its logarithm.</summary>
internal sealed class SoftmaxAlong(int axis, bool log) : Primitive
{
    public override string Name => log ? "LogSoftmax" : "Softmax";

    public override uint Reads => Bit(ResultBit);

    public override Primitive Batched(int size) => new SoftmaxAlong(axis + 1, log);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(x[0].Shape, x[0].DType, x[0].Device);
        Launch.Into(
            SoftmaxGradient.WithLast(axis, y),
            log ? static (backend, x, y) => backend.Softmax(true, x, y) : static (backend, x, y) => backend.Softmax(false, x, y),
            SoftmaxGradient.WithLast(axis, x[0]));
        return y;
    }

    // The softmax's matrix of slopes, diag y − y·yᵀ, is symmetric; the logarithm's, 1 − 1·exp(y)ᵀ, is not.
    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is not { } t0 ? null
        : log ? t0 - (y.Exp() * t0).Sum(axis, keepDims: true)
        : Engine.Apply(new SoftmaxGradient(axis, false), t0, y);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => Engine.Apply(new SoftmaxGradient(axis, log), g, y);
}

/// <summary>The gradient of <see cref="SoftmaxAlong"/>, from g and its result y: y·(g − Σ g·y), or g − exp(y)·Σ g.</summary>
internal sealed class SoftmaxGradient(int axis, bool log) : Primitive
{
    public override string Name => log ? "LogSoftmax's gradient" : "Softmax's gradient";

    public override uint Reads => Bit(0) | Bit(1);

    public override Dependence In(ReadOnlySpan<bool> moving) => moving[1] ? Dependence.Nonlinear : Dependence.Linear;

    public override Primitive Batched(int size) => new SoftmaxGradient(axis + 1, log);

    /// <summary>A view with an axis as the last one.</summary>
    public static Tensor WithLast(int axis, Tensor x) => axis == x.Rank - 1
        ? x
        : x.View(x.Layout.Permuted([.. Enumerable.Range(0, x.Rank).Where(other => other != axis), axis]));

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var dx = Tensor.Empty(x[1].Shape, x[1].DType, x[1].Device);
        Launch.Into(
            WithLast(axis, dx),
            log
                ? static (backend, g, y, dx) => backend.SoftmaxGradient(true, g, y, dx)
                : static (backend, g, y, dx) => backend.SoftmaxGradient(false, g, y, dx),
            WithLast(axis, x[0]),
            WithLast(axis, x[1]));
        return dx;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Rule.Sum(t[0] is { } tg ? Engine.Apply(this, tg, x[1]) : null, t[1] is { } ty ? Moved(x[0], x[1], ty) : null);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var (of, at) = (x[0], x[1]);
        return (k, log) switch
        {
            (0, false) => Engine.Apply(this, g, at),
            (0, true) => g - Sum(at.Exp() * g),
            (_, false) => (g * (of - Sum(of * at))) - (of * Sum(g * at)),
            (_, true) => -(g * at.Exp() * Sum(of)),
        };
    }

    /// <summary>How it moves with y.</summary>
    private Tensor Moved(Tensor g, Tensor y, Tensor t) =>
        log ? -(y.Exp() * t * Sum(g)) : (t * (g - Sum(g * y))) - (y * Sum(g * t));

    private Tensor Sum(Tensor x) => x.Sum(axis, keepDims: true);
}

/// <summary>log Σ exp(x) along the last axis, less the element that a label says: the cross-entropy. The labels are the second operand.</summary>
internal sealed class EntropyOfRows : Primitive
{
    private readonly bool labelled;

    private EntropyOfRows(bool labelled) => this.labelled = labelled;

    /// <summary>log Σ exp(x).</summary>
    public static EntropyOfRows Unlabelled { get; } = new(false);

    /// <summary>log Σ exp(x) − x[label].</summary>
    public static EntropyOfRows Labelled { get; } = new(true);

    public override string Name => labelled ? "CrossEntropy" : "LogSumExp";

    public override uint Reads => labelled ? Bit(0) | Bit(1) : Bit(0);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var y = Tensor.Empty(new Shape(x[0].Shape.Lengths[..^1]), x[0].DType, x[0].Device);
        return labelled
            ? Launch.Into(y, static (backend, x, labels, y) => backend.CrossEntropy(x, labels, y), x[0], x[1].Dense(), x[0].Count)
            : Launch.Into(y, static (backend, x, y) => backend.CrossEntropy(x, null, y), x[0]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        t[0] is { } t0 ? EntropyGradient.Along(t0, x[0], labelled ? x[1] : null) : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => labelled
        ? Engine.Apply(EntropyGradient.Labelled, g, x[0], x[1])
        : Engine.Apply(EntropyGradient.Unlabelled, g, x[0]);
}

/// <summary>
/// The gradient of <see cref="EntropyOfRows"/> from g and x: g·p, where p is the softmax (without labels 0 where every element is −∞), less g
/// at the label.
/// </summary>
internal sealed class EntropyGradient : Primitive
{
    private readonly bool labelled;

    private EntropyGradient(bool labelled) => this.labelled = labelled;

    /// <summary>Of log Σ exp(x).</summary>
    public static EntropyGradient Unlabelled { get; } = new(false);

    /// <summary>Of log Σ exp(x) − x[label].</summary>
    public static EntropyGradient Labelled { get; } = new(true);

    public override string Name => labelled ? "CrossEntropy's gradient" : "LogSumExp's gradient";

    public override uint Reads => labelled ? Bit(0) | Bit(1) | Bit(2) : Bit(0) | Bit(1);

    public override Dependence In(ReadOnlySpan<bool> moving) => moving[1] ? Dependence.Nonlinear : Dependence.Linear;

    /// <summary>How the entropy moves along t: Σ p·t − t[label].</summary>
    public static Tensor Along(Tensor t, Tensor x, Tensor? labels)
    {
        var mean = (t * Weights(x, labels is not null)).Sum(-1);
        if (labels is null)
        {
            return mean;
        }

        var picked = Engine.Apply(new GatherAlong(x.Shape[-1], "CrossEntropy"), t.Unsqueeze(-1), labels.Unsqueeze(-1));
        return mean - picked.Reshape([.. labels.Shape]);
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var dx = Tensor.Empty(x[1].Shape, x[1].DType, x[1].Device);
        return labelled
            ? Launch.Into(
                dx, static (backend, g, x, labels, dx) => backend.CrossEntropyGradient(g, x, labels, dx), x[0], x[1], x[2].Dense(), x[1].Count)
            : Launch.Into(dx, static (backend, g, x, dx) => backend.CrossEntropyGradient(g, x, null, dx), x[0], x[1]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => Rule.Sum(
        t[0] is { } tg ? labelled ? Engine.Apply(this, tg, x[1], x[2]) : Engine.Apply(this, tg, x[1]) : null,
        t[1] is { } tx ? Turned(x[0], x[1], tx) : null);

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        k == 0 ? Along(g, x[1], labelled ? x[2] : null) : Turned(x[0], x[1], g);

    /// <summary>g·(diag p − p·pᵀ)·t.</summary>
    private Tensor Turned(Tensor g, Tensor x, Tensor t) =>
        g.Unsqueeze(-1) * Engine.Apply(new SoftmaxGradient(x.Rank - 1, false), t, Weights(x, labelled));

    /// <summary>The softmax; without labels 0 where every element is −∞.</summary>
    private static Tensor Weights(Tensor x, bool labelled)
    {
        if (labelled)
        {
            return x.Softmax();
        }

        var sum = Engine.Apply(EntropyOfRows.Unlabelled, x);
        var nothing = Tensor.Map(default(Equal), sum, double.NegativeInfinity);
        return (x - Tensor.Map(default(Select), nothing, 0, sum).Unsqueeze(-1)).Exp();
    }
}
