namespace Gpu.Autograd.Tests;

/// <summary>Windows, convolutions and pools against sums written out, and what they say where numbers do not fit.</summary>
public class ConvolutionTests
{
    private static readonly Generator Random = new(12);

    [Fact]
    public void Unfolded_windows_are_a_view()
    {
        var x = Tensor.Arange(10).Reshape(2, 5);
        var windows = x.Unfold(1, 3);
        Assert.Equal([2, 3, 3], windows.Shape);
        Assert.Equal([0f, 1, 2, 1, 2, 3, 2, 3, 4, 5, 6, 7, 6, 7, 8, 7, 8, 9], windows.ToArray<float>());
        Assert.Same(x.Storage, windows.Storage);
        Assert.True(windows.Layout.Repeats);
        Assert.False(x.Unfold(1, 2, stride: 2).Layout.Repeats);
        Assert.False(x.Unfold(1, 2, dilation: 3).Layout.Repeats);
        Assert.Contains("broadcast view", Assert.Throws<InvalidOperationException>(() => windows.Assign(windows)).Message);

        // Each element as often as it is in a window.
        Assert.Equal([1f, 2, 3, 2, 1], Tensor.Ones([3, 3]).Fold(0, 5).ToArray<float>());
        Assert.Equal([1f, 0, 2, 0, 2, 0, 1, 0], Tensor.Ones([3, 2]).Fold(0, 8, stride: 2, dilation: 2).ToArray<float>());
        Assert.Equal([1, 3, 5], Tensor.From<int>([1, 2, 3, 4, 5]).Unfold(0, 1, stride: 2).ToArray<int>());
    }

    /// <summary>Every stride, padding, dilation and number of groups, in one to three axes, against the sum written out.</summary>
    [Theory]
    [InlineData(1, 1, 0, 1, 1)]
    [InlineData(1, 2, 1, 2, 2)]
    [InlineData(2, 1, 1, 1, 1)]
    [InlineData(2, 2, 0, 1, 2)]
    [InlineData(2, 3, 2, 2, 4)]
    [InlineData(3, 1, 0, 1, 1)]
    [InlineData(3, 2, 1, 1, 2)]
    public void A_convolution_is_its_sum(int axes, int stride, int padding, int dilation, int groups)
    {
        int[] kernel = [.. Enumerable.Range(0, axes).Select(k => 3 - (k % 2))];
        var x = Random.Normal([2, 4, .. Enumerable.Range(0, axes).Select(k => 6 - k)], dtype: DType.Float64);
        var w = Random.Normal([8, 4 / groups, .. kernel], dtype: DType.Float64);
        var b = Random.Normal([8], dtype: DType.Float64);
        var y = axes switch
        {
            1 => x.Conv1d(w, b, stride, padding, dilation, groups),
            2 => x.Conv2d(w, b, stride, padding, dilation, groups),
            _ => x.Conv3d(w, b, stride, padding, dilation, groups),
        };
        var (xs, ws, bs) = (x.ToArray<double>(), w.ToArray<double>(), b.ToArray<double>());
        var expected = new double[y.Count];
        for (int i = 0; i < expected.Length; i++)
        {
            int[] at = y.Shape.Position(i);
            expected[i] = bs[at[1]];
            for (int j = 0; j < ws.Length / 8; j++)
            {
                int[] tap = w.Shape.Position((at[1] * ws.Length / 8) + j);
                int[] from = [at[0], (at[1] / (8 / groups) * (4 / groups)) + tap[1], .. Enumerable.Range(2, axes).Select(k => (at[k] * stride) - padding + (tap[k] * dilation))];
                if (from.Select((place, k) => place >= 0 && place < x.Shape[k]).All(inside => inside))
                {
                    expected[i] += xs[from.Select((place, k) => place * Behind(x.Shape, k)).Sum()] * ws[(at[1] * ws.Length / 8) + j];
                }
            }
        }

        int[] lengths = [.. Enumerable.Range(2, axes).Select(k => ((x.Shape[k] + (2 * padding) - (dilation * (w.Shape[k] - 1)) - 1) / stride) + 1)];
        Assert.Equal([2, 8, .. lengths], y.Shape);
        Close.Assert(expected, y.ToArray<double>(), 1e-13, "Σ x·w");

        // Without a batch, and without a bias.
        var single = axes switch
        {
            1 => x[..1].Reshape(x.Shape.Lengths[1..]).Conv1d(w, null, stride, padding, dilation, groups),
            2 => x[..1].Reshape(x.Shape.Lengths[1..]).Conv2d(w, null, stride, padding, dilation, groups),
            _ => x[..1].Reshape(x.Shape.Lengths[1..]).Conv3d(w, null, stride, padding, dilation, groups),
        };
        var shift = b.Reshape([8, .. lengths.Select(_ => 1)]);
        Close.Assert(y[..1].Reshape(y.Shape.Lengths[1..]), single + shift, 1e-13, "one sample");
    }

