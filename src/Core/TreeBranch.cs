using System.Collections.Concurrent;
using System.Globalization;

namespace Gpu.Autograd;

/// <summary>
/// One level of a structure: its parts, what each is called by, and how a structure like it is made of other parts.
/// </summary>
/// <param name="parts">The parts, in the order of <see cref="Tree.Flatten"/>.</param>
/// <param name="keys">What they are called by: the keys of a dictionary, <see cref="Member"/>s; null for their places in a list.</param>
/// <param name="rebuild">The structure with other parts.</param>
/// <param name="same">Whether a key is the same as one of here; null for equality.</param>
internal sealed class TreeBranch(
    IReadOnlyList<object?> parts, IReadOnlyList<object>? keys, Func<object?[], object> rebuild, Func<object, object, bool>? same = null)
{
    private static readonly ConcurrentDictionary<Type, Func<object, TreeBranch?>?> Openers = new();

    /// <summary>The parts.</summary>
    public IReadOnlyList<object?> Parts => parts;

    /// <summary>One level of a structure; null for what cannot have tensors in it.</summary>
    /// <param name="tree">The structure, no tensor.</param>
    /// <param name="path">Where it stands, for messages.</param>
    /// <exception cref="ArgumentException">It is of a type that is no structure.</exception>
    public static TreeBranch? Of(object? tree, TreePath? path)
    {
        if (tree is null)
        {
            return null;
        }

        var type = tree.GetType();
        var opener = Openers.GetOrAdd(type, TreeForms.Opener) ?? throw new ArgumentException(
            $"Tree: {(path is null ? $"a {TreeForms.NameOf(type)}" : $"the {TreeForms.NameOf(type)} at {path}")} is no structure of tensors; " +
            "use tensors, arrays, lists, dictionaries, tuples, records or modules.");
        return opener(tree);
    }

    /// <summary>The structure with other parts.</summary>
    public object With(object?[] other) => rebuild(other);

    /// <summary>What a part is called by.</summary>
    public object Key(int k) => keys is null ? k : keys[k];

    /// <summary>A part's step of a path.</summary>
    public string Step(int k) => keys?[k] switch
    {
        null => $"[{k}]",
        Member member => $".{member.Name}",
        string key => $"[\"{key}\"]",
        var key => string.Create(CultureInfo.InvariantCulture, $"[{key}]"),
    };

    /// <summary>Which part here is called as the k-th of another structure; −1 where there is none.</summary>
    public int Find(TreeBranch other, int k)
    {
        object key = other.Key(k);
        if (k < parts.Count && Is(k, key))
        {
            return k;
        }

        for (int i = 0; i < parts.Count; i++)
        {
            if (Is(i, key))
            {
                return i;
            }
        }

        return -1;
    }

    private bool Is(int k, object key) => same?.Invoke(Key(k), key) ?? Key(k).Equals(key);
}

/// <summary>The name of a property, a field, or an item of a tuple.</summary>
internal readonly record struct Member(string Name);

/// <summary>A type that is a structure of tensors by its own account.</summary>
internal interface ITree
{
    /// <summary>The tensors by name.</summary>
    IReadOnlyList<(string Name, Tensor Tensor)> Leaves { get; }

    /// <summary>One like this of other tensors, in the same order.</summary>
    object With(IReadOnlyList<Tensor> leaves);
}
