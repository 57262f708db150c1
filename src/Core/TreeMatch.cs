namespace Gpu.Autograd;

/// <summary>
/// Two structures of tensors held against each other: dictionaries by their keys, records by their members, lists by their order.
/// </summary>
internal sealed class TreeMatch
{
    private readonly string transform;
    private readonly TreeName like;
    private readonly TreeName given;
    private readonly List<(TreePath? Path, Tensor Like, Tensor Given)> pairs = [];

    private TreeMatch(string transform, TreeName like, TreeName given)
    {
        this.transform = transform;
        this.like = like;
        this.given = given;
    }

    /// <summary>The tensors of a structure, each with the one that stands in its place in another structure.</summary>
    /// <param name="transform">Who asks, for messages.</param>
    /// <param name="like">The name of the structure to be like.</param>
    /// <param name="x">That structure.</param>
    /// <param name="given">The name of the other.</param>
    /// <param name="t">The other.</param>
    /// <exception cref="ArgumentException">A tensor of one has no counterpart in the other.</exception>
    public static List<(TreePath? Path, Tensor Like, Tensor Given)> Pairs(
        string transform, TreeName like, object? x, TreeName given, object? t)
    {
        var match = new TreeMatch(transform, like, given);
        match.Compare(x, t, null);
        return match.pairs;
    }

    private void Compare(object? x, object? t, TreePath? path)
    {
        switch (x, t)
        {
            case (Tensor own, Tensor other):
                pairs.Add((path, own, other));
                return;
            case (Tensor own, { }) when Tree.Open(t, path) is not null:
                throw new ArgumentException($"{transform}: {given.At(path)} is a structure, but {Text(like, path, own)} a tensor.");
            case ({ }, Tensor other) when Tree.Open(x, path) is not null:
                throw new ArgumentException($"{transform}: {Text(given, path, other)} is a tensor, but {like.At(path)} a structure.");
        }

        // Where one of the two has no parts, the other may only have parts without tensors.
        if (x is not Tensor && t is not Tensor && Tree.Open(x, path) is { } mine && Tree.Open(t, path) is { } theirs)
        {
            Compare(mine, theirs, path);
            return;
        }

        RequireNone(x, path, like, given);
        RequireNone(t, path, given, like);
    }

    private void Compare(TreeBranch mine, TreeBranch theirs, TreePath? path)
    {
        bool[] found = new bool[theirs.Parts.Count];
        for (int k = 0; k < mine.Parts.Count; k++)
        {
            var at = new TreePath(path, mine, k);
            int other = theirs.Find(mine, k);
            if (other < 0)
            {
                RequireNone(mine.Parts[k], at, like, given);
                continue;
            }

            found[other] = true;
            Compare(mine.Parts[k], theirs.Parts[other], at);
        }

        for (int k = 0; k < found.Length; k++)
        {
            if (!found[k])
            {
                RequireNone(theirs.Parts[k], new TreePath(path, theirs, k), given, like);
            }
        }
    }

    private void RequireNone(object? tree, TreePath? path, TreeName has, TreeName lacks)
    {
        if (Tree.Leaves(tree, path) is [var (first, leaf), ..])
        {
            throw new ArgumentException($"{transform}: {Text(has, first, leaf)} has no counterpart in {lacks.Name}.");
        }
    }

    /// <summary>A tensor by its name and shape; a number has none.</summary>
    private static string Text(TreeName name, TreePath? path, Tensor leaf) =>
        leaf.IsWeak ? name.At(path) : $"{name.At(path)}, {leaf.DType.Name()} {leaf.Shape},";
}
