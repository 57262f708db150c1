namespace Gpu.Autograd.Ops;

/// <content>What neural networks are made of beside activations.</content>
public static partial class OpTable
{
    private static Domain Probability => new(0.05, 0.95);

    private static OpRow[] Networks => [.. Softmaxes, .. Losses, .. ClassLosses, .. Normalisations, .. Layers, .. Convolutions, .. Pools, .. Lookups];

    private static OpRow[] Layers =>
    [
        new("linear", OpKind.Composite, x => x[0].Linear(x[1], x[2])) { Shapes = [[[4, 3], [2, 3], [2]], [[2, 4, 3], [2, 3], [2]]] },
        new("linear_without_bias", OpKind.Composite, x => x[0].Linear(x[1])) { Shapes = [[[4, 3], [2, 3]], [[3], [2, 3]]] },
    ];

    private static OpRow[] Softmaxes =>
    [
        Composite("log_softmax", x => x.LogSoftmax(), [3, 5]),
        Composite("softmax", x => x.Softmax(0), [3, 5]),
        Composite("softmin", x => x.Softmin(), [3, 5]),
        Composite("logsumexp_axes", x => x.LogSumExp([0, -1], keepDims: true), [2, 3, 4]),
    ];

    private static OpRow[] Losses =>
    [
        Unary("huber", new Huber(1.2), x => x.Map(new Huber(1.2))),
        Binary("binary_entropy", default(BinaryEntropy), (a, b) => Tensor.Map(default(BinaryEntropy), a, b), Probability),
        Targeted("mse_loss", (x, target) => x.MeanSquaredError(target)),
        Targeted("l1_loss", (x, target) => x.L1Loss(target, Reduction.BatchMean)),
        Targeted("huber_loss", (x, target) => x.HuberLoss(target, 0.7)),
        Targeted("smooth_l1_loss", (x, target) => x.SmoothL1Loss(target, 0.7, Reduction.None)),
        Targeted("hinge_loss", (x, target) => x.HingeLoss(target, reduction: Reduction.Sum)),
        Targeted("binary_cross_entropy", (x, target) => x.BinaryCrossEntropy(target), Probability),
        Targeted("bce_with_logits", (x, target) => x.BinaryCrossEntropyWithLogits(target, posWeight: Weights(x, [2, 1, 0.5]))),
        Targeted("kl_div", (x, target) => x.KlDivergence(target, reduction: Reduction.BatchMean), Probability),
        Targeted("kl_div_of_logs", (x, target) => x.KlDivergence(target, logTarget: true)),
        new("cosine_similarity", OpKind.Composite, x => x[0].CosineSimilarity(x[1], 0)) { Shapes = [[[4, 3], [4, 3]], [[4, 1], [3]]] },
    ];

    private static OpRow[] ClassLosses =>
    [
        Composite("cross_entropy", x => x.CrossEntropy(Labels(x, [1, 0, 4])), [3, 5]),
        Composite(
            "cross_entropy_of_places",
            x => x.CrossEntropy(Labels(x, [1, 0, -100, 2], 2, 2), Weights(x, [0.5, 1, 2]), labelSmoothing: 0.1, ignoreIndex: -100),
            [2, 3, 2]),
        new("cross_entropy_of_probabilities", OpKind.Composite, x => x[0].CrossEntropy(x[1], Weights(x[0], [0.5, 1, 2]), labelSmoothing: 0.1))
        {
            Shapes = [[[2, 3], [2, 3]], [[3], [3]]],
        },
        Composite(
            "negative_log_likelihood",
            x => x.NegativeLogLikelihood(Labels(x, [1, 0, 4]), Weights(x, [1, 2, 1, 1, 0.5]), reduction: Reduction.Sum), [3, 5]),
    ];

    private static OpRow[] Normalisations =>
    [
        new("layer_norm", OpKind.Composite, x => x[0].LayerNorm(x[1].Shape, x[1], x[2])) { Shapes = [[[2, 4], [4], [4]]] },
        new("rms_norm", OpKind.Composite, x => x[0].RmsNorm(x[1].Shape, x[1], 1e-3)) { Shapes = [[[2, 2, 3], [2, 3]]] },
        new("group_norm", OpKind.Composite, x => x[0].GroupNorm(2, x[1], x[2])) { Shapes = [[[2, 4, 3], [4], [4]]] },
        new("batch_norm", OpKind.Composite, x => x[0].BatchNorm(x[1], x[2])) { Shapes = [[[3, 2, 2], [2], [2]]] },
        new("batch_norm_in_use", OpKind.Composite, x => x[0].BatchNorm(x[1], x[2], x[3], x[4]))
        {
            Shapes = [[[3, 2], [2], [2], [2], [2]]],
            Domain = Domain.Positive,
        },
        Composite("normalize", x => x.Normalize(1), [2, 3]),
    ];

