using Gpu.Autograd.Capturing;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using static Gpu.Autograd.Tests.Repetition;

namespace Gpu.Autograd.Tests;

/// <summary>What a captured step makes one call of, and what it must keep apart.</summary>
public sealed class CaptureFusionTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    [Fact]
    public void What_nothing_reads_is_not_computed_again_and_numbers_are_made_once()
    {
        var step = Step.Capture(x =>
        {
            _ = x.Exp().Log();
            return (x * Tensor.Arange(3)) + 2;
        });
        Repeat(4, () => step.Run(Tensor.From([1f, 2f, 3f])));

        Assert.Single(step.LatestPlan!.Calls);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Chains_of_maps_are_one_map(string name)
    {
        var device = TestDevices.Require(name);
        Func<Tensor, Tensor, Tensor> gated = (x, y) => (((x * x) + y).Tanh() * (x - y).Sigmoid()) / (1 + y.Abs());
        var step = Step.Capture(gated);
        var (x, y) = (new Generator(1).Normal([3, 50], device: device), new Generator(2).Normal([3, 50], device: device));
        Repeat(4, () => step.Run(x, y));

        Close.Assert(gated(x, y), step.Run(x, y), name == "cpu" ? 0 : 1e-6, "gated");
        Assert.Single(step.LatestPlan!.Calls);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_follows_a_product_is_a_part_of_it(string name)
    {
        var device = TestDevices.Require(name);
        var generator = new Generator(4);
        var (x, w, b, more) = (Normal(3, 5, 7), Normal(9, 7), Normal(9), Normal(15, 9));
        Func<Tensor, Tensor>[] bodies =
        [
            x => (x.Reshape(15, 7).MatMul(w.Transpose()) + b).Tanh(),
            x => x.MatMul(w.Transpose()) * 0.5,
            x => (more * more) - x.Reshape(15, 7).MatMul(w.Transpose()).Exp(),
            x => Twice((x.Reshape(15, 7).MatMul(w.Transpose()) + b).Sigmoid()),
        ];
        foreach (var (k, body) in bodies.Index())
        {
            var step = Step.Capture(body);
            Repeat(4, () => step.Run(x));

            Close.Assert(body(x), step.Run(x), name == "cpu" ? 0 : 1e-6, $"body {k}");
            Assert.NotNull(Assert.IsType<ProductCall>(Assert.Single(step.LatestPlan!.Calls), exactMatch: false).Then);
        }

        Tensor Normal(params int[] lengths) => generator.Normal(new Shape(lengths), device: device);

        // An element that is read twice is one operand.
        static Tensor Twice(Tensor y) => y * y;
    }

    [Fact]
    public void A_product_that_is_read_twice_or_would_be_overwritten_stays_alone()
    {
        var state = Tensor.Zeros([4, 4]);
        var step = Step.Capture(x =>
        {
            var (once, product) = (x.MatMul(x), x.MatMul(x + 1));
            state.Assign(state - once);
            return product.Tanh() + product.MatMul(x);
        });
        var eager = Tensor.Zeros([4, 4]);
        for (int run = 0; run < 6; run++)
        {
            var x = new Generator((ulong)run).Normal([4, 4]);
            eager -= x.MatMul(x);
            var product = x.MatMul(x + 1);
            Assert.Equal((product.Tanh() + product.MatMul(x)).ToArray<float>(), step.Run(x).ToArray<float>());
            Assert.Equal(eager.ToArray<float>(), state.ToArray<float>());
        }
    }

    [Fact]
    public void Sums_of_maps_are_one_call()
    {
        var target = new Generator(6).Normal([40, 30]);
        Func<Tensor, Tensor>[] bodies =
        [
            x => (x - target).Square().Sum(), x => x.Abs().Sum(0), x => (x * target[0]).Sum(-1), x => x.Exp().Mean(0) * 1,
        ];
        foreach (var (k, body) in bodies.Index())
        {
            var step = Step.Capture(body);
            var x = new Generator(7).Normal([40, 30]);
            Repeat(4, () => step.Run(x));

            Close.Assert(body(x), step.Run(x), 0, $"body {k}");
            Assert.IsType<ReductionCall>(step.LatestPlan!.Calls[0], exactMatch: false);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_net_has_a_call_for_each_layer_and_none_for_what_follows_it(string name)
    {
        var device = TestDevices.Require(name);
        var generator = new Generator(1);
        var net = new Sequential(
            new Linear(6, 8, generator: generator), new Tanh(), new Linear(8, 8, generator: generator), new Tanh()).To(device);
        var x = generator.Normal([4, 6], device: device);
        var step = Step.Capture<Tensor, Tensor[]>(x =>
        {
            Array.ForEach([.. net.Parameters], parameter => parameter.Grad = null);
            net.Forward(x).Sum().Backward();
            return (Tensor[])[.. net.Parameters.Select(parameter => parameter.Grad!)];
        });
        for (int run = 0; run < 4; run++)
        {
            step.Run(x);
        }

        // Two layers forward, the second's way back: to what came in before the activation.
        Assert.Equal(3, step.LatestPlan!.Calls.Count(call => call is ProductCall { Then: not null }));
        var replayed = step.Run(x);
        Array.ForEach([.. net.Parameters], parameter => parameter.Grad = null);
        net.Forward(x).Sum().Backward();
        foreach (var (gradient, parameter) in replayed.Zip(net.Parameters))
        {
            Close.Assert(parameter.Grad!, gradient, name == "cpu" ? 0 : 1e-6, "gradient");
        }
    }

    [Fact]
    public void An_optimizer_changes_all_its_parameters_in_one_call()
    {
        Tensor[] parameters = [Tensor.From([1f, 2f]), Tensor.From([3f]), Tensor.From([4f, 5f, 6f])];
        Array.ForEach(parameters, parameter => parameter.RequiresGrad = true);
        var optimizer = new Adam(parameters);
        var step = Step.Capture(x =>
        {
            optimizer.ZeroGrad();
            (parameters[0].Sum() * parameters[1].Sum() * parameters[2].Sum() * x).Backward();
            optimizer.Step();
            return x * 1;
        });
        Repeat(4, () => step.Run(Tensor.Scalar(2)));

        Assert.Single(step.LatestPlan!.Calls, call => call.Results.Length == 9);
        Assert.DoesNotContain(step.LatestPlan.Calls, call => call is MapCall && call.Results[0].Storage == parameters[0].Storage);
    }

    [Fact]
    public void What_is_overwritten_between_two_maps_keeps_them_apart()
    {
        var state = Tensor.From([1f, 2f]);
        var step = Step.Capture(x =>
        {
            var before = state * x;
            state.Assign(state + 1);
            return before - 1;
        });
        for (int run = 0; run < 6; run++)
        {
            Assert.Equal([((1 + run) * 3f) - 1, ((2 + run) * 3f) - 1], step.Run(Tensor.From([3f, 3f])).ToArray<float>());
        }
    }
}
