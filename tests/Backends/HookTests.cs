namespace Gpu.Autograd.Tests;

/// <summary>Functions that see a gradient on its way, and may replace it.</summary>
public class HookTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor Leaf(Device device, params ReadOnlySpan<double> values)
    {
        var x = Tensor.From(values, device: device);
        x.RequiresGrad = true;
        return x;
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_hook_sees_the_whole_gradient_once_and_may_replace_it(string deviceName)
    {
        var x = Leaf(TestDevices.Require(deviceName), 1, 2, 3);
        var y = x.Square();
        var seen = new List<double[]>();
        y.RegisterHook(g =>
        {
            seen.Add(Close.Values(g));
            return null;
        });
        y.RegisterHook(g => 10 * g);
        x.RegisterHook(g =>
        {
            seen.Add(Close.Values(g));
            return g.Detach() + 1;
        });

        // y is used twice: the hook sees the sum.
        ((2 * y) + (3 * y)).Sum().Backward();
        Assert.Equal([[5, 5, 5], [100, 200, 300]], seen);
        Assert.Equal([101.0, 201.0, 301.0], Close.Values(x.Grad!));
    }

    /// <summary>On a leaf it sees what this pass adds, not what is there already; when it is disposed it sees nothing.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void On_a_leaf_over_several_passes(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Leaf(device, 1, 2);
        int calls = 0;
        var hook = x.RegisterHook(g =>
        {
            calls++;
            Assert.Equal([3.0, 3.0], Close.Values(g));
            return null;
        });
        (3 * x).Sum().Backward();
        (3 * x).Sum().Backward();
        hook.Dispose();
        hook.Dispose();
        (4 * x).Sum().Backward();
        Assert.Equal(2, calls);
        Assert.Equal([10.0, 10.0], Close.Values(x.Grad!));
    }

    /// <summary>Gradients in flight are recycled, but never one that a hook has seen or returned.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_a_hook_has_seen_stays_what_it_was(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var kept = new List<Tensor>();
        var x = Leaf(device, [.. Enumerable.Repeat(0.5, 64)]);
        var y = x;
        for (int i = 0; i < 6; i++)
        {
            y = (y.Tanh() + y).Reshape(8, 8).Reshape(64) * 1.5;
            y.RegisterHook(g =>
            {
                kept.Add(g);
                var replaced = kept.Count % 2 == 0 ? g * 1 : g.Reshape(8, 8).Reshape(64);
                kept.Add(replaced);
                return replaced;
            });
        }

        var loss = y.Square().Sum();
        loss.Backward(retainGraph: true);
        var gradient = Close.Values(x.Grad!);

        // Whatever was given back is overwritten here.
        _ = Enumerable.Range(0, 100).Select(_ => Tensor.Full([64], double.NaN, DType.Float64, device)).ToArray();
        Assert.Equal(12, kept.Count);
        Assert.All(kept, g => Assert.All(Close.Values(g), value => Assert.True(value > 0)));
        for (int i = 0; i < kept.Count; i += 2)
        {
            Assert.Equal(Close.Values(kept[i]), Close.Values(kept[i + 1]));
        }

        x.Grad = null;
        loss.Backward();
        Assert.Equal(gradient, Close.Values(x.Grad!));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_replacement_is_differentiated_with_the_graph(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Leaf(device, 2);
        var y = x * x * x;
        y.RegisterHook(g => g * x);
        y.Sum().Backward(createGraph: true);
        var first = x.Grad!;
        Assert.Equal([24.0], Close.Values(first)); // 3x²·x
        x.Grad = null;
        first.Sum().Backward();
        Assert.Equal([36.0], Close.Values(x.Grad!)); // 9x²
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Inside_of_transforms(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From<double>([1, 2, 3], device: device);
        Tensor Clipped(Tensor v)
        {
            var y = v.Square();
            y.RegisterHook(g => Tensor.Where(g < 2, g, 2));
            return (y * Tensor.From<double>([1, 2, 3], device: device)).Sum();
        }

        Assert.Equal([2.0, 8, 12], Close.Values(Autodiff.Grad(Clipped)(x)));
        Close.Assert(2 * Tensor.From<double>([1, 2, 2], device: device), Autodiff.Hvp(Clipped, x, Tensor.Ones([3], DType.Float64, device)), 1e-14, "forward over reverse");
        Shape? seen = null;
        Autodiff.Grad(v => Autodiff.Vmap(e =>
        {
            var y = e.Square();
            y.RegisterHook(g =>
            {
                seen = g.Shape;
                return null;
            });
            return y;
        })(v).Sum())(x);
        Assert.Equal([3], seen!);
    }

    [Fact]
    public void Clear_errors()
    {
        Assert.Contains(
            "RegisterHook: float32 [2] has no gradient", Assert.Throws<InvalidOperationException>(() => Tensor.Ones([2]).RegisterHook(_ => null)).Message);
        var x = Leaf(Device.Cpu, 1, 2);
        var y = x.Tanh();
        y.RegisterHook(g => g.Sum());
        Assert.Equal(
            "RegisterHook: the hook on the result of Tanh returned float64 [] on cpu for a gradient float64 [2] on cpu.",
            Assert.Throws<InvalidOperationException>(() => y.Sum().Backward()).Message);
    }
}
