using System.Collections.Concurrent;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>What makes a matrix product fast on a GPU, read in the compiled kernels.</summary>
public sealed class MatMulPtxTests
{
    private static readonly ConcurrentDictionary<(DType, int, bool, bool), Ptx> Compiled = [];

    private static readonly int[][] Sizes = [[1, 68, 64, 12], [1, 12, 64, 68], [1, 36, 64, 40], [64, 36, 64, 40], [64, 68, 64, 72]];

    /// <summary>Every tile, both types, with the factors as they are and with both transposed.</summary>
    public static TheoryData<DType, int, bool, bool> Products()
    {
        var data = new TheoryData<DType, int, bool, bool>();
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            for (int size = 0; size < Sizes.Length; size++)
            {
                data.Add(dtype, size, false, false);
                data.Add(dtype, size, true, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void TheInnerLoopMultipliesMoreThanItReads(DType dtype, int size, bool turnA, bool turnC)
    {
        var (ptx, inner, _) = Look(dtype, size, turnA, turnC);
        string type = dtype == DType.Float32 ? "f32" : "f64";
        var body = ptx.Instructions.Skip(inner.First).Take(inner.Last - inner.First + 1).ToArray();
        var products = body.Where(i => i.Name == $"mul.{type}").ToArray();
        int loads = body.Count(i => i.Name.StartsWith("ld.shared", StringComparison.Ordinal));

        // A multiplication whose product goes to one addition and nowhere else, neither with a rounding of its own: the assembler makes one
        // instruction of the two.
        foreach (var product in products)
        {
            var user = Assert.Single(body, i => i.Read.Contains(product.Written[0]));
            Assert.Equal($"add.{type}", user.Name);
        }

        Assert.True(products.Length >= 4 * loads, $"{products.Length} multiply-adds for {loads} loads of shared memory.");
        Assert.All(body, i => Assert.DoesNotContain("global", i.Name));
        Assert.All(body, i => Assert.DoesNotContain("bar.", i.Name));
        Assert.All(
            body.Where(i => i.Name.StartsWith("ld.shared", StringComparison.Ordinal)),
            i => Assert.Equal(dtype == DType.Float32 ? "ld.shared.v4.f32" : "ld.shared.v2.f64", i.Name));
        int others = body.Length - (2 * products.Length) - loads - body.Count(i => i.Name.StartsWith("mov.", StringComparison.Ordinal));

        // Where two or four lines lie: the assembler needs no instruction for those that are a constant apart.
        Assert.True(others <= 36, $"{others} instructions beside loads and multiply-adds.");
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void MemoryIsReadSixteenBytesAtOnceWhileThereIsMultiplying(DType dtype, int size, bool turnA, bool turnC)
    {
        var (ptx, inner, outer) = Look(dtype, size, turnA, turnC);
        string wide = dtype == DType.Float32 ? "global.v4.f32" : "global.v2.f64";
        var loads = ptx.Instructions.Where(i => i.Name.StartsWith("ld.global", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(loads);
        Assert.All(loads, i => Assert.Equal($"ld.{wide}", i.Name));
        if (Sizes[size][1] != 12)
        {
            Assert.Contains(ptx.Instructions, i => i.Name == $"st.{wide}");
        }

        // The loads for the next step are under way before the loop that multiplies, and are used after it; one barrier a step.
        int At(string name, int from, int to) =>
            Enumerable.Range(from, to - from).First(at => ptx.Instructions[at].Name.StartsWith(name, StringComparison.Ordinal));
        Assert.InRange(At("ld.global", outer.First, ptx.Instructions.Count), outer.First, inner.First);
        Assert.True(At("st.shared", inner.Last, ptx.Instructions.Count) > inner.Last);
        Assert.DoesNotContain(ptx.Instructions.Skip(outer.First).Take(inner.First - outer.First), i => i.Name.StartsWith("st.shared", StringComparison.Ordinal));
        Assert.InRange(ptx.SharedBytes, 1, 48 << 10);
        Assert.InRange(ptx.LiveRegisters(), 32, 254);
    }

    [Fact]
    public void WhatFollowsAProductCostsNoMemory()
    {
        using var device = CompilingBackend.Ptx();
        var (a, c) = (New(device, DType.Float32, 64, 68, 64), New(device, DType.Float32, 64, 64, 72));
        var (b, y) = (New(device, DType.Float32, 64, 68, 72), New(device, DType.Float32, 64, 68, 72));
        device.MatMul(new Add(), a, c, b, y);
        var ptx = new Ptx(Assert.Single(device.Sources).Value);
        Assert.Equal(0, ptx.Instructions.Count(i => i.Name == "ld.local" || i.Name == "st.local"));

        // y is written and not read: the loads that are no quads are b's.
        Assert.True(ptx.Count("ld.global.f32") > 0);
        Assert.InRange(ptx.LiveRegisters(), 64, 254);
    }

    private static (Ptx Ptx, (int First, int Last) Inner, (int First, int Last) Outer) Look(DType dtype, int size, bool turnA, bool turnC)
    {
        var ptx = Compiled.GetOrAdd((dtype, size, turnA, turnC), _ => Compile(dtype, Sizes[size], turnA, turnC));
        var inner = ptx.Loops.Where(Multiplies).MinBy(loop => loop.Last - loop.First);
        var outer = ptx.Loops.Where(loop => loop.First < inner.First && loop.Last > inner.Last).MinBy(loop => loop.Last - loop.First);
        return (ptx, inner, outer);

        bool Multiplies((int First, int Last) loop) => new[] { "ld.shared", "mul.f" }.All(name =>
            ptx.Instructions.Skip(loop.First).Take(loop.Last - loop.First).Any(i => i.Name.StartsWith(name, StringComparison.Ordinal)));
    }

    private static Ptx Compile(DType dtype, int[] size, bool turnA, bool turnC)
    {
        using var device = CompilingBackend.Ptx();
        device.MatMul(
            New(device, dtype, turnA, size[0], size[1], size[2]),
            New(device, dtype, turnC, size[0], size[2], size[3]),
            New(device, dtype, size[0], size[1], size[3]));
        return new Ptx(device.Sources.Single(source => source.Key.Name.StartsWith("MatMulTile", StringComparison.Ordinal)).Value);
    }

    private static Operand New(Backend device, DType dtype, params int[] lengths) => New(device, dtype, false, lengths);

    private static Operand New(Backend device, DType dtype, bool turned, params int[] lengths)
    {
        var shape = turned ? new Shape(lengths[0], lengths[2], lengths[1]) : new Shape(lengths);
        var layout = turned ? new Layout(shape).Permuted([0, 2, 1]) : new Layout(shape);
        return new Operand(new Storage(device, (long)shape.Size * dtype.Size()), layout, dtype);
    }
}
