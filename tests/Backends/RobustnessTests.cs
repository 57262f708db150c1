using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests;

/// <summary>What goes wrong on a device is told in a sentence, and neither it nor any other device is harmed. Each test opens a device of its own.</summary>
public sealed class RobustnessTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void More_than_the_limit_names_what_was_asked_for_and_what_is_live(string name)
    {
        var device = Open(name);
        Assert.Equal(long.MaxValue, device.MemoryLimit);
        device.MemoryLimit = 100_000;
        var x = Tensor.Ones([10_000], device: device);

        var error = Assert.Throws<OutOfMemoryException>(() => Tensor.Ones([20_000], device: device));
        Assert.Equal($"{name}: 81920 bytes were asked for, 40960 are in use, and MemoryLimit allows for 100000.", error.Message);
        Assert.Throws<OutOfMemoryException>(() => x.Outer(x));

        // The device goes on, and has taken no more than it may.
        Assert.Equal(20_000, (x + x).Sum().Item());
        Assert.InRange(device.Memory.AllocatedBytes, 1, 100_000);
        device.MemoryLimit = long.MaxValue;
        Assert.Equal(20_000, Tensor.Ones([20_000], device: device).Sum().Item());
        Assert.Throws<ArgumentOutOfRangeException>(() => device.MemoryLimit = -1);
    }

    /// <summary>What is idle in another size, and what is garbage, is had back before more is refused.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Within_a_limit_a_loop_of_many_sizes_goes_on(string name)
    {
        var device = Open(name);
        device.MemoryLimit = 1 << 20;
        for (int n = 1; n <= 40; n++)
        {
            Assert.Equal(3000 * n, Tensor.Ones([3000 * n], device: device).ToArray<float>().Sum());
        }

        Assert.InRange(device.Memory.PeakBytes, 3000 * 40 * 4, 1 << 20);
    }

    /// <summary>What had grown old before it was dropped is had back too: a collection of the young alone does not find it.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Within_a_limit_old_tensors_that_were_dropped_make_room(string name)
    {
        var device = Open(name);
        device.MemoryLimit = 1 << 20;
        GrowOld(device);
        Assert.Equal(150_000, Tensor.Ones([150_000], device: device).Sum().Item());

        // A method of its own, so that nothing of it is left on the stack.
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void GrowOld(Device device)
        {
            var kept = Enumerable.Range(0, 8).Select(_ => Tensor.Ones([30_000], device: device)).ToArray();
            GC.Collect();
            GC.Collect();
            GC.KeepAlive(kept);
        }
    }

    /// <summary>Threads that make, use and drop tensors at once, while the garbage is collected, each get their own numbers.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Threads_share_a_device(string name)
    {
        var device = Open(name);
        float[][] expected = [.. Enumerable.Range(0, 4).Select(seed => Work(Device.Cpu, seed, 1))];
        var threads = Enumerable.Range(0, 4).Select(seed => Task.Factory.StartNew(
            () => Work(device, seed, name is "cpu" or "cuda:0" ? 200 : 20), TaskCreationOptions.LongRunning)).ToArray();
        while (!Task.WaitAll(threads, 20))
        {
            GC.Collect();
        }

        for (int seed = 0; seed < 4; seed++)
        {
            Close.Assert(
                [.. expected[seed].Select(x => (double)x)], [.. threads[seed].Result.Select(x => (double)x)], 1e-6, $"thread {seed}");
        }

        static float[] Work(Device device, int seed, int rounds)
        {
            float[] last = [];
            for (int round = 0; round < rounds; round++)
            {
                var x = new Generator((ulong)seed).Normal([7, 5]).To(device);
                float[] found = Autodiff.Grad(v => v.MatMul(v.Transpose()).Tanh().Sum())(x).ToArray<float>();
                Assert.True(round == 0 || found.AsSpan().SequenceEqual(last), $"round {round} of thread {seed} gave other numbers");
                last = found;
            }

            return last;
        }
    }

    /// <summary>Neither a copy from a device that is closed nor one to it works; another device of the same kind does.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_is_on_a_closed_device_says_so(string name)
    {
        var (device, other) = (Open(name), Open(name));
        var (x, kept) = (Tensor.Ones([3], device: device), Tensor.Ones([3], device: other));
        device.Close();
        device.Close();
        if (name is "cpu" or "host")
        {
            // There is nothing to close.
            Assert.Equal(6, (x + x).Sum().Item());
            return;
        }

        foreach (var use in new Action[]
        {
            () => _ = x + x, () => x.ToArray<float>(), () => x.To(Device.Cpu), () => Tensor.Zeros([4], device: device), device.Synchronize,
            () => x.MatMul(x), () => _ = x.RequiresGrad = true && x.Sum().Item() > 0,
        })
        {
            var error = Assert.Throws<ObjectDisposedException>(use);
            Assert.StartsWith($"{name} was closed, and what was on it is gone. Device.Parse opens it anew.", error.Message);
        }

        // What finalizers and the pool do afterwards harms nobody.
        x = null;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        device.Trim();
        Assert.Equal((0, 0), (device.Memory.AllocatedBytes, device.Memory.Blocks));
        Assert.Equal(6, (kept + kept).Sum().Item());
    }

    private static Device Open(string name)
    {
        TestDevices.Require(name);
        return new Device(name, new BackendProvider().Open(name));
    }
}
