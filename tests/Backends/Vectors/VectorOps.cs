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
        ["logsumexp"] = c => x => x[0].LogSumExp(c.Axis()[0], c.KeepDims()),
        ["softmax"] = c => x => x[0].Softmax(c.Axis()[0]),
        ["log_softmax"] = c => x => x[0].LogSoftmax(c.Axis()[0]),
        ["matmul"] = _ => x => x[0].MatMul(x[1]),
        ["reshape"] = c => x => x[0].Reshape(c.Numbers("shape")),
        ["transpose"] = c => x => x[0].Permute(c.Numbers("axes")),
        ["permute"] = c => x => x[0].Permute(c.Numbers("axes")),
        ["broadcast_to"] = c => x => x[0].BroadcastTo(new Shape(c.Numbers("shape"))),
        ["concat"] = c => x => Tensor.Concat(x, c.Axis()[0]),
        ["slice"] = c => x => x[0].Slice(c.Numbers("start"), c.Numbers("stop"), c.Numbers("step")),
        ["pad"] = c => x => x[0].Pad(c.Numbers("before"), c.Numbers("after")),
        ["gather_rows"] = _ => x => x[0].Gather(x[1].To(DType.Int64)),
        ["scatter_add_rows"] = c => x => x[0].ScatterAdd(x[1].To(DType.Int64), (int)c.Number("rows")),
        ["cross_entropy"] = c => c.Attrs.Count > 0 ? null! : x => x[0].CrossEntropy(x[1].To(DType.Int64)),
        ["mse_loss"] = _ => x => x[0].MeanSquaredError(x[1]),
        ["inverse"] = _ => x => x[0].Inverse(),
        ["logabsdet"] = _ => x => x[0].LogAbsDet(),
    };

    /// <summary>The call of a case, or null where the library does not have the op. Elementwise ops have the names of the op table.</summary>
    public static Func<Tensor[], Tensor>? Call(VectorCase c) => Calls.TryGetValue(c.Op, out var call)
        ? call(c)
        : OpTable.Rows.OfType<ElementwiseRow>().FirstOrDefault(row => row.Name == c.Op)?.Apply;

    private static double Number(this VectorCase c, string name) => c.Attrs[name].GetDouble();

    private static int[] Numbers(this VectorCase c, string name) => c.Attrs[name].Deserialize<int[]>()!;

    private static int[] Axis(this VectorCase c) => c.Attrs.TryGetValue("axis", out var axis) ? [axis.GetInt32()] : [];

    private static bool KeepDims(this VectorCase c) => c.Attrs.TryGetValue("keepdims", out var keep) && keep.GetBoolean();
}
