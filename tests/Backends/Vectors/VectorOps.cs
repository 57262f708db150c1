using System.Text.Json;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Vectors;

/// <summary>The calls that the names and attributes in a file of vectors stand for, where the op table does not say it.</summary>
internal static class VectorOps
{
    private static readonly Dictionary<string, Func<VectorCase, Func<Tensor[], Tensor>>> Calls = new()
    {
        ["leaky_relu"] = c => x => x[0].LeakyRelu(c.Number("slope")),
        ["pow_scalar"] = c => x => x[0].Pow(c.Number("exponent")),
        ["clamp"] = c => x => x[0].Clamp(c.Number("min", double.NegativeInfinity), c.Number("max", double.PositiveInfinity)),
        ["logsigmoid"] = _ => x => x[0].LogSigmoid(),
        ["selu"] = _ => x => x[0].Selu(),
        ["tanhshrink"] = _ => x => x[0].TanhShrink(),
        ["hardtanh"] = _ => x => x[0].HardTanh(),
        ["relu6"] = _ => x => x[0].Relu6(),
        ["gelu"] = c => x => c.Text("approximate") == "tanh" ? x[0].GeluTanh() : x[0].Gelu(),
        ["where"] = _ => x => Tensor.Where(x[0] > 0, x[1], x[2]),
        ["sum"] = c => x => x[0].Sum(c.Axis(), c.KeepDims()),
        ["mean"] = c => x => x[0].Mean(c.Axis(), c.KeepDims()),
        ["prod"] = c => x => x[0].Prod(c.Axis(), c.KeepDims()),
        ["amax"] = c => x => x[0].Amax(c.Axis(), c.KeepDims()),
        ["amin"] = c => x => x[0].Amin(c.Axis(), c.KeepDims()),
        ["var"] = c => x => x[0].Var(c.Axis(), c.Number("correction", 1), c.KeepDims()),
        ["std"] = c => x => x[0].Std(c.Axis(), c.Number("correction", 1), c.KeepDims()),
        ["norm"] = c => x => x[0].Norm(c.Axis(), c.Order(), c.KeepDims()),
        ["cumsum"] = c => x => x[0].CumSum(c.Axis()[0]),
        ["sort"] = c => x => x[0].Sort(c.Axis()[0]).Values,
        ["cumprod"] = c => x => x[0].CumProd(c.Axis()[0]),
        ["max"] = c => x => x[0].Max(c.Axis()[0], c.KeepDims()),
        ["min"] = c => x => x[0].Min(c.Axis()[0], c.KeepDims()),

        ["logsumexp"] = c => x => x[0].LogSumExp(c.Axis(), c.KeepDims()),
        ["softmax"] = c => x => x[0].Softmax(c.Axis()[0]),
        ["log_softmax"] = c => x => x[0].LogSoftmax(c.Axis()[0]),
        ["matmul"] = _ => x => x[0].MatMul(x[1]),
        ["outer"] = _ => x => x[0].Outer(x[1]),
        ["einsum"] = c => x => Tensor.Einsum(c.Attrs["equation"].GetString()!, x),
        ["tril"] = c => x => x[0].Tril((int)c.Number("diagonal", 0)),
        ["triu"] = c => x => x[0].Triu((int)c.Number("diagonal", 0)),
        ["diagonal"] = c => x => x[0].Diagonal((int)c.Number("diagonal", 0)),
        ["diag"] = c => x => x[0].Diag((int)c.Number("diagonal", 0)),
        ["trace"] = _ => x => x[0].Trace(),
        ["reshape"] = c => x => x[0].Reshape(c.Numbers("shape")),
        ["transpose"] = c => x => x[0].Permute(c.Numbers("axes")),
        ["permute"] = c => x => x[0].Permute(c.Numbers("axes")),
        ["broadcast_to"] = c => x => x[0].BroadcastTo(new Shape(c.Numbers("shape"))),
        ["concat"] = c => x => Tensor.Concat(x, c.Axis()[0]),
        ["stack"] = c => x => Tensor.Stack(x, c.Axis()[0]),
        ["slice"] = c => x => x[0].Slice(c.Numbers("start"), c.Numbers("stop"), c.Numbers("step")),
        ["flip"] = c => x => x[0].Flip(c.Numbers("axes")),
        ["roll"] = c => x => x[0].Roll(c.Numbers("shift")[0], c.Numbers("axes")[0]).Roll(c.Numbers("shift")[1], c.Numbers("axes")[1]),
        ["tile"] = c => x => x[0].Tile(c.Numbers("reps")),
        ["repeat"] = c => x => x[0].Repeat((int)c.Number("repeats"), c.Axis()[0]),
        ["pad"] = c => x => x[0].Pad(c.Numbers("before"), c.Numbers("after")),
        ["gather_rows"] = _ => x => x[0].Gather(x[1].To(DType.Int64)),
        ["scatter_add_rows"] = c => x => x[0].ScatterAdd(x[1].To(DType.Int64), (int)c.Number("rows")),
        ["layer_norm"] = c => x => x[0].LayerNorm(x[1].Shape, x[1], x[2], c.Number("eps", 1e-5)),
        ["group_norm"] = c => x => x[0].GroupNorm((int)c.Number("groups"), x[1], x[2]),
        ["batch_norm"] = _ => x => x[0].BatchNorm(x[1], x[2]),
        ["cross_entropy"] = c => x => x[0].CrossEntropy(
            c.Text("target") == "probabilities" ? x[1] : x[1].To(DType.Int64),
            labelSmoothing: c.Number("label_smoothing", 0),
            reduction: c.Reduction()),
        ["mse_loss"] = c => x => x[0].MeanSquaredError(x[1], c.Reduction()),
        ["l1_loss"] = c => x => x[0].L1Loss(x[1], c.Reduction()),
        ["huber_loss"] = c => x => x[0].HuberLoss(x[1], c.Number("delta", 1), c.Reduction()),
        ["smooth_l1_loss"] = c => x => x[0].SmoothL1Loss(x[1], c.Number("beta", 1), c.Reduction()),
        ["bce"] = c => x => x[0].BinaryCrossEntropy(x[1], reduction: c.Reduction()),
        ["bce_with_logits"] = c => x => x[0].BinaryCrossEntropyWithLogits(x[1], reduction: c.Reduction()),
        ["kl_div"] = c => x => x[0].KlDivergence(x[1], reduction: c.Reduction(Gpu.Autograd.Reduction.BatchMean)),
        ["conv1d"] = c => x => x[0].Conv1d(
            x[1], x.Length > 2 ? x[2] : null, c.PerAxis("stride", 1), [.. c.PerAxis("padding", 0)], c.PerAxis("dilation", 1), (int)c.Number("groups", 1)),
        ["conv_transpose2d"] = c => x => x[0].ConvTranspose2d(
            x[1], x.Length > 2 ? x[2] : null, c.PerAxis("stride", 1), c.PerAxis("padding", 0)),
        ["conv2d"] = c => x => x[0].Conv2d(
            x[1], x.Length > 2 ? x[2] : null, c.PerAxis("stride", 1), [.. c.PerAxis("padding", 0)], c.PerAxis("dilation", 1), (int)c.Number("groups", 1)),
        ["max_pool2d"] = c => x => x[0].MaxPool2d(
            c.PerAxis("kernel", 2), c.PerAxis("stride", default), c.PerAxis("padding", 0), c.PerAxis("dilation", 1)),
        ["avg_pool2d"] = c => x => x[0].AvgPool2d(
            c.PerAxis("kernel", 2), c.PerAxis("stride", default), c.PerAxis("padding", 0),
            countIncludePad: c.Text("count_include_pad") != "false"),
        ["inverse"] = _ => x => x[0].Inverse(),
        ["logabsdet"] = _ => x => x[0].LogAbsDet(),
        ["det"] = _ => x => x[0].Det(),
        ["solve"] = _ => x => x[0].Solve(x[1]),
        ["cholesky"] = _ => x => x[0].Cholesky(),
        ["triangular_solve"] = c => x => x[0].TriangularSolve(x[1], c.Text("upper") == "true"),
        ["qr"] = _ => x => Joined(x[0].Qr().Q, x[0].Qr().R),
        ["eigh"] = _ => x => x[0].Eigh() is var (values, v) ? Tensor.Concat([values, (v * values.Sin().Unsqueeze(-2)).MatMul(v.Transpose()).Flatten(-2)], -1) : x[0],
        ["svd"] = _ => x => x[0].Svd() is var (u, s, vt)
            ? Tensor.Concat([s, Joined(u.MatMul(vt), u.MatMul((u * s.Sin().Unsqueeze(-2)).Transpose()))], -1) : x[0],
        ["pinv"] = _ => x => x[0].Pinv(),
        ["matrix_exp"] = _ => x => x[0].MatrixExp(),
        ["least_squares"] = _ => x => x[0].LeastSquares(x[1]),
        ["nuclear_norm"] = _ => x => x[0].NuclearNorm(),
        ["spectral_norm"] = _ => x => x[0].SpectralNorm(),
        ["kron"] = _ => x => x[0].Kron(x[1]),
        ["tensor_dot"] = _ => x => x[0].TensorDot(x[1]),
    };

