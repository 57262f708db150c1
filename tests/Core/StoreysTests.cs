using System.Text.RegularExpressions;

namespace Gpu.Autograd.Core.Tests;

/// <summary>
/// The layers of <c>docs/architecture.md</c>, read from what was compiled: a type mentions types of its own row and of lower storeys, and
/// no others.
/// </summary>
public sealed class StoreysTests
{
    /// <summary>
    /// The storeys from the ground up; two rows of one storey do not know each other. A pattern is the name of a type or the beginning of
    /// it, with a star; or, after a colon, an interface that the type implements. The first row that matches counts.
    /// </summary>
    private static readonly Row[] Table =
    [
        new(1, "Numerics, Shape",
            "Numerics.*", "Number", "IReal", "IMap1", "IMap2", "IMap3", "IMap4", "IUpdate", "IUnary", "IBinary", "ITernary", "IPiecewise", "IPiecewiseLinear", "IWhole", "ILogical", "Shape", "DType", "DTypes"),
        new(2, "Ops, Layout", ":IMap1", ":IMap2", ":IMap3", ":IMap4", ":IUpdate", "Ops.IFormula", "Ops.IPick", "Ops.Pick*", "Ops.Formula*", "Ops.Fused*", ":IMonoid", "IMonoid", "Layout", "LoopNest"),
        new(3, "The back-end seam",
            "Backend", "Operand", "Job", "Part", "Role", "Joined", "CompiledKernel", "Distribution", "Storage", "StoragePool", "Lending", "Block", "MemoryUse",
            "Capturing.*", "Device", "DeviceKind", "DeviceInfo", "DeviceNotFoundException", "DeviceException", "IBackendProvider"),
        new(4, "Backends", "Backends.*", "Kernels.KernelBackend", "Kernels.Factor", "Kernels.Bindings", "Kernels.Host*"),
        new(3, "Kernels", "Kernels.*"),
        new(4, "Tensor, Tape",
            "Tensor", "TensorIndex", "Tree*", "ITree", "Member", "GradScope", "Generator", "PerAxis", "Padding", "Reduction", "Autograd.*",
            "ElementText", "Ops.Check", "Ops.Einsum", "Anomaly*", "Graph*"),
        new(5, "Nn, Optim, transforms",
            "Step", "CapturedStep", "Recording", "Autodiff", "Randomness", "BatchAxes", "Gradcheck*", "Interop.*", "Nn.*", "Optim.*", "Data.*", "Serialization.*", "Ops.*"),
    ];

    /// <summary>What each assembly may refer to beside the framework.</summary>
    public static TheoryData<string, string[]> Assemblies { get; } = new()
    {
        { "Gpu.Autograd.Core", [] },
        { "Gpu.Autograd.Interop", ["Gpu.Autograd.Core"] },
        { "Gpu.Autograd.Kernels", ["Gpu.Autograd.Core"] },
        { "Gpu.Autograd.Backends.Ilgpu", ["Gpu.Autograd.Core", "Gpu.Autograd.Kernels", "ILGPU", "ILGPU.Algorithms"] },
        { "Gpu.Autograd.Backends", ["Gpu.Autograd.Core", "Gpu.Autograd.Kernels", "Gpu.Autograd.Backends.Ilgpu"] },
    };

    private static readonly Lazy<CompiledType[]> Library = new(() =>
    [
        .. Assemblies.SelectMany(row => StoreysReader.Types(PathOf((string)row[0])))
            .Where(type => type.Name.StartsWith("Gpu.Autograd.", StringComparison.Ordinal)),
    ]);

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void AnAssemblyRefersToThoseBelowAndToTheFramework(string assembly, string[] below)
    {
        var others = StoreysReader.References(PathOf(assembly)).Where(name => !name.StartsWith("System.", StringComparison.Ordinal));

        Assert.Empty(others.Except(below));
    }

    [Fact]
    public void EveryTypeHasAStorey()
    {
        var without = Library.Value.Where(type => RowOf(type) is null).Select(type => type.Name);

        Assert.Empty(without);
    }

    [Fact]
    public void EveryPatternOfTheTableIsNeeded() =>
        Assert.All(Table.SelectMany(row => row.Patterns), pattern => Assert.Contains(Library.Value, type => Matches(pattern, type)));

    [Fact]
    public void NoStoreyLooksUp() => Assert.Equal("", string.Join("\n", Violations(Library.Value)));

    /// <summary>Each of these types, compiled into this assembly as if it stood in that namespace, breaks the rule in a way of its own.</summary>
    [Theory]
    [InlineData("Numerics.PlantedSignature", "Gpu.Autograd.Tensor")]
    [InlineData("Numerics.PlantedField", "Gpu.Autograd.Storage")]
    [InlineData("Numerics.PlantedLambda", "Gpu.Autograd.Tensor")]
    [InlineData("Numerics.PlantedConstraint", "Gpu.Autograd.Backend")]
    [InlineData("Numerics.PlantedGenericArgument", "Gpu.Autograd.Nn.Module")]
    [InlineData("Numerics.PlantedIterator", "Gpu.Autograd.Device")]
    [InlineData("Optim.PlantedOp", "Gpu.Autograd.Tensor")]
    [InlineData("Backends.PlantedBackend", "Gpu.Autograd.Tensor")]
    [InlineData("Autograd.PlantedTape", "Gpu.Autograd.Optim.Optimizer")]
    public void TheCheckFindsWhatIsPlanted(string planted, string mentioned)
    {
        var types = StoreysReader.Types(PathOf("Gpu.Autograd.Core.Tests")).Where(type => Matches(planted, type));

        string violation = Assert.Single(Violations([.. Library.Value, .. types]));
        Assert.StartsWith("Gpu.Autograd." + planted, violation, StringComparison.Ordinal);
        Assert.EndsWith(mentioned, violation, StringComparison.Ordinal);
    }

    private static List<string> Violations(CompiledType[] types)
    {
        var rows = types.Where(type => RowOf(type) is not null).ToDictionary(type => type.Name, type => RowOf(type)!);
        return
        [
            .. from type in types
               let row = RowOf(type)
               where row is not null
               from mentioned in type.Mentions
               let other = rows.GetValueOrDefault(mentioned)
               where other is not null && other != row && other.Storey >= row.Storey
               select $"{type.Name} ({row.Name}) looks up to ({other.Name}) {mentioned}",
        ];
    }

    private static Row? RowOf(CompiledType type) =>
        Table.FirstOrDefault(row => row.Patterns.Any(pattern => Matches(pattern, type)));

    /// <summary>A nested type belongs to the type it stands in; the number of type parameters is no part of a name.</summary>
    private static bool Matches(string pattern, CompiledType type) => pattern.StartsWith(':')
        ? type.Interfaces.Contains($"Gpu.Autograd.{pattern[1..]}")
        : Regex.IsMatch(type.Name, $@"^Gpu\.Autograd\.{Regex.Escape(pattern).Replace(@"\*", @"\w*")}(`\d+)?(\+|$)");

    private static string PathOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");

    private sealed record Row(int Storey, string Name, params string[] Patterns);
}
