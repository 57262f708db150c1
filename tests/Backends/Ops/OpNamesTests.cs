using System.Text;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Ops;

/// <summary>Every op, given what it does not take: a message names the op that was called, and not one that it is made of.</summary>
public class OpNamesTests
{
    /// <summary>Operands that some op or other does not take, made from those that it does.</summary>
    private static readonly Dictionary<string, Func<Tensor[], Tensor[]>> Mistakes = new()
    {
        ["int32"] = x => [.. x.Select(t => t.To(DType.Int32))],
        ["bool"] = x => [.. x.Select(t => t.To(DType.Bool))],
        ["one of them float64"] = x => [x[0].To(DType.Float64), .. x[1..]],
        ["one of them on another device"] = x => [x[0].To(Device.Parse("host")), .. x[1..]],
        ["scalars"] = x => [.. x.Select(t => t.Flatten()[..1].Reshape())],
        ["one of them a scalar"] = x => [x[0].Flatten()[..1].Reshape(), .. x[1..]],
        ["vectors"] = x => [.. x.Select(t => t.Flatten())],
        ["of one element"] = x => [.. x.Select(t => t.Flatten()[..1])],
        ["of no elements"] = x => [.. x.Select(t => t.Flatten()[..0])],
        ["with a longer first axis"] = x => [x[0].Rank == 0 ? Tensor.Ones([11]) : Tensor.Concat([x[0], x[0], x[0]]), .. x[1..]],
        ["with a longer last axis"] = x => [x[0].Rank == 0 ? Tensor.Ones([11]) : Tensor.Concat([x[0], x[0], x[0]], -1), .. x[1..]],
        ["with an empty last axis"] = x => [.. x.Select(t => t.Rank == 0 ? t : t[TensorIndex.Ellipsis, ..0])],
        ["with one axis more"] = x => [x[0].Unsqueeze(0), .. x[1..]],
    };

    /// <summary>Rows whose sample is made with other ops before the op itself runs.</summary>
    private static readonly HashSet<string> Prepared = ["inverse", "logabsdet", "prod_at_zeros", "slice_by_mask"];

    public static TheoryData<string> Kinds => [.. Mistakes.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_begins_with_the_op_that_was_called(string kind)
    {
        var wrong = new StringBuilder();
        int thrown = 0;
        foreach (var row in OpTable.Rows.Where(row => !Prepared.Contains(row.Name)))
        {
            foreach (var shapes in row.Shapes)
            {
                var x = Mistakes[kind](OpCheck.Operands(row, shapes, DType.Float32, Device.Cpu));
                try
                {
                    row.Apply(x);
                }
                catch (Exception e)
                {
                    thrown++;
                    string name = e.Message.Split(':')[0];
                    if (!Names(row).Contains(name) || !e.Message.EndsWith('.') || e is NullReferenceException or InvalidCastException)
                    {
                        wrong.AppendLine($"{row.Name} of {string.Join(", ", x.Select(t => $"{t.DType.Name()} {t.Shape}"))}: {e.GetType().Name}: {e.Message}");
                    }
                }
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString());
        Assert.True(thrown > 0 || kind == "of one element", "Nothing was refused.");
    }

    /// <summary>What a row's op calls itself: its method's name, or the word for its sign.</summary>
    private static IEnumerable<string> Names(OpRow row) =>
        OpsDocument.Members(row).Select(method => method.Name switch
        {
            "get_Part" => "Slice",
            "op_LessThan" or "op_GreaterThan" => "Less",
            "op_LessThanOrEqual" or "op_GreaterThanOrEqual" => "LessOrEqual",
            "op_UnaryNegation" => "Neg",
            var name when name.StartsWith("op_", StringComparison.Ordinal) => OpTableTests.RowName(name) is var n
                ? char.ToUpperInvariant(n[0]) + n[1..]
                : "",
            var name => name,
        }).Append(row is ElementwiseRow elementwise ? elementwise.Op.Name : row.Name).Append("Slice"[..(row.Name.StartsWith("slice", StringComparison.Ordinal) ? 5 : 0)]);
}
