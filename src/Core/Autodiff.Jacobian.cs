namespace Gpu.Autograd;

/// <content>Whole matrices of derivatives of functions of one tensor, in one batched pass.</content>
public static partial class Autodiff
{
    /// <summary>
    /// The Jacobian of f at x, of shape output ⊕ input, from one run of f: column by column where the input has fewer elements than the
    /// output (as by <see cref="Linearize"/>), else row by row.
    /// </summary>
    /// <remarks>
    /// In whatever way a Jacobian or Hessian is computed, random numbers are drawn once for all rows and columns: it is that of one run of f,
    /// and the generators go on as after one run.
    /// </remarks>
    /// <param name="f">The function.</param>
    /// <param name="x">Where.</param>
    /// <param name="chunk">The most columns or rows to compute at once; null for all: less memory, more passes.</param>
    public static Tensor Jacobian(Func<Tensor, Tensor> f, Tensor x, int? chunk = null) => Jacobians<Tensor, Tensor>(f, x, chunk)[0];

    /// <summary>
    /// The Jacobian of f at x by forward mode, one column for each element of x; of shape output ⊕ input. f runs once a chunk.
    /// </summary>
    public static Tensor JacobianForward(Func<Tensor, Tensor> f, Tensor x, int? chunk = null) =>
        JacobiansForward<Tensor, Tensor>(f, x, chunk)[0];

    /// <summary>The Jacobian of f at x by reverse mode, one row for each element of the result; of shape output ⊕ input.</summary>
    public static Tensor JacobianReverse(Func<Tensor, Tensor> f, Tensor x, int? chunk = null) =>
        JacobiansReverse<Tensor, Tensor>(f, x, chunk)[0];

    /// <summary>
    /// The Hessian of a scalar function at x, of shape input ⊕ input: forward over reverse, in one batched pass. It is symmetric.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Tensor Hessian(Func<Tensor, Tensor> f, Tensor x, int? chunk = null) => Hessian<Tensor>(f, x, chunk)[0];

    /// <summary>
    /// The Hessian of a scalar function of several tensors, in blocks: block [i][j] is ∂²f/∂xᵢ∂xⱼ, of shape xᵢ ⊕ xⱼ.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function's result is not a scalar.</exception>
    public static Tensor[][] Hessian(Func<Tensor[], Tensor> f, Tensor[] x, int? chunk = null) => Hessian<Tensor[]>(f, x, chunk);
}
