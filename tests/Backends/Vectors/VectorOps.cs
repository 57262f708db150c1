using System.Text.Json;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Vectors;

/// <summary>The calls that the names and attributes in a file of vectors stand for, where the op table does not say it.</summary>
internal static class VectorOps
{
    private static readonly Dictionary<string, Func<VectorCase, Func<Tensor[], Tensor>>> Calls = new()
    {
        ["leaky_relu"] = c => x => x[0].LeakyRelu(c.Number("slope")),
        ["where"] = _ => x => Tensor.Where(x[0] > 0, x[1], x[2]),
        ["sum"] = c => x => x[0].Sum(c.Axis(), c.KeepDims()),
        ["mean"] = c => x => x[0].Mean(c.Axis(), c.KeepDims()),
        ["prod"] = c => x => x[0].Prod(c.Axis(), c.KeepDims()),
        ["amax"] = c => x => x[0].Amax(c.Axis(), c.KeepDims()),
        ["amin"] = c => x => x[0].Amin(c.Axis(), c.KeepDims()),
        ["var"] = c => x => x[0].Var(c.Axis(), c.Number("correction"), c.KeepDims()),
        ["std"] = c => x => x[0].Std(c.Axis(), c.Number("correction"), c.KeepDims()),
        ["norm"] = c => x => x[0].Norm(c.Axis(), c.Order(), c.KeepDims()),
        ["cumsum"] = c => x => x[0].CumSum(c.Axis()[0]),
        ["logsumexp"] = c => x => x[0].LogSumExp(c.Axis()[0], c.KeepDims()),
        ["softmax"] = c => x => x[0].Softmax(c.Axis()[0]),
        ["log_softmax"] = c => x => x[0].LogSoftmax(c.Axis()[0]),
        ["matmul"] = _ => x => x[0].MatMul(x[1]),
        ["outer"] = _ => x => x[0].Outer(x[1]),
        ["einsum"] = c => x => Tensor.Einsum(c.Attrs["equation"].GetString()!, x),
        ["tril"] = _ => x => x[0].Tril(),
        ["triu"] = _ => x => x[0].Triu(),
        ["diagonal"] = _ => x => x[0].Diagonal(),
        ["diag"] = _ => x => x[0].Diag(),
        ["trace"] = _ => x => x[0].Trace(),
        ["reshape"] = c => x => x[0].Reshape(c.Numbers("shape")),
        ["transpose"] = c => x => x[0].Permute(c.Numbers("axes")),
        ["permute"] = c => x => x[0].Permute(c.Numbers("axes")),
        ["broadcast_to"] = c => x => x[0].BroadcastTo(new Shape(c.Numbers("shape"))),
        ["concat"] = c => x => Tensor.Concat(x, c.Axis()[0]),
        ["stack"] = c => x => Tensor.Stack(x, c.Axis()[0]),
        ["slice"] = c => x => x[0].Slice(c.Numbers("start"), c.Numbers("stop"), c.Numbers("step")),
        ["flip"] = c => x => x[0].Flip(c.Numbers("axes")),
        ["pad"] = c => x => x[0].Pad(c.Numbers("before"), c.Numbers("after")),
        ["gather_rows"] = _ => x => x[0].Gather(x[1].To(DType.Int64)),
        ["scatter_add_rows"] = c => x => x[0].ScatterAdd(x[1].To(DType.Int64), (int)c.Number("rows")),
        ["cross_entropy"] = _ => x => x[0].CrossEntropy(x[1].To(DType.Int64)),
        ["mse_loss"] = _ => x => x[0].MeanSquaredError(x[1]),
        ["inverse"] = _ => x => x[0].Inverse(),
        ["logabsdet"] = _ => x => x[0].LogAbsDet(),
    };

    /// <summary>
    /// What the project's own file has and the library does not have yet: only these cases are skipped. Whoever adds one takes it off here.
    /// </summary>
    public static IReadOnlySet<string> NotYet { get; } = new HashSet<string>
    {
        "rsqrt",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "asinh",
        "acosh",
        "atanh",
        "erf",
        "logsigmoid",
        "elu",
        "gelu",
        "mish",
        "pow_scalar",
        "pow",
        "atan2",
        "minimum",
        "clamp",
        "layer_norm",
        "cross_entropy with label_smoothing",
        "l1_loss",
        "huber_loss",
        "bce_with_logits",
        "kl_div",
        "conv2d",
        "max_pool2d",
        "avg_pool2d",
        "det",
        "solve",
        "cholesky",
        "triangular_solve",
        "matrix_exp",
    };

    /// <summary>What a case calls: the op, with the options of a loss that would make it another.</summary>
    public static string Name(VectorCase c) =>
        c.Op == "cross_entropy" && c.Attrs.Count > 0 ? $"{c.Op} with {string.Join(" and ", c.Attrs.Keys)}" : c.Op;

    /// <summary>The call of a case, or null where the library does not have the op. Elementwise ops have the names of the op table.</summary>
    public static Func<Tensor[], Tensor>? Call(VectorCase c) => Calls.TryGetValue(Name(c), out var call)
        ? call(c)
        : OpTable.Rows.OfType<ElementwiseRow>().FirstOrDefault(row => row.Name == Name(c))?.Apply;

    private static double Number(this VectorCase c, string name) => c.Attrs[name].GetDouble();

    private static int[] Numbers(this VectorCase c, string name) => c.Attrs[name].Deserialize<int[]>()!;

    /// <summary>The order of a norm; of a matrix, Frobenius's is that of its elements.</summary>
    private static double Order(this VectorCase c) => c.Attrs["ord"].ValueKind == JsonValueKind.String ? 2 : c.Number("ord");

    private static int[] Axis(this VectorCase c) => c.Attrs.TryGetValue("axis", out var axis) ? [axis.GetInt32()] : [];

    private static bool KeepDims(this VectorCase c) => c.Attrs.TryGetValue("keepdims", out var keep) && keep.GetBoolean();
}
