using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>Whole matrices of derivatives of functions of structures: a block for each tensor of the result and each of the argument.</content>
public static partial class Autodiff
{
    /// <summary>
    /// The Jacobians of f with respect to every tensor of a structure, in a structure like it; each of shape output ⊕ input. By columns where
    /// all tensors together have fewer elements than the output, else by rows; in either case f runs once.
    /// </summary>
    /// <param name="f">The function.</param>
    /// <param name="x">Where.</param>
    /// <param name="chunk">The most columns or rows to compute at once; null for all.</param>
    public static T Jacobians<T>(Func<T, Tensor> f, T x, int? chunk = null) => Jacobians<T, Tensor>(f, x, chunk)[0];

    /// <summary>
    /// The Jacobians of every tensor of f's result with respect to every tensor of its argument: element [i] belongs to the i-th tensor of the
    /// result (<see cref="Tree.Flatten"/>), and is of x's structure; each tensor of it of shape output ⊕ input.
    /// </summary>
    /// <param name="f">The function.</param>
    /// <param name="x">Where.</param>
    /// <param name="chunk">The most columns or rows to compute at once; null for all.</param>
    public static TIn[] Jacobians<TIn, TOut>(Func<TIn, TOut> f, TIn x, int? chunk = null)
    {
        // The output's size is only known once f has run; then its record gives columns as well as rows.
        var (y, pullback) = Reverse.Vjp("Jacobian", f, x);
        var results = Tree.Flatten(y);
        return Elements(Tree.Flatten(x)) < Elements(results) && results.All(t => t.DType.IsReal())
            ? Columns("Jacobian", x, Transposed("Jacobian", pullback, y), chunk)
            : Rows(y, x, pullback, chunk);
    }

    /// <summary>The Jacobians of f with respect to every tensor of a structure by forward mode, in a structure like it.</summary>
    public static T JacobiansForward<T>(Func<T, Tensor> f, T x, int? chunk = null) => JacobiansForward<T, Tensor>(f, x, chunk)[0];

    /// <summary>The Jacobians of every tensor of the result by forward mode, one column for each element of the argument.</summary>
    public static TIn[] JacobiansForward<TIn, TOut>(Func<TIn, TOut> f, TIn x, int? chunk = null) => ByColumns("Jacobian", f, x, chunk);

    /// <summary>The Jacobians of f with respect to every tensor of a structure by reverse mode, in a structure like it.</summary>
    public static T JacobiansReverse<T>(Func<T, Tensor> f, T x, int? chunk = null) => JacobiansReverse<T, Tensor>(f, x, chunk)[0];

    /// <summary>The Jacobians of every tensor of the result by reverse mode, one row for each element of the result.</summary>
    public static TIn[] JacobiansReverse<TIn, TOut>(Func<TIn, TOut> f, TIn x, int? chunk = null)
    {
        var (y, pullback) = Reverse.Vjp("Jacobian", f, x);
        return Rows(y, x, pullback, chunk);
    }

    /// <summary>
    /// The Hessian of a scalar function of any structure, in blocks: element [i] is of x's structure and holds the ∂²f/∂xᵢ∂xⱼ, of shape
    /// xᵢ ⊕ xⱼ, for the i-th tensor (<see cref="Tree.Flatten"/>) and all others. Forward over reverse, in one batched pass.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static T[] Hessian<T>(Func<T, Tensor> f, T x, int? chunk = null) => ByColumns("Hessian", Grad(f), x, chunk);

