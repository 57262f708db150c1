using Gpu.Autograd.Nn;
using Gpu.Autograd.Ops;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>The fused ops of exponentials against what they stand for, made of other ops.</summary>
public sealed class SoftmaxTests
{
    private static readonly (int[] Shape, int Axis)[] Cases = [([3, 4], 1), ([3, 4], 0), ([2, 1], 1), ([0, 3], 1), ([2, 3, 4], 1), ([5], 0), ([17, 10], 1), ([2, 70], 1)];

    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>Values, gradients, tangents, and both modes over the reverse one, also mapped over a batch.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void They_are_what_they_stand_for(string name)
    {
        var device = TestDevices.Require(name);

        // Where each kernel takes long to compile or to run, the higher derivatives are left to devices that share these rules.
        bool isSlow = name is "accelerator" or "opencl:0";
        var cases = isSlow ? Cases[..3] : Cases;
        foreach (var (shape, axis) in cases)
        {
            var generator = new Generator(5);
            var x = (generator.Normal([.. shape], dtype: DType.Float64) * 3).To(device);
            var t = generator.Normal([.. shape], dtype: DType.Float64).To(device);
            var w = generator.Normal([.. shape], dtype: DType.Float64).To(device);
            var labels = Labels(x.Shape.Reduced([axis], false), shape[axis], device);
            Same(v => v.LogSoftmax(axis), v => v - Reference(v, axis));
            Same(v => v.Softmax(axis), v => (v - Reference(v, axis)).Exp());
            Same(v => v.LogSumExp(axis, keepDims: true), v => Reference(v, axis));
            Same(
                v => v.MoveAxis(axis, v.Rank - 1).Reshape(-1, shape[axis]).CrossEntropy(labels.Flatten(), reduction: Reduction.Sum),
                v => (Reference(v, axis) - v.GatherAlong(labels.Unsqueeze(axis), axis)).Sum());

            void Same(Func<Tensor, Tensor> fused, Func<Tensor, Tensor> composite)
            {
                string what = $"{new Shape(shape)} along {axis} on {name}";
                Tensor F(Func<Tensor, Tensor> f, Tensor v) => (f(v) * (f(v) + w)).Sum();
                Tensor Gradient(Func<Tensor, Tensor> f, Tensor v) => Autodiff.Grad(z => F(f, z))(v);
                Close.Assert(composite(x), fused(x), 1e-13, what);
                Close.Assert(Gradient(composite, x), Gradient(fused, x), 1e-13, $"gradient, {what}");
                if (isSlow)
                {
                    return;
                }

                Close.Assert(Autodiff.Jvp(composite, x, t).Tangent, Autodiff.Jvp(fused, x, t).Tangent, 1e-13, $"tangent, {what}");
                Close.Assert(
                    Autodiff.Jvp(v => Gradient(composite, v), x, t).Tangent, Autodiff.Jvp(v => Gradient(fused, v), x, t).Tangent, 1e-12,
                    $"forward over reverse, {what}");
                Close.Assert(
                    Autodiff.Grad(v => (Gradient(composite, v) * t).Sum())(x), Autodiff.Grad(v => (Gradient(fused, v) * t).Sum())(x), 1e-12,
                    $"reverse over reverse, {what}");
                var batch = Tensor.Stack([x, t]);
                Close.Assert(
                    Autodiff.Vmap(v => Gradient(composite, v))(batch), Autodiff.Vmap(v => Gradient(fused, v))(batch), 1e-13, $"mapped, {what}");
            }
        }
    }

    /// <summary>Where every element is −∞ there is nothing to choose between, and log Σ exp stands still: in derivatives of all orders.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Only_minus_infinity_has_no_slope(string name)
    {
        var device = TestDevices.Require(name);
        var x = Tensor.Full([2, 3], double.NegativeInfinity, DType.Float64, device);
        double[] zeros = new double[6];
        Assert.Equal(zeros, Close.Values(Autodiff.Grad(v => v.LogSumExp().Sum())(x)));
        Assert.Equal(zeros[..2], Close.Values(Autodiff.Jvp(v => v.LogSumExp(), x, Tensor.Ones(x.Shape, x.DType, device)).Tangent));
        Assert.Equal(zeros, Close.Values(Autodiff.Grad(v => Autodiff.Grad(z => z.LogSumExp().Sum())(v).Sum())(x)));
    }

