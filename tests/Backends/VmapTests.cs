using Gpu.Autograd.Tests.Ops;

namespace Gpu.Autograd.Tests;

/// <summary>A function mapped over a batch is the loop over it.</summary>
public class VmapTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>Every op, each operand mapped or not, values and gradients, one level and two.</summary>
    [SkippableTheory]
    [MemberData(nameof(OpTableTests.AllShared), MemberType = typeof(OpTableTests))]
    public void Every_op_over_a_batch_is_the_loop(string name, string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var row = OpTableTests.Row(name);
        bool isEmulated = TestDevices.IsEmulated(deviceName);
        var dtype = isEmulated ? DType.Float32 : DType.Float64;
        var (ofValues, ofGradients) = isEmulated ? (row.Tolerance32, 40 * row.Tolerance32) : (1e-12, 1e-11);
        foreach (var shapes in row.Shapes)
        {
            var generator = new Generator(8);
            Tensor[] batches = [.. shapes.Select(shape => generator
                .Uniform([3, .. shape.Lengths], row.Domain.Low, row.Domain.High, dtype).To(device))];
            for (int mapped = 1; mapped < 1 << shapes.Length; mapped++)
            {
                Tensor[] At(Tensor[] x, int sample) =>
                    [.. x.Select((t, k) => (mapped >> k & 1) != 0 ? Sample(t, sample) : Sample(batches[k], 0))];
                Tensor F(Tensor[] given)
                {
                    int next = 0;
                    return row.Apply([.. shapes.Select((_, k) => (mapped >> k & 1) != 0 ? given[next++] : Sample(batches[k], 0))]);
                }

                Tensor[] moving = [.. batches.Where((_, k) => (mapped >> k & 1) != 0)];
                string what = $"{name}, operands {mapped:b} of {string.Join(" and ", shapes.AsEnumerable())} on {deviceName}";
                var loop = Stack([.. Enumerable.Range(0, 3).Select(sample => row.Apply(At(batches, sample)))]);

                // The loop makes a generator of the same seed for each sample.
                const Randomness Random = Randomness.Same;
                Close.Assert(loop, Autodiff.Vmap<Tensor[], Tensor>(F, randomness: Random)(moving), ofValues, what);
                if (row.Order == 0)
                {
                    continue;
                }

                // The gradient of each sample, by reverse mode under Vmap and by Vmap under reverse mode.
                Tensor Loss(Tensor[] x) => F(x).Square().Sum();
                var gradients = Enumerable.Range(0, 3).Select(sample =>
                    Autodiff.Grad<Tensor[]>(Loss)([.. moving.Select(t => Sample(t, sample))])).ToArray();
                var inside = Autodiff.Vmap<Tensor[], Tensor[]>(Autodiff.Grad<Tensor[]>(Loss), randomness: Random)(moving);
                var outside = Autodiff.Grad<Tensor[]>(x => Autodiff.Vmap<Tensor[], Tensor>(Loss, randomness: Random)(x).Sum())(moving);
                for (int k = 0; k < moving.Length; k++)
                {
                    var expected = Stack([.. gradients.Select(g => g[k])]);
                    Close.Assert(expected, inside[k], ofGradients, $"{what}: Vmap of Grad");
                    Close.Assert(expected, outside[k], ofGradients, $"{what}: Grad of Vmap");
                }
            }
        }
    }

    [Fact]
    public void Logical_ranks_are_padded_behind_the_batch_axes()
    {
        var x = new Generator(1).Normal([4, 3], dtype: DType.Float64);
        var y = new Generator(2).Normal([4, 2, 3], dtype: DType.Float64);
        var loop = Stack([.. Enumerable.Range(0, 4).Select(i => Sample(x, i) + Sample(y, i))]);
        Close.Assert(loop, Autodiff.Vmap<Tensor, Tensor, Tensor>((a, b) => a + b)(x, y), 0, "[3] + [2, 3] in a batch of 4");
    }

    [Fact]
    public void Levels_nest_and_axes_move()
    {
        var a = new Generator(1).Normal([3, 4], dtype: DType.Float64);
        var b = new Generator(2).Normal([4, 5], dtype: DType.Float64);

        // The product of matrices, from the product of vectors.
        var dot = Autodiff.Vmap<Tensor, Tensor, Tensor>(
            (row, m) => Autodiff.Vmap<Tensor, Tensor, Tensor>((r, c) => (r * c).Sum(), null, 1)(row, m), 0, null);
        Close.Assert(a.MatMul(b), dot(a, b), 1e-13, "rows × columns");
        Close.Assert(a.Transpose(), Autodiff.Vmap(v => v * 1, inAxis: 1)(a), 0, "in axis 1");
        Close.Assert(a.Transpose(), Autodiff.Vmap(v => v * 1, outAxis: 1)(a), 0, "out axis 1");
        Close.Assert(Tensor.Ones([3, 2], DType.Float64), Autodiff.Vmap(v => Tensor.Ones([2], DType.Float64))(a), 0, "not of the batch");
    }

    [Fact]
    public void Random_numbers_differ_or_not()
    {
        var x = Tensor.Zeros([3, 2]);
        var generator = new Generator(5);
        var different = Autodiff.Vmap(v => v + generator.Uniform([2]))(x).ToArray<float>();
        Assert.Equal(6, different.Distinct().Count());
        var same = Autodiff.Vmap(v => v + generator.Uniform([2]), randomness: Randomness.Same)(x).ToArray<float>();
        Assert.Equal(same[..2], same[2..4]);
        Assert.Equal(same[..2], same[4..]);
        Assert.NotEqual(same[0], same[1]);
        var nested = Autodiff.Vmap(v => Autodiff.Vmap(w => w + generator.Uniform([]))(v))(x).ToArray<float>();
        Assert.Equal(6, nested.Distinct().Count());
    }

    private sealed record Batch(Tensor X, Tensor Scale, Tensor Labels);

    /// <summary>An axis for each tensor of the argument and of the result, or none.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Every_tensor_may_have_an_axis_of_its_own(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var batch = new Batch(
            new Generator(1).Normal([2, 4], dtype: DType.Float64, device: device),
            new Generator(2).Normal([3], dtype: DType.Float64, device: device),
            Tensor.From<long>([2, 0, 1, 1], device: device));
        (Tensor Row, Tensor[] More, Tensor Same) F(Batch b) =>
            (b.X.Sum() * b.Scale, [b.Scale.Gather(b.Labels.Reshape(1)), b.X * 1], b.Scale * 2);
        var (row, more, same) = Autodiff.Vmap<Batch, (Tensor, Tensor[], Tensor)>(F, [1, null, 0], [1, 0, -1, null])(batch);
        Close.Assert(batch.Scale.Reshape(3, 1) * batch.X.Sum(0), row, 1e-15, "out axis 1");
        Close.Assert(batch.Scale.Gather(batch.Labels).Reshape(4, 1), more[0], 0, "labels");
        Close.Assert(batch.X, more[1], 0, "out axis −1");
        Close.Assert(2 * batch.Scale, same, 0, "once");

        // The same in two arguments, each with its axes; and under a gradient.
        var mapped = Autodiff.Vmap<Batch, Tensor, Tensor>((b, t) => (F(b).Row * t).Sum(), [1, null, 0], 0);
        var g = Autodiff.Grad(x => mapped(batch with { X = x }, x.Sum(0)).Sum())(batch.X);
        Close.Assert((2 * batch.X.Sum(0) * batch.Scale.Sum()).BroadcastTo([2, 4]), g, 1e-14, "gradient");
        Close.Assert(batch.Scale, Autodiff.Vmap(_ => batch.Scale, outAxis: null)(batch.X), 0, "of one tensor");

        string Message(Func<object?> body) => Assert.Throws<ArgumentException>(() => body()).Message;
        Assert.Equal(
            "Vmap: 2 axes are named for the 3 tensors of the argument: .X, .Scale, .Labels.",
            Message(() => Autodiff.Vmap<Batch, Tensor>(b => b.X, [1, 0])(batch)));
        Assert.Equal(
            "Vmap: 3 axes are named for the 4 tensors of the result: .Item1, .Item2[0], .Item2[1], .Item3.",
            Message(() => Autodiff.Vmap<Batch, (Tensor, Tensor[], Tensor)>(F, [1, null, 0], [1, 0, null])(batch)));
        Assert.Equal(
            "Vmap: the result's .Item2[1], float64 [2], is another one for each of the batch of 4; an out axis of null is for what is the same " +
            "for all.",
            Message(() => Autodiff.Vmap<Batch, (Tensor, Tensor[], Tensor)>(F, [1, null, 0], [1, 0, null, null])(batch)));
        Assert.Equal(
            "Vmap: the batch has 4 samples by the argument's .X, [2, 4], but 3 by the argument's .Scale, [3] (axis 0).",
            Message(() => Autodiff.Vmap<Batch, Tensor>(b => b.X, [1, 0, 0])(batch)));
        Assert.Equal(
            "Vmap: 2 axes are named for the 1 tensors of argument 1: itself.",
            Message(() => Autodiff.Vmap<Batch, Tensor, Tensor>((b, t) => t, [1, null, 0], [0, 0])(batch, batch.X)));
    }

    [Fact]
    public void Clear_errors()
    {
        var x = Tensor.Zeros([3, 2]);
        string text = "";
        Autodiff.Vmap(v =>
        {
            text = v.ToString();
            return v;
        })(x);
        Assert.Equal("float32 [2], a batch of 3 under Vmap", text);
        Assert.Contains("Vmap", Assert.Throws<InvalidOperationException>(() => Autodiff.Vmap(v => v * v.Sum().Item())(x)).Message);
        Assert.Contains(
            "[4, 2]",
            Assert.Throws<ArgumentException>(() => Autodiff.Vmap<Tensor, Tensor, Tensor>((a, b) => a + b)(x, Tensor.Zeros([4, 2]))).Message);
        Assert.Contains("axis 2", Assert.Throws<ArgumentOutOfRangeException>(() => Autodiff.Vmap(v => v, inAxis: 2)(x)).Message);
        Assert.Contains(
            "name an axis",
            Assert.Throws<ArgumentException>(() => Autodiff.Vmap<Tensor, Tensor, Tensor>((a, b) => a, null, null)(x, x)).Message);
    }

    private static Tensor Sample(Tensor batch, int i) => batch[i..(i + 1)].Reshape([.. batch.Shape.Lengths[1..]]);

    private static Tensor Stack(Tensor[] samples) => Tensor.Concat([.. samples.Select(t => t.Reshape([1, .. t.Shape.Lengths]))]);
}
