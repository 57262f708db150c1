using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Tests;

/// <summary>Convolutions, pools, normalisations and tables as modules.</summary>
public sealed class NnLayerTests
{
    private static readonly Generator Random = new(31);

    [Fact]
    public void Convolutions_have_their_shapes_and_bounds()
    {
        var conv = new Conv2d(4, 6, [3, 2], stride: 2, padding: [1, 0], groups: 2, generator: new Generator(1));
        Assert.Equal([6, 2, 3, 2], conv.Weight.Shape);
        Assert.Equal("Conv2d(4, 6, kernel [3, 2], stride [2], padding [1, 0], groups 2)", conv.ToString());
        Assert.Equal(["weight", "bias"], conv.State().Keys);
        Assert.Equal(2, conv.Parameters.Count);

        // 12 inputs for each output; 72 + 6 numbers uniform on ±1/√12.
        float[] all = [.. conv.Weight.ToArray<float>(), .. conv.Bias!.ToArray<float>()];
        Assert.All(all, w => Assert.InRange(w, -1 / Math.Sqrt(12), 1 / Math.Sqrt(12)));
        Assert.InRange(all.Max(Math.Abs), 0.9 / Math.Sqrt(12), 1 / Math.Sqrt(12));
        var x = Random.Normal([2, 4, 5, 6]);
        Close.Assert(x.Conv2d(conv.Weight, conv.Bias, 2, [1, 0], groups: 2), conv.Forward(x), 0, "forward");

        var back = new ConvTranspose2d(4, 6, 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false);
        Assert.Equal([4, 3, 3, 3], back.Weight.Shape);
        Assert.Null(back.Bias);
        Assert.Equal([2, 6, 10, 12], back.Forward(x).Shape);
        Assert.Equal([2, 5, 6], new Conv1d(4, 5, 3, padding: Padding.Same).Forward(x[.., .., 0..1].Reshape(2, 4, 6)).Shape);
        Assert.Equal([2, 5, 4, 5, 6], new Conv3d(1, 5, [1, 1, 1]).Forward(x.Reshape(2, 1, 4, 5, 6)).Shape);
        Assert.Equal([2, 5, 7], new ConvTranspose1d(4, 5, 2).Forward(x[.., .., 0..1].Reshape(2, 4, 6)).Shape);
        Assert.Equal([2, 1, 5, 6, 7], new ConvTranspose3d(1, 1, 2).Forward(x.Reshape(2, 1, 4, 5, 6)).Shape);
        Assert.Equal(
            "Conv2d: 3 groups do not divide 4 input and 6 output channels, of which there must be some.",
            Assert.Throws<ArgumentOutOfRangeException>(() => new Conv2d(4, 6, 3, groups: 3)).Message);
    }

    [Fact]
    public void Pools_and_flatten_are_their_ops()
    {
        var x = Random.Normal([2, 3, 4, 6], dtype: DType.Float64);
        foreach (var (module, expected) in new (Module, Tensor)[]
        {
            (new MaxPool1d(2), x.MaxPool1d(2)), (new MaxPool2d(3, 1, 1), x.MaxPool2d(3, 1, 1)), (new MaxPool3d([1, 2, 2]), x.MaxPool3d([1, 2, 2])),
            (new AvgPool1d(2), x.AvgPool1d(2)), (new AvgPool2d(3, 1, 1, false), x.AvgPool2d(3, 1, 1, false)), (new AvgPool3d(2), x.AvgPool3d(2)),
            (new AdaptiveAvgPool1d(2), x.AdaptiveAvgPool1d(2)), (new AdaptiveAvgPool2d([2, 1]), x.AdaptiveAvgPool2d([2, 1])),
            (new AdaptiveAvgPool3d(1), x.Mean([1, 2, 3], keepDims: true)), (new GlobalAvgPool(), x.Mean([2, 3])),
            (new GlobalMaxPool(), x.Reshape(2, 3, 24).Max()), (new Flatten(), x.Reshape(2, 72)), (new Flatten(2), x.Reshape(2, 3, 24)),
            (new Normalize(1), x / x.Square().Sum(1, keepDims: true).Sqrt()),
        })
        {
            Close.Assert(expected, module.Forward(x), 1e-15, module.ToString()!);
        }
    }

