using System.Text.RegularExpressions;
using Gpu.Autograd.Tests;
using Xunit.Abstractions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>What ILGPU makes of the kernels, seen without a device: nothing that is slow, cannot be linked, or changes from run to run.</summary>
public sealed class CompilerTests(ITestOutputHelper output)
{
    // Functions of OpenCL that are exact, or say where a thread is; no function of ours, which would not have been inlined, no atomic, and none
    // whose error the device chooses, save the square root's: 3 units in the last place in float32.
    private static readonly string[] Exact =
    [
        "if", "as_int", "as_long", "as_float", "as_double", "fabs", "sqrt",
        "get_global_id", "get_local_id", "get_local_size", "get_group_id", "work_group_barrier",
    ];

    [Fact]
    public void EveryKernelCompilesToStraightPtx()
    {
        Assert.True(EveryKernel.Ptx.Count > 850, $"Only {EveryKernel.Ptx.Count} kernels were launched.");
        foreach (var (kernel, ptx) in EveryKernel.Ptx)
        {
            // A call is a function that was not inlined or that a GPU does not have; local memory is a spilled or indexed register; a load
            // or store without a space is one whose memory ILGPU could not tell; an approximation is not the formula we wrote.
            Lacks(ptx, @"\bcall\b", kernel);
            Lacks(ptx, @"\.local\b", kernel);
            Lacks(ptx, @"^\s*(ld|st)\.[fbus]\d", kernel);
            Lacks(ptx, @"\.(approx|full|ftz)\b", kernel);
            Lacks(ptx, @"\b(ex2|lg2|sin|cos|tanh|rsqrt)\.", kernel);
            Lacks(ptx, @"\b(atom|red)\.", kernel);
            if (!NeedsFloat64(kernel))
            {
                Lacks(ptx, @"\.f64\b", kernel);
            }

            Assert.InRange(new Ptx(ptx).SharedBytes, 0, 48 << 10);
        }
    }

    /// <summary>So what is said of all kernels for sm_80 holds for the others; only the head of the text differs.</summary>
    [Theory]
    [InlineData(70, 70)]
    [InlineData(90, 80)]
    public void TheTextIsTheSameForEveryArchitecture(int architecture, int target)
    {
        using var device = CompilingBackend.Ptx(architecture);
        EveryOp.Run(device);
        Assert.True(device.Sources.Count > 550, $"Only {device.Sources.Count} kernels were launched.");
        foreach (var (kernel, ptx) in device.Sources)
        {
            // ILGPU asks for no more than sm_80; the driver compiles that for what comes later.
            Assert.Contains($".target sm_{target}\n", ptx);
            Assert.Equal(Body(EveryKernel.Ptx[kernel]), Body(ptx));
        }

        static string Body(string ptx) => NeutralNames.In(ptx[ptx.IndexOf(".address_size", StringComparison.Ordinal)..]);
    }

    [Fact]
    public void EveryKernelCompilesToOpenClWithoutAtomics()
    {
        Dictionary<string, Type> functions = [];
        Assert.True(EveryKernel.OpenCl.Count > 850, $"Only {EveryKernel.OpenCl.Count} kernels were launched.");
        foreach (var (kernel, source) in EveryKernel.OpenCl)
        {
            Assert.Contains("kernel void", source);
            if (!NeedsFloat64(kernel))
            {
                Lacks(source, @"\bdouble", kernel);
            }

            foreach (Match match in Regex.Matches(source, @"\b([a-z_]\w*)\s*\("))
            {
                functions.TryAdd(match.Groups[1].Value, kernel);
            }
        }

        Assert.Empty(functions.Where(function => !Exact.Contains(function.Key)).Select(function => $"{function.Key} in {function.Value.Name}"));
    }

    [SkippableFact]
    public void TheKernelTableIsWhatIsCompiled()
    {
        string table = KernelTable.Write();
        string path = Repository.At("docs", "kernels.md");
        if (Environment.GetEnvironmentVariable("GPU_AUTOGRAD_WRITE_DOCS") == "1")
        {
            Assert.True(Assembler.Missing is null, $"Without it the table would lack what it makes of the kernels: {Assembler.Missing}");
            File.WriteAllText(path, table);
        }

        // Another release of the assembler may count otherwise.
        string[] expected = [.. table.Split('\n')], actual = [.. File.ReadAllText(path).Split('\n')];
        bool isOther = Assembler.Version is { } version && !actual.Any(line => line.Contains($"| {version} |", StringComparison.Ordinal));
        Skip.If(isOther, $"docs/kernels.md was written with another release of the assembler than {Assembler.Version}.");
        Assert.True(
            expected.Length == actual.Length && expected.Zip(actual).All(pair => KernelTable.Agree(pair.First, pair.Second)),
            "docs/kernels.md is stale: GPU_AUTOGRAD_WRITE_DOCS=1 dotnet test tests/Ilgpu --filter KernelTable renews it. It lacks: " +
            string.Join('\n', expected.Where(line => !actual.Any(other => KernelTable.Agree(line, other))).Take(5)));
    }

    /// <summary>Drivers keep what they built by its text: it must not depend on what was compiled before.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheTextOfAKernelIsTheSameWhateverCameBefore(bool ptx)
    {
        string[] first = Sources(false), second = Sources(true);
        Assert.NotEqual(first, second);
        Assert.Equal(first.Select(NeutralNames.In), second.Select(NeutralNames.In));

        string[] Sources(bool after)
        {
            using var device = ptx ? CompilingBackend.Ptx() : CompilingBackend.OpenCl();
            var x = new Operand(new Storage(device, 96), new Layout(new Shape(4, 6)), DType.Float32);
            var y = new Operand(new Storage(device, 16), new Layout(new Shape(4, 1)), DType.Float32);
            if (after)
            {
                device.Softmax(false, x, x);
                device.ArgSort(false, x, new Operand(new Storage(device, 192), new Layout(new Shape(4, 6)), DType.Int64));
            }

            device.Sources.Clear();
            device.Map(new HyperbolicTangent(), x, x);
            device.Reduce(default(Gpu.Autograd.Ops.Sum), x, y);
            return [.. device.Sources.Values];
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

    /// <summary>
    /// Not every device has float64: only a kernel that one of its types says it of may need it, not one of float32 or integers with a
    /// number among its fields.
    /// </summary>
    private static bool NeedsFloat64(Type kernel) =>
        kernel == typeof(Numerics.F64)
        || kernel.Name.Split('`')[0] is "Uniform64" or "Normal64"
        || kernel.GetGenericArguments().Any(NeedsFloat64);

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
