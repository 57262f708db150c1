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
    /// The function mapped over an axis of its argument: written for one sample, run for all at once. Every tensor of the argument is taken
    /// apart along <paramref name="inAxis"/>, every tensor of the result put together along <paramref name="outAxis"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The tensors' lengths along the axis differ.</exception>
    public static Func<TIn, TOut> Vmap<TIn, TOut>(
        Func<TIn, TOut> f, int inAxis = 0, int outAxis = 0, Randomness randomness = Randomness.Different) =>
        x => Mapped(f, x, [.. Tree.Flatten(x).Select(_ => (int?)inAxis)], outAxis, randomness);

    /// <summary>The function of one tensor mapped over an axis of it.</summary>
    public static Func<Tensor, Tensor> Vmap(
        Func<Tensor, Tensor> f, int inAxis = 0, int outAxis = 0, Randomness randomness = Randomness.Different) =>
        Vmap<Tensor, Tensor>(f, inAxis, outAxis, randomness);

    /// <summary>
    /// The function mapped over an axis of each of its two arguments; an axis of null leaves that argument whole for every call.
    /// </summary>
    /// <exception cref="ArgumentException">The tensors' lengths along the axes differ, or no axis is mapped.</exception>
    public static Func<T1, T2, TOut> Vmap<T1, T2, TOut>(
        Func<T1, T2, TOut> f, int? inAxis1 = 0, int? inAxis2 = 0, int outAxis = 0, Randomness randomness = Randomness.Different) =>
        (a, b) => Mapped<(T1 A, T2 B), TOut>(
            x => f(x.A, x.B),
            (a, b),
            [.. Tree.Flatten(a).Select(_ => inAxis1), .. Tree.Flatten(b).Select(_ => inAxis2)],
            outAxis,
            randomness);

    /// <summary>
    /// The function mapped over an axis of each of its three arguments; an axis of null leaves that argument whole for every call.
    /// </summary>
    /// <exception cref="ArgumentException">The tensors' lengths along the axes differ, or no axis is mapped.</exception>
    public static Func<T1, T2, T3, TOut> Vmap<T1, T2, T3, TOut>(
        Func<T1, T2, T3, TOut> f,
        int? inAxis1 = 0,
        int? inAxis2 = 0,
        int? inAxis3 = 0,
        int outAxis = 0,
        Randomness randomness = Randomness.Different) =>
        (a, b, c) => Mapped<(T1 A, T2 B, T3 C), TOut>(
            x => f(x.A, x.B, x.C),
            (a, b, c),
            [.. Tree.Flatten(a).Select(_ => inAxis1), .. Tree.Flatten(b).Select(_ => inAxis2), .. Tree.Flatten(c).Select(_ => inAxis3)],
            outAxis,
            randomness);

    private static TOut Mapped<TIn, TOut>(Func<TIn, TOut> f, TIn x, int?[] axes, int outAxis, Randomness randomness)
    {
        Tensor[] arguments = [.. Tree.Flatten(x).Select(argument => Scope.Resolved(argument))];
        int size = -1;
        Tensor? first = null;
        for (int k = 0; k < arguments.Length; k++)
        {
            if (axes[k] is not { } axis)
            {
                continue;
            }

            int length = arguments[k].Shape[arguments[k].Shape.Axis(axis, "Vmap")];
            if (first is not null && length != size)
            {
                throw new ArgumentException(
                    $"Vmap: the batch has {size} samples by {first.Shape} but {length} by {arguments[k].Shape} (axis {axis}).");
            }

            (size, first) = (length, arguments[k]);
        }

        if (first is null)
        {
            throw new ArgumentException("Vmap: no tensor of the arguments is mapped over; name an axis for at least one.");
        }

        return Level.RunBatch("Vmap", size, randomness == Randomness.Different, level =>
        {
            var y = f(Tree.Rebuild(x, [.. arguments.Select((argument, k) => axes[k] is { } axis
                ? new Tensor(new Batched(level, argument.MoveAxis(axis, 0)))
                : argument)]));
            return Tree.Map(y, output =>
            {
                var whole = output.Box is Batched batched && batched.Level == level
                    ? batched.Inner
                    : output.Strong(DType.Float32, Device.Cpu).BroadcastTo([size, .. output.Shape.Lengths]);
                return whole.MoveAxis(0, whole.Shape.Axis(outAxis, "Vmap"));
            });
        });
    }
}
