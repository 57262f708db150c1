using Gpu.Autograd.Kernels;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>A replay may read its arguments where they are, but computes with what was in them when it was run.</summary>
public sealed class CaptureArgumentTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>Arguments that lie in all kinds of ways, another one in each run; some of them have wide loads in mind.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Arguments_may_be_views_of_any_kind(string name)
    {
        var device = TestDevices.Require(name);
        var generator = new Generator(1);
        var data = generator.Normal([40, 8]).To(device);
        var w = generator.Normal([8, 12]).To(device);
        var labels = Tensor.From([.. Enumerable.Range(0, 40).Select(i => (long)(i * 5 % 12))]).To(device);
        Func<Tensor, Tensor, Tensor> body = (x, y) => (x.MatMul(w).CrossEntropy(y) + x.Tanh().Sum(1)) * x[.., 3..4].Sum() + x[2..4].Mean();
        var step = Step.Capture(body);
        (Tensor X, Tensor Y)[] arguments =
        [
            (data[..8], labels[..8]), (data[8..16], labels[8..16]), (data[16..24], labels[24..32]), (data[3..11], labels[3..11]),
            (data[1..9], labels[2..10]), (data.Transpose()[.., ..8].Copy(), labels[..8].Copy()), (data.Transpose()[.., 4..12], labels[..8]),
            (data[0].BroadcastTo([8, 8]), labels[5].BroadcastTo([8])), (data.Reshape(-1)[5..69].Reshape(8, 8), labels[1..9]),
            (data.Reshape(-1)[4..68].Reshape(8, 8), labels[4..12]), (data[..8], labels[..8]), (data[..16].Reshape(8, 2, 8)[.., 1], labels[32..]),
        ];
        foreach (var (i, (x, y)) in arguments.Concat(arguments).Index())
        {
            Close.Assert(body(x, y), step.Run(x, y), 1e-5, $"run {i} on {name}");
            Assert.Equal(i < 2, step.LatestPlan is null && step.Recordings == 0);
        }

        Assert.Equal(1, step.Recordings);
    }

    /// <summary>What becomes of an argument once Run has returned is nothing to the step, also where the device is still at work.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_argument_may_be_overwritten_or_dropped_after_the_run(string name)
    {
        var device = TestDevices.Require(name);
        var step = Step.Capture((Tensor x) =>
        {
            var y = x;
            for (int i = 0; i < 4; i++)
            {
                y = (y.MatMul(x) * 0.1).Tanh();
            }

            return (y + x).Sum();
        });
        double expected = step.Run(Ones(1)).Item();
        var x = Ones(1);
        for (int run = 0; run < 6; run++)
        {
            var y = step.Run(x);
            x.Assign(Tensor.Ones([16, 16], device: device) * 7);
            Assert.Equal(expected, y.Item(), 1e-4 * expected);
            x.Assign(Tensor.Ones([16, 16], device: device));

            // Memory that nobody has any more is the next tensor's.
            y = step.Run(Ones(1));
            if (run == 3)
            {
                GC.Collect();
                device.Trim();
            }

            Tensor[] others = [.. Enumerable.Range(0, 4).Select(_ => Ones(9))];
            Assert.Equal(expected, y.Item(), 1e-4 * expected);
            Assert.Equal(9, others[3].Mean().Item());
        }

        Tensor Ones(double value) => Tensor.Ones([16, 16], device: device) * value;
    }

    /// <summary>The same tensor twice, parts of one, a parameter that the step changes, and what an earlier run returned.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Arguments_may_be_each_other_or_what_the_step_writes(string name)
    {
        var device = TestDevices.Require(name);
        double[] eager = Run(captured: false), captured = Run(captured: true);
        Close.Assert(eager, captured, 1e-5, name);

        double[] Run(bool captured)
        {
            var generator = new Generator(3);
            var w = generator.Normal([8, 8]).To(device);
            w.RequiresGrad = true;
            var optimizer = new Adam([w], learningRate: 0.05);
            Func<Tensor, Tensor, (Tensor, Tensor)> body = (x, y) =>
            {
                optimizer.ZeroGrad();
                var z = x.MatMul(w).Tanh() * y;
                (z * z).Mean().Backward();
                optimizer.Step();

                // Read after the parameter has changed.
                return ((z + y).Detach(), (x.MatMul(y) * 0.1) + w.Detach() - x);
            };
            var step = Step.Capture(body);
            var numbers = new List<double>();
            var data = generator.Normal([20, 8]).To(device);
            var (a, b) = (data[..8], data[8..16]);
            for (int run = 0; run < 16; run++)
            {
                var (x, y) = (run % 8) switch
                {
                    0 => (a, a),
                    1 => (data[..8], data[4..12]),
                    2 => (w.Detach(), b),
                    3 => (b, w.Detach()),
                    4 => (w.Detach().Transpose(), w.Detach()),
                    5 => (data[12..], a),
                    6 => (a, b),
                    _ => (b, a),
                };

                // As they were before the run: a parameter is another one afterwards.
                (a, b) = captured ? step.Run(x, y) : body(x.Copy(), y.Copy());
                numbers.AddRange(Numbers(a).Concat(Numbers(b)));
            }

            Assert.Equal(captured ? 1 : 0, step.Recordings);
            return [.. numbers, .. Numbers(w.Detach())];
        }

        static double[] Numbers(Tensor x) => x.To(Device.Cpu).To(DType.Float64).ToArray<double>();
    }

    /// <summary>A plain number is what it is in the body as it stands: of the other argument's dtype, and on its device.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Arguments_may_be_plain_numbers(string name)
    {
        var device = TestDevices.Require(name);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var x = Tensor.Ones([3], dtype, device);
            var step = Step.Capture((Tensor x, Tensor s) => x.Sum() * s);
            for (int run = 0; run < 5; run++)
            {
                Assert.Equal(0.3 * run, step.Run(x, 0.1 * run).Item(), dtype == DType.Float64 ? 1e-15 : 1e-6);
            }

            Assert.Equal(1, step.Recordings);
            for (int run = 0; run < 5; run++)
            {
                Assert.Equal(3 * run, step.Run(x, Tensor.Scalar(run, dtype, device)).Item());
            }
        }
    }

    /// <summary>An argument that is given back, and one that the body writes, keep memory of their own.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Arguments_that_are_returned_or_written_are_copied(string name)
    {
        var device = TestDevices.Require(name);
        var step = Step.Capture((Tensor x, Tensor y) => (x, x + y));
        var writing = Step.Capture((Tensor x) =>
        {
            x.Assign(x * 2);
            return x + 1;
        });
        for (int run = 0; run < 6; run++)
        {
            var a = Tensor.From([run + 1.0, run]).To(device);
            var (same, sum) = step.Run(a, Tensor.From([10.0, 10]).To(device));
            a.Assign(a * 100);
            Assert.Equal(run == 0 ? [100.0, 0] : [run + 1.0, run], same.To(Device.Cpu).ToArray<double>());
            Assert.Equal([run + 11.0, run + 10], sum.To(Device.Cpu).ToArray<double>());

            // What was returned is the other argument of the next run, which overwrites it.
            (same, sum) = step.Run(sum, same);
            Assert.Equal(run == 0 ? [111.0, 10] : [(2 * run) + 12.0, (2 * run) + 10], sum.To(Device.Cpu).ToArray<double>());

            var b = Tensor.From([3.0]).To(device);
            Assert.Equal(7, writing.Run(b).Item());
            Assert.Equal(run < 2 ? 6 : 3, b.Item());
        }
    }

    [Fact]
    public void An_argument_that_was_kept_says_what_became_of_it()
    {
        var device = Device.Parse("host");
        Tensor? kept = null;
        var step = Step.Capture((Tensor x) =>
        {
            kept = x;
            return x * 2;
        });
        for (int run = 0; run < 4; run++)
        {
            Assert.Equal(2 * run, step.Run(Tensor.From([(double)run]).To(device)).Item());
        }

        var error = Assert.Throws<ObjectDisposedException>(() => kept!.Item());
        Assert.Contains("This tensor was an argument of a captured step, which reads each argument where it is", error.Message);
    }

    /// <summary>A net whose kernels are put together, on another batch in each step, some of which lie where they must be copied.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Kernels_that_were_put_together_read_each_batch(bool watched)
    {
        var device = watched ? new Device("watched", new HostBackend(5)) : Device.Parse("host");
        double[] eager = Train(Device.Cpu, captured: false), actual = Train(device, captured: true);
        Close.Assert(eager, actual, 2e-5, "losses");

        static double[] Train(Device device, bool captured)
        {
            var generator = new Generator(2);
            var net = new Sequential(new Linear(8, 8, generator: generator), new Relu(), new Linear(8, 4, generator: generator));
            net.To(device);
            var optimizer = new Adam(net.Parameters, learningRate: 0.02);
            var data = generator.Normal([100, 8]).To(device);
            var labels = Tensor.From([.. Enumerable.Range(0, 100).Select(i => (long)(i * i % 4))]).To(device);
            Func<Tensor, Tensor, Tensor> body = (x, y) =>
            {
                optimizer.ZeroGrad();
                var loss = net.Forward(x).CrossEntropy(y);
                loss.Backward();
                optimizer.Step();
                return loss;
            };
            var step = Step.Capture(body);
            return
            [
                .. Enumerable.Range(0, 8).Select(i =>
                {
                    int from = i * 10 + (i % 3);
                    var (x, y) = (data[from..(from + 18)], labels[from..(from + 18)]);
                    return (captured ? step.Run(x, y) : body(x, y)).Item();
                }),
                .. net.Parameters.SelectMany(p => p.Detach().To(Device.Cpu).To(DType.Float64).ToArray<double>()),
            ];
        }
    }

    /// <summary>Each argument is read where it is: nothing is launched, and nothing taken, to copy it.</summary>
    [Fact]
    public void What_lies_well_is_not_copied()
    {
        var backend = new CountingBackend();
        var device = new Device("counting", backend);
        var step = Step.Capture((Tensor x) => x.Exp() * 2);
        var data = Tensor.Ones([40, 4], device: device);
        int[] launches = [.. new[] { data[..8], data[8..16], data[16..24], data[8..16], data[..32].Reshape(8, 4, 4)[.., 1], data[24..32] }.Select(x =>
        {
            backend.Launches.Clear();
            step.Run(x);
            return backend.Launches.Count;
        })];
        Assert.Equal([1, 2, 1], launches[3..]);
    }
}
