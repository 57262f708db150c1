using Gpu.Autograd.Nn;
using Xunit.Abstractions;
using Work = Gpu.Autograd.Autograd.Work;

namespace Gpu.Autograd.Tests;

/// <summary>What derivatives cost, counted in operations: a statement about the algorithms that no clock disturbs.</summary>
public class CostTests(ITestOutputHelper output)
{
    private static (long Launches, long Operations) Of(Action body)
    {
        using var work = Work.Count();
        body();
        return (work.Launches, work.Operations);
    }

    public static TheoryData<string> Devices => TestDevices.All;

    private static (Module Net, Tensor X) Mlp(int depth, Device device, int width = 32)
    {
        var generator = new Generator(1);
        var layers = Enumerable.Range(0, depth).SelectMany(_ => new Module[] { new Linear(width, width, generator: generator), new Tanh() });
        return (new Sequential([.. layers]).To(device), generator.Normal([16, width]).To(device));
    }

    /// <summary>The count is what can be counted by hand.</summary>
    [Fact]
    public void The_count()
    {
        var (a, b) = (Tensor.Ones([3, 4]), Tensor.Ones([4, 5]));
        Assert.Equal((1, 2 * 3 * 4 * 5), Of(() => _ = a.MatMul(b)));
        Assert.Equal((2, 12 + 12), Of(() => _ = a.Tanh().Sum()));
        Assert.Equal((0, 0), Of(() => _ = a.Transpose()[..1].BroadcastTo([4, 3])));
        Assert.Equal((1, 12), Of(() => _ = a.Transpose().Reshape(2, 6)));
        using var outer = Work.Count();
        _ = Of(() => _ = a.Exp());
        var other = new Thread(() => a.Exp());
        other.Start();
        other.Join();
        Assert.Equal(1, outer.Launches);
    }

    /// <summary>
    /// A layer's product costs one product forward and two backward; with the elementwise ops the whole pass stays below four times the
    /// forward pass, and each layer costs the same.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_backward_pass_costs_at_most_four_forward_passes_and_grows_linearly(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var counts = new List<(long Forward, long Backward, long ForwardLaunches, long BackwardLaunches)>();
        foreach (int depth in (int[])[10, 20, 40])
        {
            var (net, x) = Mlp(depth, device, deviceName is "cpu" or "cuda:0" ? 32 : 16);
            Tensor loss = 0;
            var forward = Of(() => loss = net.Forward(x).Square().Mean());
            var backward = Of(() => loss.Backward());
            counts.Add((forward.Operations, backward.Operations, forward.Launches, backward.Launches));
            output.WriteLine($"{depth} layers: forward {forward}, backward {backward}, ratio {(double)backward.Operations / forward.Operations:F3}");
            Assert.InRange((double)backward.Operations / forward.Operations, 1.5, 4);
            Assert.InRange((double)backward.Launches / forward.Launches, 0.5, 4);
        }

        // 10 more layers, and 20 more: exactly twice as much.
        Assert.Equal(2 * (counts[1].Backward - counts[0].Backward), counts[2].Backward - counts[1].Backward);
        Assert.Equal(2 * (counts[1].Forward - counts[0].Forward), counts[2].Forward - counts[1].Forward);
        Assert.Equal(2 * (counts[1].BackwardLaunches - counts[0].BackwardLaunches), counts[2].BackwardLaunches - counts[1].BackwardLaunches);
        Assert.InRange((double)counts[2].Backward / counts[1].Backward, 1.9, 2.1);
    }

    /// <summary>A value that is used n times is walked once, not once for each of the 2ⁿ paths.</summary>
    [Fact]
    public void A_node_is_walked_once()
    {
        long Launches(int depth)
        {
            var x = Tensor.Ones([4], DType.Float64);
            x.RequiresGrad = true;
            var y = x;
            for (int i = 0; i < depth; i++)
            {
                y = (y + y) * 0.5;
            }

            var loss = y.Sum();
            return Of(() => loss.Backward()).Launches;
        }

        Assert.Equal(2 * (Launches(20) - Launches(10)), Launches(40) - Launches(20));
    }

    /// <summary>Forward mode costs about two forward passes, H·v about two gradients (the rules then run in ops, not fused).</summary>
    [Fact]
    public void Jvp_and_Hvp()
    {
        var (net, x) = Mlp(10, Device.Cpu);
        Tensor Loss(Tensor v) => net.Forward(v).Square().Mean();
        var t = Tensor.Ones(x.Shape);
        using var off = Tensor.NoGrad();
        double forward = Of(() => _ = Loss(x)).Operations;
        double tangent = Of(() => _ = Autodiff.Jvp(Loss, x, t)).Operations;
        double gradient = Of(() => _ = Autodiff.Grad(Loss)(x)).Operations;
        double hvp = Of(() => _ = Autodiff.Hvp(Loss, x, t)).Operations;
        output.WriteLine($"in forward passes: Jvp {tangent / forward:F2}, Grad {gradient / forward:F2}, Hvp {hvp / forward:F2}");
        Assert.InRange(tangent / forward, 1.8, 2.5);
        Assert.InRange(gradient / forward, 1.8, 2.5); // of x alone: one product a layer
        Assert.InRange(hvp / gradient, 1.8, 3);
    }
}
