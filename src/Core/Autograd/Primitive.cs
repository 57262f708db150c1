using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// An op that has rules of its own. There are five kinds, each with one place where its rules stand: elementwise, linear, bilinear,
/// factorisation, selection. An instance is one op with its parameters; operands are given to each call.
/// </summary>
internal abstract class Primitive
{
    /// <summary>The bit of the result in <see cref="Reads"/>; operand k has bit k.</summary>
    public const int ResultBit = 31;

    /// <summary>The op's name, as it stands in messages.</summary>
    public abstract string Name { get; }

    /// <summary>Whether there is a derivative at all.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>Which operands and whether the result are read by <see cref="Vjp"/>: what the tape keeps.</summary>
    public virtual uint Reads => 0;

    /// <summary>Whether the op works element by element, so that an element of the result depends on those at its place alone.</summary>
    public virtual bool IsElementwise => false;

    /// <summary>Whether no parameter of the op is a NaN or an infinity.</summary>
    public virtual bool HasFiniteParameters => true;

    /// <summary>The op as a formula of its operands, for people.</summary>
    public virtual string Formula(IReadOnlyList<string> operands) => $"{Name}({string.Join(", ", operands)})";

    /// <summary>The result for concrete operands.</summary>
    public abstract Tensor Value(ReadOnlySpan<Tensor> x);

    /// <summary>The tangent of the result y, from the operands' tangents (null for zero). Written in ops.</summary>
    public abstract Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t);

    /// <summary>
    /// The gradient of operand k from the gradient g of the result (null for zero). Written in ops. Operands and result that
    /// <see cref="Reads"/> does not name are null.
    /// </summary>
    public abstract Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y);

    /// <summary>How the result depends on some of the operands.</summary>
    /// <param name="moving">Which of the operands.</param>
    public virtual Dependence In(ReadOnlySpan<bool> moving) => Dependence.Nonlinear;

    /// <summary>The op over a batch: the same for operands that each have one axis more, the first, of the given length.</summary>
    public virtual Primitive Batched(int size) => this;

    /// <summary>The result for a batch of operands, a level below.</summary>
    /// <param name="size">The length of the batch.</param>
    /// <param name="x">The operands; those of the batch have one axis more, the first.</param>
    /// <param name="mapped">Which operands are of the batch; the others are the same for all of it.</param>
    public virtual Tensor OverBatch(int size, Tensor[] x, bool[] mapped)
    {
        for (int k = 0; k < x.Length; k++)
        {
            x[k] = mapped[k] ? x[k] : x[k].BroadcastTo([size, .. x[k].Shape.Lengths]);
        }

        return Engine.Apply(Batched(size), x);
    }

    /// <summary>The error of a derivative asked of a step.</summary>
    protected InvalidOperationException NoDerivative() =>
        new($"{Name} has no derivative; use Detach() on its operand if the gradient is to be 0 there.");

    /// <summary>The bit of an operand or of the result, for <see cref="Reads"/>.</summary>
    protected static uint Bit(int k) => 1u << k;
}
