using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Tests;

/// <summary>The host finds the mistakes that show on a GPU now and then; and the kernels have none of them.</summary>
public sealed unsafe class HostRaceTests
{
    private const int Threads = 8;

    [Fact]
    public void AMissingBarrierIsFound()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Run(new Shift(Barrier: false)));
        Assert.Matches("^Shift: thread . of group 0: A (race: thread . of group 0 (wrote|read) byte|kernel read byte)", error.Message);
        Run(new Shift(Barrier: true));
    }

    [Fact]
    public void TwoThreadsThatWriteOnePlaceAreFound()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Run(new Crowd()));
        Assert.Matches(
            "^Crowd: thread . of group 0: A race: thread . of group 0 wrote byte 0 of shared memory, thread . of group 0 writes it, and no barrier is between.$",
            error.Message);
    }

    [Fact]
    public void AWriteAfterOthersReadIsFound()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Run(new Reuse()));
        Assert.Contains("A race: ", error.Message);
        Assert.Contains(" of shared memory", error.Message);
    }

    [Fact]
    public void SharedMemoryThatNobodyWroteIsFoundInEveryGroup()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Run(new Unwritten(OfGroup: 0)));
        Assert.EndsWith("A kernel read byte 12 of shared memory, which nobody wrote.", error.Message);

        // What another group left there does not count.
        error = Assert.Throws<InvalidOperationException>(() => Run(new Unwritten(OfGroup: 1)));
        Assert.Matches("thread . of group 1: A kernel read byte 12", error.Message);
    }

    [Fact]
    public void GroupsThatWriteOnePlaceOfTheDeviceAreFound()
    {
        var watch = new HostWatch("device memory", 64, ofGroup: false);
        int[] y = new int[16];
        fixed (int* start = y)
        {
            var memory = new HostMemory(start, 64, watch, 0);
            Run(new Own(memory, GroupStep: Threads));
            Run(new Own(memory, GroupStep: Threads));
            var error = Assert.Throws<InvalidOperationException>(() => Run(new Own(memory, GroupStep: 0)));
            Assert.Contains("of group 0 wrote byte ", error.Message);
            Assert.Contains("of group 1 writes it", error.Message);
        }
    }

    [Fact]
    public void TheOrderIsRandomAndFollowsFromTheSeed()
    {
        int[][] orders = [.. new[] { 1, 1, 2 }.Select(Order)];
        Assert.Equal(orders[0], orders[1]);
        Assert.NotEqual(orders[0], orders[2]);
        Assert.NotEqual([.. Enumerable.Range(0, Threads)], orders[0]);
        Assert.Equal(Enumerable.Range(0, Threads), orders[0].Order());

        static int[] Order(int seed)
        {
            List<int> order = [];
            new HostGroups(seed).Run(new Note(order), groups: 1, Threads);
            return [.. order];
        }
    }

    /// <summary>All kernels of groups, on shapes drawn at random, with every access to shared and to device memory watched.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void NoKernelRaces(int seed)
    {
        var backend = new HostBackend(seed);
        var random = new Random(seed);
        for (int round = 0; round < 3; round++)
        {
            var dtype = random.Next(2) == 0 ? DType.Float32 : DType.Float64;
            var (b, m, k, n) = (random.Next(1, 4), random.Next(1, 50), random.Next(1, 140), random.Next(1, 50));
            var (x, c) = (New(b, m, k), New(b, k, n));
            backend.MatMul(x, c, New(b, m, n));
            backend.Reduce(new Gpu.Autograd.Ops.Sum(), x, New(b, m, 1));
            backend.Reduce(new Gpu.Autograd.Ops.Sum(), x, New(1, 1, k));
            backend.Scan(new Gpu.Autograd.Ops.Sum(), x, New(b, m, k));
            backend.ArgMax(x, Result(DType.Int64, b, m));
            backend.ArgSort(random.Next(2) == 0, x, Result(DType.Int64, b, m, k));
            var square = New(b, random.Next(1, 24));
            int side = square.Shape[1];
            (square, c) = (New(b, side, side), New(b, side, 3));
            var status = Result(DType.Int64, b);
            backend.Lu(square, New(b, side, side + 1));
            backend.Determinant(square, New(b, 3));
            backend.Solve(square, c, New(b, side, 3), status);
            backend.TriangularSolve(true, false, square, c, New(b, side, 3));
            backend.Cholesky(square, New(b, side, side), status);
            backend.Qr(square, New(b, side, 2 * side));
            backend.Eigh(square, New(b, side, side + 1));
            backend.Svd(square, New(b, side, (2 * side) + 1));
            var index = Result(DType.Int64, b, n);
            backend.Gather(square, index, New(b, n, side));
            backend.ScatterAdd(New(b, n, side), index, New(b, side, side));

            Operand New(params int[] lengths)
            {
                var y = Result(dtype, lengths);
                backend.Random(Distribution.Normal, (ulong)random.Next(), 0, y);
                return y;
            }

            Operand Result(DType type, params int[] lengths)
            {
                var y = new Operand(
                    new Storage(backend, Math.Max(1, (long)new Shape(lengths).Size * type.Size())), new Layout(new Shape(lengths)), type);
                backend.Fill(0, y);
                return y;
            }
        }
    }

    private static void Run<K>(K kernel)
        where K : struct, IGroupKernel<HostMemory> => new HostGroups(seed: 5).Run(kernel, groups: 2, Threads);

    /// <summary>Each thread reads what its neighbour wrote.</summary>
    private readonly record struct Shift(bool Barrier) : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            var shared = G.Shared<int>(Threads);
            shared.Store(G.Local, G.Local);
            if (Barrier)
            {
                G.Barrier();
            }

            shared.Load<int>((G.Local + 1) % Threads);
        }
    }

    private readonly struct Crowd : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            var shared = G.Shared<int>(Threads);
            shared.Store(0, 7);
        }
    }

    /// <summary>Memory is used anew while others may still read it.</summary>
    private readonly struct Reuse : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            var shared = G.Shared<int>(Threads);
            shared.Store(G.Local, G.Local);
            G.Barrier();
            shared.Load<int>((G.Local + 1) % Threads);
            shared.Store(G.Local, 1);
        }
    }

    private readonly record struct Unwritten(int OfGroup) : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            var shared = G.Shared<int>(Threads);
            if (G.Local != 3 || group != OfGroup)
            {
                shared.Store(G.Local, 1);
            }

            G.Barrier();
            shared.Load<int>(3);
        }
    }

    private readonly record struct Own(HostMemory Y, int GroupStep) : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory> => Y.Store((group * GroupStep) + G.Local, 1);
    }

    private readonly record struct Note(List<int> Order) : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory> => Order.Add(G.Local);
    }
}
