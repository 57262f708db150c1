using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using static Gpu.Autograd.Tests.Repetition;

namespace Gpu.Autograd.Tests;

/// <summary>Whose memory a captured step reads and writes: its own, its arguments' and its parameters', and no one else's.</summary>
public sealed class CaptureMemoryTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>A call that needs memory for itself keeps it as long as it is replayed.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_a_replay_works_in_is_nobody_elses(string name)
    {
        var device = TestDevices.Require(name);
        var x = new Generator(1).Normal([6, 5, 4]).To(device);
        var step = Step.Capture((Tensor x) => (x * x).Sum(1) + (x.Exp() * x).Sum([0, 2], keepDims: true).Reshape(1, 5)[0, 0]);
        var expected = step.Run(x).To(Device.Cpu).ToArray<float>();
        for (int run = 0; run < 3; run++)
        {
            step.Run(x);
        }

        Tensor[] mine = [.. Enumerable.Range(0, 8).Select(_ => Tensor.Ones([6, 5, 4], device: device))];
        var actual = step.Run(x);
        Assert.Equal(1, step.Recordings);
        Close.Assert(Tensor.From<float>(expected, [6, 4]), actual.To(Device.Cpu), 1e-5, name);
        Assert.All(mine, tensor => Assert.Equal(120, tensor.Sum().Item()));
    }

    /// <summary>Results that are arguments of the next run, each in the other's place.</summary>
    [Fact]
    public void Results_may_be_arguments_in_another_order()
    {
        var step = Step.Capture((Tensor current, Tensor before) => (current + before, current));
        var (current, before) = (Tensor.From([1.0]), Tensor.From([1.0]));
        var numbers = new List<double>();
        for (int run = 0; run < 8; run++)
        {
            (current, before) = step.Run(current, before);
            numbers.Add(current.Item());
        }

        Assert.Equal([2, 3, 5, 8, 13, 21, 34, 55], numbers);
        Assert.Equal(1, step.Recordings);
    }

    [Fact]
    public void A_part_of_an_argument_may_be_the_next_argument()
    {
        var step = Step.Capture((Tensor x) => x.Transpose() * 1.0);
        var turning = Step.Capture((Tensor x) => x.Transpose());
        var x = Tensor.From([1.0, 2, 3, 4, 5, 6, 7, 8, 9]).Reshape(3, 3);
        var y = x;
        for (int run = 0; run < 7; run++)
        {
            x = step.Run(x);
            y = turning.Run(y);
            Assert.Equal(x.ToArray<double>(), y.ToArray<double>());
        }
    }

    /// <summary>Gradients that are added up over several runs, and changed between them.</summary>
    [Fact]
    public void A_gradient_that_was_set_between_replays_is_added_to()
    {
        double[] captured = Run(capture: true), eager = Run(capture: false);
        Assert.Equal(eager, captured);

        static double[] Run(bool capture)
        {
            var w = Tensor.From([3.0]);
            w.RequiresGrad = true;
            Func<Tensor> body = () =>
            {
                var loss = (w * w).Sum();
                loss.Backward();
                return loss;
            };
            var step = Step.Capture(body);
            var gradients = new List<double>();
            for (int run = 0; run < 12; run++)
            {
                _ = capture ? step.Run() : body();
                gradients.Add(w.Grad!.Item());
                if (run is 4 or 9)
                {
                    w.Grad = w.Grad! * 0.5;
                }
            }

            return [.. gradients];
        }
    }

    /// <summary>Nothing is launched for a batch of nothing.</summary>
    [Fact]
    public void A_batch_of_nothing_is_recorded_too()
    {
        var net = new Sequential(new Linear(6, 3), new Tanh());
        var optimizer = new Sgd(net.Parameters, 0.1);
        var step = Step.Capture((Tensor x) =>
        {
            optimizer.ZeroGrad();
            var loss = (net.Forward(x) * 2).Sum();
            loss.Backward();
            optimizer.Step();
            return loss;
        });
        for (int run = 0; run < 5; run++)
        {
            Assert.Equal(0, step.Run(Tensor.Zeros([0, 6])).Item());
        }

        Assert.Equal(1, step.Recordings);
    }

    [Fact]
    public void Linear_takes_numbers_only()
    {
        var x = Tensor.Ones([2, 3], DType.Bool);
        var error = Assert.Throws<ArgumentException>(() => x.Linear(Tensor.Ones([4, 3], DType.Bool)));
        Assert.StartsWith("Linear: ", error.Message);
    }

    [Fact]
    public void Results_that_live_one_after_the_other_share_memory()
    {
        var step = Step.Capture(x =>
        {
            for (int i = 0; i < 10; i++)
            {
                x = x.MatMul(x);
            }

            return x;
        });
        Repeat(4, () => step.Run(Tensor.Eye(32)));

        Assert.Equal(10, step.LatestPlan!.Calls.Count);
        Assert.Equal(2 * 4096, step.LatestPlan.SharedBytes);
        Assert.Equal(9 * 4096, step.LatestPlan.SeparateBytes);
        Assert.Equal(2 * 4096, step.LatestPlan.AliveBytes);
    }

    [Fact]
    public void A_replay_allocates_nothing()
    {
        var (step, x, labels) = SmallStep();
        Repeat(50, () => step.Run(x, labels));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            step.Run(x, labels);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>A gradient that the body itself replaces by one made of it is found as the run before left it.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_gradient_that_the_body_scales_goes_on(string name)
    {
        var device = TestDevices.Require(name);
        double[] eager = Run(body => body), captured = Run(body => Step.Capture(body).Run);
        Assert.Equal(eager, captured);
        Assert.Equal([1, 1.5, 1.75, 1.875, 1.9375, 1.96875], eager);

        // Read, and then set anew: the reader sees the gradient of the run before.
        eager = Last(body => body);
        captured = Last(body => Step.Capture(body).Run);
        Assert.Equal(eager, captured);

        double[] Run(Func<Func<Tensor, Tensor>, Func<Tensor, Tensor>> how)
        {
            var w = Tensor.From([1f, 2f], device: device);
            w.RequiresGrad = true;
            var run = how(x =>
            {
                if (w.Grad is not null)
                {
                    w.Grad = w.Grad * 0.5;
                }

                (w * x).Sum().Backward();
                return w.Grad! * 1;
            });
            return [.. Enumerable.Range(0, 6).Select(_ => run(Tensor.From([1f, 10f], device: device))[0].Item())];
        }

        double[] Last(Func<Func<Tensor, Tensor>, Func<Tensor, Tensor>> how)
        {
            var w = Tensor.From([1f, 2f], device: device);
            w.RequiresGrad = true;
            var run = how(x =>
            {
                var last = w.Grad is null ? x * 0 : w.Grad * 1;
                w.Grad = null;
                (w * x).Sum().Backward();
                return last;
            });
            return [.. Enumerable.Range(0, 6).Select(i => run(Tensor.From([1f + i, 10f], device: device))[0].Item())];
        }
    }

    private static (CapturedStep<Tensor, Tensor, Tensor> Step, Tensor X, Tensor Labels) SmallStep()
    {
        var generator = new Generator(1);
        var net = new Sequential(
            new Linear(6, 8, generator: generator), new Tanh(), new Dropout(0.2, generator), new Linear(8, 3, generator: generator));
        var optimizer = new Adam(net.Parameters);
        var step = Step.Capture((x, labels) =>
        {
            optimizer.ZeroGrad();
            var loss = net.Forward(x).CrossEntropy(labels);
            loss.Backward();
            optimizer.Step();
            return loss;
        });
        return (step, generator.Normal([4, 6]), Tensor.From([0L, 1, 2, 1]));
    }
}
