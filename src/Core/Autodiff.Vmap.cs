using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>What random numbers do under <see cref="Autodiff.Vmap{TIn, TOut}"/>.</summary>
public enum Randomness
{
    /// <summary>Each call of the batch draws numbers of its own.</summary>
    Different,

    /// <summary>All calls of the batch draw the same numbers.</summary>
    Same,
}

/// <content>Mapping over a batch.</content>
public static partial class Autodiff
{
    /// <summary>
    /// The function mapped over an axis of its argument: written for one sample, run for all at once. The tensors of the argument are taken
    /// apart along <paramref name="inAxis"/>, those of the result put together along <paramref name="outAxis"/>: one axis for all, or one for
    /// each (<c>[0, null]</c>). A tensor of the argument with the axis null is whole in every call; one of the result must be the same for all
    /// of the batch, and comes once.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The tensors' lengths along the axis differ, none is mapped, there is not an axis for each, or a result without an axis depends on the
    /// batch.
    /// </exception>
    public static Func<TIn, TOut> Vmap<TIn, TOut>(
        Func<TIn, TOut> f, BatchAxes inAxis = default, BatchAxes outAxis = default, Randomness randomness = Randomness.Different) =>
        x => Mapped(f, x, inAxis.For(x, new("the argument")), outAxis, randomness);

    /// <summary>The function of one tensor mapped over an axis of it.</summary>
    public static Func<Tensor, Tensor> Vmap(
        Func<Tensor, Tensor> f, int inAxis = 0, int? outAxis = 0, Randomness randomness = Randomness.Different) =>
        Vmap<Tensor, Tensor>(f, inAxis, outAxis, randomness);

    /// <summary>
    /// The function mapped over axes of its two arguments; an axis of null leaves an argument, or a tensor of it, whole for every call.
    /// </summary>
    /// <exception cref="ArgumentException">As for a function of one argument.</exception>
    public static Func<T1, T2, TOut> Vmap<T1, T2, TOut>(
        Func<T1, T2, TOut> f,
        BatchAxes inAxis1 = default,
        BatchAxes inAxis2 = default,
        BatchAxes outAxis = default,
        Randomness randomness = Randomness.Different) =>
        (a, b) => Mapped<(T1 A, T2 B), TOut>(
            x => f(x.A, x.B),
            (a, b),
            [.. inAxis1.For(a, new("argument 0")), .. inAxis2.For(b, new("argument 1"))],
            outAxis,
            randomness,
            several: true);

    /// <summary>
    /// The function mapped over axes of its three arguments; an axis of null leaves an argument, or a tensor of it, whole for every call.
    /// </summary>
    /// <exception cref="ArgumentException">As for a function of one argument.</exception>
    public static Func<T1, T2, T3, TOut> Vmap<T1, T2, T3, TOut>(
        Func<T1, T2, T3, TOut> f,
        BatchAxes inAxis1 = default,
        BatchAxes inAxis2 = default,
        BatchAxes inAxis3 = default,
        BatchAxes outAxis = default,
        Randomness randomness = Randomness.Different) =>
        (a, b, c) => Mapped<(T1 A, T2 B, T3 C), TOut>(
            x => f(x.A, x.B, x.C),
            (a, b, c),
            [.. inAxis1.For(a, new("argument 0")), .. inAxis2.For(b, new("argument 1")), .. inAxis3.For(c, new("argument 2"))],
            outAxis,
            randomness,
            several: true);

    private static TOut Mapped<TIn, TOut>(
        Func<TIn, TOut> f, TIn x, int?[] axes, BatchAxes outAxes, Randomness randomness, bool several = false)
    {
        var leaves = Tree.Leaves(x);
        var name = TreeName.Arguments(several);
        Tensor[] arguments = [.. leaves.Select(found => Scope.Resolved(found.Leaf))];
        int size = -1;
        int first = -1;
        for (int k = 0; k < arguments.Length; k++)
        {
            if (axes[k] is not { } axis)
            {
                continue;
            }

            int length = arguments[k].Shape[arguments[k].Shape.Axis(axis, "Vmap")];
            if (first >= 0 && length != size)
            {
                throw new ArgumentException(
                    $"Vmap: the batch has {size} samples by {name.At(leaves[first].Path)}, {arguments[first].Shape}, but {length} by " +
                    $"{name.At(leaves[k].Path)}, {arguments[k].Shape} (axis {axis}).");
            }

            (size, first) = (length, k);
        }

        if (first < 0)
        {
            throw new ArgumentException("Vmap: no tensor of the arguments is mapped over; name an axis for at least one.");
        }

        return Level.RunBatch("Vmap", size, randomness == Randomness.Different, level =>
        {
            var y = f(Tree.Rebuild(x, [.. arguments.Select((argument, k) => axes[k] is { } axis
                ? new Tensor(new Batched(level, argument.MoveAxis(axis, 0)))
                : argument)]));
            var ends = outAxes.For(y, new("the result"));
            return Tree.Rebuild(y, [.. Tree.Leaves(y).Select((found, i) => Whole(level, found.Leaf, found.Path, ends[i]))]);
        });
    }

    /// <summary>A result as a tensor of the level outside of the batch.</summary>
    private static Tensor Whole(Level level, Tensor output, TreePath? path, int? axis)
    {
        var own = output.Box is Batched batched && batched.Level == level ? batched.Inner : null;
        var strong = output.Strong(DType.Float32, Device.Cpu);
        if (axis is not { } end)
        {
            return own is null
                ? strong
                : throw new ArgumentException(
                    $"Vmap: {new TreeName("the result").At(path)}, {output.DType.Name()} {output.Shape}, is another one for each of the batch of " +
                    $"{level.BatchSize}; an out axis of null is for what is the same for all.");
        }

        var whole = own ?? strong.BroadcastTo([level.BatchSize, .. output.Shape.Lengths]);
        return whole.MoveAxis(0, whole.Shape.Axis(end, "Vmap"));
    }
}
