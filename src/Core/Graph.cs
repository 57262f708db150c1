using System.Text;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>One op of a <see cref="Graph"/>, or a leaf.</summary>
/// <param name="Name">A leaf's own name or x1, x2, …; of results t1, t2, ….</param>
/// <param name="Op">The op; null for a leaf.</param>
/// <param name="Formula">The op with the names of its operands; operands that need no gradient are called const.</param>
/// <param name="Shape">The shape of the result.</param>
/// <param name="DType">Its dtype.</param>
/// <param name="Operands">The operands that are nodes of the graph.</param>
/// <param name="Line">The line of code that ran the op, where anomalies were watched for.</param>
public sealed record GraphNode(
    string Name, string? Op, string Formula, Shape Shape, DType DType, IReadOnlyList<GraphNode> Operands, string? Line)
{
    /// <summary>The node in one line.</summary>
    public override string ToString() => $"{Name} = {Formula}: {DType.Name()} {Shape}";
}

/// <summary>The record of how a tensor was computed from the leaves that have a gradient: what a backward pass walks.</summary>
public sealed class Graph
{
    /// <summary>Formulas longer than this are told by the op's name.</summary>
    private const int LongFormula = 48;

    private Graph(IReadOnlyList<GraphNode> nodes) => Nodes = nodes;

    /// <summary>The nodes in the order that they were computed in; the last is the tensor itself.</summary>
    public IReadOnlyList<GraphNode> Nodes { get; }

    /// <summary>A line a node: its name, what it is of, the op, dtype and shape.</summary>
    public override string ToString()
    {
        int formula = Nodes.Max(node => node.Name.Length + node.Formula.Length) + 3;
        int op = Nodes.Max(node => node.Op?.Length ?? 0);
        var text = new StringBuilder();
        foreach (var node in Nodes)
        {
            text.Append($"{node.Name} = {node.Formula}".PadRight(formula)).Append("  ").Append((node.Op ?? "").PadRight(op)).Append("  ");
            text.Append(node.DType.Name()).Append(' ').Append(node.Shape);
            text.Append(node.Line is null ? "" : $"  {node.Line}").Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The graph in the DOT language of Graphviz: <c>dot -Tsvg</c> draws it.</summary>
    public string ToDot()
    {
        var text = new StringBuilder("digraph {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        var numbers = new Dictionary<GraphNode, int>(ReferenceEqualityComparer.Instance);
        foreach (var node in Nodes)
        {
            numbers[node] = numbers.Count;
            string label = node.Op is null
                ? $"{node.Name}\n{node.DType.Name()} {node.Shape}"
                : $"{node.Op}\n{node.Name} = {node.Formula}\n{node.DType.Name()} {node.Shape}";
            string style = node.Op is null ? ", style=filled, fillcolor=\"#dbe9f6\"" : "";
            text.Append($"  n{numbers[node]} [label=\"{Quoted(label)}\"{style}];\n");
        }

        foreach (var node in Nodes)
        {
            foreach (var operand in node.Operands)
            {
                text.Append($"  n{numbers[operand]} -> n{numbers[node]};\n");
            }
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>The graph that ends at a node.</summary>
    internal static Graph Of(Node root, Func<Node, string?> nameOf)
    {
        var order = new SortedDictionary<long, Node> { [root.Id] = root };
        var open = new Stack<Node>([root]);
        while (open.TryPop(out var node))
        {
            foreach (var parent in node.Parents)
            {
                if (parent is not null && order.TryAdd(parent.Id, parent))
                {
                    open.Push(parent);
                }
            }
        }

        int leaves = 0;
        int results = 0;
        var nodes = new Dictionary<Node, GraphNode>();
        foreach (var node in order.Values)
        {
            string name = node.IsLeaf ? nameOf(node) ?? $"x{++leaves}" : $"t{++results}";
            nodes[node] = new GraphNode(
                name, node.Op?.Name, Formula(node, nodes), node.Shape, node.DType, [.. node.Parents.ToArray().OfType<Node>().Select(parent => nodes[parent])], node.Origin);
        }

        return new Graph([.. nodes.Values]);
    }

    private static string Formula(Node node, Dictionary<Node, GraphNode> nodes)
    {
        if (node.Op is not { } op)
        {
            return "leaf";
        }

        if (node.IsUsedUp)
        {
            return $"{op.Name}(…), dropped by Backward";
        }

        string[] operands = [.. node.Parents.ToArray().Select(parent => parent is null ? "const" : nodes[parent].Name)];
        string formula = op.Formula(operands);
        return formula.Length <= LongFormula ? formula : $"{op.Name}({string.Join(", ", operands)})";
    }

    private static string Quoted(string label) => label.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}
