using Gpu.Autograd.Data;

namespace Gpu.Autograd.Core.Tests;

/// <summary>Data sets, their parts and their batches.</summary>
public sealed class DatasetTests
{
    /// <summary>Row i is [i, 10·i], so that rows can be told apart; the classes are 0 (60 rows), 1 (30), 2 (9) and 3 (1).</summary>
    private static readonly Dataset Hundred = new(
        [.. Enumerable.Range(0, 100).SelectMany(i => new float[] { i, 10 * i })],
        [.. Enumerable.Range(0, 100).Select(i => i == 99 ? 3L : i % 10 == 9 ? 2 : i % 10 < 6 ? 0 : 1)],
        [2]);

    [Fact]
    public void DigitsAreThereWithTheLibrary()
    {
        var digits = Digits.Load();
        float[] pixels = digits.Features.ToArray<float>();

        Assert.Equal([1797, 64], digits.Features.Shape);
        Assert.Equal([8, 8], digits.SampleShape);
        Assert.Equal(10, digits.Classes);
        Assert.Equal(16, digits.MaxAbs);
        Assert.All(pixels, pixel => Assert.True(pixel is >= 0 and <= 16 && pixel == MathF.Floor(pixel)));
        Assert.All(digits.Labels.ToArray<long>().CountBy(label => label), count => Assert.InRange(count.Value, 174, 183));
    }

    [Fact]
    public void ASplitHoldsOutTheSameShareOfEveryClass()
    {
        var (training, heldOut) = Hundred.Split(0.2, seed: 1);

        // 12 of 60, 6 of 30, 2 of 9 (1.8), and never the last of a class.
        Assert.Equal([12, 6, 2, 0], PerClass(heldOut));
        Assert.Equal([48, 24, 7, 1], PerClass(training));
        Assert.Equal(Enumerable.Range(0, 100), Ids(training).Concat(Ids(heldOut)).Order());
        Assert.Equal(Ids(heldOut).Order(), Ids(heldOut));
        Assert.Equal(4, heldOut.Classes);
        Assert.Equal(Hundred.Rows(Ids(heldOut)).Labels.ToArray<long>(), heldOut.Labels.ToArray<long>());
        Assert.Equal([1, 1, 1, 1], PerClass(Hundred.Split(0.999, 1).Training));
    }

    [Fact]
    public void TheSeedChoosesTheRows()
    {
        Assert.Equal(Ids(Hundred.Split(0.2, 1).HeldOut), Ids(Hundred.Split(0.2, 1).HeldOut));
        Assert.NotEqual(Ids(Hundred.Split(0.2, 1).HeldOut), Ids(Hundred.Split(0.2, 2).HeldOut));
    }

    [Fact]
    public void ImpossibleSplitsAreNamed()
    {
        Assert.All([0, 1, -0.5, double.NaN], share => Assert.Throws<ArgumentOutOfRangeException>(() => Hundred.Split(share, 1)));
        var one = new Dataset([1], [0], [1]);
        Assert.Equal(
            "Split: 1 rows in 1 classes are too few to hold out a share of 0.2.",
            Assert.Throws<InvalidDataException>(() => one.Split(0.2, 1)).Message);
    }

    [Fact]
    public void AnEpochHasEveryRowOnceInBatches()
    {
        var batches = new Batches(Hundred, 32, new Generator(1));
        var epoch = batches.Epoch().ToList();

        Assert.Equal(4, batches.Count);
        Assert.Equal([32, 32, 32, 4], epoch.Select(batch => batch.Count));
        Assert.Equal(Enumerable.Range(0, 100), epoch.SelectMany(Ids).Order());
        long[] labels = Hundred.Labels.ToArray<long>();
        Assert.All(epoch, batch => Assert.Equal(Ids(batch).Select(id => labels[id]), batch.Labels.ToArray<long>()));
        Assert.All(epoch, batch => Assert.All(batch.Features.ToArray<float>().Chunk(2), row => Assert.Equal(10 * row[0], row[1])));
    }

    [Fact]
    public void TheSameSeedGivesTheSameBatchesAndEachEpochAnotherOrder()
    {
        Batches[] all = [.. new ulong[] { 1, 1, 2 }.Select(seed => new Batches(Hundred, 32, new Generator(seed)))];
        var (a, b, c) = (all[0], all[1], all[2]);
        var first = a.Epoch().SelectMany(Ids).ToList();

        Assert.Equal(first, b.Epoch().SelectMany(Ids));
        var second = a.Epoch().SelectMany(Ids).ToList();
        Assert.NotEqual(first, second);
        Assert.Equal(second, b.Epoch().SelectMany(Ids));
        Assert.NotEqual(first, c.Epoch().SelectMany(Ids));
    }

    [Fact]
    public void WithoutAGeneratorRowsKeepTheirOrder()
    {
        Assert.Equal(Enumerable.Range(0, 100), new Batches(Hundred, 7).Epoch().SelectMany(Ids));
        Assert.Equal(1, new Batches(Hundred, 1000).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Batches(Hundred, 0));
    }

    [Fact]
    public void ScalingMultipliesTheFeaturesAlone()
    {
        var scaled = Hundred.Scaled(1 / Hundred.MaxAbs);

        Assert.Equal(990, Hundred.MaxAbs);
        Assert.Equal(1, scaled.MaxAbs, 1e-7);
        Assert.All(
            Hundred.Features.ToArray<float>().Zip(scaled.Features.ToArray<float>()), pair => Assert.Equal(pair.First / 990.0, pair.Second, 1e-7));
        Assert.Equal(Hundred.Labels.ToArray<long>(), scaled.Labels.ToArray<long>());
    }

    [Fact]
    public void WhatDoesNotFitIsNamed()
    {
        Assert.Contains("3 features", Assert.Throws<ArgumentException>(() => new Dataset([1, 2, 3], [0, 1], [2])).Message);
        Assert.Contains("label 2 of row 1", Assert.Throws<ArgumentException>(() => new Dataset([1, 2], [0, 2], [1], classes: 2)).Message);
        Assert.Contains("label -1 of row 0", Assert.Throws<ArgumentException>(() => new Dataset([1, 2], [-1, 2], [1])).Message);
        Assert.Contains("no row 100", Assert.Throws<ArgumentOutOfRangeException>(() => Hundred.Rows([100])).Message);
    }

    private static int[] Ids(Dataset data) => [.. data.Features.ToArray<float>().Chunk(2).Select(row => (int)row[0])];

    private static int[] Ids(Batch batch) => [.. batch.Features.ToArray<float>().Chunk(2).Select(row => (int)row[0])];

    private static int[] PerClass(Dataset data)
    {
        long[] labels = data.Labels.ToArray<long>();
        return [.. Enumerable.Range(0, data.Classes).Select(c => labels.Count(label => label == c))];
    }
}
