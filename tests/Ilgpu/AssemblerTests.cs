using Xunit.Abstractions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>What NVIDIA's assembler says of the kernels, without a GPU.</summary>
public sealed class AssemblerTests(ITestOutputHelper output)
{
    /// <summary>
    /// Every kernel becomes machine code of GPUs of 2017, 2020 and 2022, and all that a thread keeps is in registers: none is spilled, and no
    /// array has to be indexed in memory. A group of 256 threads with 255 registers each is what a multiprocessor has room for.
    /// </summary>
    [SkippableTheory]
    [InlineData(70)]
    [InlineData(80)]
    [InlineData(90)]
    public void EveryKernelIsTakenAndStaysInRegisters(int architecture)
    {
        Skip.If(Assembler.Missing is not null, Assembler.Missing);
        var all = Assembler.All(architecture);
        Assert.True(all.Count > 850, $"Only {all.Count} kernels were assembled.");
        string[] bad = [.. from kernel in all where !IsGood(kernel.Value) select $"{kernel.Key}: {kernel.Value.Text}"];
        Assert.True(bad.Length == 0, string.Join('\n', bad));
        Assert.All(all.Values, kernel => Assert.InRange(kernel.Shared, 0, 48 << 10));
        output.WriteLine($"ptxas {Assembler.Version}, sm_{architecture}: {all.Count} kernels, {all.Values.Max(kernel => kernel.Registers)} registers at most.");

        static bool IsGood(Assembled kernel) => kernel is { IsTaken: true, Spilled: 0, Stack: 0, Registers: > 0 and < 256 };
    }

    /// <summary>
    /// The loop of a large product is little but multiply-adds, a machine instruction each; and two groups of 256 threads fit into a
    /// multiprocessor's 65,536 registers, so that one multiplies while the other reads.
    /// </summary>
    [SkippableTheory]
    [InlineData(70)]
    [InlineData(80)]
    [InlineData(90)]
    public void TheLoopOfAProductMultiplies(int architecture)
    {
        Skip.If(Assembler.Missing is not null, Assembler.Missing);
        foreach (var (kernel, ptx) in EveryKernel.PtxOfSeam)
        {
            string name = $"{kernel}";
            if (name.Contains("Block8", StringComparison.Ordinal) && name.Contains("F32", StringComparison.Ordinal) && name.Contains("AsItIs", StringComparison.Ordinal))
            {
                var loop = Assembler.InnerLoop(ptx, architecture);
                Assert.True(loop.Share > 0.85, $"{name}: {loop}");
                Assert.True(loop.Fused >= 16 * loop.Loads, $"{name}: {loop}");
                Assert.InRange(Assembler.All(architecture)[kernel].Registers, 64, 128);
            }
        }
    }

    /// <summary>The assembler says so where something is wrong: what the other test stands on.</summary>
    [SkippableFact]
    public void WhatIsWrongIsRefused()
    {
        Skip.If(Assembler.Missing is not null, Assembler.Missing);
        string kernel = EveryKernel.Ptx.Values.First();
        Assert.True(Taken(kernel, 80));
        Assert.False(Taken(kernel.Replace("ret;", "ret", StringComparison.Ordinal), 80));
        Assert.False(Taken(kernel, 10));

        static bool Taken(string kernel, int architecture) => Assert.Single(Assembler.Assemble([kernel], architecture)).IsTaken;
    }
}