    /// <summary>
    /// Convolutions in groups of few channels, and the gradients of input and weights, against the sums written out: steps, distances and
    /// zeros around odd lengths, rows shorter and longer than a register.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Groups_of_few_channels(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        (int Groups, int In, int Out, int High, int Wide, int Kernel, int Stride, int Padding, int Dilation)[] cases =
        [
            (3, 1, 1, 5, 7, 3, 1, 1, 1), (2, 1, 2, 9, 19, 3, 2, 1, 1), (2, 2, 3, 7, 37, 3, 2, 0, 2), (4, 1, 1, 8, 21, 5, 1, 2, 1),
            (2, 3, 4, 6, 11, 2, 3, 2, 1), (1, 1, 1, 12, 13, 3, 2, 1, 1), (2, 5, 6, 5, 9, 3, 1, 1, 1),
        ];
        foreach (var (groups, ins, outs, high, wide, kernel, stride, padding, dilation) in cases)
        {
            var x = Random.Normal([2, groups * ins, high, wide], dtype: DType.Float64);
            var w = Random.Normal([groups * outs, ins, kernel, kernel], dtype: DType.Float64);
            var (xs, ws) = (x.ToArray<double>(), w.ToArray<double>());
            int rows = ((high + (2 * padding) - (dilation * (kernel - 1)) - 1) / stride) + 1, columns = ((wide + (2 * padding) - (dilation * (kernel - 1)) - 1) / stride) + 1;
            var g = Random.Normal([2, groups * outs, rows, columns], dtype: DType.Float64);
            double[] gs = g.ToArray<double>(), ys = new double[gs.Length], dx = new double[xs.Length], dw = new double[ws.Length];
            for (int i = 0; i < ys.Length; i++)
            {
                int[] at = g.Shape.Position(i);
                for (int k = 0; k < ws.Length / (groups * outs); k++)
                {
                    int tap = (at[1] * ws.Length / (groups * outs)) + k;
                    int[] of = w.Shape.Position(tap);
                    int row = (at[2] * stride) - padding + (of[2] * dilation), column = (at[3] * stride) - padding + (of[3] * dilation);
                    if (row >= 0 && row < high && column >= 0 && column < wide)
                    {
                        int place = (((((at[0] * groups * ins) + (at[1] / outs * ins) + of[1]) * high) + row) * wide) + column;
                        ys[i] += xs[place] * ws[tap];
                        dx[place] += gs[i] * ws[tap];
                        dw[tap] += gs[i] * xs[place];
                    }
                }
            }

            var (y, pullback) = Autodiff.Vjp(
                ((Tensor X, Tensor W) at) => at.X.Conv2d(at.W, null, stride, padding, dilation, groups), (x.To(device), w.To(device)));
            var (ofX, ofW) = pullback(g.To(device));
            string what = $"{groups} groups of {ins} to {outs}, {high} × {wide}, kernel {kernel}, stride {stride} on {deviceName}";
            Close.Assert(ys, Close.Values(y), 1e-12, what);
            Close.Assert(dx, Close.Values(ofX), 1e-12, "input, " + what);
            Close.Assert(dw, Close.Values(ofW), 1e-12, "weights, " + what);
        }
    }

    /// <summary>⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩, for the length that the output padding says.</summary>
    [Theory]
    [InlineData(7, 1, 0, 1, 1)]
    [InlineData(8, 3, 1, 1, 2)]
    [InlineData(9, 2, 2, 2, 1)]
    public void A_transposed_convolution_is_the_adjoint(int length, int stride, int padding, int dilation, int groups)
    {
        var x = Random.Normal([2, 4, length, length - 1], dtype: DType.Float64);
        var w = Random.Normal([6, 4 / groups, 3, 2], dtype: DType.Float64);
        var y = x.Conv2d(w, null, stride, padding, dilation, groups);
        var u = Random.Normal(y.Shape, dtype: DType.Float64);
        int[] more = [.. new[] { 3, 2 }.Select((kernel, k) => (x.Shape[2 + k] + (2 * padding) - (dilation * (kernel - 1)) - 1) % stride)];
        var back = u.ConvTranspose2d(w, null, stride, padding, [.. more], groups, dilation);
        Assert.Equal(x.Shape, back.Shape);
        Close.Assert((y * u).Sum(), (x * back).Sum(), 1e-12, "⟨conv(x), u⟩ = ⟨x, convTranspose(u)⟩");
        Close.Assert(Autodiff.Vjp(v => v.Conv2d(w, null, stride, padding, dilation, groups), x).Pullback(u), back, 1e-12, "the gradient");
        var bias = Random.Normal([4], dtype: DType.Float64);
        Close.Assert(
            back + bias.Reshape(4, 1, 1), u.ConvTranspose2d(w, bias, stride, padding, [.. more], groups, dilation), 1e-13, "with a bias");
    }

    /// <summary>
    /// Values, gradients and gradients of gradients, against windows that are multiplied and added up: kernels longer and shorter than steps, steps
    /// and distances with and without a common divisor, padding beyond the kernel's reach, and what no window has.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void All_derivatives_are_those_of_products_of_windows(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var generator = new Generator(15);
        var cases = new[]
        {
            (9, 3, 1, 1, 1, 1), (10, 3, 2, 1, 1, 2), (11, 2, 3, 0, 1, 1), (9, 3, 3, 2, 1, 1), (12, 4, 2, 3, 2, 1), (13, 3, 4, 0, 2, 1), (8, 2, 1, 5, 1, 1),
            (14, 3, 3, 1, 4, 2), (6, 1, 1, 0, 1, 3), (7, 1, 2, 0, 1, 1), (8, 2, 2, 0, 1, 1), (16, 5, 4, 4, 1, 1),
        };
        foreach (var (length, kernel, stride, padding, dilation, groups) in deviceName == "cpu" ? cases : [cases[1], cases[4], cases[7], cases[10]])
        {
            var (x, w) = (generator.Normal([2, 2 * groups, length], dtype: DType.Float64, device: device), generator.Normal([3 * groups, 2, kernel], dtype: DType.Float64, device: device));
            Func<Tensor, Tensor, Tensor> convolution = (x, w) => x.Conv1d(w, null, stride, padding, dilation, groups);
            Func<Tensor, Tensor, Tensor> windows = (x, w) =>
            {
                var y = x.Pad([0, 0, padding], [0, 0, padding]).Unfold(2, kernel, stride, dilation).Reshape(2, groups, 2, -1, kernel);
                return Tensor.Einsum("ngcik,gock->ngoi", y, w.Reshape(groups, 3, 2, kernel)).Reshape(2, 3 * groups, -1);
            };
            string what = $"length {length}, kernel {kernel}, stride {stride}, padding {padding}, dilation {dilation}, {groups} groups on {deviceName}";
            Close.Assert(windows(x, w), convolution(x, w), 1e-13, what);
            var g = generator.Normal(convolution(x, w).Shape, dtype: DType.Float64, device: device);
            var (u, v) = (generator.Normal(x.Shape, dtype: DType.Float64, device: device), generator.Normal(w.Shape, dtype: DType.Float64, device: device));
            var (expected, actual) = (Derivatives(windows), Derivatives(convolution));
            for (int k = 0; k < expected.Length; k++)
            {
                Close.Assert(expected[k], actual[k], 1e-12, $"derivative {k}, {what}");
            }

            // Of x and w; of their products with u and v, again of x, w and g; and forward.
            Tensor[] Derivatives(Func<Tensor, Tensor, Tensor> f)
            {
                var first = Gradients(x, w, g);
                var second = Autodiff.Grad(((Tensor X, Tensor W, Tensor G) at) =>
                {
                    var (dx, dw) = Gradients(at.X, at.W, at.G);
                    return (dx * u).Sum() + (dw * v).Sum();
                })((x, w, g));
                var forward = Autodiff.Jvp(((Tensor X, Tensor W) at) => f(at.X, at.W), (x, w), (u, v)).Tangent;
                return [first.X, first.W, second.X, second.W, second.G, forward];

                (Tensor X, Tensor W) Gradients(Tensor x, Tensor w, Tensor g) =>
                    Autodiff.Grad(((Tensor X, Tensor W) at) => (f(at.X, at.W) * g).Sum())((x, w));
            }
        }
    }

    /// <summary>Gradients of the weights for each sample, and weights of each: against one after the other.</summary>
    [Fact]
    public void A_batch_is_one_after_the_other()
    {
        var (x, w) = (Random.Normal([3, 2, 4, 7, 6], dtype: DType.Float64), Random.Normal([6, 2, 3, 2], dtype: DType.Float64));
        var weights = Random.Normal([3, 6, 2, 3, 2], dtype: DType.Float64);
        Func<Tensor, Tensor, Tensor> f = (x, w) => x.Conv2d(w, null, 2, 1, 1, 2);
        Func<Tensor, Tensor, Tensor> gradient = (x, w) => Autodiff.Grad((Tensor w) => f(x, w).Square().Sum())(w);
        Func<Tensor, Tensor, Tensor> back = (x, w) => Autodiff.Grad((Tensor x) => f(x, w).Square().Sum())(x);
        foreach (var (k, g) in new[] { f, gradient, back }.Index())
        {
            Close.Assert(Tensor.Stack([g(x[0], w), g(x[1], w), g(x[2], w)]), Autodiff.Vmap((Tensor x) => g(x, w))(x), 1e-13, $"x of each, {k}");
            Close.Assert(
                Tensor.Stack([g(x[0], weights[0]), g(x[0], weights[1]), g(x[0], weights[2])]), Autodiff.Vmap((Tensor w) => g(x[0], w))(weights), 1e-13,
                $"w of each, {k}");
            Close.Assert(
                Tensor.Stack([g(x[0], weights[0]), g(x[1], weights[1]), g(x[2], weights[2])]), Autodiff.Vmap(g)(x, weights), 1e-13, $"both, {k}");
        }
    }

    /// <summary>What follows a convolution in a captured step is a part of it, and nothing in the plan is as large as the windows.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void A_captured_convolution_takes_bias_and_activation_along(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var generator = new Generator(16);
        var (x, w, b) = (generator.Normal([2, 4, 7, 7], device: device), generator.Normal([6, 4, 3, 3], device: device), generator.Normal([6], device: device));
        Func<Tensor, Tensor> body = x => x.Conv2d(w, b, padding: 1).Relu();
        var step = Step.Capture(body);
        for (int run = 0; run < 4; run++)
        {
            Close.Assert(body(x), step.Run(x), deviceName == "cpu" ? 0 : 1e-6, $"run {run} on {deviceName}");
        }

        Assert.NotNull(Assert.Single(step.LatestPlan!.Calls.OfType<Capturing.ProductCall>()).Then);
        Assert.DoesNotContain(step.LatestPlan!.Calls, call => call is Capturing.MapCall);
        var gradients = Step.Capture((Tensor x) => Autodiff.Grad((Tensor w) => body(x).Square().Sum() + x.Conv2d(w, b, padding: 1).Relu().Sum())(w));
        for (int run = 0; run < 4; run++)
        {
            gradients.Run(x);
        }

        Assert.All(gradients.LatestPlan!.Calls, call => Assert.InRange(call.Results[0].Shape.Size, 0, 2 * 6 * 81));
    }

    [Fact]
    public void Same_padding_keeps_the_lengths()
    {
        var x = Random.Normal([1, 1, 5, 6]);
        Assert.Equal([1, 2, 5, 6], x.Conv2d(Random.Normal([2, 1, 4, 3]), padding: Padding.Same, dilation: [1, 2]).Shape);
        Assert.Equal([1, 2, 2, 4], x.Conv2d(Random.Normal([2, 1, 4, 3]), padding: Padding.Valid).Shape);

        // The odd zero is behind.
        Assert.Equal([3f, 5, 3], Tensor.From<float>([1, 2, 3], [1, 3]).Conv1d(Tensor.Ones([1, 1, 2]), padding: Padding.Same).ToArray<float>());
        Assert.Equal([0, 2, 3, 3], Tensor.Zeros([0, 1, 5, 5]).Conv2d(Tensor.Zeros([2, 1, 3, 3])).Shape);
    }

    [Fact]
    public void Max_pools_take_the_first_of_equals()
    {
        var x = Tensor.From<double>([0, 7, 7, 7, 1, 0, 3, 3, 3], [1, 3, 3]);
        Assert.Equal([7.0, 7, 7, 3], Close.Values(x.MaxPool2d(2, stride: 1)));
        Assert.Equal([0.0, 2, 0, 1, 0, 0, 0, 1, 0], Close.Values(Autodiff.Grad(v => v.MaxPool2d(2, stride: 1).Sum())(x)));

        // Padding is never the greatest, and never counted where that is asked for.
        var negative = Tensor.From<double>([-1, -2, -3, -4], [1, 2, 2]);
        Assert.Equal([-1.0, -2, -3, -4], Close.Values(negative.MaxPool2d(2, stride: 2, padding: 1)));
        Assert.Equal([-0.25, -0.5, -0.75, -1], Close.Values(negative.AvgPool2d(2, stride: 2, padding: 1)));
        Assert.Equal([-1.0, -2, -3, -4], Close.Values(negative.AvgPool2d(2, stride: 2, padding: 1, countIncludePad: false)));
        Assert.Equal([double.NaN, 2], Close.Values(Tensor.From<double>([1, double.NaN, 2, 0]).MaxPool1d(2)));
        Assert.Equal([-2.5], Close.Values(negative.Reshape(1, 1, 2, 2).GlobalAvgPool()));
        Assert.Equal([-1.0], Close.Values(negative.Reshape(1, 1, 2, 2).GlobalMaxPool()));
    }

    /// <summary>
    /// Against the definition: L' is rounded up, but no window begins behind the elements; what of a window lies behind the padding is not
    /// counted in a mean.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void Pools_that_round_up(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        foreach (var (length, kernel, stride, padding) in new[] { (7, 3, 2, 0), (8, 3, 2, 0), (6, 2, 3, 1), (5, 3, 4, 1), (7, 2, 5, 0), (2, 3, 2, 0), (4, 3, 3, 1), (3, 2, 2, 1) })
        {
            double[] x = [.. Enumerable.Range(0, length).Select(i => Math.Sin(7 * i) - 2)];
            int count = (int)Math.Ceiling((length + (2.0 * padding) - kernel) / stride) + 1;
            count -= (count - 1) * stride >= length + padding ? 1 : 0;
            var (greatest, all, inside) = (new double[count], new double[count], new double[count]);
            for (int i = 0; i < count; i++)
            {
                int start = (i * stride) - padding;
                int[] window = [.. Enumerable.Range(start, kernel)];
                double[] real = [.. window.Where(k => k >= 0 && k < length).Select(k => x[k])];
                greatest[i] = real.Max();
                all[i] = real.Sum() / window.Count(k => k < length + padding);
                inside[i] = real.Average();
            }

            var t = Tensor.From<double>(x).To(device);
            string what = $"{length} {kernel} {stride} {padding}";
            Close.Assert(greatest, Close.Values(t.MaxPool1d(kernel, stride, padding, ceilMode: true)), 0, what);
            Close.Assert(all, Close.Values(t.AvgPool1d(kernel, stride, padding, ceilMode: true)), 1e-15, what);
            Close.Assert(inside, Close.Values(t.AvgPool1d(kernel, stride, padding, countIncludePad: false, ceilMode: true)), 1e-15, what);
            var square = t.Reshape(1, length, 1) * Tensor.Ones([2, 1, length], DType.Float64, device);
            var pooled = new Nn.MaxPool2d(kernel, stride, padding, ceilMode: true).Forward(square);
            Assert.Equal(new Shape(2, count, count), pooled.Shape);
            Close.Assert(greatest, Close.Values(pooled[1, .., 0]), 0, what);
            Close.Assert(all, Close.Values(new Nn.AvgPool1d(kernel, stride, padding, ceilMode: true).Forward(t)), 1e-15, what);
        }
    }

    [Fact]
    public void Adaptive_pools_share_what_does_not_divide()
    {
        var x = Tensor.Arange(5, DType.Float64).Reshape(1, 5);
        Assert.Equal([0.5, 2, 3.5], Close.Values(x.AdaptiveAvgPool1d(3)));
        Close.Assert([0.0, 0.5, 1.5, 2.5, 3.5, 4], Close.Values(x.AdaptiveAvgPool1d(6)), 1e-15, "more than there are");
        Assert.Equal([2.0], Close.Values(x.AdaptiveAvgPool1d(1)));
    }

    [Fact]
    public void Numbers_that_do_not_fit_are_named()
    {
        var (x, w) = (Tensor.Zeros([2, 3, 5, 4]), Tensor.Zeros([4, 3, 3, 3]));
        Says("Conv2d: channels differ: [2, 3, 5, 4] has 3, the weights [4, 2, 3, 3] in 1 groups take 2 to 4.", () => x.Conv2d(Tensor.Zeros([4, 2, 3, 3])));
        Says("Conv2d: channels differ: [2, 3, 5, 4] has 3, the weights [4, 1, 3, 3] in 3 groups take 3 to 4.", () => x.Conv2d(Tensor.Zeros([4, 1, 3, 3]), groups: 3));
        Says(
            "Conv1d: [2, 3, 5, 4] with weights [4, 3, 3, 3]: both have rank 3, batch and channels before 1 spatial axis (the batch may be left out).",
            () => x.Conv1d(w));
        Says("Conv2d: a window of 3 elements with stride 1 and dilation 2 does not fit into axis 3 of [2, 3, 5, 4] (length 4).", () => x.Conv2d(w, dilation: 2));
        Says(
            "Conv2d: a window of 3 elements with stride 1 and dilation 4 does not fit into axis 2 of [2, 3, 5, 4], padded to [2, 3, 7, 6] (length 7).",
            () => x.Conv2d(w, padding: 1, dilation: 4));
        Says("Conv2d: the stride [0] has a number less than 1.", () => x.Conv2d(w, stride: 0));
        Says("Conv2d: the padding [1, -1] has a number less than 0.", () => x.Conv2d(w, padding: [1, -1]));
        Says("Conv2d: the stride [1, 2, 3] has 3 numbers for 2 spatial axes.", () => x.Conv2d(w, stride: [1, 2, 3]));
        Says("Conv2d: the padding 'same' keeps the lengths at a stride of 1 only, and the stride is [2, 2].", () => x.Conv2d(w, stride: 2, padding: Padding.Same));
        Says("Conv2d: the bias [3] does not have a number for each of the 4 channels of [2, 4, 3, 2].", () => x.Conv2d(w, Tensor.Zeros([3])));
        Says("Conv2d: dtypes differ: float32 [2, 3, 5, 4] and float64 [4, 3, 3, 3]; convert with To(DType).", () => x.Conv2d(w.To(DType.Float64)));
        Says(
            "ConvTranspose2d: [2, 3, 5, 4] and the weights [3, 4, 1, 1] with stride [1, 1], dilation [1, 1], padding [2, 2] and output padding " +
            "[0, 0] leave nothing of spatial axis 1, or the output padding is not less than stride or dilation.",
            () => x.ConvTranspose2d(Tensor.Zeros([3, 4, 1, 1]), padding: 2));
        Says("MaxPool2d: the padding [2, 2] is more than half of the windows [3, 3] with dilation [1, 1].", () => x.MaxPool2d(3, padding: 2));
        Says("MaxPool2d: a window of 6 elements with stride 6 and dilation 1 does not fit into axis 2 of [2, 3, 5, 4] (length 5).", () => x.MaxPool2d(6));
        Says("AvgPool2d: [3] has fewer than 2 axes.", () => Tensor.Zeros([3]).AvgPool2d(1));
        Says("AdaptiveAvgPool2d: the output [0] has a number less than 1.", () => x.AdaptiveAvgPool2d(0));
        Says("Unfold: a window of 6 elements with stride 1 and dilation 1 does not fit into axis 2 of [2, 3, 5, 4] (length 5).", () => x.Unfold(2, 6));
        Says(
            "Fold: [2, 3, 5, 4] is not made of the windows of 4 elements along axis 2 of length 9, with stride 1 and dilation 1.",
            () => x.Fold(2, 9));
    }

    private static int Behind(Shape shape, int axis) => new Shape(shape.Lengths[(axis + 1)..]).Size;

    private static void Says(string message, Func<Tensor> body) => Assert.Equal(message, Assert.Throws<ArgumentException>(body).Message);

    [Fact]
    public void An_axis_that_would_be_too_long_is_named()
    {
        var x = Tensor.Ones([1, 1, 4, 4]);
        var w = Tensor.Ones([1, 1, 3, 3]);
        var error = Assert.Throws<ArgumentException>(() => x.Conv2d(w, padding: int.MaxValue - 1));
        Assert.Equal(
            "Conv2d: with that padding, stride or dilation spatial axis 0 of [1, 1, 4, 4] would become one of 4294967296 elements; 2147483647 is the most.",
            error.Message);
        error = Assert.Throws<ArgumentException>(() => x.ConvTranspose2d(w, stride: int.MaxValue));
        Assert.StartsWith("ConvTranspose2d: with that padding, stride or dilation spatial axis 0 of [1, 1, 4, 4]", error.Message, StringComparison.Ordinal);
    }
}
