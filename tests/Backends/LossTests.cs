namespace Gpu.Autograd.Tests;

/// <summary>Losses against their formulas, their edges, and what they say where operands do not fit.</summary>
public class LossTests
{
    private static readonly double[,] Logits = { { 1, -2, 0.5 }, { 0, 3, -1 }, { 2, 2, 2 }, { -1, 0, 1 } };

    private static Tensor X => Tensor.From(Logits);

    [Fact]
    public void Reductions_are_what_they_say()
    {
        var target = Tensor.Zeros([4, 3], DType.Float64);
        double sum = Logits.Cast<double>().Sum(x => x * x);
        Close.Assert([sum / 12], Close.Values(X.MeanSquaredError(target)), 1e-15, "mean");
        Close.Assert([sum], Close.Values(X.MeanSquaredError(target, Reduction.Sum)), 1e-15, "sum");
        Close.Assert([sum / 4], Close.Values(X.MeanSquaredError(target, Reduction.BatchMean)), 1e-15, "batch mean");
        Close.Assert([.. Logits.Cast<double>().Select(x => x * x)], Close.Values(X.MeanSquaredError(target, Reduction.None)), 1e-15, "none");
    }

    [Fact]
    public void Cross_entropy_weighs_smooths_and_ignores()
    {
        double[] weights = [1, 2, 0.5];
        long[] labels = [0, 1, -100, 2];
        double[][] logs = [.. Enumerable.Range(0, 4).Select(n => Enumerable.Range(0, 3).Select(c => Logits[n, c] - Math.Log(Enumerable.Range(0, 3).Sum(k => Math.Exp(Logits[n, k])))).ToArray())];
        var w = Tensor.From<double>(weights);
        var all = Tensor.From(labels);
        int[] kept = [0, 1, 3];
        double[] plain = [.. kept.Select(n => -logs[n][labels[n]])];
        double[] share = [.. kept.Select(n => weights[labels[n]])];
        Close.Assert([plain.Average()], Close.Values(X.CrossEntropy(all, ignoreIndex: -100)), 1e-14, "ignored");
        Close.Assert([plain.Zip(share, (l, s) => l * s).Sum() / share.Sum()], Close.Values(X.CrossEntropy(all, w, ignoreIndex: -100)), 1e-14, "weighted mean");
        Close.Assert([plain[0], plain[1] * 2, 0, plain[2] * 0.5], Close.Values(X.CrossEntropy(all, w, ignoreIndex: -100, reduction: Reduction.None)), 1e-14, "none");
        double[] smooth = [.. kept.Select(n => -0.1 / 3 * logs[n].Zip(weights, (l, s) => l * s).Sum())];
        Close.Assert(
            [plain.Zip(share, (l, s) => 0.9 * l * s).Concat(smooth).Sum() / share.Sum()],
            Close.Values(X.CrossEntropy(all, w, 0.1, -100)), 1e-14, "smoothed and weighted");
        Close.Assert(X.CrossEntropy(all, ignoreIndex: -100), X.LogSoftmax().NegativeLogLikelihood(all, ignoreIndex: -100), 1e-15, "from log-probabilities");
        Assert.Equal(double.NaN, X.CrossEntropy(Tensor.From<long>([3, 3, 3, 3]), ignoreIndex: 3).Item());
        Assert.Equal([0.0, 0, 0], Close.Values(Autodiff.Grad(x => x.CrossEntropy(all, ignoreIndex: -100))(X)[2..3]));

        // Probabilities of 0 and 1 are labels; each place of a longer shape is a sample.
        var hot = Tensor.From(new double[,] { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 0, 0, 1 } });
        var known = Tensor.From<long>([0, 1, 2, 2]);
        Close.Assert(X.CrossEntropy(known, labelSmoothing: 0.2), X.CrossEntropy(hot, labelSmoothing: 0.2), 1e-15, "probabilities");
        Close.Assert(X.CrossEntropy(known, w, reduction: Reduction.Sum), X.CrossEntropy(hot, w, reduction: Reduction.Sum), 1e-15, "weighted probabilities");
        Close.Assert(X.CrossEntropy(known), X.Reshape(2, 2, 3).Transpose().CrossEntropy(known.Reshape(2, 2)), 1e-15, "places");
        Close.Assert(X[..1].CrossEntropy(known[..1]), X[..1].Reshape(3).CrossEntropy(known[..1].Reshape([])), 1e-15, "one sample");
    }

    [Fact]
    public void Binary_losses_do_not_overflow()
    {
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var x = Tensor.From<double>([-1000, 1000, 20, -20, 0]).To(dtype);
            var t = Tensor.From<double>([1, 0, 1, 0, 0.5]).To(dtype);
            Close.Assert([1000, 1000, Math.Exp(-20), Math.Exp(-20), Math.Log(2)], Close.Values(x.BinaryCrossEntropyWithLogits(t, reduction: Reduction.None)), 1e-9, "logits");
            Assert.InRange(x.BinaryCrossEntropyWithLogits(t, reduction: Reduction.None).To(DType.Float64).ToArray<double>()[2], 2.06e-9, 2.07e-9);
            Close.Assert([-1.0, 1, 0, 0, 0], Close.Values(Autodiff.Grad(v => v.BinaryCrossEntropyWithLogits(t, reduction: Reduction.Sum))(x)), 1e-8, "slopes");
            var p = Tensor.From<double>([0, 1, 0, 1]).To(dtype);
            var q = Tensor.From<double>([0, 1, 1, 0]).To(dtype);
            Assert.Equal([0.0, 0, 100, 100], Close.Values(p.BinaryCrossEntropy(q, reduction: Reduction.None)));
            Close.Assert([0, 0, -1e12, 1e12], Close.Values(Autodiff.Grad(v => v.BinaryCrossEntropy(q, reduction: Reduction.Sum))(p)), 1e-6, "slopes at the ends");
        }

        var logits = Tensor.From<double>([0.3, -1]);
        var target = Tensor.From<double>([1, 0.25]);
        Close.Assert(logits.Sigmoid().BinaryCrossEntropy(target), logits.BinaryCrossEntropyWithLogits(target), 1e-15, "of σ(x)");
        var pos = Tensor.From<double>([3, 1]);
        Close.Assert(
            logits.BinaryCrossEntropyWithLogits(target, pos, reduction: Reduction.None).Sum(),
            logits.BinaryCrossEntropyWithLogits(target, posWeight: pos, reduction: Reduction.Sum), 1e-15, "at a target of 1 or a weight of 1");
        Close.Assert([3 * Math.Log(1 + Math.Exp(-0.3)), (0.25 * Math.Log(1 + Math.E)) + (0.75 * Math.Log(1 + Math.Exp(-1)))],
            Close.Values(logits.BinaryCrossEntropyWithLogits(target, posWeight: pos, reduction: Reduction.None)), 1e-15, "posWeight");
    }

    [Fact]
    public void Edges()
    {
        var zero = Tensor.Zeros([3], DType.Float64);
        Assert.Equal([0.0, 0, 0], Close.Values(Autodiff.Grad(x => x.L1Loss(zero))(zero)));
        Assert.Equal([0.5, -0.5, 0.5], Close.Values(Autodiff.Grad(x => x.HuberLoss(zero, 0.5, Reduction.Sum))(Tensor.From<double>([0.5, -2, 0.5]))));
        Close.Assert([0.125, 0.75], Close.Values(Tensor.From<double>([0.5, 1.25]).SmoothL1Loss(zero[..2], 1, Reduction.None)), 1e-15, "smooth L1");
        Assert.Equal([2.0], Close.Values(Tensor.From<double>([-2]).SmoothL1Loss(zero[..1], 0)));
        Assert.Equal([0.0, 1.5, 0], Close.Values(Tensor.From<double>([1, -0.5, -3]).HingeLoss(Tensor.From<double>([1, 1, -1]), reduction: Reduction.None)));

        // 0·log 0 is 0, and so is its slope beside −x.
        var x = Tensor.From<double>([-1, -2]);
        var p = Tensor.From<double>([0, 1]);
        Assert.Equal([0.0, 2], Close.Values(x.KlDivergence(p, reduction: Reduction.None)));
        Assert.Equal([1.0, 3], Close.Values(Autodiff.Grad(q => x.KlDivergence(q, reduction: Reduction.Sum))(p)));

        var (a, b) = (Tensor.From<double>([3, 4]), Tensor.From<double>([4, 3]));
        Close.Assert([0.96], Close.Values(a.CosineSimilarity(b)), 1e-15, "cosine");
        Assert.Equal([0.0], Close.Values(zero.CosineSimilarity(zero)));
        Assert.All(Close.Values(Autodiff.Grad(v => v.CosineSimilarity(zero + 1))(zero)), slope => Assert.True(double.IsFinite(slope)));
        Assert.Equal([0.0, 0, 0], Close.Values(zero.Normalize()));
        Close.Assert([0.6, 0.8], Close.Values(a.Normalize()), 1e-15, "normalized");
    }

    [Fact]
    public void Log_sum_exp_of_infinities()
    {
        const double Inf = double.PositiveInfinity;
        var x = Tensor.From(new[,] { { -Inf, -Inf }, { -Inf, 1 }, { Inf, 1 }, { 1000, 1000 } });
        Close.Assert([-Inf, 1, Inf, 1000 + Math.Log(2)], Close.Values(x.LogSumExp()), 1e-15, "log Σ exp");
        Close.Assert([0.0, 0, 0, 1], Close.Values(Autodiff.Grad(v => v.LogSumExp().Sum())(x[..2])), 1e-15, "slopes");
        Close.Assert(x[3..].LogSumExp().Sum(), x[3..].LogSumExp([0, 1]), 1e-15, "two axes");
        Assert.Equal([-Inf, -Inf], Close.Values(Tensor.Zeros([2, 0]).LogSumExp()));
        Assert.Equal([2, 1, 1], Tensor.Zeros([2, 3, 4]).LogSumExp([1, 2], keepDims: true).Shape);
    }

    [Fact]
    public void Operands_that_do_not_fit_are_named()
    {
        var labels = Tensor.From<long>([0, 1, 2, 0]);
        Says("CrossEntropy: labels [3] do not fit [4, 3], whose classes are axis 1; [4] is asked for.", () => X.CrossEntropy(labels[..3]));
        Says("CrossEntropy: the weights [2] are not one for each of the 3 classes of [4, 3].", () => X.CrossEntropy(labels, Tensor.Zeros([2], DType.Float64)));
        Says("CrossEntropy: the label smoothing 1.5 is not from 0 to 1.", () => X.CrossEntropy(labels, labelSmoothing: 1.5));
        Says("CrossEntropy: there is no label 1 to ignore among probabilities [4, 3].", () => X.CrossEntropy(X, ignoreIndex: 1));
        Says("CrossEntropy: [] has no axis of classes; [N, C, …] or [C] is asked for.", () => X.Sum().CrossEntropy(labels));
        Says("CrossEntropy: [4, 3] and the target [4] differ.", () => X.CrossEntropy(labels.To(DType.Float64)));
        Says("CrossEntropy: the index [4] is bool, not int32 or int64.", () => X.CrossEntropy(labels.To(DType.Bool)));
        Says("HuberLoss: [4, 3] and the target [4] differ.", () => X.HuberLoss(labels.To(DType.Float64)));
        Says("HuberLoss: delta is 0; it must be positive.", () => X.HuberLoss(X, 0));
        Says("L1Loss: dtypes differ: float64 [4, 3] and float32 [4, 3]; convert with To(DType).", () => X.L1Loss(X.To(DType.Float32)));
        Says("BinaryCrossEntropy: the weights [2] do not broadcast to [4, 3].", () => X.BinaryCrossEntropy(X, Tensor.Zeros([2], DType.Float64)));
        Assert.Contains("index 3", Assert.Throws<IndexOutOfRangeException>(() => X.CrossEntropy(Tensor.From<long>([0, 3, 1, 1]))).Message);
    }

    private static void Says(string message, Func<Tensor> body) => Assert.Equal(message, Assert.Throws<ArgumentException>(body).Message);
}
