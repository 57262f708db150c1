using System.Reflection;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Autograd;
using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Ops;

/// <summary>Walks the op table over the devices.</summary>
public class OpTableTests
{
    public static TheoryData<string> Differentiable => [.. OpTable.Rows.Where(row => row.Order > 0).Select(row => row.Name)];

    public static TheoryData<string> Elementwise => [.. OpTable.Rows.OfType<ElementwiseRow>().Select(row => row.Name)];

    public static TheoryData<string, string> AllOnDevices => On(OpTable.Rows);

    public static TheoryData<string, string> ElementwiseOnDevices => On(OpTable.Rows.OfType<ElementwiseRow>());

    public static TheoryData<string, string> DifferentiableOnDevices => On(OpTable.Rows.Where(row => row.Order > 0));

    /// <summary>For what rests on rules and on plans, and asks nothing new of kernels.</summary>
    public static TheoryData<string, string> AllShared => Shared(OpTable.Rows);

    public static TheoryData<string, string> DifferentiableShared => Shared(OpTable.Rows.Where(row => row.Order > 0));

    /// <summary>The value on every device, in both dtypes, against the float64 oracle.</summary>
    [SkippableTheory]
    [MemberData(nameof(AllOnDevices))]
    public void Value_is_the_oracles(string name, string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var row = Row(name);
        foreach (var shapes in row.Shapes)
        {
            foreach (var dtype in new[] { DType.Float32, DType.Float64 })
            {
                Holds(OpSamples.Value(row, shapes, dtype, device), $"{name} {dtype.Name()} on {deviceName}");
            }
        }
    }

    /// <summary>Elementwise ops on views: a transpose, a slice with gaps, a broadcast, lengths around the vector width.</summary>
    [SkippableTheory]
    [MemberData(nameof(ElementwiseOnDevices))]
    public void Value_on_views_is_the_oracles(string name, string deviceName)
    {
        var row = (ElementwiseRow)Row(name);
        var device = TestDevices.Require(deviceName);
        foreach (int length in new[] { 0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 257, 1025 })
        {
            var x = OpSamples.Operands(row, [.. Enumerable.Repeat(new Shape(2 * length, 2), row.Arity)], DType.Float32, device);
            Check(row, [.. x.Select(t => t.Transpose())]);
            Check(row, [.. x.Select(t => t.Slice([0, 1], [2 * length, 2], [2, 1]))]);
            Check(row, [.. x.Select((t, k) => k == 0 ? t : t[..Math.Min(1, length)].BroadcastTo([2 * length, 2]))]);
        }

        void Check(ElementwiseRow row, Tensor[] x) =>
            Close.Assert(OpSamples.Oracle(row, x), row.Apply(x).To(Device.Cpu), row.Tolerance32, $"{row.Name} on a view on {deviceName}");
    }

    /// <summary>The stated slopes are those of the value.</summary>
    [Theory]
    [MemberData(nameof(Elementwise))]
    public void Slope_is_the_values(string name) => OpCheck.SlopeIsTheValues((ElementwiseRow)Row(name));

    /// <summary>First and second derivatives, in float64 on the CPU.</summary>
    [Theory]
    [MemberData(nameof(Differentiable))]
    public void Derivatives_agree_in_every_mode(string name) => Derivatives(Row(name), DType.Float64, Device.Cpu, differences: true);

    /// <summary>The same on the other devices, in float32, without the differences (which need float64's digits).</summary>
    [SkippableTheory]
    [MemberData(nameof(DifferentiableShared))]
    public void Derivatives_agree_on_every_device(string name, string deviceName) =>
        Derivatives(Row(name), DType.Float32, TestDevices.Require(deviceName), differences: false);

    /// <summary>Gradients on a device are those of the CPU in float64.</summary>
    [SkippableTheory]
    [MemberData(nameof(DifferentiableOnDevices))]
    public void Gradient_is_the_oracles(string name, string deviceName)
    {
        var row = Row(name);
        var device = TestDevices.Require(deviceName);
        foreach (var shapes in row.Shapes)
        {
            foreach (var gradient in OpSamples.Gradients(row, shapes, DType.Float32, device))
            {
                Holds(gradient, $"{name} on {deviceName}");
            }
        }
    }

