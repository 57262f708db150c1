namespace Gpu.Autograd.Autograd;

/// <summary>Reverse mode: one pass over the records, from the last to the first, each node once.</summary>
internal static class Reverse
{
    /// <summary>The gradients that reach the leaves, from the gradient g of the root. Each rule runs by ops, one level below the records.</summary>
    public static Dictionary<Node, Tensor> Gradients(Node root, Tensor g, bool retainGraph)
    {
        var leaves = new Dictionary<Node, Tensor>();
        var pending = new Dictionary<Node, Tensor>();
        var order = new PriorityQueue<Node, long>();
        var owned = new PassMemory(isOn: !Engine.IsRecording);
        Add(root, g);
        while (order.TryDequeue(out var node, out _))
        {
            pending.Remove(node, out g!);
            if (node.IsLeaf)
            {
                leaves[node] = g;
                continue;
            }

            node.CheckUsable();
            for (int k = 0; k < node.Parents.Length; k++)
            {
                if (node.Parents[k] is { } parent && node.Vjp(k, g) is { } gradient)
                {
                    Add(parent, gradient);
                }
            }

            owned.Leave(g);
            if (!retainGraph)
            {
                node.UseUp();
            }
        }

        return leaves;

        void Add(Node node, Tensor gradient)
        {
            if (!pending.TryGetValue(node, out var sum))
            {
                order.Enqueue(node, -node.Id);
                owned.Enter(pending[node] = gradient);
                return;
            }

            owned.Enter(pending[node] = sum + gradient);
            owned.Leave(sum);
            owned.Release(gradient);
        }
    }

    /// <summary>f(x) and the map from a gradient of the result to those of the arguments.</summary>
    public static (Tensor Value, Func<Tensor, Tensor[]> Pullback) Vjp(string transform, Func<Tensor[], Tensor> f, Tensor[] x)
    {
        var leaves = new Node[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            RequireReal(x[k], transform);
            leaves[k] = Node.NewLeaf();
            x[k] = x[k].Strong(DType.Float32, Device.Cpu);
        }

        var (value, root) = Level.Run(transform, level =>
        {
            var y = f([.. x.Select((argument, k) => new Tensor(new Recorded(level, argument, leaves[k])))]);
            return y.Box is Recorded recorded && recorded.Level == level ? (recorded.Inner, recorded.Node) : (y, (Node?)null);
        });
        return (value, Pullback);

        Tensor[] Pullback(Tensor g)
        {
            if (g.Shape != value.Shape)
            {
                throw new ArgumentException(
                    $"{transform}: the gradient {g.Shape} does not have the shape of the result, {value.Shape}.");
            }

            var reached = root is null ? [] : Gradients(root, g, retainGraph: true);
            var gradients = new Tensor[x.Length];
            for (int k = 0; k < x.Length; k++)
            {
                gradients[k] = reached.TryGetValue(leaves[k], out var found)
                    ? found
                    : Tensor.Zeros(x[k].Shape, x[k].DType, x[k].Device);
            }

            return gradients;
        }
    }

    /// <summary>Only a real input has a derivative.</summary>
    public static void RequireReal(Tensor x, string transform)
    {
        if (!x.DType.IsReal())
        {
            throw new ArgumentException($"{transform}: {x.DType.Name()} {x.Shape} has no gradient; only float32 and float64 have.");
        }
    }

    /// <summary>Only a scalar has a gradient.</summary>
    public static void RequireScalar(Tensor y, string transform)
    {
        if (y.Count != 1)
        {
            throw new InvalidOperationException(
                $"{transform}: the result has shape {y.Shape}; only a scalar has a gradient. Sum it, or ask for a Vjp or the Jacobian.");
        }

        RequireReal(y, transform);
    }
}

/// <summary>
/// The memory of one pass's gradients. What the pass itself made and no gradient in flight shares any more goes back to the pool at once:
/// nobody else has seen it. What reaches a leaf stays.
/// </summary>
/// <param name="isOn">
/// Off where what the pass computes may be recorded in its turn: then a record can hold a gradient that no gradient in flight shares.
/// </param>
internal sealed class PassMemory(bool isOn)
{
    private readonly Dictionary<Storage, int> users = [];
    private readonly long start = Storage.LastId;

    /// <summary>A gradient is on its way to a node.</summary>
    public void Enter(Tensor g)
    {
        if (IsOwn(g))
        {
            users[g.Storage] = users.GetValueOrDefault(g.Storage) + 1;
        }
    }

    /// <summary>A gradient has been used.</summary>
    public void Leave(Tensor g)
    {
        if (IsOwn(g))
        {
            users[g.Storage]--;
            Release(g);
        }
    }

    /// <summary>Gives the memory back if no gradient in flight is in it.</summary>
    public void Release(Tensor g)
    {
        if (IsOwn(g) && users.GetValueOrDefault(g.Storage) == 0)
        {
            users.Remove(g.Storage);
            g.Storage.Release();
        }
    }

    /// <summary>Made since the pass began, so that nobody outside of it has seen it.</summary>
    private bool IsOwn(Tensor g) => isOn && g.Box is null && g.Node is null && !g.IsWeak && g.Storage.Id > start;
}
