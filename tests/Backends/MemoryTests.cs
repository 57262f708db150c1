using System.Runtime.CompilerServices;
using Gpu.Autograd.Autograd;
using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests;

/// <summary>A plain loop, without using or Dispose, runs in constant memory, and no memory is recycled while it is in use.</summary>
[Collection(nameof(Alone))]
public class MemoryTests
{
    /// <summary>
    /// The device, the step that is compared with, and the last step. Kernels that run on a CPU, and the collections that show their leaks,
    /// take milliseconds a step: 10,000 steps are for the CPU's own back end and for GPUs.
    /// </summary>
    public static TheoryData<string, int, int> Loops => new()
    {
        { "cpu", 100, 10_000 }, { "host", 100, 600 }, { "accelerator", 100, 600 }, { "opencl:0", 100, 600 }, { "cuda:0", 100, 10_000 },
    };

    /// <summary>
    /// On the slow devices the tensors are so small that no loop here would reach the budget; there the garbage is collected every few
    /// steps, and the number of blocks tells whether they come back.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(Loops))]
    public void A_loop_runs_in_constant_memory(string deviceName, int early, int late)
    {
        var device = TestDevices.Require(deviceName);
        bool small = deviceName is "host" or "accelerator" or "opencl:0";
        int width = small ? 4 : 64;
        var w = new Generator(1).Normal([width, width], 0, 0.1).To(device);
        w.RequiresGrad = true;
        var x = new Generator(2).Normal([small ? 2 : 512, width]).To(device);
        MemoryUse before = default;
        long processBefore = 0;
        for (int step = 1; step <= late; step++)
        {
            w.Grad = null;
            x.MatMul(w).Tanh().MatMul(w).Square().Mean().Backward();
            w.Assign(w.Detach() - (0.01 * w.Grad!));
            if (small && step % 10 == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            if (step == early)
            {
                before = device.Memory;
                processBefore = Environment.WorkingSet;
            }
        }

        var after = device.Memory;
        string what = $"step {early}: {before}, step {late}: {after}";
        Assert.True(after.AllocatedBytes <= before.AllocatedBytes + StoragePool.Budget, what);
        Assert.True(after.Blocks <= (2 * before.Blocks) + 100, what);
        Assert.True(after.LiveBytes <= 3 * StoragePool.Budget, what);
        Assert.True(
            Environment.WorkingSet <= processBefore + (3 * StoragePool.Budget),
            $"the process grew from {processBefore >> 20} to {Environment.WorkingSet >> 20} MB");
        Assert.False(double.IsNaN(w.Sum().Item()));
    }

    /// <summary>What a loop drops is found long before the budget is reached, so that the loop writes where it wrote a moment ago.</summary>
    [Fact]
    public void What_is_dropped_is_soon_written_again()
    {
        var backend = new ReferenceBackend();
        for (int i = 0; i < 16; i++)
        {
            _ = new Storage(backend, 1 << 20);
        }

        Assert.InRange(backend.Pool.Use.PeakBytes, 1, 12 << 20);
    }

    /// <summary>Much that was held for a while and dropped leaves no larger budget behind.</summary>
    [Fact]
    public void A_large_hold_is_forgotten()
    {
        var backend = new ReferenceBackend();
        Hold(backend);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        backend.Pool.Trim();
        Assert.Equal(0, backend.Pool.Use.AllocatedBytes);
        Assert.True(backend.Pool.Use.Collections > 0, "The hold was to pass the budget.");
        long most = 0;
        for (int i = 0; i < 4_000; i++)
        {
            _ = new Storage(backend, 1 << 18);
            most = Math.Max(most, backend.Pool.Use.AllocatedBytes);
        }

        Assert.True(most <= 2 * StoragePool.Budget, $"{most >> 20} MB for a loop that holds nothing");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Hold(Backend backend)
        {
            var held = Enumerable.Range(0, 600).Select(_ => new Storage(backend, 1 << 20)).ToArray();
            GC.KeepAlive(held);
        }
    }

    /// <summary>Sizes that never come again do not pile up: idle blocks of other sizes go back to the device.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Idle_memory_is_within_the_budget(bool growing)
    {
        var backend = new ReferenceBackend();
        var random = new Random(1);
        double[] sizes = growing
            ? [.. Enumerable.Range(0, 80).Select(i => 1024 * Math.Pow(1.15, i))]
            : [.. Enumerable.Range(0, 3_000).Select(_ => Math.Exp(random.NextDouble() * Math.Log(1 << 24)))];
        long most = 0;
        foreach (double bytes in sizes)
        {
            _ = new Storage(backend, (long)bytes);
            most = Math.Max(most, backend.Pool.Use.AllocatedBytes);
        }

        // A budget of garbage in use, one of idle blocks, and the last blocks that were asked for.
        Assert.True(most <= 2 * (StoragePool.Budget + (long)sizes.Max()), $"{most >> 20} MB: {backend.Pool.Use}");
        Assert.True(backend.Pool.Use.Collections < sizes.Length / 2, $"{backend.Pool.Use}");
    }

    /// <summary>Sizes that do come again keep their blocks while the stale ones go.</summary>
    [Fact]
    public void Stale_blocks_go_first()
    {
        var backend = new ReferenceBackend();
        Storage[] Rent(int count, long bytes) => [.. Enumerable.Range(0, count).Select(_ => new Storage(backend, bytes))];
        var stale = Rent(5, 10 << 20);
        var fresh = Rent(3, 8 << 20);
        var block = fresh[^1].Block;
        foreach (var storage in stale.Concat(fresh))
        {
            storage.Release();
        }

        // 74 MB are idle, which is more than the budget: of them half a budget stays, the size that was asked for last.
        Assert.Equal(74L << 20, backend.Pool.Use.IdleBytes);
        var other = new Storage(backend, 1 << 20);
        Assert.Equal(24L << 20, backend.Pool.Use.IdleBytes);
        Assert.Equal(4, backend.Pool.Use.Blocks);
        var again = new Storage(backend, 8 << 20);
        Assert.Same(block, again.Block);
        GC.KeepAlive(other);
    }

    /// <summary>A tensor that a finalizer brings back to life still has its memory, and so its own numbers.</summary>
    [Fact]
    public void A_resurrected_tensor_keeps_its_memory()
    {
        Drop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var others = Enumerable.Range(0, 64).Select(_ => Tensor.Full([Length], double.NaN)).ToArray();
        Assert.NotNull(Phoenix.Risen);
        Assert.All(Phoenix.Risen.ToArray<float>(), x => Assert.Equal(1, x));
        GC.KeepAlive(others);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop() => _ = new Phoenix(Tensor.Ones([Length]));
    }

    private sealed class Phoenix(Tensor x)
    {
        public static Tensor? Risen { get; private set; }

        ~Phoenix() => Risen = x;
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

    /// <summary>An op that, while it runs, throws away all that nobody holds and overwrites what the pool got back.</summary>
    private readonly struct Greedy : IMap1, IMap2
    {
        public T Value<T>(T x)
            where T : IReal<T>
        {
            Recycle();
            return x;
        }

        public T Value<T>(T a, T b)
            where T : IReal<T>
        {
            Recycle();
            return a + b;
        }

        // Now and then: each collection takes as long as the whole process has objects.
        private static void Recycle()
        {
            if (!isGreedy || calls++ % 32 != 0)
            {
                return;
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
            for (int i = 0; i < 8; i++)
            {
                _ = Tensor.Full([Length], double.NaN);
                _ = Tensor.Full([Length], double.NaN, device: Device.Parse("host"));
            }
        }
    }

    private const int Length = 70;
    private static bool isGreedy;
    private static int calls;

    /// <summary>
    /// Operands whose last use is the call itself: were their memory given back during the call, the op would read what overwrote it.
    /// </summary>
    [Theory]
    [InlineData("cpu")]
    [InlineData("host")]
    public void No_memory_is_recycled_while_an_op_uses_it(string deviceName)
    {
        var device = Device.Parse(deviceName);

        // Only fully optimized code lets go of an operand before its method returns, so the launches are run until they are that.
        for (int round = 0; round < 5; round++)
        {
            for (int i = 0; i < 60; i++)
            {
                _ = Copy(device);
                _ = Sum(device);
            }

            Thread.Sleep(150);
        }

        isGreedy = true;
        float[] copy, sum;
        try
        {
            copy = Copy(device).ToArray<float>();
            sum = Sum(device).ToArray<float>();
        }
        finally
        {
            isGreedy = false;
        }

        Assert.All(copy, x => Assert.Equal(1, x));
        Assert.All(sum, x => Assert.Equal(3, x));

        // In methods of their own, so that no local of the test holds the operands.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static Tensor Copy(Device device) => Launch.Map(default(Greedy), Tensor.Ones([Length], device: device));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Tensor Sum(Device device) =>
            Launch.Map(default(Greedy), Tensor.Ones([Length], device: device), Tensor.Full([Length], 2, device: device));
    }

    /// <summary>The test above can fail: memory that nobody holds is used again by just what its op does.</summary>
    [Fact]
    public void Memory_that_nobody_holds_is_recycled()
    {
        var block = Dropped();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Contains(Enumerable.Range(0, 64).Select(_ => Tensor.Full([Length], double.NaN)).ToArray(), t => t.Storage.Block == block);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Block Dropped() => Tensor.Ones([Length]).Storage.Block;
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

    /// <summary>
    /// Blocks are found again wherever collections leave their storages: given up, dropped while young, dropped when old, and lent many times
    /// between. The books are right throughout: nothing that is held is lent again, nothing that is dropped is lost.
    /// </summary>
    [Fact]
    public void Books_are_right_at_any_age()
    {
        const int bytes = 1 << 10;
        var backend = new ReferenceBackend();
        var random = new Random(1);
        for (int round = 0; round < 60; round++)
        {
            Turn(backend, random, round % 3 - 1);
        }

        GC.Collect();
        Assert.Equal(0, backend.Pool.Use.LiveBytes);
        Assert.InRange(backend.Pool.Use.Blocks, 100, 1_500);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Turn(Backend backend, Random random, int generation)
        {
            var held = Enumerable.Range(0, 100).Select(_ => new Storage(backend, bytes)).ToList();
            for (int k = 0; k < 300; k++)
            {
                int at = random.Next(held.Count);
                if (random.Next(2) == 0)
                {
                    held[at].Release();
                }

                if (k % 100 == 50 && generation >= 0)
                {
                    GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
                }

                held[at] = new Storage(backend, bytes);
                Assert.Equal(held.Count, held.Select(storage => storage.Block).Distinct().Count());
            }
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

    /// <summary>Whoever makes tensors may hold what a finalizer waits for: the pool, when it collects, waits for none.</summary>
    [Fact]
    public void A_finalizer_that_is_held_up_holds_nobody_up()
    {
        var device = new Device("own", new Gpu.Autograd.Backends.ReferenceBackend());
        var maker = new Thread(() =>
        {
            lock (HeldUp.Gate)
            {
                for (int i = 0; i < 100; i++)
                {
                    _ = new HeldUp();
                    _ = Tensor.Ones([1 << 20], device: device);
                }
            }
        })
        { IsBackground = true };
        maker.Start();
        Assert.True(maker.Join(TimeSpan.FromSeconds(60)), "The pool waits for a finalizer that waits for the thread that makes tensors.");
        Assert.True(device.Memory.Collections > 0);
    }

    private sealed class HeldUp
    {
        internal static readonly object Gate = new();

        ~HeldUp()
        {
            lock (Gate)
            {
            }
        }
    }
}
