using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>All parts together: networks that learn.</summary>
public sealed class NnTrainingTests
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void AnMlpLearnsExclusiveOr(string name)
    {
        var device = TestDevices.Require(name);
        var generator = new Generator(1);
        var net = new Sequential(new Linear(2, 8, generator: generator), new Tanh(), new Linear(8, 2, generator: generator)).To(device);
        var optimizer = new Adam(net.Parameters, 0.1);
        var x = Tensor.From<float>([0, 0, 0, 1, 1, 0, 1, 1], [4, 2], device);
        var labels = Tensor.From<long>([0, 1, 1, 0], device: device);
        double first = net.Forward(x).CrossEntropy(labels).Item();
        for (int step = 0; step < 60; step++)
        {
            optimizer.ZeroGrad();
            net.Forward(x).CrossEntropy(labels).Backward();
            optimizer.Step();
        }

        Assert.InRange(first, 0.3, 1.5);
        Assert.InRange(net.Forward(x).CrossEntropy(labels).Item(), 0, 0.01);
        Assert.Equal([0L, 1, 1, 0], net.Forward(x).ArgMax().ToArray<long>());
    }

    [Fact]
    public void AnMlpLearnsTheDigitsAndTheSameSeedGivesTheSameBits()
    {
        var (accuracy, weights) = Digits(seed: 1);

        Assert.True(accuracy >= 0.95, $"held-out accuracy {accuracy:P1}");
        Assert.Equal(weights, Digits(seed: 1).Weights);
    }

    private static (double Accuracy, float[] Weights) Digits(ulong seed)
    {
        var (training, heldOut) = Data.Digits.Load().Split(0.2, seed);
        double scale = 1 / training.MaxAbs;
        var generator = new Generator(seed);
        var net = new Sequential(
            new Linear(64, 64, generator: generator), new Relu(), new Dropout(0.1, generator), new Linear(64, 10, generator: generator));
        var optimizer = new Adam(net.Parameters, 3e-3);
        var batches = new Batches(training.Scaled(scale), 64, generator);
        for (int epoch = 0; epoch < 10; epoch++)
        {
            foreach (var (x, labels) in batches.Epoch())
            {
                optimizer.ZeroGrad();
                net.Forward(x).CrossEntropy(labels).Backward();
                optimizer.Step();
            }
        }

        net.Eval();
        long[] predicted = net.Forward(heldOut.Scaled(scale).Features).ArgMax().ToArray<long>();
        long[] actual = heldOut.Labels.ToArray<long>();
        return (predicted.Zip(actual).Count(pair => pair.First == pair.Second) / (double)actual.Length, net.Parameters[0].ToArray<float>());
    }
}
