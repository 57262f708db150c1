using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// A call with several results that is differentiated as a whole: its gradients are computed from those of all results at once. Each
/// result has a record of its own, a <see cref="Part"/>, whose only parent is the record of the call.
/// </summary>
/// <param name="name">The name for messages.</param>
/// <param name="pullback">From the results' gradients to the operands'; null is zero.</param>
internal sealed class Together(string name, Func<Tensor?[], Tensor?[]> pullback) : RecordOnly(name)
{
    // All that is given to the record, so that the pass notices where it was overwritten.
    public override uint Reads => Bit(ResultBit) - 1;

    /// <summary>The operands' gradients.</summary>
    public Tensor?[] Pullback(Tensor?[] g) => pullback(g);

    /// <summary>
    /// The results of a call, recorded: boxed in a level, or on the tape where the level is null.
    /// </summary>
    /// <param name="name">The name for messages.</param>
    /// <param name="level">The level.</param>
    /// <param name="kept">What the pullback reads.</param>
    /// <param name="parents">The records of the operands.</param>
    /// <param name="y">The results, one level below.</param>
    /// <param name="isRecorded">Which of the results are recorded; the others stay as they are.</param>
    /// <param name="pullback">The gradients of the operands from those of the results.</param>
    public static Tensor[] Record(
        string name, Level? level, Tensor[] kept, Node?[] parents, Tensor[] y, bool[] isRecorded, Func<Tensor?[], Tensor?[]> pullback)
    {
        int first = Array.IndexOf(isRecorded, true);
        if (first < 0)
        {
            return y;
        }

        var whole = Recomputation.Kept(new Together(name, pullback), level?.Depth ?? 0);
        var node = Node.Record(whole, whole is Together ? kept : [], y[first], parents);
        return [.. y.Select((result, i) => isRecorded[i] ? Recorded(result, new Part(name, i, y.Length)) : result)];

        Tensor Recorded(Tensor result, Part part)
        {
            var record = Node.Record(part, [], result, [node]);
            return level is null
                ? result.View(result.Layout).With(record)
                : new Tensor(new Recorded(level, result, record));
        }
    }
}

/// <summary>One of the results of a <see cref="Together"/>.</summary>
internal sealed class Part(string name, int index, int count) : RecordOnly(name)
{
    /// <summary>Which.</summary>
    public int Index => index;

    /// <summary>Of how many.</summary>
    public int Count => count;
}

/// <summary>An op of which only its operands' records are kept: its result is there to tell what depends on what.</summary>
internal sealed class Unkept : RecordOnly
{
    private Unkept()
        : base("Checkpoint")
    {
    }

    public static Unkept Shared { get; } = new();

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => throw new InvalidOperationException(
        "Backward: a value from inside Checkpoint, which records nothing, was kept and used; return it from the function instead.");
}

/// <summary>What stands in records, and is never applied.</summary>
internal abstract class RecordOnly(string name) : Primitive
{
    public override string Name => name;

    public override Dependence In(ReadOnlySpan<bool> moving) => Dependence.Affine;

    public override Tensor Value(ReadOnlySpan<Tensor> x) => throw new InvalidOperationException($"{name} is no op of its own.");

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        throw new InvalidOperationException($"{name} is no op of its own.");

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) =>
        throw new InvalidOperationException($"{name} is no op of its own.");
}
