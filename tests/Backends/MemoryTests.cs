namespace Gpu.Autograd.Tests;

/// <summary>A plain loop, without using or Dispose, runs in constant memory, and no memory is recycled while it is in use.</summary>
[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public class MemoryTests
{
    /// <summary>Steps of a loop like a training step's: fewer on the devices that take milliseconds a launch.</summary>
    public static TheoryData<string, int, int> Loops => new()
    {
        { "cpu", 100, 10_000 }, { "host", 100, 1_000 }, { "accelerator", 20, 120 }, { "opencl:0", 20, 500 }, { "cuda:0", 100, 10_000 },
    };

    [SkippableTheory]
    [MemberData(nameof(Loops))]
    public void A_loop_runs_in_constant_memory(string deviceName, int early, int late)
    {
        var device = TestDevices.Require(deviceName);
        bool small = deviceName is "host" or "accelerator";
        int width = small ? 4 : 64;
        var w = new Generator(1).Normal([width, width], 0, 0.1).To(device);
        w.RequiresGrad = true;
        var x = new Generator(2).Normal([small ? 8 : 512, width]).To(device);
        MemoryUse before = default;
        long processBefore = 0;
        for (int step = 1; step <= late; step++)
        {
            w.Grad = null;
            x.MatMul(w).Tanh().MatMul(w).Square().Mean().Backward();
            w.Assign(w.Detach() - (0.01 * w.Grad!));
            if (step == early)
            {
                before = device.Memory;
                processBefore = Environment.WorkingSet;
            }
        }

        var after = device.Memory;
        Assert.True(
            after.AllocatedBytes <= before.AllocatedBytes + StoragePool.Budget,
            $"step {early}: {before}, step {late}: {after}");
        Assert.True(after.LiveBytes <= 3 * StoragePool.Budget, $"step {late}: {after}");
        Assert.True(
            Environment.WorkingSet <= processBefore + (3 * StoragePool.Budget),
            $"the process grew from {processBefore >> 20} to {Environment.WorkingSet >> 20} MB");
        Assert.False(double.IsNaN(w.Sum().Item()));
    }

    /// <summary>With more made than the budget allows, the pool collects, and blocks are used again rather than allocated.</summary>
    [Fact]
    public void The_budget_makes_the_pool_recycle()
    {
        var before = Device.Cpu.Memory;
        for (int i = 0; i < 2_000; i++)
        {
            _ = Tensor.Zeros([1 << 18]);
        }

        // 2,000 tensors of 1 MB each passed through; far fewer blocks were ever taken.
        var after = Device.Cpu.Memory;
        Assert.True(after.Collections > before.Collections, $"{before} → {after}");
        Assert.True(after.Blocks - before.Blocks < 500, $"{before} → {after}");
    }

    /// <summary>
    /// Operands whose last use is the call itself: were their memory given back during the call, another tensor would overwrite it.
    /// </summary>
    [Fact]
    public void No_memory_is_recycled_while_an_op_uses_it()
    {
        using var stop = new CancellationTokenSource();
        var thrower = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
                _ = Tensor.Full([1 << 16], double.NaN);
            }
        });
        thrower.Start();
        try
        {
            for (int i = 0; i < 300; i++)
            {
                Assert.Equal(3 * 65536, (Tensor.Ones([1 << 16]) + Tensor.Full([1 << 16], 2)).Sum().Item());
            }
        }
        finally
        {
            stop.Cancel();
            thrower.Join();
        }
    }

    /// <summary>The gradients in flight of a deep chain go back at once: the pass takes no more memory for 200 layers than for 20.</summary>
    [Fact]
    public void A_backward_pass_recycles_its_gradients()
    {
        long Taken(int depth)
        {
            var x = Tensor.Ones([1 << 16]);
            x.RequiresGrad = true;
            var y = x;
            for (int i = 0; i < depth; i++)
            {
                y = y.Tanh();
            }

            var loss = y.Sum();
            Device.Cpu.Trim();
            long before = Device.Cpu.Memory.AllocatedBytes;
            loss.Backward();
            long taken = Device.Cpu.Memory.AllocatedBytes - before;
            Assert.Equal(1 << 16, x.Grad!.Count);
            GC.KeepAlive(y);
            return taken;
        }

        Assert.True(Taken(200) <= Taken(20) + (1 << 18), $"{Taken(200)} against {Taken(20)} bytes");
    }

    /// <summary>What a pass gives back is not what it hands out: gradients of shared and reshaped values stay right.</summary>
    [Fact]
    public void A_backward_pass_keeps_what_it_hands_out()
    {
        var a = Tensor.Ones([64]);
        var b = Tensor.Ones([64]);
        a.RequiresGrad = b.RequiresGrad = true;
        for (int i = 0; i < 3; i++)
        {
            a.Grad = b.Grad = null;
            var s = a + b;
            var y = (s * 3).Reshape(8, 8).Transpose() + (s * s).Reshape(8, 8);
            (y.Sum() + (2 * s).Sum()).Backward();

            // Whatever was given back is overwritten here.
            _ = Enumerable.Range(0, 50).Select(_ => Tensor.Full([64], double.NaN)).ToArray();
            Assert.All(a.Grad!.ToArray<float>(), g => Assert.Equal(3 + 4 + 2, g));
            Assert.All(b.Grad!.ToArray<float>(), g => Assert.Equal(3 + 4 + 2, g));
        }
    }

    /// <summary>Size classes waste little and are stable.</summary>
    [Fact]
    public void Size_classes()
    {
        for (long bytes = 1; bytes < 1L << 34; bytes = (bytes * 5 / 4) + 1)
        {
            long size = StoragePool.SizeClass(bytes);
            Assert.InRange(size, bytes, Math.Max(256, bytes + (bytes / 8) + 256));
            Assert.Equal(size, StoragePool.SizeClass(size));
        }
    }
}
