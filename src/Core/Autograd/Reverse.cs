namespace Gpu.Autograd.Autograd;

/// <summary>Reverse mode: gradients of functions, and what is asked of their arguments and results.</summary>
internal static class Reverse
{
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
            using var pass = Pass.Begin(retainGraph: true, ownsMemory: false);
            var (names, whose) = (new TreeName($"the {given}"), new TreeName($"the {result}"));
            foreach (var (i, (path, y, own)) in TreeMatch.Pairs(transform, whose, value, names, g).Index())
            {
                var seed = own.Strong(y.DType, y.Device);
                RequireLike(seed, y, transform, names.At(path), whose.At(path));
                if (roots[i] is { } root)
                {
                    pass.Add(root, seed);
                }
            }

            pass.Run();
            return Tree.Rebuild(x, [.. leaves.Select((leaf, k) => pass.Gradient(leaf) ?? ZerosLike(arguments[k]))]);
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
