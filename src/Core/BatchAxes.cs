using System.Collections;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// The axes along which <see cref="Autodiff.Vmap{TIn, TOut}"/> takes tensors apart or puts them together: one for all tensors of a structure,
/// <c>1</c>, or one for each in the order of <see cref="Tree.Flatten"/>, <c>[0, null, 1]</c>. Null is for what has no axis of the batch. The
/// default is axis 0 for all.
/// </summary>
[CollectionBuilder(typeof(BatchAxes), nameof(Create))]
public readonly struct BatchAxes : IEnumerable<int?>
{
    private readonly int?[]? each;
    private readonly int all;
    private readonly bool isWhole;

    private BatchAxes(int?[]? each, int? all) => (this.each, this.all, isWhole) = (each, all ?? 0, all is null);

    /// <summary>One axis for all tensors; null for none.</summary>
    public static implicit operator BatchAxes(int? axis) => new(null, axis);

    /// <summary>An axis, or null, for each tensor; it lets <c>[0, null]</c> stand for them.</summary>
    public static BatchAxes Create(ReadOnlySpan<int?> axes) => new(axes.ToArray(), 0);

    /// <inheritdoc/>
    public IEnumerator<int?> GetEnumerator() => ((IEnumerable<int?>)(each ?? [isWhole ? null : all])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The axis of every tensor of a structure.</summary>
    /// <param name="tree">The structure.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="ArgumentException">There are more or fewer axes than tensors.</exception>
    internal int?[] For<T>(T tree, TreeName name)
    {
        int count = Tree.Flatten(tree).Count;
        if (each is not null && each.Length != count)
        {
            var paths = Tree.Paths(tree).Select(path => path.Length > 0 ? path : "itself");
            throw new ArgumentException(
                $"Vmap: {each.Length} axes are named for the {count} tensors of {name.Name}: {string.Join(", ", paths)}.");
        }

        return each ?? [.. Enumerable.Repeat<int?>(isWhole ? null : all, count)];
    }
}
