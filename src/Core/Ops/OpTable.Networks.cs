namespace Gpu.Autograd.Ops;

/// <content>What neural networks are made of beside activations.</content>
public static partial class OpTable
{
    private static OpRow[] Networks =>
    [
        Composite("log_softmax", x => x.LogSoftmax(), [3, 5]),
        Composite("softmax", x => x.Softmax(0), [3, 5]),
        Composite("cross_entropy", x => x.CrossEntropy(Tensor.From<long>([1, 0, 4], device: x.Device)), [3, 5]),
        new("mse_loss", OpKind.Composite, x => x[0].MeanSquaredError(x[1])) { Shapes = [[[4, 3], [4, 3]]] },
    ];
}
