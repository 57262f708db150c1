using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>What ILGPU makes of the kernels, seen without a device: nothing that is slow, cannot be linked, or changes from run to run.</summary>
public sealed class CompilerTests(ITestOutputHelper output)
{
    [Fact]
    public void EveryKernelCompilesToStraightPtx()
    {
        using var device = CompilingBackend.Ptx();
        EveryOp.Run(device);
        Assert.True(device.Sources.Count > 100, $"Only {device.Sources.Count} kernels were launched.");
        foreach (var (kernel, ptx) in device.Sources)
        {
            // A call is a function that was not inlined or that a GPU does not have; local memory is a spilled or indexed register; a load
            // or store without a space is one whose memory ILGPU could not tell; an approximation is not the formula we wrote.
            Lacks(ptx, @"\bcall\b", kernel);
            Lacks(ptx, @"\.local\b", kernel);
            Lacks(ptx, @"^\s*(ld|st)\.[fbus]\d", kernel);
            Lacks(ptx, @"\.approx\b", kernel);
            Lacks(ptx, @"\b(atom|red)\.", kernel);
        }
    }

    [Fact]
    public void EveryKernelCompilesToOpenClWithoutAtomics()
    {
        using var device = CompilingBackend.OpenCl();
        EveryOp.Run(device);
        Assert.True(device.Sources.Count > 100, $"Only {device.Sources.Count} kernels were launched.");
        foreach (var (kernel, source) in device.Sources)
        {
            Assert.Contains("kernel void", source);
            Lacks(source, @"\batomic", kernel);
        }
    }

    [Fact]
    public void AMapOfDenseOperandsIsShort()
    {
        using var device = CompilingBackend.Ptx();
        var shape = new Shape(24);
        var x = new Operand(new Storage(device, 96), new Layout(shape), DType.Float32);
        device.Map(new HyperbolicTangent(), x, x);
        string ptx = Assert.Single(device.Sources).Value;
        int instructions = Regex.Count(ptx, @"^\s*@?[%a-z][\w.%]*\s.*;", RegexOptions.Multiline);
        int parameters = Regex.Count(ptx, @"\bld\.param");
        output.WriteLine($"tanh of float32: {instructions} instructions, {parameters} of them load parameters.");
        Assert.Equal(1, Regex.Count(ptx, @"\bld\.global\.f32"));
        Assert.Equal(1, Regex.Count(ptx, @"\bst\.global\.f32"));
        Assert.Equal(0, Regex.Count(ptx, @"\bbra\b"));
        Assert.True(instructions - parameters < 100, $"tanh takes {instructions - parameters} instructions.");
    }

    private static void Lacks(string source, string pattern, Type kernel)
    {
        if (Regex.Match(source, pattern, RegexOptions.Multiline) is { Success: true } found)
        {
            Assert.Fail($"{kernel}: '{source[found.Index..].Split('\n')[0].Trim()}'.");
        }
    }
}

/// <summary>tanh.</summary>
public readonly struct HyperbolicTangent : IMap1
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Tanh(x);
}
