using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using static Gpu.Autograd.Tests.Repetition;

namespace Gpu.Autograd.Tests;

/// <summary>Captured steps do what the eager ones do.</summary>
public sealed class CaptureTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_hundred_steps_of_Adam_are_those_of_eager_runs(string name)
    {
        var device = TestDevices.Require(name);
        int steps = name == "cpu" ? 100 : 12;
        var (eager, eagerWeights) = Train(device, steps, captured: false);
        var (captured, capturedWeights) = Train(device, steps, captured: true);

        if (name == "cpu")
        {
            Assert.Equal(eager, captured);
            Assert.Equal(eagerWeights, capturedWeights);
        }

        // Elsewhere a compiler may round a product and a sum once where they are fused.
        Close.Assert(eager, captured, 1e-5, "losses");
        Close.Assert(Array.ConvertAll(eagerWeights, w => (double)w), Array.ConvertAll(capturedWeights, w => (double)w), 1e-5, "weights");
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_replay_computes_with_its_own_arguments(string name)
    {
        var device = TestDevices.Require(name);
        var step = Step.Capture(x => ((x * x) + 1).Tanh().Sum());
        for (int run = 0; run < 6; run++)
        {
            float[] x = [.. Enumerable.Range(0, 5).Select(i => (0.1f * i) - (0.2f * run))];
            var eager = ((Tensor.From<float>(x, device: device) * Tensor.From<float>(x, device: device)) + 1).Tanh().Sum();

            double captured = step.Run(Tensor.From<float>(x, device: device)).Item();
            Assert.Equal(eager.Item(), captured, name == "cpu" ? 0 : 1e-6);
        }

        Assert.Equal(1, step.Recordings);
        Assert.NotNull(step.LatestPlan);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Integers_are_replayed_too(string name)
    {
        var device = TestDevices.Require(name);
        Func<Tensor, Tensor[]> whole = x =>
            [x.MatMul(x), x.Sum(-1), x.ArgMax(), x.Flatten().Gather(x[0] * x[0]), x.Transpose().To(DType.Float32)];
        var step = Step.Capture(whole);
        for (int run = 0; run < 6; run++)
        {
            var x = Tensor.From([run % 2, 1, 0, 1], [2, 2], device);
            foreach (var (k, eager) in whole(x).Index())
            {
                Assert.Equal(eager.To(DType.Float64).ToArray<double>(), step.Run(x)[k].To(DType.Float64).ToArray<double>());
            }
        }

        Assert.NotNull(step.LatestPlan);
    }

    [Fact]
    public void State_that_is_first_made_in_the_third_run_is_kept()
    {
        var (early, late) = (Tensor.From([1f]), Tensor.From([1f]));
        (early.RequiresGrad, late.RequiresGrad) = (true, true);
        var optimizer = new Adam([early, late], 0.1);
        var (own, others) = (new List<float>(), new List<float>());
        int runs = 0;
        var step = Step.Capture(x =>
        {
            optimizer.ZeroGrad();
            (runs++ < 2 ? early * x : early * late * x).Sum().Backward();
            optimizer.Step();
            return late * 1;
        });
        for (int run = 0; run < 8; run++)
        {
            own.Add((float)step.Run(Tensor.From([2f])).Item());
        }

        (early, late) = (Tensor.From([1f]), Tensor.From([1f]));
        (early.RequiresGrad, late.RequiresGrad) = (true, true);
        optimizer = new Adam([early, late], 0.1);
        for (int run = 0; run < 8; run++)
        {
            optimizer.ZeroGrad();
            (run < 2 ? early * 2 : early * late * 2).Sum().Backward();
            optimizer.Step();
            others.Add((float)late.Item());
        }

        Assert.Equal(others, own);
        Assert.Equal(1, step.Recordings);
    }

    /// <summary>Threads take turns, and a step that runs itself is told so, and can be run afterwards.</summary>
    [Fact]
    public void One_run_at_a_time()
    {
        var n = Tensor.Zeros([1]);
        CapturedStep<Tensor>? own = null;
        bool nested = true;
        own = Step.Capture(() =>
        {
            n.Assign(n + 1);
            return nested ? own!.Run() : n * 2;
        });
        Assert.Equal("Step.Run: the step's own body runs the step.", Assert.Throws<InvalidOperationException>(own.Run).Message);
        nested = false;
        for (int i = 0; i < 3; i++)
        {
            own.Run();
        }

        Parallel.For(0, 2000, _ => own.Run());
        Assert.Equal(2004, n[0].Item());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Another_shape_is_another_recording(string name)
    {
        var device = TestDevices.Require(name);
        var step = Step.Capture(x => x.Exp().Sum(-1));
        foreach (int rows in new[] { 2, 3, 2, 2, 3, 2, 3, 3, 2 })
        {
            var x = Tensor.Full([rows, 4], rows, device: device);
            Close.Assert(Tensor.Full([rows], 4 * Math.Exp(rows)), step.Run(x).To(Device.Cpu), 1e-6, $"{rows} rows");
        }

        Assert.Equal(2, step.Recordings);
    }

    [Fact]
    public void A_module_in_another_mode_is_another_recording()
    {
        var dropout = new Dropout(0.5, new Generator(3));
        var step = Step.Capture(x => dropout.Forward(x) * 1);
        var x = Tensor.Ones([64]);
        Repeat(5, () => step.Run(x));
        Assert.Contains(0f, step.Run(x).ToArray<float>());
        dropout.Eval();
        Assert.Equal(x.ToArray<float>(), step.Run(x).ToArray<float>());
        Repeat(5, () => step.Run(x));
        Assert.Equal(x.ToArray<float>(), step.Run(x).ToArray<float>());
        dropout.Train();
        Assert.Contains(0f, step.Run(x).ToArray<float>());
        Assert.Equal(2, step.Recordings);
    }

    [Fact]
    public void Parameters_that_have_moved_are_recorded_anew()
    {
        var layer = new Linear(2, 1, generator: new Generator(0));
        var step = Step.Capture(x => layer.Forward(x.To(layer.Weight.Device)).To(Device.Cpu));
        var x = Tensor.From([1f, 2f], [1, 2]);
        Repeat(4, () => step.Run(x));
        double before = step.Run(x).Item();
        layer.To(Device.Parse("host"));
        layer.Weight.Assign(layer.Weight + 1);
        Repeat(4, () => step.Run(x));

        Assert.Equal(before + 3, step.Run(x).Item(), 1e-6);
        Assert.NotNull(step.LatestPlan);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Gradients_add_up_over_runs(string name)
    {
        var device = TestDevices.Require(name);
        var w = Tensor.From([1f, 2f], device: device);
        w.RequiresGrad = true;
        var step = Step.Capture(x =>
        {
            var loss = (w * x).Sum();
            loss.Backward();
            return loss;
        });
        for (int run = 1; run <= 6; run++)
        {
            step.Run(Tensor.From([1f, 10f], device: device));
            Assert.Equal([1f * run, 10f * run], w.Grad!.ToArray<float>());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Random_numbers_go_on_from_run_to_run(string name)
    {
        var device = TestDevices.Require(name);
        var (own, others) = (new Generator(5), new Generator(5));
        var step = Step.Capture(() => own.Normal([4], device: device) + own.Uniform([3, 1], device: device));
        for (int run = 0; run < 6; run++)
        {
            var expected = others.Normal([4], device: device) + others.Uniform([3, 1], device: device);
            Assert.Equal(expected.ToArray<float>(), step.Run().ToArray<float>());
            Assert.Equal(others.Counter, own.Counter);
        }
    }

    [Fact]
    public void Structures_go_in_and_come_out()
    {
        var step = Step.Capture(((Tensor A, Tensor B) x, Dictionary<string, Tensor> y) =>
            new Dictionary<string, Tensor> { ["sum"] = x.A + y["c"], ["product"] = x.B * y["c"] });
        for (int run = 0; run < 5; run++)
        {
            var z = step.Run((Tensor.From([1f + run]), Tensor.From([2f])), new() { ["c"] = Tensor.From([3f]) });
            Assert.Equal([4f + run], z["sum"].ToArray<float>());
            Assert.Equal([6f], z["product"].ToArray<float>());
        }
    }

    [Fact]
    public void What_was_loaded_in_place_is_used()
    {
        var layer = new Linear(2, 1, generator: new Generator(0));
        var step = Step.Capture(layer.Forward);
        var x = Tensor.From([1f, 2f], [1, 2]);
        Repeat(4, () => step.Run(x));
        layer.Load(new Dictionary<string, Tensor> { ["weight"] = Tensor.From([3f, 4f], [1, 2]), ["bias"] = Tensor.From([5f]) });

        Assert.Equal(16, step.Run(x).Item());
    }

    [Fact]
    public void A_step_within_a_step_is_a_part_of_it()
    {
        var inner = Step.Capture(x => x.Exp());
        var outer = Step.Capture(x => inner.Run(x) + 1);
        for (int run = 0; run < 5; run++)
        {
            Assert.Equal(Math.Exp(run) + 1, outer.Run(Tensor.Scalar(run, DType.Float64)).Item(), 1e-12 * Math.Exp(run));
        }

        Assert.Equal(0, inner.Recordings);
    }

    private static (double[] Losses, float[] Weights) Train(Device device, int steps, bool captured)
    {
        var generator = new Generator(1);
        var net = new Sequential(
            new Linear(6, 8, generator: generator), new Tanh(), new BatchNorm(8), new Dropout(0.2, generator),
            new Linear(8, 3, generator: generator)).To(device);
        var optimizer = new Adam(net.Parameters, 1e-2);
        Func<Tensor, Tensor, Tensor> body = (x, labels) =>
        {
            optimizer.ZeroGrad();
            var loss = net.Forward(x).CrossEntropy(labels);
            loss.Backward();
            Clip.GradientNorm(net.Parameters, 0.5);
            optimizer.Step();
            return loss;
        };
        var step = Step.Capture(body);
        var losses = new double[steps];
        for (int i = 0; i < steps; i++)
        {
            optimizer.LearningRate = Schedule.Cosine(1e-2, i, steps);
            var x = generator.Normal([4, 6], device: device);
            var labels = Tensor.From([i % 3L, 1, 2, 0], device: device);
            losses[i] = (captured ? step.Run(x, labels) : body(x, labels)).Item();
        }

        Assert.Equal(captured ? 1 : 0, step.Recordings);
        return (losses, net.Parameters[0].ToArray<float>());
    }
}
