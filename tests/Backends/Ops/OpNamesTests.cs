using System.Reflection;
using System.Text;
using Gpu.Autograd.Checking;
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

    /// <summary>Rows whose samples are made with other ops before or after the op itself.</summary>
    private static readonly HashSet<string> Prepared = ["prod_at_zeros", "floor_divide", "not", "meshgrid", "unbind"];

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
                var x = Mistakes[kind](OpSamples.Operands(row, shapes, DType.Float32, Device.Cpu));
                try
                {
                    row.Bare(x);
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

    /// <summary>An axis that is not there is named, with the op, by every method that takes one axis.</summary>
    [Fact]
    public void A_wrong_axis_is_told_by_the_op_that_was_called()
    {
        var x = Tensor.Ones([2, 3]);
        var wrong = new StringBuilder();
        int walked = 0;
        foreach (var method in typeof(Tensor).GetMethods().Where(OpTableTests.IsOp))
        {
            var parameters = method.GetParameters();
            if (method.IsStatic || !parameters.Any(p => p.Name == "axis") || parameters.Any(p => p.ParameterType.IsByRefLike))
            {
                continue;
            }

            walked++;
            object?[] arguments = [.. parameters.Select(p =>
                p.Name == "axis" ? 9
                : p.HasDefaultValue ? p.DefaultValue
                : p.ParameterType == typeof(int) ? (object)1
                : p.ParameterType == typeof(double) ? (object)0.5
                : p.ParameterType == typeof(Tensor) ? (p.Name == "index" ? Tensor.Zeros([2, 3], DType.Int64) : x)
                : throw new InvalidOperationException($"{method}: there is no sample of {p}."))];
            try
            {
                method.Invoke(x, BindingFlags.DoNotWrapExceptions, null, arguments, null);
                wrong.AppendLine($"{method} takes an axis 9 of [2, 3].");
            }
            catch (ArgumentException e)
            {
                wrong.Append(e.Message.StartsWith($"{method.Name}: ", StringComparison.Ordinal) && e.Message.Contains("axis 9") ? "" : $"{method}: {e.Message}\n");
            }
        }

        Assert.True(wrong.Length == 0, wrong.ToString());
        Assert.True(walked > 30, $"{walked} methods");
    }

    /// <summary>What is asked for out of range in the middle of an op is told by this op.</summary>
    [Fact]
    public void A_wrong_index_is_told_by_the_op_that_was_called()
    {
        var x = Tensor.Ones([2, 3]);
        var far = Tensor.From([0, 7]);
        Says("Gather: index 7 is outside 0..1 (position 1).", () => x.Gather(far));
        Says("Gather: index -1 is outside 0..1 (position 0).", () => x.Gather(Tensor.From([-1])));
        Says("GatherAlong: index 7 is outside 0..2 (position 1).", () => x.GatherAlong(far.Reshape(2, 1)));
        Says("ScatterAdd: index 7 is outside 0..3 (position 1).", () => x.ScatterAdd(far, 4));
        Says("ScatterAlong: index 7 is outside 0..2 (position 1).", () => x.ScatterAlong(far.Reshape(2, 1), x[.., ..1]));
        Says("ScatterAddAlong: index 7 is outside 0..2 (position 1).", () => x.ScatterAddAlong(far.Reshape(2, 1), x[.., ..1]));
        Says("Embedding: index 7 is outside 0..1 (position 1).", () => x.Embedding(far));
        Says("CrossEntropy: index 7 is outside 0..2 (position 1).", () => x.CrossEntropy(far));
        Says("CrossEntropy: index -1 is outside 0..2 (position 0).", () => x.CrossEntropy(Tensor.From([-1, 0])));
        Says("NegativeLogLikelihood: index 7 is outside 0..2 (position 1).", () => x.NegativeLogLikelihood(far));
        Says("Slice: index 7 is outside of axis 0 of [2, 3] (length 2).", () => x[far]);
        Assert.Equal(
            "Stack: [2, 3] with an axis more has no axis 3 (rank 3).",
            Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Stack([x, x], 3)).Message);

        static void Says(string message, Func<Tensor> f) => Assert.Equal(message, Assert.Throws<IndexOutOfRangeException>(f).Message);
    }

    /// <summary>What a row's op calls itself: the longest name of a method that the row's begins with, the word for its sign, or its struct's.</summary>
    private static IEnumerable<string> Names(OpRow row)
    {
        string given = row.Name.Replace("_", "");
        var methods = typeof(Tensor).GetMethods().Where(OpTableTests.IsOp).Select(method => method.Name)
            .Where(name => given.StartsWith(OpTableTests.RowName(name), StringComparison.OrdinalIgnoreCase)).ToArray();
        int longest = methods.Select(name => OpTableTests.RowName(name).Length).DefaultIfEmpty().Max();
        return methods.Where(name => OpTableTests.RowName(name).Length == longest)
            .Select(name => name switch
            {
                "get_Part" => "Slice",
                "op_LessThan" or "op_GreaterThan" => "Less",
                "op_LessThanOrEqual" or "op_GreaterThanOrEqual" => "LessOrEqual",
                _ when name.StartsWith("op_", StringComparison.Ordinal) => char.ToUpperInvariant(given[0]) + given[1..],
                _ => name,
            })
            .Append((row as ElementwiseRow)?.Op.Name ?? "");
    }
}
