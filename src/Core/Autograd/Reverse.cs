namespace Gpu.Autograd.Autograd;

/// <summary>Reverse mode: one pass over the records, from the last to the first, each node once.</summary>
internal static class Reverse
{
    /// <summary>The gradients that reach the leaves, from the gradient g of the root. Each rule runs by ops, one level below the records.</summary>
    public static Dictionary<Node, Tensor> Gradients(Node root, Tensor g, bool retainGraph)
    {
        var leaves = new Dictionary<Node, Tensor>();
        var pending = new Dictionary<Node, Tensor> { [root] = g };
        var order = new PriorityQueue<Node, long>();
        order.Enqueue(root, -root.Id);
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
                if (node.Parents[k] is not { } parent || node.Vjp(k, g) is not { } gradient)
                {
                    continue;
                }

                if (pending.TryGetValue(parent, out var sum))
                {
                    pending[parent] = sum + gradient;
                }
                else
                {
                    pending[parent] = gradient;
                    order.Enqueue(parent, -parent.Id);
                }
            }

            if (!retainGraph)
            {
                node.UseUp();
            }
        }

        return leaves;
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
