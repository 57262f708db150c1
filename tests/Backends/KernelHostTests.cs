using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Tests;

/// <summary>The host as an executor of kernels: groups with barriers and shared memory, and what it says when a kernel is wrong.</summary>
public sealed unsafe class KernelHostTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(64)]
    public void ThreadsOfAGroupSeeWhatTheOthersWroteBeforeABarrier(int size)
    {
        const int groups = 5;
        var y = new int[groups * size];
        fixed (int* start = y)
        {
            new HostGroups().Run(new Reverse(new HostMemory(start, y.Length * sizeof(int)), size), groups, size);
        }

        for (int i = 0; i < y.Length; i++)
        {
            int local = i % size;
            Assert.Equal((1000 * (i / size)) + (size - 1 - local), y[i]);
        }
    }

    [Fact]
    public void AThreadThatFailsReleasesTheOthersAndIsNamed()
    {
        var groups = new HostGroups();
        var error = Assert.Throws<InvalidOperationException>(() => groups.Run(new FailIn(Group: 2, Local: 3), groups: 4, size: 8));
        Assert.Equal("FailIn: thread 3 of group 2: no luck", error.Message);

        // And the threads are there for the next launch.
        groups.Run(new FailIn(Group: -1, Local: 0), groups: 4, size: 8);
    }

    [Fact]
    public void ABarrierThatNotAllThreadsComeToIsAnError()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new HostGroups().Run(new Diverge(), groups: 1, size: 4));
        Assert.StartsWith("Diverge: ", error.Message);
        Assert.Contains("Some threads of a group are at ", error.Message);
    }

    [Fact]
    public void SharedMemoryEnds()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new HostGroups().Run(new Greedy(), groups: 1, size: 2));
        Assert.Contains("A kernel asked for 49168 bytes of shared memory; a group has 49152.", error.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void AGroupHasOneToSixtyFourThreads(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new HostGroups().Run(new Greedy(), groups: 1, size));

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void AnAccessBeyondTheMemoryIsAnError(int i)
    {
        var elements = new double[3];
        fixed (double* start = elements)
        {
            var memory = new HostMemory(start, sizeof(double) * 3);
            var load = Assert.Throws<IndexOutOfRangeException>(() => memory.Load<double>(i));
            Assert.Equal($"A kernel used element {i} of memory that holds 3 elements of Double.", load.Message);
            Assert.Throws<IndexOutOfRangeException>(() => memory.Store(i, 1.0));
            memory.Store(2, 5.0);
            Assert.Equal(5.0, memory.Load<double>(2));
            Assert.Throws<IndexOutOfRangeException>(() => memory.Load<byte>(24));
        }
    }

    [Fact]
    public void AskingForAGroupOutsideOfOneIsAnError() => Assert.Throws<InvalidOperationException>(() => HostGroup.Local);

    private readonly struct Reverse(HostMemory y, int size) : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            var first = G.Shared<int>(64);
            var second = G.Shared<int>(64);
            first.Store(G.Local, G.Local);
            G.Barrier();
            second.Store(G.Local, first.Load<int>(size - 1 - G.Local));
            G.Barrier();
            y.Store((group * size) + G.Local, (1000 * group) + second.Load<int>(G.Local));
        }
    }

    private readonly record struct FailIn(int Group, int Local) : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            G.Barrier();
            if (group == Group && G.Local == Local)
            {
                throw new InvalidOperationException("no luck");
            }

            G.Barrier();
        }
    }

    private readonly struct Diverge : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            if (G.Local > 0)
            {
                G.Barrier();
            }
        }
    }

    private readonly struct Greedy : IGroupKernel<HostMemory>
    {
        public void Run<G>(int group)
            where G : struct, IGroup<HostMemory>
        {
            G.Shared<double>(2);
            G.Shared<byte>(HostShared.Bytes);
        }
    }
}