    /// <summary>Every op struct and every primitive stands in the table.</summary>
    [Fact]
    public void Nothing_is_missing()
    {
        Type[] maps = [typeof(IUnary), typeof(IBinary), typeof(ITernary)];
        var structs = typeof(OpTable).Assembly.GetTypes()
            .Where(type => type.IsValueType && !type.IsGenericType && maps.Any(map => map.IsAssignableFrom(type)));
        var rows = OpTable.Rows.OfType<ElementwiseRow>().Select(row => row.Op).ToHashSet();
        Assert.Empty(structs.Where(type => !rows.Contains(type)).Select(type => type.Name));

        var seen = new HashSet<Type>();
        foreach (var row in OpTable.Rows)
        {
            foreach (var shapes in row.Shapes)
            {
                var x = OpSamples.Operands(row, shapes, DType.Float64, Device.Cpu);
                x[0].RequiresGrad = true;
                Collect(row.Apply(x).Node, seen);
            }
        }

        var primitives = typeof(Primitive).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Primitive)) && !type.IsAbstract && !type.IsGenericType);
        string[] unseen = [.. primitives.Where(type => !seen.Contains(type)).Select(type => type.Name).Order()];

        // What has no record: a selection, and conversions between equal types and devices. What is no op: parts of records of whole functions,
        // and what stands in rules alone.
        Assert.Equal(["ArgGreatest", "Convert", "EliminationFrame", "EntropyGradient", "ExponentialAlong", "FromStart", "Masking", "OrderAlong", "Part", "SoftmaxGradient", "Together", "Unkept"], unseen);

        static void Collect(Node? node, HashSet<Type> seen)
        {
            if (node is { IsLeaf: false })
            {
                seen.Add(node.Op!.GetType());
                foreach (var parent in node.Parents)
                {
                    Collect(parent, seen);
                }
            }
        }
    }

    /// <summary>
    /// Public members of Tensor that give a tensor and are no ops: they make one, move it, tell the engine something, or have a shape that only
    /// the host's reading tells (and so cannot be mapped over a batch).
    /// </summary>
    private static readonly HashSet<string> NoOps =
    [
        "Const", "Param", "From", "Scalar", "Zeros", "Ones", "Full", "Arange", "Linspace", "Eye", "ZerosLike", "OnesLike", "FullLike",
        "NonZero", "Unique", "op_Implicit", "get_Zero", "get_One",
        "To", "Detach", "Map", "get_Grad",
    ];

    /// <summary>The rows of members whose names are not those of their rows; the others have the row of their name.</summary>
    private static readonly Dictionary<string, string> RowOf = new()
    {
        ["op_Addition"] = "add",
        ["op_Subtraction"] = "sub",
        ["op_Multiply"] = "mul",
        ["op_Division"] = "div",
        ["op_Modulus"] = "remainder",
        ["op_UnaryNegation"] = "neg",
        ["op_LessThan"] = "less",
        ["op_BitwiseAnd"] = "and",
        ["op_BitwiseOr"] = "or",
        ["op_ExclusiveOr"] = "xor",
        ["op_LogicalNot"] = "not",
        ["op_GreaterThan"] = "less",
        ["op_LessThanOrEqual"] = "less_or_equal",
        ["op_GreaterThanOrEqual"] = "less_or_equal",
        ["IfLess"] = "select",
        ["Where"] = "select",
        ["NotEqual"] = "equal",
        ["MeanSquaredError"] = "mse_loss",
        ["BinaryCrossEntropyWithLogits"] = "bce_with_logits",
        ["KlDivergence"] = "kl_div",
        ["MoveAxis"] = "permute",
        ["get_Part"] = "slice_by_index",
    };

    /// <summary>Every public method, operator and indexer of Tensor that gives tensors has a row, or stands above among those that are no ops.</summary>
    [Fact]
    public void No_method_is_missing()
    {
        var members = PublicOps(typeof(Tensor));
        Assert.Empty(WithoutRow(members));
        Assert.Empty(NoOps.Concat(RowOf.Keys).Except(members));
        Assert.Empty(RowOf.Values.Except(OpTable.Rows.Select(row => row.Name)));
    }

    /// <summary>The test above can fail: a composite that nobody entered is found.</summary>
    [Fact]
    public void A_method_without_a_row_is_found() => Assert.Equal(["Forgotten"], WithoutRow(PublicOps(typeof(Unlisted))));

    /// <summary>Whether a public method of Tensor is an op.</summary>
    internal static bool IsOp(MethodInfo method) => GivesTensors(method) && !NoOps.Contains(method.Name);

    /// <summary>Whether a public method of Tensor makes, casts or picks tensors without being an op.</summary>
    internal static bool IsSource(string method) =>
        NoOps.Contains(method) && method is not ("Const" or "Param" or "Map" or "op_Implicit" or "get_Zero" or "get_One" or "get_Grad");

    /// <summary>The name of the row that a method belongs to, without underscores.</summary>
    internal static string RowName(string method) => RowOf.GetValueOrDefault(method, method).Replace("_", "");

    private static HashSet<string> PublicOps(Type type) =>
        [.. type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(GivesTensors).Select(method => method.Name)];

    /// <summary>Whether a method gives a tensor, several, or a tuple that begins with one.</summary>
    private static bool GivesTensors(MethodInfo method) =>
        method.ReturnType == typeof(Tensor) || method.ReturnType == typeof(Tensor[]) ||
        (method.ReturnType.IsAssignableTo(typeof(ITuple)) && method.ReturnType.GetGenericArguments() is [var first, ..] && first == typeof(Tensor));

    private static IEnumerable<string> WithoutRow(IEnumerable<string> members)
    {
        var rows = OpTable.Rows.Select(row => row.Name.Replace("_", "")).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return members.Where(name => !NoOps.Contains(name) && !RowOf.ContainsKey(name) && !rows.Contains(name));
    }

    private static class Unlisted
    {
        public static Tensor Exp(Tensor x) => x.Exp();

        public static Tensor Forgotten(Tensor x) => x.Exp().Sum();
    }

    internal static OpRow Row(string name) => OpTable.Rows.Single(row => row.Name == name);

    private static void Derivatives(OpRow row, DType dtype, Device device, bool differences)
    {
        double tolerance = 40 * row.Tolerance(dtype);
        foreach (var shapes in row.Shapes)
        {
            var x = OpSamples.Operands(row, shapes, dtype, device);
            for (int k = 0; k < x.Length; k++)
            {
                var f = OpSamples.Along(row.Apply, x, k);
                string what = $"{row.Name}, operand {k} of {string.Join(" and ", shapes.AsEnumerable())}";
                if (differences)
                {
                    OpCheck.TangentIsDifference(f, x[k], what);
                }

                OpCheck.ModesAreAdjoint(f, x[k], tolerance, what);
                OpCheck.TapeIsTransform(f, x[k], tolerance, what);
                OpCheck.FusedIsRecorded(f, x[k], tolerance, what);
                OpCheck.SecondOrderAgrees(f, x[k], tolerance, what);
                if (differences)
                {
                    OpCheck.ThirdOrderAgrees(f, x[k], tolerance, what);
                }
            }
        }
    }

    private static void Holds(Comparison comparison, string where) => Assert.True(comparison.Holds, $"{where}: {comparison}");

    private static TheoryData<string, string> On(IEnumerable<OpRow> rows, Func<string, int, bool>? isLeftOut = null)
    {
        var data = new TheoryData<string, string>();
        foreach (string device in TestDevices.Names)
        {
            foreach (var (i, row) in rows.Index())
            {
                if (isLeftOut is null || !isLeftOut(device, i))
                {
                    data.Add(row.Name, device);
                }
            }
        }

        return data;
    }

    private static TheoryData<string, string> Shared(IEnumerable<OpRow> rows) => On(rows, TestDevices.IsShared);
}
