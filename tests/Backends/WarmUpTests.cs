using System.Collections.Concurrent;
using Gpu.Autograd.Backends;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>Kernels that are compiled on all cores at once, before they are needed. Each test opens a device of its own.</summary>
public sealed class WarmUpTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>Steps that warm a device up are steps like any others: the same bits; and later steps compile nothing.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Warm_steps_are_the_steps_that_they_always_are(string name)
    {
        var (cold, warm) = (Open(name), Open(name));
        float[] expected = Losses(cold, body => body());
        var told = new Told();
        IReadOnlyList<CompiledKernel> kernels = [];

        float[] actual = Losses(warm, body => kernels = warm.WarmUp(body, told));

        Assert.Equal(expected, actual);
        Assert.Equal(name is "cpu" or "host", kernels.Count == 0);
        Assert.Equal(cold.CompiledKernels.Select(kernel => kernel.Name).Order(), warm.CompiledKernels.Select(kernel => kernel.Name).Order());
        Assert.Equal(kernels.Select(kernel => kernel.Name).Order(), told.Kernels.Select(kernel => kernel.Name).Order());
        Assert.Empty(warm.WarmUp(() => Losses(warm, body => body())));

        static float[] Losses(Device device, Action<Action> first)
        {
            var generator = new Generator(3);
            var net = new Sequential(
                new Linear(7, 5, generator: generator), new Tanh(), new Dropout(0.5, generator), new Linear(5, 3, generator: generator)).To(device);
            var optimizer = new Adam(net.Parameters, 0.01);
            var step = Step.Capture((x, y) =>
            {
                optimizer.ZeroGrad();
                var loss = net.Forward(x).CrossEntropy(y);
                loss.Backward();
                optimizer.Step();
                return loss;
            });
            var losses = new List<float>();
            first(() => Run(5));
            Run(2);
            return [.. losses];

            void Run(int steps)
            {
                for (int i = 0; i < steps; i++)
                {
                    var x = new Generator((ulong)i).Normal([4, 7]).To(device);
                    var loss = step.Run(x, Tensor.From<long>([0, 1, 2, 1], device: device));

                    // The host waits for what was put off, or does not.
                    if (i % 2 == 0)
                    {
                        losses.Add(loss.ToArray<float>()[0]);
                    }
                }
            }
        }
    }

    /// <summary>Whoever is told may use the device, also while a captured step is recorded; what it throws is no fault of a kernel.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Whoever_is_told_may_use_the_device(string name)
    {
        var device = Open(name);
        Skip.If(name is "cpu" or "host", $"{name} compiles nothing.");
        var w = Tensor.Ones([8, 8], device: device);
        var step = Step.Capture((Tensor x) => x.Tan().MatMul(w).Abs().Sum());
        int told = 0;
        var warming = Task.Factory.StartNew(
            () => device.WarmUp(
                () =>
                {
                    for (int i = 0; i < 4; i++)
                    {
                        step.Run(Tensor.Ones([9, 8], device: device));
                    }
                },
                new Told(_ =>
                {
                    device.Synchronize();
                    told++;
                })),
            TaskCreationOptions.LongRunning);
        Assert.True(warming.Wait(TimeSpan.FromSeconds(120)), "Who is told and who warms up wait for each other.");
        Assert.Equal(warming.Result.Count, told);

        var error = Assert.Throws<InvalidDataException>(() => device.WarmUp(() => w.Exp().Sum(), new Told(_ => throw new InvalidDataException("mine"))));
        Assert.Equal("mine", error.Message);
        Assert.Equal(64 * Math.E, w.Exp().Sum().Item(), 1e-3);
    }

    /// <summary>Whoever is told may warm the device up with something else, again and again, and is told of that as well.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Whoever_is_told_may_warm_up(string name)
    {
        var device = Open(name);
        Skip.If(name is "cpu" or "host", $"{name} compiles nothing.");
        var x = Tensor.Ones([4], device: device);
        Action[] bodies = [() => x.Sin(), () => x.Cos(), () => x.Abs()];
        List<string> told = [], inner = [];
        int next = 1;
        var warming = Task.Factory.StartNew(
            () => device.WarmUp(bodies[0], new Told(kernel =>
            {
                told.Add(kernel.Name);
                if (next < bodies.Length)
                {
                    inner.AddRange(device.WarmUp(bodies[next++], new Told(_ => device.Synchronize())).Select(news => news.Name));
                }
            })),
            TaskCreationOptions.LongRunning);

        Assert.True(warming.Wait(TimeSpan.FromSeconds(120)), "Who warms up in the middle waits for itself.");
        Assert.Contains("Sin", told[0]);
        Assert.Contains("Cos", inner[0]);
        Assert.Empty(device.WarmUp(bodies[1]));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_cannot_be_compiled_is_named_and_the_device_goes_on(string name)
    {
        var device = Open(name);
        Skip.If(name is "cpu" or "host", $"{name} compiles nothing.");
        var x = Tensor.Ones([3], device: device);

        var error = Assert.Throws<NotSupportedException>(() => device.WarmUp(() =>
        {
            _ = x.Exp();
            _ = x.Map(default(Fails)) + 1;
        }));

        Assert.StartsWith($"{name}: the op Fails cannot be compiled for this device", error.Message);
        Assert.Throws<NotSupportedException>(() => x.Map(default(Fails)));
        Assert.Equal(MathF.E * 3, x.Exp().Sum().Item(), 1e-5);

        // What the function itself throws comes out as it is.
        Assert.Throws<InvalidDataException>(() => device.WarmUp(() =>
        {
            _ = x.Sin();
            throw new InvalidDataException();
        }));
        Assert.Equal(6, (x + x).Sum().Item());
    }

    /// <summary>Another thread uses the device meanwhile, and gets its own numbers.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Other_threads_go_on_meanwhile(string name)
    {
        var device = Open(name);
        var other = Task.Factory.StartNew(
            () =>
            {
                for (int i = 1; i <= 30; i++)
                {
                    Assert.Equal(10 * i, (Tensor.Full([5], i, device: device) + i).Sum().Item());
                }
            },
            TaskCreationOptions.LongRunning);
        device.WarmUp(() =>
        {
            var x = Tensor.Ones([6], device: device);
            Assert.Equal(6 * Math.Tanh(1), x.Tanh().Sum().Item(), 1e-5);
            _ = x.Exp() * x.Sin() - x.Log();
        });
        other.GetAwaiter().GetResult();
    }

    private static Device Open(string name)
    {
        TestDevices.Require(name);
        return new Device(name, new BackendProvider().Open(name));
    }

    private sealed class Told(Action<CompiledKernel>? tell = null) : IProgress<CompiledKernel>
    {
        public ConcurrentQueue<CompiledKernel> Kernels { get; } = new();

        public void Report(CompiledKernel value)
        {
            Kernels.Enqueue(value);
            tell?.Invoke(value);
        }
    }

    private readonly struct Fails : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => throw new InvalidOperationException();

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.One;
    }
}