    /// <summary>Shares of an infinite sum, or of one of nothing, have no value: NaN throughout the row, and so are all their derivatives.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Shares_of_infinities_are_not_numbers(string name)
    {
        const double Inf = double.PositiveInfinity;
        var device = TestDevices.Require(name);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var x = Tensor.From<double>([1, Inf, -Inf, -Inf], [2, 2], device).To(dtype);
            var labels = Tensor.From<long>([0, 0], device: device);
            foreach (var y in new[]
            {
                x.Softmax(),
                x.LogSoftmax(),
                x.CrossEntropy(labels, reduction: Reduction.None),
                Autodiff.Grad(v => v.CrossEntropy(labels))(x),
                Autodiff.Jvp(v => v.CrossEntropy(labels, reduction: Reduction.None), x, Tensor.Ones(x.Shape, x.DType, device)).Tangent,
            })
            {
                Assert.All(Close.Values(y), value => Assert.Equal(double.NaN, value));
            }
        }
    }

    /// <summary>A replay of a captured loss is the eager one, each label and each gradient.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_captured_loss_is_the_eager_one(string name)
    {
        var device = TestDevices.Require(name);
        var eager = Train(device, captured: false);
        var captured = Train(device, captured: true);
        Close.Assert(eager, captured, name == "cpu" ? 0 : 1e-6, "losses");
    }

    [Fact]
    public void A_replay_is_a_few_calls()
    {
        var x = new Generator(1).Normal([64, 10]);
        var labels = Labels([64], 10, Device.Cpu);
        var step = Step.Capture((v, picks) => Autodiff.Grad(z => z.CrossEntropy(picks))(v));
        for (int run = 0; run < 4; run++)
        {
            step.Run(x, labels);
        }

        Assert.Single(step.LatestPlan!.Calls);
    }

    private static double[] Train(Device device, bool captured)
    {
        var layer = new Linear(5, 4, generator: new Generator(2));
        layer.To(device);
        var optimizer = new Sgd(layer.Parameters, 0.5);
        Func<Tensor, Tensor, Tensor> body = (x, labels) =>
        {
            optimizer.ZeroGrad();
            var loss = layer.Forward(x).CrossEntropy(labels, ignoreIndex: 3);
            loss.Backward();
            optimizer.Step();
            return loss;
        };
        var step = Step.Capture(body);
        var losses = new List<double>();
        for (int run = 0; run < 6; run++)
        {
            var x = new Generator((ulong)run + 1).Normal([7, 5], device: device);
            var labels = Tensor.From<long>([.. Enumerable.Range(0, 7).Select(i => (long)((i + run) % 4))], device: device);
            losses.Add((captured ? step.Run(x, labels) : body(x, labels)).Item());
        }

        return [.. losses];
    }

    private static Tensor Labels(Shape shape, int classes, Device device) =>
        Tensor.From<long>([.. Enumerable.Range(0, shape.Size).Select(i => (long)(i * 7 % classes))], shape, device);

    /// <summary>log Σ exp(x), in the ops that it was made of.</summary>
    private static Tensor Reference(Tensor x, int axis)
    {
        if (x.Count == 0)
        {
            return x.Exp().Sum(axis, keepDims: true).Log();
        }

        var max = x.Detach().Amax(axis, keepDims: true);
        var finite = Tensor.Map(default(Less), max.Abs(), double.PositiveInfinity);
        var sum = (x - Tensor.Map(default(Select), finite, max, 0)).Exp().Sum(axis, keepDims: true) + (1 - finite);
        return sum.Log() + max;
    }
}
