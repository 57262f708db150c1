using System.Runtime.InteropServices;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// One pass of reverse mode over the records, from the last to the first, each node once. Each rule runs by ops, one level below the
/// records.
/// </summary>
/// <remarks>
/// What the pass itself made and no gradient in flight shares any more goes back to the pool at once: nobody else has seen it. What
/// reaches a leaf stays. Each thread keeps one pass for the next time, since small graphs are passed through in the time that it takes to
/// make the lists.
/// </remarks>
internal sealed class Pass : IDisposable
{
    /// <summary>The most nodes that a pass which is kept has room for.</summary>
    private const int LargestSpare = 1024;

    [ThreadStatic]
    private static Pass? spare;

    private readonly Dictionary<Node, Tensor> pending = [];
    private readonly PriorityQueue<Node, long> order = new();
    private readonly List<(Node Node, Tensor G)> leaves = [];
    private Dictionary<Node, Tensor?[]>? parts;
    private bool retainsGraph;
    private bool ownsMemory;
    private long start;

    private Pass()
    {
    }

    /// <summary>The gradients that have reached leaves, once the pass has run.</summary>
    public IReadOnlyList<(Node Node, Tensor G)> Leaves => leaves;

    /// <summary>A pass in which nothing has been added yet.</summary>
    /// <param name="retainGraph">Whether the records keep their values for another pass.</param>
    /// <param name="ownsMemory">
    /// Whether nobody but the pass can hold the gradients in flight. Not where what the pass computes may be recorded in its turn: then a
    /// record can hold a gradient that no gradient in flight shares.
    /// </param>
    public static Pass Begin(bool retainGraph, bool ownsMemory)
    {
        var pass = spare ?? new Pass();
        spare = null;
        (pass.retainsGraph, pass.ownsMemory, pass.start) = (retainGraph, ownsMemory, Storage.LastId);
        return pass;
    }

    /// <summary>Adds to the gradient of a node.</summary>
    public void Add(Node node, Tensor gradient)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(pending, node, out bool isThere);
        if (!isThere)
        {
            sum = gradient;
            order.Enqueue(node, -node.Id);
            Enter(gradient);
            return;
        }

        // The sum runs an op, which may begin a pass of its own, but adds nothing to this one.
        var before = sum!;
        var after = before + gradient;
        pending[node] = after;
        Enter(after);
        Leave(before);
        Release(gradient);
    }

    /// <summary>Passes the gradients on until all have reached leaves.</summary>
    public void Run()
    {
        while (order.TryDequeue(out var node, out _))
        {
            if (node.Op is Together together)
            {
                node.CheckUsable();
                parts!.Remove(node, out var results);
                AddAll(node, together.Pullback(results!));
                UseUp(node);
                continue;
            }

            pending.Remove(node, out var g);
            if (node.HasHooks)
            {
                Keep(g!);
                g = node.Hooked(g!);
                Keep(g);
            }

            if (node.IsLeaf)
            {
                leaves.Add((node, g!));
                continue;
            }

            node.CheckUsable();
            if (node.Op is Part part)
            {
                Gather(node.Parents[0]!, part, g!);
                UseUp(node);
                continue;
            }

            for (int k = 0; k < node.Parents.Length; k++)
            {
                if (node.Parents[k] is { } parent && Gradient(node, k, g!) is { } gradient)
                {
                    Add(parent, gradient);
                }
            }

            Leave(g!);
            UseUp(node);
        }
    }

    /// <summary>The gradient that has reached a leaf; null for none.</summary>
    public Tensor? Gradient(Node leaf)
    {
        // The pass came to the leaves from the last to the first.
        var (from, to) = (0, leaves.Count);
        while (from < to)
        {
            int middle = (from + to) / 2;
            (from, to) = leaves[middle].Node.Id > leaf.Id ? (middle + 1, to) : (from, middle);
        }

        return from < leaves.Count && leaves[from].Node == leaf ? leaves[from].G : null;
    }

    /// <summary>Lets go of everything.</summary>
    public void Dispose()
    {
        parts = null;
        pending.Clear();
        leaves.Clear();
        order.Clear();
        spare = pending.Capacity <= LargestSpare ? this : null;
    }

    private static Tensor? Gradient(Node node, int k, Tensor g) =>
        Anomaly.Current is { } watch ? watch.Backward(node, k, g) : node.Vjp(k, g);

    /// <summary>The results of one call wait for each other. Their gradients are shown to functions of the user's, who may keep them.</summary>
    private void Gather(Node whole, Part part, Tensor g)
    {
        parts ??= [];
        if (!parts.TryGetValue(whole, out var results))
        {
            order.Enqueue(whole, -whole.Id);
            parts[whole] = results = new Tensor?[part.Count];
        }

        Keep(g);
        results[part.Index] = g;
    }

    private void AddAll(Node node, Tensor?[] gradients)
    {
        for (int k = 0; k < gradients.Length; k++)
        {
            if (gradients[k] is { } gradient && node.Parents[k] is { } parent)
            {
                Keep(gradient);
                Add(parent, gradient);
            }
        }
    }

    private void UseUp(Node node)
    {
        if (!retainsGraph)
        {
            node.UseUp();
        }
    }

    /// <summary>A gradient is on its way to a node.</summary>
    private void Enter(Tensor g)
    {
        if (IsOwn(g))
        {
            g.Storage.Users++;
        }
    }

    /// <summary>A gradient has been used.</summary>
    private void Leave(Tensor g)
    {
        if (IsOwn(g))
        {
            g.Storage.Users--;
            Release(g);
        }
    }

    /// <summary>Others may hold a gradient too: its memory stays theirs.</summary>
    private void Keep(Tensor g)
    {
        if (IsOwn(g))
        {
            g.Storage.Users = int.MaxValue / 2;
        }
    }

    /// <summary>Gives the memory back if no gradient in flight is in it.</summary>
    private void Release(Tensor g)
    {
        if (IsOwn(g) && g.Storage.Users == 0)
        {
            Launch.Release(g);
        }
    }

    /// <summary>Made since the pass began, so that nobody outside of it has seen it.</summary>
    private bool IsOwn(Tensor g) => ownsMemory && g.Box is null && g.Node is null && !g.IsWeak && g.Storage.Id > start;
}
