namespace Gpu.Autograd.Autograd;

/// <summary>Reverse mode: one pass over the records, from the last to the first, each node once.</summary>
internal static class Reverse
{
    /// <summary>The gradients that reach the leaves, from gradients of the roots. Each rule runs by ops, one level below the records.</summary>
    public static Dictionary<Node, Tensor> Gradients(IEnumerable<(Node Root, Tensor G)> seeds, bool retainGraph)
    {
        var leaves = new Dictionary<Node, Tensor>();
        var pending = new Dictionary<Node, Tensor>();
        var parts = new Dictionary<Node, Tensor?[]>();
        var order = new PriorityQueue<Node, long>();
        var owned = new PassMemory(isOn: !Engine.IsRecording);
        foreach (var (root, g) in seeds)
        {
            Add(root, g);
        }

        while (order.TryDequeue(out var node, out _))
        {
            if (node.Op is Together together)
            {
                node.CheckUsable();
                parts.Remove(node, out var results);
                AddAll(node, together.Pullback(results!));
                UseUp(node);
                continue;
            }

            pending.Remove(node, out var g);
            if (node.IsLeaf)
            {
                leaves[node] = g!;
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
                if (node.Parents[k] is { } parent && node.Vjp(k, g!) is { } gradient)
                {
                    Add(parent, gradient);
                }
            }

            owned.Leave(g!);
            UseUp(node);
        }

        return leaves;

        // The results of one call wait for each other. Their gradients are shown to functions of the user's, who may keep them.
        void Gather(Node whole, Part part, Tensor g)
        {
            if (!parts.TryGetValue(whole, out var results))
            {
                order.Enqueue(whole, -whole.Id);
                parts[whole] = results = new Tensor?[part.Count];
            }

            owned.Keep(g);
            results[part.Index] = g;
        }

        void AddAll(Node node, Tensor?[] gradients)
        {
            for (int k = 0; k < gradients.Length; k++)
            {
                if (gradients[k] is { } gradient && node.Parents[k] is { } parent)
                {
                    owned.Keep(gradient);
                    Add(parent, gradient);
                }
            }
        }

        void UseUp(Node node)
        {
            if (!retainGraph)
            {
                node.UseUp();
            }
        }

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

    /// <summary>f(x) and the map from a gradient of the result to those of the arguments; arguments and result are structures.</summary>
    public static (TOut Value, Func<TOut, TIn> Pullback) Vjp<TIn, TOut>(string transform, Func<TIn, TOut> f, TIn x)
    {
        Tensor[] arguments = [.. Tree.Flatten(x).Select(argument => Scope.Resolved(argument).Strong(DType.Float32, Device.Cpu))];
        var leaves = new Node[arguments.Length];
        for (int k = 0; k < leaves.Length; k++)
        {
            RequireReal(arguments[k], transform);
            leaves[k] = Node.NewLeaf();
        }

        List<Node?> roots = [];
        var value = Level.Run(transform, level =>
        {
            var y = f(Tree.Rebuild(x, [.. arguments.Select((argument, k) => new Tensor(new Recorded(level, argument, leaves[k])))]));
            return Tree.Map(y, output =>
            {
                var record = output.Box is Recorded recorded && recorded.Level == level ? recorded : null;
                roots.Add(record?.Node);
                return record?.Inner ?? output;
            });
        });
        var values = Tree.Flatten(value);
        return (value, Pullback);

        TIn Pullback(TOut g)
        {
            var given = Tree.Flatten(g);
            var seeds = new List<(Node, Tensor)>();
            for (int i = 0; i < values.Count; i++)
            {
                if (i >= given.Count || given[i].Shape != values[i].Shape)
                {
                    string shape = i < given.Count ? $"the gradient {given[i].Shape} does not have" : "a gradient is missing for";
                    throw new ArgumentException($"{transform}: {shape} the shape of the result, {values[i].Shape}.");
                }

                if (roots[i] is { } root)
                {
                    seeds.Add((root, given[i].Strong(values[i].DType, values[i].Device)));
                }
            }

            var reached = Gradients(seeds, retainGraph: true);
            return Tree.Rebuild(x, [.. leaves.Select((leaf, k) => reached.GetValueOrDefault(leaf) ?? ZerosLike(arguments[k]))]);
        }
    }

    /// <summary>Zeros of a tensor's shape, dtype and device.</summary>
    public static Tensor ZerosLike(Tensor x) => Tensor.Zeros(x.Shape, x.DType, x.Device);

    /// <summary>Ones of a tensor's shape, dtype and device.</summary>
    public static Tensor OnesLike(Tensor x) => Tensor.Ones(x.Shape, x.DType, x.Device);

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

    /// <summary>Others may hold a gradient too: its memory stays theirs.</summary>
    public void Keep(Tensor g)
    {
        if (IsOwn(g))
        {
            users[g.Storage] = int.MaxValue / 2;
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
