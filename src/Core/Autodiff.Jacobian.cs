using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>Whole matrices of derivatives, in one batched pass.</content>
public static partial class Autodiff
{
    /// <summary>
    /// The Jacobian of f at x, of shape output ⊕ input: forward mode where the input has no more elements than the output, else reverse.
    /// </summary>
    /// <param name="f">The function.</param>
    /// <param name="x">Where.</param>
    /// <param name="chunk">The most columns or rows to compute at once; null for all: less memory, more passes.</param>
    public static Tensor Jacobian(Func<Tensor, Tensor> f, Tensor x, int? chunk = null)
    {
        // The output's size is only known once f has run: a reverse pass needs that run anyhow.
        var (y, pullback) = Reverse.Vjp("Jacobian", f, x);
        return x.Count <= y.Count ? JacobianForward(f, x, chunk) : Rows(y, x, pullback, chunk);
    }

    /// <summary>The Jacobian of f at x by forward mode, one column for each element of x; of shape output ⊕ input.</summary>
    public static Tensor JacobianForward(Func<Tensor, Tensor> f, Tensor x, int? chunk = null)
    {
        x = x.Strong(DType.Float32, Device.Cpu);
        var columns = InChunks(x, chunk, Vmap<Tensor, Tensor>(t => Jvp(f, x, t).Tangent, randomness: Randomness.Same));

        // [input, output] → output ⊕ input
        int[] output = [.. columns.Shape.Lengths[1..]];
        return columns.MoveAxis(0, -1).Reshape([.. output, .. x.Shape.Lengths]);
    }

    /// <summary>The Jacobian of f at x by reverse mode, one row for each element of the result; of shape output ⊕ input.</summary>
    public static Tensor JacobianReverse(Func<Tensor, Tensor> f, Tensor x, int? chunk = null)
    {
        var (y, pullback) = Reverse.Vjp("Jacobian", f, x);
        return Rows(y, x, pullback, chunk);
    }

    /// <summary>
    /// The Hessian of a scalar function at x, of shape input ⊕ input: forward over reverse, in one batched pass. It is symmetric.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Tensor Hessian(Func<Tensor, Tensor> f, Tensor x, int? chunk = null) => JacobianForward(Grad(f), x, chunk);

    /// <summary>
    /// The Hessian of a scalar function of several tensors, in blocks: block [i][j] is ∂²f/∂xᵢ∂xⱼ, of shape xᵢ ⊕ xⱼ.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Tensor[][] Hessian(Func<Tensor[], Tensor> f, Tensor[] x, int? chunk = null)
    {
        var gradient = Grad(f);
        var columns = x.Select((xj, j) => InChunks(xj, chunk, Vmap<Tensor, Tensor[]>(t =>
            Jvp(gradient, x, [.. x.Select((xi, i) => i == j ? t : Reverse.ZerosLike(xi))]).Tangent, randomness: Randomness.Same))).ToArray();
        return [.. x.Select((xi, i) => x.Select((xj, j) =>
            columns[j][i].MoveAxis(0, -1).Reshape([.. xi.Shape.Lengths, .. xj.Shape.Lengths])).ToArray())];
    }

    private static Tensor Rows(Tensor y, Tensor x, Func<Tensor, Tensor> pullback, int? chunk) =>
        InChunks(y, chunk, Vmap(pullback)).Reshape([.. y.Shape.Lengths, .. x.Shape.Lengths]);

    /// <summary>f of every unit vector of x's shape, a batch at a time; the results in one tensor each.</summary>
    private static T InChunks<T>(Tensor x, int? chunk, Func<Tensor, T> f)
    {
        var parts = Chunks(x, chunk).Select(f).ToArray();
        var leaves = parts.Select(part => Tree.Flatten(part)).ToArray();
        int k = 0;
        return Tree.Map(parts[0], _ =>
        {
            Tensor[] rows = [.. leaves.Select(part => part[k])];
            k++;
            return Joined(rows);
        });
    }

    private static Tensor Joined(Tensor[] rows) => rows.Length == 1 ? rows[0] : Tensor.Concat(rows);

    /// <summary>The unit vectors of a tensor's shape, so many at a time.</summary>
    private static IEnumerable<Tensor> Chunks(Tensor x, int? chunk)
    {
        if (chunk <= 0)
        {
            throw new ArgumentOutOfRangeException(null, $"Jacobian: a chunk of {chunk} is not positive.");
        }

        int size = Math.Min(chunk ?? int.MaxValue, Math.Max(1, x.Count));
        for (int first = 0; first == 0 || first < x.Count; first += size)
        {
            int count = Math.Min(size, x.Count - first);
            yield return Tensor.Eye(count, x.Count, first, x.DType, x.Device).Reshape([count, .. x.Shape.Lengths]);
        }
    }
}