    [Fact]
    public void Normalisations_leave_mean_0_and_variance_1()
    {
        var x = (Random.Normal([5, 4, 6], dtype: DType.Float64) * 3) + 2;
        var layer = new LayerNorm([4, 6], dtype: DType.Float64);
        Standard(layer.Forward(x), [1, 2], "LayerNorm");
        Standard(new GroupNorm(2, 4, dtype: DType.Float64).Forward(x).Reshape(5, 2, 12), [2], "GroupNorm");
        Standard(new BatchNorm(4, dtype: DType.Float64).Forward(x), [0, 2], "BatchNorm");
        var rms = new RmsNorm([6], dtype: DType.Float64).Forward(x);
        Close.Assert(Tensor.Ones([5, 4], DType.Float64), rms.Square().Mean(-1), 1e-12, "RmsNorm");
        Assert.Equal(["weight", "bias"], layer.State().Keys);
        Assert.Empty(new LayerNorm([4], affine: false).State());
        Assert.Equal(["weight"], new LayerNorm([4], bias: false).State().Keys);
        Assert.Equal("LayerNorm: the last axes of [5, 4, 6] are not [4].", Assert.Throws<ArgumentException>(() => new LayerNorm([4]).Forward(x)).Message);
        Assert.Equal("GroupNorm: 3 groups do not divide the channels, axis 1, of [5, 4, 6].", Assert.Throws<ArgumentException>(() => x.GroupNorm(3)).Message);
        Assert.Equal("BatchNorm: [5, 4, 6] is not [N, 3, …].", Assert.Throws<ArgumentException>(() => new BatchNorm(3).Forward(x)).Message);

        static void Standard(Tensor y, int[] axes, string what)
        {
            var mean = y.Mean(axes);
            Close.Assert(Tensor.Zeros(mean.Shape, DType.Float64), mean, 1e-13, what);
            Close.Assert(Tensor.Ones(mean.Shape, DType.Float64), y.Square().Mean(axes), 1e-4, what);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Running_statistics_follow_the_batches(string name)
    {
        var device = TestDevices.Require(name);
        var layer = new BatchNorm(2, momentum: 0.25, dtype: DType.Float64);
        layer.To(device);
        var x = Tensor.From<double>([1, 2, 3, 4, 5, 6], [3, 2], device);
        var y = layer.Forward(x);
        Close.Assert([0.25 * 3, 0.25 * 4], Close.Values(layer.RunningMean!), 1e-14, "mean");

        // The unbiased variance of 1, 3, 5 is 4; the biased one, which y is divided by, 8/3.
        Close.Assert([0.75 + 1, 0.75 + 1], Close.Values(layer.RunningVariance!), 1e-14, "variance");
        double z = 2 / Math.Sqrt((8 / 3.0) + 1e-5);
        Close.Assert([-z, -z, 0, 0, z, z], Close.Values(y), 1e-14, "y in training");
        layer.Eval();
        var used = layer.Forward(x);
        Close.Assert([(1 - 0.75) / Math.Sqrt(1.75 + 1e-5), (2 - 1) / Math.Sqrt(1.75 + 1e-5)], Close.Values(used[..1].Reshape(2)), 1e-14, "y in use");
        Assert.Equal([0.75, 1.0], Close.Values(layer.RunningMean!));
        Assert.Equal(["weight", "bias", "runningMean", "runningVariance"], layer.State().Keys);
        Assert.Equal(2, layer.Parameters.Count);
    }

    /// <summary>Without a momentum the statistics are the mean over the batches, each of one weight.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Running_statistics_without_a_momentum_are_the_mean(string name)
    {
        var device = TestDevices.Require(name);
        var layer = new BatchNorm(1, momentum: null, dtype: DType.Float64);
        layer.To(device);
        foreach (double shift in new[] { 1.0, 2, 6 })
        {
            layer.Forward(Tensor.From<double>([shift, 3 * shift], [2, 1], device));
        }

        // Means 2, 4, 12; variances 2, 8, 72.
        Close.Assert([6], Close.Values(layer.RunningMean!), 1e-14, "mean");
        Close.Assert([82 / 3.0], Close.Values(layer.RunningVariance!), 1e-14, "variance");
        Assert.Equal([3L], layer.Batches!.ToArray<long>());
        Assert.Contains("batches", layer.State().Keys);
        layer.Eval().Forward(Tensor.Zeros([2, 1], DType.Float64, device));
        Assert.Equal([3L], layer.Batches.ToArray<long>());
        Assert.Null(new BatchNorm(1).Batches);
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm(1, momentum: double.NaN));
    }

    /// <summary>The statistics move once for each call, in any transform, and without a gradient.</summary>
    [Fact]
    public void Running_statistics_move_once_in_every_mode()
    {
        var x = Random.Normal([4, 3], dtype: DType.Float64);
        var once = new BatchNorm(3, dtype: DType.Float64);
        once.Forward(x);
        double[] expected = [.. Close.Values(once.RunningMean!), .. Close.Values(once.RunningVariance!)];
        Same("NoGrad", (layer, _) => Tensor.NoGrad(() => layer.Forward(x)));
        Same("Grad", (layer, f) => Autodiff.Grad(f)(x));
        Same("Jvp", (layer, f) => Autodiff.Jvp(f, x, x));
        Same("Hvp", (layer, f) => Autodiff.Hvp(f, x, x));
        Same("Backward", (layer, f) => Backward(layer.Forward(x)));
        Same("Checkpoint", (layer, f) => Backward(Autodiff.Checkpoint(layer.Forward, x)));
        Same("Functional", (layer, f) =>
        {
            var net = new Functional(layer);
            return Autodiff.Grad<Dictionary<string, Tensor>>(p => net.Call(p, x).Exp().Sum())(net.Parameters);
        });

        var error = Assert.Throws<InvalidOperationException>(() => Autodiff.Vmap(new BatchNorm(1).Forward)(Tensor.Zeros([2, 3, 1])));
        Assert.StartsWith("BatchNorm: under Vmap the running statistics [1] cannot follow", error.Message);
        Assert.Equal([2, 3, 1], Autodiff.Vmap(new BatchNorm(1, runningStatistics: false).Forward)(Tensor.Zeros([2, 3, 1])).Shape);
        Assert.Equal([2, 3, 1], Autodiff.Vmap(new BatchNorm(1).Eval().Forward)(Tensor.Zeros([2, 3, 1])).Shape);
        Assert.Equal(
            "BatchNorm: [1, 3] has 1 elements of each channel; for a variance in training there must be two.",
            Assert.Throws<ArgumentException>(() => new BatchNorm(3).Forward(Tensor.Zeros([1, 3]))).Message);

        void Same(string what, Func<BatchNorm, Func<Tensor, Tensor>, object> run)
        {
            var layer = new BatchNorm(3, dtype: DType.Float64);
            run(layer, v => layer.Forward(v).Exp().Sum());
            Close.Assert(expected, [.. Close.Values(layer.RunningMean!), .. Close.Values(layer.RunningVariance!)], 1e-15, what);
            Assert.False(layer.RunningMean!.RequiresGrad);
        }

        static object Backward(Tensor y)
        {
            y.Exp().Sum().Backward();
            return y;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void A_table_gives_its_rows_and_no_gradient_to_padding(string name)
    {
        var device = TestDevices.Require(name);
        var table = new Embedding(5, 2, paddingIndex: -4, generator: new Generator(3));
        table.To(device);
        Assert.Equal([0f, 0f], table.Weight[1..2].ToArray<float>());
        Assert.All(table.Weight[2..].ToArray<float>(), w => Assert.NotEqual(0, w));
        var index = Tensor.From<long>([4, 1, 4, 0], [2, 2], device);
        var y = table.Forward(index);
        Assert.Equal([2, 2, 2], y.Shape);
        float[] w = table.Weight.ToArray<float>();
        Assert.Equal([w[8], w[9], 0, 0, w[8], w[9], w[0], w[1]], y.ToArray<float>());
        y.Sum().Backward();
        Assert.Equal([1f, 1, 0, 0, 0, 0, 0, 0, 2, 2], table.Weight.Grad!.ToArray<float>());
        Assert.Equal(
            "Embedding: 3 vectors of length 2 with padding 3 make no table.",
            Assert.Throws<ArgumentOutOfRangeException>(() => new Embedding(3, 2, 3)).Message);
        Assert.Equal("Embedding: the table [3] is not [rows, columns].", Assert.Throws<ArgumentException>(() => Tensor.Zeros([3]).Embedding(index)).Message);
    }

    [Fact]
    public void Dropout_is_the_same_in_every_dtype()
    {
        var x = Tensor.Ones([1000]);
        float[] single = x.Dropout(0.25, new Generator(4)).ToArray<float>();
        Assert.Equal(single.Select(v => v != 0), x.To(DType.Float64).Dropout(0.25, new Generator(4)).ToArray<double>().Select(v => v != 0));
        Assert.All(single, v => Assert.True(v is 0 or (4 / 3f)));
        Assert.InRange(single.Count(v => v == 0), 200, 300);
    }
}