    private static OpRow[] Convolutions =>
    [
        Linear("unfold", x => x.Unfold(1, 3, stride: 2, dilation: 2), [2, 9, 2]),
        Linear("fold", x => x.Fold(1, 9, stride: 2, dilation: 2), [2, 3, 2, 3]),
        Linear("fold_apart", x => x.Fold(0, 7, stride: 3), [3, 1]),
        new("conv1d", OpKind.Composite, x => x[0].Conv1d(x[1], padding: Padding.Same, dilation: 2)) { Shapes = [[[2, 6], [2, 2, 2]]] },
        new("conv2d", OpKind.Composite, x => x[0].Conv2d(x[1], x[2], stride: [2, 1], padding: 1, groups: 2))
        {
            Shapes = [[[2, 4, 5, 3], [2, 2, 3, 3], [2]]],
        },
        new("conv3d", OpKind.Composite, x => x[0].Conv3d(x[1])) { Shapes = [[[1, 1, 3, 2, 3], [1, 1, 2, 2, 2]]] },
        new("conv_transpose1d", OpKind.Composite, x => x[0].ConvTranspose1d(x[1], dilation: 2)) { Shapes = [[[2, 3], [2, 1, 2]]] },
        new("conv_transpose2d", OpKind.Composite, x => x[0].ConvTranspose2d(x[1], x[2], stride: [2, 1], padding: 1, outputPadding: [1, 0], groups: 2))
        {
            Shapes = [[[2, 2, 2, 3], [2, 2, 3, 3], [4]]],
        },
        new("conv_transpose3d", OpKind.Composite, x => x[0].ConvTranspose3d(x[1])) { Shapes = [[[1, 1, 2, 1, 2], [1, 1, 2, 2, 2]]] },
    ];

    private static OpRow[] Pools =>
    [
        Composite("max_pool1d", x => x.MaxPool1d(3, stride: 2, padding: 1), [2, 6]),
        Composite("max_pool2d", x => x.MaxPool2d([2, 3], stride: [1, 2], padding: [0, 1], dilation: [2, 1]), [2, 4, 5]),
        Composite("max_pool2d_rounded_up", x => x.MaxPool2d([2, 3], stride: [3, 2], padding: [1, 0], ceilMode: true), [2, 4, 6]),
        Composite("max_pool3d", x => x.MaxPool3d(2, stride: 1), [2, 3, 3]),
        Linear("avg_pool1d", x => x.AvgPool1d(3, stride: 2, padding: 1), [2, 6]),
        Linear("avg_pool2d", x => x.AvgPool2d([2, 3], stride: [1, 2], padding: 1, countIncludePad: false), [2, 3, 4]),
        Linear("avg_pool2d_rounded_up", x => x.AvgPool2d([2, 3], stride: [3, 2], padding: 1, ceilMode: true), [2, 4, 6]),
        Linear("avg_pool3d", x => x.AvgPool3d(2), [2, 3, 4]),
        Linear("adaptive_avg_pool1d", x => x.AdaptiveAvgPool1d(3), [2, 5]),
        Linear("adaptive_avg_pool2d", x => x.AdaptiveAvgPool2d([2, 3]), [1, 4, 4]),
        Linear("adaptive_avg_pool3d", x => x.AdaptiveAvgPool3d(1), [2, 2, 3]),
        Linear("global_avg_pool", x => x.GlobalAvgPool(), [2, 2, 3, 2]),
        Composite("global_max_pool", x => x.GlobalMaxPool(), [2, 2, 3, 2]),
    ];

    private static OpRow[] Lookups =>
    [
        Linear("embedding", x => x.Embedding(Labels(x, [2, 0, 2, 1], 2, 2)), [3, 2]),
        Linear("dropout", x => x.Dropout(0.4, new Generator(9)), [3, 5]),
    ];

    private static OpRow Targeted(string name, Func<Tensor, Tensor, Tensor> apply, Domain? domain = null) =>
        new(name, OpKind.Composite, x => apply(x[0], x[1])) { Shapes = [[[4, 3], [4, 3]]], Domain = domain ?? Domain.Real };

    private static Tensor Labels(Tensor x, long[] labels, params ReadOnlySpan<int> shape) =>
        Tensor.From<long>(labels, shape.IsEmpty ? null : new Shape(shape), x.Device);

    private static Tensor Weights(Tensor x, double[] weights) => Tensor.From<double>(weights).To(x.DType).To(x.Device);
}
