namespace Gpu.Autograd.Autograd;

/// <summary>Reverse mode: one pass over the records, from the last to the first, each node once.</summary>
internal static class Reverse
{
    /// <summary>The gradients that reach the leaves, from gradients of the roots. Each rule runs by ops, one level below the records.</summary>
    /// <param name="seeds">Where the pass begins.</param>
    /// <param name="retainGraph">Whether the records keep their values for another pass.</param>
    /// <param name="ownsMemory">
    /// Whether nobody but the pass can hold the gradients in flight: not where the pass itself may be recorded.
    /// </param>
    public static Dictionary<Node, Tensor> Gradients(IEnumerable<(Node Root, Tensor G)> seeds, bool retainGraph, bool ownsMemory)
    {
        var leaves = new Dictionary<Node, Tensor>();
        var pending = new Dictionary<Node, Tensor>();
        var parts = new Dictionary<Node, Tensor?[]>();
        var order = new PriorityQueue<Node, long>();
        var owned = new PassMemory(ownsMemory);
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
            if (node.HasHooks)
            {
                owned.Keep(g!);
                g = node.Hooked(g!);
                owned.Keep(g);
            }

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
                if (node.Parents[k] is { } parent && Gradient(node, k, g!) is { } gradient)
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

        static Tensor? Gradient(Node node, int k, Tensor g) =>
            Anomaly.Current is { } watch ? watch.Backward(node, k, g) : node.Vjp(k, g);

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
    /// <param name="transform">The transform's name, for messages.</param>
    /// <param name="f">The function.</param>
    /// <param name="x">Its argument.</param>
    /// <param name="several">Whether the argument is a tuple of the arguments that the user's function has.</param>
    /// <param name="given">What the gradient is called.</param>
    /// <param name="result">What the result is called.</param>
    /// <param name="linearity">Checks that f is linear, where it is to be transposed.</param>
    /// <param name="isIdle">Which arguments, counted as <see cref="Tree.Flatten"/> does, no gradient is asked of; null for none.</param>
    public static (TOut Value, Func<TOut, TIn> Pullback) Vjp<TIn, TOut>(
        string transform,
        Func<TIn, TOut> f,
        TIn x,
        bool several = false,
        string given = "gradient",
        string result = "result",
        Linearity? linearity = null,
        Predicate<int>? isIdle = null)
    {
        Tensor[] arguments = Arguments(transform, x, several);
        var leaves = Array.ConvertAll(arguments, Node.NewArgument);
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
        }, linearity);
        linearity?.Require(roots, Tree.Flatten(value), [.. leaves.Where((_, k) => isIdle?.Invoke(k) == true)]);
        return (value, Pullback);

        TIn Pullback(TOut g)
        {
            var seeds = new List<(Node, Tensor)>();
            var (names, whose) = (new TreeName($"the {given}"), new TreeName($"the {result}"));
            foreach (var (i, (path, y, own)) in TreeMatch.Pairs(transform, whose, value, names, g).Index())
            {
                var seed = own.Strong(y.DType, y.Device);
                RequireLike(seed, y, transform, names.At(path), whose.At(path));
                if (roots[i] is { } root)
                {
                    seeds.Add((root, seed));
                }
            }

            var reached = Gradients(seeds, retainGraph: true, ownsMemory: false);
            return Tree.Rebuild(x, [.. leaves.Select((leaf, k) => reached.GetValueOrDefault(leaf) ?? ZerosLike(arguments[k]))]);
        }
    }

    /// <summary>The tensors of an argument, as what they stand for; all must be real.</summary>
    /// <exception cref="ArgumentException">One has no gradient.</exception>
    public static Tensor[] Arguments<T>(string transform, T x, bool several = false)
    {
        var leaves = Tree.Leaves(x);
        foreach (var (path, leaf) in leaves)
        {
            if (!leaf.DType.IsReal())
            {
                string hint = path is null ? ""
                    : several ? $" Let the function capture it, or differentiate along another argument (argument: {(path.Root.Index == 0 ? 1 : 0)})."
                    : " Let the function capture it.";
                throw new ArgumentException(
                    $"{transform}: {TreeName.Arguments(several).At(path)}, {leaf.DType.Name()} {leaf.Shape}, has no gradient; only float32 and " +
                    $"float64 have.{hint}");
            }
        }

        return [.. leaves.Select(found => Scope.Resolved(found.Leaf).Strong(DType.Float32, Device.Cpu))];
    }

    /// <summary>Zeros of a tensor's shape, dtype and device.</summary>
    public static Tensor ZerosLike(Tensor x) => Tensor.Zeros(x.Shape, x.DType, x.Device);

    /// <summary>Ones of a tensor's shape, dtype and device.</summary>
    public static Tensor OnesLike(Tensor x) => Tensor.Ones(x.Shape, x.DType, x.Device);

    /// <summary>A gradient or tangent must be of the shape, dtype and device of what it belongs to.</summary>
    public static void RequireLike(Tensor g, Tensor of, string transform, string what, string whose)
    {
        if (g.Shape != of.Shape || g.DType != of.DType || g.Device != of.Device)
        {
            throw new ArgumentException(
                $"{transform}: {what}, {g.DType.Name()} {g.Shape} on {g.Device}, is not like {whose}, " +
                $"{of.DType.Name()} {of.Shape} on {of.Device}.");
        }
    }

    /// <summary>Only a scalar has a gradient.</summary>
    public static void RequireScalar(Tensor y, string transform)
    {
        if (!y.DType.IsReal())
        {
            string made = y.Cut is { } op ? $"comes from {op.Name}, which has no derivative" : "has no gradient";
            throw new InvalidOperationException(
                $"{transform}: the result, {y.DType.Name()} {y.Shape}, {made}; only float32 and float64 have gradients.");
        }

        if (y.Count != 1)
        {
            throw new InvalidOperationException(
                $"{transform}: the result has shape {y.Shape}; only a scalar has a gradient. Sum it, or ask for a Vjp or the Jacobian.");
        }
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
            Launch.Release(g);
        }
    }

    /// <summary>Made since the pass began, so that nobody outside of it has seen it.</summary>
    private bool IsOwn(Tensor g) => isOn && g.Box is null && g.Node is null && !g.IsWeak && g.Storage.Id > start;
}
