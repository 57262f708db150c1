namespace Gpu.Autograd.Capturing;

/// <summary>A step of an optimizer. The arrays that change are read too, so that they stand twice.</summary>
/// <param name="backend">The back end.</param>
/// <param name="rate">The learning rate.</param>
/// <param name="count">The number of the step.</param>
/// <param name="parts">Of each parameter itself, two arrays that the optimizer keeps of it, and its gradient.</param>
/// <param name="products">Of others, each with what is kept of it, the two factors that the gradient is the product of.</param>
/// <param name="arrays">How many of a parameter's arrays change, the first ones.</param>
internal abstract class UpdateCall(Backend backend, Operand rate, Operand count, Operand[] parts, Operand[] products, int arrays) : Call(
    backend,
    [rate, count, .. parts, .. products, .. Changed(parts, PerParameter, arrays), .. Changed(products, PerProduct, arrays)],
    ((parts.Length / PerParameter) + (products.Length / PerProduct)) * arrays)
{
    /// <summary>The arrays of a parameter: itself, two that an optimizer keeps, and the gradient.</summary>
    protected const int PerParameter = 4;

    /// <summary>The same, with two factors for the gradient.</summary>
    protected const int PerProduct = 5;

    /// <summary>The number of parameters whose gradients are read.</summary>
    public int Parameters => parts.Length / PerParameter;

    /// <summary>Whether there are others, whose gradients are products.</summary>
    public bool HasProducts => products.Length > 0;

    /// <summary>The parameters and gradients of those.</summary>
    protected ReadOnlySpan<Operand> Parts => Operands.AsSpan(2, parts.Length);

    /// <summary>The others.</summary>
    protected ReadOnlySpan<Operand> Products => Operands.AsSpan(2 + parts.Length, products.Length);

    public override Action Prepared() => Backend.Prepare(Run);

    /// <summary>The parameter and its gradient.</summary>
    public (Operand X, Operand Gradient) this[int parameter] =>
        (Parts[PerParameter * parameter], Parts[(PerParameter * parameter) + PerParameter - 1]);

    /// <summary>The same, where a parameter's gradient is not read: it is what a product gives.</summary>
    public UpdateCall With(int parameter, ProductCall product)
    {
        int at = PerParameter * parameter;
        return With(
            [.. Parts[..at], .. Parts[(at + PerParameter)..]],
            [.. Products, .. Parts.Slice(at, PerParameter - 1), product.Operands[0], product.Operands[1]]);
    }

    /// <summary>The same for other parameters.</summary>
    protected abstract UpdateCall With(Operand[] parts, Operand[] products);

    private static IEnumerable<Operand> Changed(Operand[] operands, int per, int arrays) => operands.Where((_, i) => i % per < arrays);
}

/// <summary>A step of an optimizer.</summary>
internal sealed class UpdateCall<TOp>(Backend backend, TOp op, Operand rate, Operand count, Operand[] parts, Operand[] products)
    : UpdateCall(backend, rate, count, parts, products, TOp.Arrays)
    where TOp : struct, IUpdate
{
    public override void Run(Backend backend)
    {
        var (rate, count) = (Operands[0], Operands[1]);
        for (var left = Products; !left.IsEmpty; left = left[PerProduct..])
        {
            backend.UpdateByProduct(op, rate, count, left[0], left[1], left[2], left[3], left[4]);
        }

        if (!Parts.IsEmpty)
        {
            backend.Update(op, rate, count, Parts);
        }
    }

    protected override UpdateCall With(Operand[] parts, Operand[] products) =>
        new UpdateCall<TOp>(Backend, op, Operands[0], Operands[1], parts, products);
}
