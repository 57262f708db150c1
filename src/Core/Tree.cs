using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// Structures of tensors: a tensor, an array or list, a dictionary, a tuple, a record, a module (its parameters), and any nesting of these.
/// What is not a tensor in them (a number, a name) is carried along. This is the one place where structures are taken apart and put together.
/// </summary>
/// <remarks>
/// Lists: arrays, <c>List</c>, <c>ImmutableArray</c>, <c>ImmutableList</c>, <c>ReadOnlyCollection</c>, and what <c>[a, b]</c> makes for an
/// <c>IReadOnlyList</c>. Dictionaries: <c>Dictionary</c>, the sorted, ordered, immutable, frozen and read-only ones; they keep their
/// comparers. Their tensors come in the order of the keys (strings by their characters' numbers), or in the order that is a sorted or ordered
/// dictionary's own; keys without an order come as a <c>Dictionary</c> lists them. Of a module come the values of its parameters, without
/// the tape, by the names of <c>State()</c>; a module like it shares all else that it has. A class or struct of your own is a structure if it
/// is a record or has a constructor whose parameters are named as its properties.
/// </remarks>
public static class Tree
{
    /// <summary>The tensors of a structure, in a fixed order.</summary>
    /// <exception cref="ArgumentException">The structure holds a type that is none of the above, or itself.</exception>
    public static IReadOnlyList<Tensor> Flatten<T>(T tree) => tree is Tensor leaf ? [leaf] : [.. Leaves(tree).Select(found => found.Leaf)];

    /// <summary>
    /// Where the tensors of <see cref="Flatten"/> stand: <c>["w"]</c>, <c>[2].Item1</c>, <c>.Weight</c>; nothing for a tensor alone.
    /// </summary>
    /// <exception cref="ArgumentException">The structure holds a type that is none of the above, or itself.</exception>
    public static IReadOnlyList<string> Paths<T>(T tree) => [.. Leaves(tree).Select(found => $"{found.Path}")];

    /// <summary>A structure like another, of other tensors, in the order of <see cref="Flatten"/>.</summary>
    /// <exception cref="ArgumentException">There are too few or too many tensors.</exception>
    public static T Rebuild<T>(T like, IReadOnlyList<Tensor> leaves)
    {
        int next = 0;
        var result = Map(like, _ => next < leaves.Count
            ? leaves[next++]
            : throw new ArgumentException($"Tree: the structure has more than the {leaves.Count} tensors given."));
        return next == leaves.Count
            ? result
            : throw new ArgumentException($"Tree: the structure has {next} tensors, {leaves.Count} are given.");
    }

    /// <summary>A structure like another, each of its tensors replaced by a function of it.</summary>
    public static T Map<T>(T tree, Func<Tensor, Tensor> f) => (T)Replaced(tree, null, f)!;

    /// <summary>
    /// A structure like two others, each of its tensors a function of theirs: <c>Tree.Map(net, gradient, (w, g) => w - (0.1 * g))</c>. Beside
    /// the tensors it is like the first.
    /// </summary>
    /// <exception cref="ArgumentException">The structures differ; which tensor one of them lacks is told by its path.</exception>
    public static T Map<T>(T first, T second, Func<Tensor, Tensor, Tensor> f)
    {
        var pairs = TreeMatch.Pairs("Map", new("the first structure"), first, new("the second"), second);
        return Rebuild(first, [.. pairs.Select(pair => f(pair.Like, pair.Given))]);
    }

    /// <summary>The tensors with their paths; null is the path of the whole.</summary>
    internal static List<(TreePath? Path, Tensor Leaf)> Leaves(object? tree, TreePath? path = null)
    {
        var leaves = new List<(TreePath?, Tensor)>();
        Visit(tree, path);
        return leaves;

        void Visit(object? part, TreePath? at)
        {
            if (part is Tensor leaf)
            {
                leaves.Add((at, leaf));
            }
            else if (Open(part, at) is { } branch)
            {
                for (int k = 0; k < branch.Parts.Count; k++)
                {
                    Visit(branch.Parts[k], new TreePath(at, branch, k));
                }
            }
        }
    }

    /// <summary>One level of a structure; null where there is no tensor in it.</summary>
    internal static TreeBranch? Open(object? tree, TreePath? path)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ArgumentException(
                $"Tree: the structure nests {path?.Depth} deep, from {path?.First(3)} on; does it contain itself?");
        }

        return TreeBranch.Of(tree, path);
    }

    private static object? Replaced(object? tree, TreePath? path, Func<Tensor, Tensor> f)
    {
        if (tree is Tensor leaf)
        {
            return f(leaf);
        }

        if (Open(tree, path) is not { } branch)
        {
            return tree;
        }

        var parts = new object?[branch.Parts.Count];
        for (int k = 0; k < parts.Length; k++)
        {
            parts[k] = Replaced(branch.Parts[k], new TreePath(path, branch, k), f);
        }

        return branch.With(parts);
    }
}