    /// <summary>
    /// What the project's own file has and the library does not have yet: only these cases are skipped. Whoever adds one takes it off here.
    /// </summary>
    public static IReadOnlySet<string> NotYet { get; } = new HashSet<string>
    {
    };

    /// <summary>The call of a case, or null where the library does not have the op. Elementwise ops have the names of the op table.</summary>
    public static Func<Tensor[], Tensor>? Call(VectorCase c) => Calls.TryGetValue(c.Op, out var call)
        ? call(c)
        : OpTable.Rows.OfType<ElementwiseRow>().FirstOrDefault(row => Plain(row.Name) == Plain(c.Op))?.Apply;

    /// <summary>Two batches of matrices as one of vectors.</summary>
    private static Tensor Joined(Tensor a, Tensor b) => Tensor.Concat([a.Flatten(-2), b.Flatten(-2)], -1);

    /// <summary>PyTorch writes hardtanh and the table hard_tanh.</summary>
    private static string Plain(string name) => name.Replace("_", "");

    private static double Number(this VectorCase c, string name, double? otherwise = null) =>
        otherwise is { } number && !c.Attrs.ContainsKey(name) ? number : c.Attrs[name].GetDouble();

    /// <summary>One number for all spatial axes, or a list.</summary>
    private static PerAxis PerAxis(this VectorCase c, string name, PerAxis otherwise) =>
        !c.Attrs.TryGetValue(name, out var value) ? otherwise
        : value.ValueKind == JsonValueKind.Array ? [.. value.Deserialize<int[]>()!]
        : value.GetInt32();

    private static int[] Numbers(this VectorCase c, string name) => c.Attrs[name].Deserialize<int[]>()!;

    /// <summary>The order of a norm; of a matrix, Frobenius's is that of its elements.</summary>
    private static double Order(this VectorCase c) => c.Text("ord") switch
    {
        "inf" => double.PositiveInfinity,
        "fro" => 2,
        _ => c.Number("ord"),
    };

    private static string Text(this VectorCase c, string name) =>
        c.Attrs.TryGetValue(name, out var value) ? value.ToString().ToLowerInvariant() : "";

    private static Reduction Reduction(this VectorCase c, Reduction otherwise = Gpu.Autograd.Reduction.Mean) =>
        Enum.TryParse<Reduction>(c.Text("reduction"), ignoreCase: true, out var reduction) ? reduction : otherwise;

    private static int[] Axis(this VectorCase c) => !c.Attrs.TryGetValue("axis", out var axis) ? []
        : axis.ValueKind == JsonValueKind.Array ? axis.Deserialize<int[]>()!
        : [axis.GetInt32()];

    private static bool KeepDims(this VectorCase c) => c.Attrs.TryGetValue("keepdims", out var keep) && keep.GetBoolean();
}