    /// <summary>
    /// The Hessian of a scalar function of named tensors, in blocks: <c>["a"]["b"]</c> is ∂²f/∂a∂b, of shape a ⊕ b. Forward over reverse, in
    /// one batched pass.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Dictionary<TKey, Dictionary<TKey, Tensor>> Hessian<TKey>(
        Func<Dictionary<TKey, Tensor>, Tensor> f, Dictionary<TKey, Tensor> x, int? chunk = null)
        where TKey : notnull
    {
        var rows = Hessian<Dictionary<TKey, Tensor>>(f, x, chunk);
        var branch = Tree.Open(x, null)!;
        return rows.Index().ToDictionary(row => (TKey)branch.Key(row.Index), row => row.Item, x.Comparer);
    }

    /// <summary>
    /// The Hessian of a scalar function of two tensors, in blocks: ((∂²f/∂a², ∂²f/∂a∂b), (∂²f/∂b∂a, ∂²f/∂b²)), in one batched pass.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static ((Tensor, Tensor), (Tensor, Tensor)) Hessian(Func<Tensor, Tensor, Tensor> f, Tensor a, Tensor b, int? chunk = null)
    {
        var rows = Hessian<(Tensor A, Tensor B)>(x => f(x.A, x.B), (a, b), chunk);
        return (rows[0], rows[1]);
    }

    private static TIn[] ByColumns<TIn, TOut>(string transform, Func<TIn, TOut> f, TIn x, int? chunk) =>
        Columns(transform, x, t => Jvp(f, x, t).Tangent, chunk);

    /// <summary>The matrix of a linear function, from its values for the unit vectors of the argument.</summary>
    private static TIn[] Columns<TIn, TOut>(string transform, TIn x, Func<TIn, TOut> f, int? chunk)
    {
        Tensor[] arguments = Reverse.Arguments(transform, x);
        var columns = InChunks(transform, arguments, chunk, t => Vmap(f, randomness: Randomness.Same)(Tree.Rebuild(x, t)));

        // [input, output] → output ⊕ input
        return [.. columns.Select(all => Tree.Rebuild(x, [.. Parts(all, arguments)
            .Zip(arguments, (part, input) => part.MoveAxis(0, -1).Reshape([.. all.Shape.Lengths[1..], .. input.Shape.Lengths]))]))];
    }

    private static TIn[] Rows<TIn, TOut>(TOut y, TIn x, Func<TOut, TIn> pullback, int? chunk)
    {
        var results = Tree.Flatten(y);
        var rows = InChunks("Jacobian", results, chunk, g => Vmap(pullback, randomness: Randomness.Same)(Tree.Rebuild(y, g)));
        var parts = rows.Select(all => Parts(all, results)).ToArray();
        return [.. results.Select((output, i) => Tree.Rebuild(x, [.. parts
            .Select(part => part[i].Reshape([.. output.Shape.Lengths, .. part[i].Shape.Lengths[1..]]))]))];
    }

    /// <summary>
    /// f of every unit vector of all these tensors together, a batch at a time and each with the same random numbers; each tensor of its
    /// results in one.
    /// </summary>
    private static Tensor[] InChunks<T>(string transform, IReadOnlyList<Tensor> x, int? chunk, Func<Tensor[], T> f)
    {
        if (chunk <= 0)
        {
            throw new ArgumentOutOfRangeException(null, $"{transform}: a chunk of {chunk} is not positive.");
        }

        if (x.Count == 0)
        {
            throw new ArgumentException($"{transform}: there is no tensor in the argument or none in the result.");
        }

        int all = Elements(x);
        int size = Math.Min(chunk ?? int.MaxValue, Math.Max(1, all));
        var passes = new Passes(transform);
        var parts = new List<IReadOnlyList<Tensor>>();
        for (int first = 0; first == 0 || first < all; first += size)
        {
            int count = Math.Min(size, all - first);
            int before = 0;
            var units = new Tensor[x.Count];
            for (int k = 0; k < units.Length; k++)
            {
                units[k] = Tensor.Eye(count, x[k].Count, first - before, x[k].DType, x[k].Device).Reshape([count, .. x[k].Shape.Lengths]);
                before += x[k].Count;
            }

            parts.Add(Tree.Flatten(passes.Run(() => f(units))));
        }

        return [.. parts[0].Select((_, k) => parts.Count == 1 ? parts[0][k] : Tensor.Concat([.. parts.Select(part => part[k])]))];
    }

    /// <summary>The rows of a tensor, so many for each of others as that one has elements.</summary>
    private static Tensor[] Parts(Tensor all, IReadOnlyList<Tensor> x)
    {
        var parts = new Tensor[x.Count];
        int first = 0;
        for (int k = 0; k < parts.Length; first += x[k].Count, k++)
        {
            parts[k] = all[first..(first + x[k].Count)];
        }

        return parts;
    }

    private static int Elements(IReadOnlyList<Tensor> x) => x.Sum(t => t.Count);
}
