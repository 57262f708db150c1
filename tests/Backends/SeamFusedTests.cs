using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Backends;

/// <summary>Products that a map follows and reductions that a map comes before, against the two calls that they stand for.</summary>
[Collection(SeamDevices.OneAtATime)]
public class SeamFusedTests
{
    private static readonly DType[] Reals = [DType.Float32, DType.Float64];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void WhatFollowsAProduct(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(81);
        int[] lengths = SeamDevices.IsSlow(device) ? [1, 2, 10, 17] : [1, 2, 10, 13, 16, 33, 70];
        for (int round = 0; round < (SeamDevices.IsSlow(device) ? 8 : 150); round++)
        {
            CheckProduct(backend, Reals[round % 2], random.Next(1, 4), Pick(), Pick(), Pick(), round, random, !SeamDevices.IsSlow(device));
        }

        CheckProduct(backend, DType.Float32, 2, 3, 0, 5, 1, random, exact: true);
        CheckProduct(backend, DType.Float32, 2, 0, 3, 5, 1, random, exact: true);

        int Pick() => lengths[random.Next(lengths.Length)];
    }

    [Theory]
    [InlineData(1, 300, 130, 70)]
    [InlineData(1, 70, 600, 2100)]
    [InlineData(5, 90, 90, 90)]
    public void WhatFollowsALargeProduct(int batches, int m, int k, int n)
    {
        foreach (int threads in new[] { 1, 3 })
        {
            for (int kind = 0; kind < 5; kind++)
            {
                CheckProduct(SeamDevices.Reference(512, threads), DType.Float32, batches, m, k, n, kind, new Random(82), exact: true);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void WhatComesBeforeAReduction(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(83);
        int[][] shapes = SeamDevices.IsSlow(device)
            ? [[], [33], [3, 40], [40, 3], [5, 6, 7]]
            : [[], [1], [33], [700], [3, 4], [40, 3], [3, 40], [70, 70], [2, 600], [600, 2], [4, 0, 3], [5, 6, 7], [40, 2, 50], [9000], [2, 9000]];
        foreach (int[] lengths in shapes)
        {
            for (int axes = 0; axes < 1 << lengths.Length; axes++)
            {
                CheckReduction(backend, Reals[axes % 2], lengths, axes, random, !SeamDevices.IsSlow(device));
            }
        }
    }

    [Fact]
    public void ThreadsShareALargeReduction()
    {
        foreach (int[] lengths in new int[][] { [300_001], [3, 70_000], [20_000, 20], [900, 800] })
        {
            for (int axes = 1; axes < 1 << lengths.Length; axes++)
            {
                CheckReduction(SeamDevices.Reference(256, threads: 3), DType.Float32, lengths, axes, new Random(84), exact: true);
            }
        }
    }

    private static void CheckProduct(Backend backend, DType dtype, int batches, int m, int k, int n, int kind, Random random, bool exact)
    {
        var shape = new Shape(batches, m, n);
        var a = SeamSample.Random(backend, dtype, random, batches, m, k);
        var c = SeamSample.Random(backend, dtype, random, batches, k, n);
        var b = SeamSample.Random(backend, dtype, (kind % 5) switch
        {
            0 => new Layout(shape),
            1 => new Layout(shape, [0, 0, 1], 2),
            2 => new Layout(shape, [m, 1, 0], 0),
            3 => new Layout(shape, [0, 0, 0], 1),
            _ => SeamSample.RandomLayout(shape, random),
        }, random);
        var y = SeamSample.Random(backend, dtype, random, batches, m, n);
        var expected = SeamSample.Random(backend, dtype, random, batches, m, n);
        if (shape.Size == 0)
        {
            backend.MatMul(default(ProductLess), a.Operand, c.Operand, b.Operand, y.Operand);
            return;
        }

        backend.MatMul(a.Operand, c.Operand, expected.Operand);
        backend.Map(default(ProductLess), expected.Operand, b.Operand, expected.Operand);
        backend.MatMul(default(ProductLess), a.Operand, c.Operand, b.Operand, y.Operand);
        Close.Assert(expected.Read(), y.Read(), exact ? 0 : 4 * SeamSample.Tolerance(dtype), $"{dtype} {shape} of {k}, {kind}");
    }

    private static void CheckReduction(Backend backend, DType dtype, int[] lengths, int axes, Random random, bool exact)
    {
        var shape = new Shape(lengths);
        var a = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random), random);
        var b = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(shape, random), random);
        var map = SeamSample.Random(backend, dtype, random, lengths);
        int[] left = [.. lengths.Select((length, axis) => (axes >> axis & 1) != 0 ? 1 : length)];
        var (y, expected) = (SeamSample.Random(backend, dtype, random, left), SeamSample.Random(backend, dtype, random, left));
        if (shape.Size > 0)
        {
            backend.Map(default(ProductLess), a.Operand, b.Operand, map.Operand);
        }

        backend.Reduce(default(Sum), map.Operand, expected.Operand);
        backend.Reduce(default(Sum), default(ProductLess), a.Operand, b.Operand, y.Operand);
        Close.Assert(expected.Read(), y.Read(), exact ? 0 : 8 * SeamSample.Tolerance(dtype), $"{dtype} {shape}, axes {axes}");
    }
}
