using System.Text;

namespace Gpu.Autograd;

/// <summary>The way to a part of a structure, a step at a time: <c>["w"]</c>, <c>[2].Item1</c>.</summary>
/// <param name="Parent">The way to what the part is in; null for the whole.</param>
/// <param name="Branch">What the part is in.</param>
/// <param name="Index">Which of its parts.</param>
internal sealed record TreePath(TreePath? Parent, TreeBranch Branch, int Index)
{
    /// <summary>The number of steps.</summary>
    public int Depth { get; } = 1 + (Parent?.Depth ?? 0);

    /// <summary>The first step.</summary>
    public TreePath Root => Parent?.Root ?? this;

    public override string ToString() => After(null);

    /// <summary>The beginning, of so many steps.</summary>
    public TreePath First(int steps)
    {
        var path = this;
        while (path.Depth > steps)
        {
            path = path.Parent!;
        }

        return path;
    }

    /// <summary>The steps after another path that this one begins with; null for all.</summary>
    public string After(TreePath? start)
    {
        var text = new StringBuilder();
        for (var path = this; path is not null && !ReferenceEquals(path, start); path = path.Parent)
        {
            text.Insert(0, path.Branch.Step(path.Index));
        }

        return text.ToString();
    }
}

/// <summary>A structure in messages: "the argument" and "the argument's .Weight", or "argument 1" of several.</summary>
/// <param name="Name">The name of the whole.</param>
/// <param name="One">The name of one of several, where the structure is a tuple of these.</param>
internal readonly record struct TreeName(string Name, string? One = null)
{
    /// <summary>The arguments of a function of so many.</summary>
    public static TreeName Arguments(bool several) => several ? new("the arguments", "argument") : new("the argument");

    /// <summary>The name of a part.</summary>
    public string At(TreePath? path)
    {
        if (One is null || path is null)
        {
            return path is null ? Name : $"{Name}'s {path}";
        }

        string rest = path.After(path.Root);
        return $"{One} {path.Root.Index}" + (rest.Length > 0 ? $"'s {rest}" : "");
    }
}
