using Gpu.Autograd.Autograd;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>How an op struct, the library's or a user's own, is applied to tensors.</summary>
public sealed partial class Tensor
{
    /// <summary>A differentiable op applied to every element: <c>x.Map(new LeakyRelu(0.1))</c>.</summary>
    /// <exception cref="ArgumentException">The elements are of a dtype that the op does not take.</exception>
    public Tensor Map<TOp>(TOp op)
        where TOp : struct, IUnary
    {
        if (IsWeak)
        {
            return op.Value(new F64(WeakValue)).Value;
        }

        RequireTaken(Unary<TOp>.Exact, op, Unary<TOp>.NameOf);
        return Engine.Apply(Unary<TOp>.Of(op), this);
    }

    /// <summary>An op without parameters applied to every element: <c>x.Map&lt;Square&gt;()</c>.</summary>
    public Tensor Map<TOp>()
        where TOp : struct, IUnary => Map(default(TOp));

    /// <summary>A differentiable op of two operands, element by element; shapes broadcast.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public static Tensor Map<TOp>(TOp op, Tensor a, Tensor b)
        where TOp : struct, IBinary
    {
        if (a.IsWeak && b.IsWeak)
        {
            return op.Value(new F64(a.WeakValue), new F64(b.WeakValue)).Value;
        }

        if (b.IsWeak)
        {
            return a.Map(new BindB<TOp>(op, b.WeakValue));
        }

        if (a.IsWeak)
        {
            return b.Map(new BindA<TOp>(op, a.WeakValue));
        }

        string name = Binary<TOp>.NameOf;
        a.RequireTaken(Binary<TOp>.Exact, op, name);
        Check.Alike(a, b, name);
        var shape = Shape.Broadcast(a.Shape, b.Shape, name);
        return Engine.Apply(Binary<TOp>.Of(op), a.Stretch(shape), b.Stretch(shape));
    }

    /// <summary>A differentiable op of three operands, element by element; shapes broadcast.</summary>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not fit.</exception>
    public static Tensor Map<TOp>(TOp op, Tensor a, Tensor b, Tensor c)
        where TOp : struct, ITernary => Map(op, a, b, c, Ternary<TOp>.NameOf);

    /// <summary>The same under another name in messages: that of the method that was called.</summary>
    private static Tensor Map<TOp>(TOp op, Tensor a, Tensor b, Tensor c, string name)
        where TOp : struct, ITernary
    {
        var like = !a.IsWeak ? a : !b.IsWeak ? b : c;
        if (like.IsWeak)
        {
            return op.Value(new F64(a.WeakValue), new F64(b.WeakValue), new F64(c.WeakValue)).Value;
        }

        like.RequireTaken(Ternary<TOp>.Exact, op, name);
        foreach (var number in new[] { a, b, c }.Where(operand => operand.IsWeak))
        {
            Check.Fits(number.WeakValue, like.DType, name);
        }

        (a, b, c) = (a.Strong(like.DType, like.Device), b.Strong(like.DType, like.Device), c.Strong(like.DType, like.Device));
        Check.Alike(a, b, name);
        Check.Alike(a, c, name);
        var shape = Shape.Broadcast(Shape.Broadcast(a.Shape, b.Shape, name), c.Shape, name);
        return Engine.Apply(new Ternary<TOp>(op), a.Stretch(shape), b.Stretch(shape), c.Stretch(shape));
    }

    /// <summary>Integers are for ops that say so, and then the op's numbers must be integers too.</summary>
    private void RequireTaken<TOp>(IReadOnlyList<DType> exact, TOp op, string name)
        where TOp : struct
    {
        if (DType.IsReal())
        {
            return;
        }

        Check.Takes(this, exact, name);
        foreach (double number in OpName.Numbers(op))
        {
            Check.Fits(number, DType, name);
        }
    }

    /// <summary>
    /// Broadcasting is an op of its own, so that undoing it in the backward pass is that op's rule and no other rule speaks of it.
    /// </summary>
    internal Tensor Stretch(Shape shape) => Shape == shape ? this : BroadcastTo(shape);
}
