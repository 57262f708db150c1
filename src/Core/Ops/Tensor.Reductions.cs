using Gpu.Autograd.Autograd;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Sums, products and extremes along axes. Negative axes count from the end; no axes at all stand for every axis.</summary>
public sealed partial class Tensor
{
    /// <summary>The sum of all elements, a scalar.</summary>
    public Tensor Sum() => Sum([]);

    /// <summary>
    /// The sum along some axes (negative ones count from the end; none given: all). Of no elements it is 0. Integers and bool are summed as
    /// int64.
    /// </summary>
    public Tensor Sum(ReadOnlySpan<int> axes, bool keepDims = false)
    {
        if (!DType.IsReal() && DType != DType.Int64)
        {
            return To(DType.Int64).Sum(axes, keepDims);
        }

        int[] over = Shape.Axes(axes, "Sum");
        return Engine.Apply(new SumOver(Shape, Shape.Reduced(over, true), Shape.Reduced(over, keepDims)), this);
    }

    /// <summary>The sum along one axis.</summary>
    public Tensor Sum(int axis, bool keepDims = false) => Sum([axis], keepDims);

    /// <summary>The mean of all elements, a scalar; NaN where there are none.</summary>
    public Tensor Mean() => Mean([]);

    /// <summary>The mean along some axes.</summary>
    public Tensor Mean(ReadOnlySpan<int> axes, bool keepDims = false) => Mean(axes, keepDims, "Mean");

    private Tensor Mean(ReadOnlySpan<int> axes, bool keepDims, string op)
    {
        Check.Real(this, op);
        var sum = Sum(Shape.Axes(axes, op), keepDims);
        return sum / (sum.Count == 0 ? double.NaN : Count / sum.Count);
    }

    /// <summary>The mean along one axis.</summary>
    public Tensor Mean(int axis, bool keepDims = false) => Mean([axis], keepDims);

    /// <summary>
    /// The product along some axes. Of no elements it is 1. It is multiplied in pairs, so its derivatives of every order are right at
    /// zeros too. Integers and bool are multiplied as int64.
    /// </summary>
    public Tensor Prod(ReadOnlySpan<int> axes, bool keepDims = false)
    {
        if (!DType.IsReal() && DType != DType.Int64)
        {
            return To(DType.Int64).Prod(axes, keepDims);
        }

        int[] over = Shape.Axes(axes, "Prod");
        int n = CountAlong(over);
        if (n == 0)
        {
            return Ones(Shape.Reduced(over, keepDims), DType, Device);
        }

        // Leading axes stay in front, where halves are dense.
        int[] kept = [.. Enumerable.Range(0, Rank).Except(over)];
        int axis = over.Length > 0 && over[^1] == over.Length - 1 ? 0 : kept.Length;
        var x = axis == 0 && over.Length > 0
            ? Reshape([n, .. Shape.Reduced(over, false)])
            : Permute([.. kept, .. over]).Reshape([.. Shape.Reduced(over, false), n]);
        Tensor? odd = null;
        for (; n > 1; n /= 2)
        {
            if (n % 2 != 0)
            {
                var last = x.Narrow(axis, n - 1, 1);
                odd = odd is null ? last : odd * last;
            }

            x = x.Narrow(axis, 0, n / 2) * x.Narrow(axis, n / 2, n / 2);
        }

        return (odd is null ? x : x * odd).Reshape([.. Shape.Reduced(over, keepDims)]);
    }

    /// <summary>The product of all elements, a scalar.</summary>
    public Tensor Prod() => Prod([]);

    /// <summary>The product along one axis.</summary>
    public Tensor Prod(int axis, bool keepDims = false) => Prod([axis], keepDims);

    /// <summary>
    /// The greatest element along some axes; NaN where one is NaN. Equal ones share the gradient: each of n has 1/n of it (where
    /// <see cref="Max"/> gives all to the first). Of bool it is <see cref="Any()"/>, but that there must be an element.
    /// </summary>
    /// <exception cref="ArgumentException">There are no elements to choose from.</exception>
    public Tensor Amax(ReadOnlySpan<int> axes, bool keepDims = false) => Extreme<Greatest>(axes, keepDims, "Amax");

    /// <summary>The greatest of all elements, a scalar.</summary>
    public Tensor Amax() => Amax([]);

    /// <summary>The greatest element along one axis, equal ones sharing the gradient.</summary>
    public Tensor Amax(int axis, bool keepDims = false) => Amax([axis], keepDims);

    /// <summary>The least element along some axes; NaN where one is NaN. Equal ones share the gradient, as with <see cref="Amax()"/>.</summary>
    /// <exception cref="ArgumentException">There are no elements to choose from.</exception>
    public Tensor Amin(ReadOnlySpan<int> axes, bool keepDims = false) => Extreme<Least>(axes, keepDims, "Amin");

    /// <summary>The least of all elements, a scalar.</summary>
    public Tensor Amin() => Amin([]);

    /// <summary>The least element along one axis, equal ones sharing the gradient.</summary>
    public Tensor Amin(int axis, bool keepDims = false) => Amin([axis], keepDims);

    /// <summary>The index (int64) of the least element along an axis, the first of equals; a NaN counts as least. Any dtype;
    /// no gradient.</summary>
    /// <exception cref="ArgumentException">The axis is empty.</exception>
    public Tensor ArgMin(int axis = -1) => ArgMin(axis, "ArgMin");

    /// <summary>The least element along an axis. The whole gradient goes to the first of equals. Of bool it is
    /// <see cref="All(int, bool)"/>, but that there must be an element.</summary>
    /// <exception cref="ArgumentException">The axis is empty.</exception>
    public Tensor Min(int axis = -1, bool keepDims = false)
    {
        var index = ArgMin(axis, "Min");
        return At(index, axis, keepDims, "Min");
    }

    /// <summary>
    /// The variance along some axes, Σ(x − mean)²/max(0, n − correction). The correction is 1 for the unbiased estimate from a sample, 0
    /// for the variance of all there is.
    /// </summary>
    public Tensor Var(ReadOnlySpan<int> axes, double correction = 1, bool keepDims = false)
    {
        Check.Real(this, "Var");
        int[] over = Shape.Axes(axes, "Var");
        return (this - Mean(over, keepDims: true)).Square().Sum(over, keepDims) / Math.Max(0, CountAlong(over) - correction);
    }

    /// <summary>The variance of all elements, Σ(x − mean)²/(n − 1): NaN for fewer than two.</summary>
    public Tensor Var() => Var([]);

    /// <summary>The variance along one axis.</summary>
    public Tensor Var(int axis, double correction = 1, bool keepDims = false) => Var([axis], correction, keepDims);

    /// <summary>The standard deviation along some axes: the root of <see cref="Var()"/>. Where it is 0, its gradient is 0.</summary>
    public Tensor Std(ReadOnlySpan<int> axes, double correction = 1, bool keepDims = false)
    {
        Check.Real(this, "Std");
        return ApartFromZero(Var(Shape.Axes(axes, "Std"), correction, keepDims), static v => v.Sqrt());
    }

    /// <summary>The standard deviation of all elements, √(Σ(x − mean)²/(n − 1)): NaN for fewer than two.</summary>
    public Tensor Std() => Std([]);

    /// <summary>The standard deviation along one axis.</summary>
    public Tensor Std(int axis, double correction = 1, bool keepDims = false) => Std([axis], correction, keepDims);

    /// <summary>
    /// The p-norm along some axes, (Σ|x|ᵖ)^(1/p); p = ∞ gives the greatest |x|, whose gradient equal ones share. The gradient is 0 at an x of
    /// 0, and so where the norm is 0. Of no elements it is 0, but there is none for p = ∞.
    /// </summary>
    /// <exception cref="ArgumentException">p is not positive, or the elements are not real.</exception>
    public Tensor Norm(ReadOnlySpan<int> axes, double p = 2, bool keepDims = false)
    {
        Check.Real(this, "Norm");
        if (!(p > 0))
        {
            throw new ArgumentException(
                $"Norm: p is {p}; it must be positive (for the number of elements that are not 0 there is CountNonzero).");
        }

        int[] over = Shape.Axes(axes, "Norm");
        return p switch
        {
            1 => Abs().Sum(over, keepDims),
            2 => ApartFromZero(Square().Sum(over, keepDims), static s => s.Sqrt()),
            double.PositiveInfinity => Abs().Extreme<Greatest>(over, keepDims, "Norm"),
            _ => ApartFromZero(ApartFromZero(Abs(), a => a.Pow(p)).Sum(over, keepDims), s => s.Pow(1 / p)),
        };
    }

    /// <summary>The Euclidean norm of all elements, √Σx²: of a matrix, Frobenius's. Where it is 0, its gradient is 0.</summary>
    public Tensor Norm() => Norm([]);

    /// <summary>The p-norm along one axis.</summary>
    public Tensor Norm(int axis, double p = 2, bool keepDims = false) => Norm([axis], p, keepDims);

    /// <summary>Whether any element along some axes is not 0 (a NaN is not), as bool; false where there are none. Any dtype; no gradient.</summary>
    public Tensor Any(ReadOnlySpan<int> axes, bool keepDims = false) => IsTrue(DType.Float32).Sum(Shape.Axes(axes, "Any"), keepDims) > 0;

    /// <summary>Whether any element is not 0 (a NaN is not), as bool.</summary>
    public Tensor Any() => Any([]);

    /// <summary>Whether any element along one axis is not 0.</summary>
    public Tensor Any(int axis, bool keepDims = false) => Any([axis], keepDims);

    /// <summary>Whether no element along some axes is 0, as bool; true where there are none. Any dtype; no gradient.</summary>
    public Tensor All(ReadOnlySpan<int> axes, bool keepDims = false) => (1 - IsTrue(DType.Float32)).Sum(Shape.Axes(axes, "All"), keepDims) <= 0;

    /// <summary>Whether no element is 0, as bool.</summary>
    public Tensor All() => All([]);

    /// <summary>Whether no element along one axis is 0.</summary>
    public Tensor All(int axis, bool keepDims = false) => All([axis], keepDims);

    /// <summary>How many elements along some axes are not 0, as int64. Any dtype; no gradient.</summary>
    public Tensor CountNonzero(ReadOnlySpan<int> axes, bool keepDims = false) =>
        IsTrue(DType.Int64).Sum(Shape.Axes(axes, "CountNonzero"), keepDims);

    /// <summary>How many elements are not 0, as int64.</summary>
    public Tensor CountNonzero() => CountNonzero([]);

    /// <summary>How many elements along one axis are not 0.</summary>
    public Tensor CountNonzero(int axis, bool keepDims = false) => CountNonzero([axis], keepDims);

    /// <summary>The running sum along an axis: y[k] = x[0] + … + x[k]. Integers and bool are summed as int64.</summary>
    public Tensor CumSum(int axis = -1)
    {
        if (Rank == 0)
        {
            return Reshape(1).CumSum(axis).Reshape();
        }

        axis = Shape.Axis(axis, "CumSum");
        return DType.IsReal()
            ? Engine.Apply(new RunningSum(axis, fromEnd: false), this)
            : Running(To(DType.Int64), axis, static (a, b) => a + b);
    }

    /// <summary>The running product along an axis: y[k] = x[0]·…·x[k]. Its derivatives of every order are right at zeros too. Integers and
    /// bool are multiplied as int64.</summary>
    public Tensor CumProd(int axis = -1) => Rank == 0
        ? Reshape(1).CumProd(axis).Reshape()
        : Running(DType.IsReal() ? this : To(DType.Int64), Shape.Axis(axis, "CumProd"), static (a, b) => a * b);

    /// <summary>y[k] = x[0] ∘ … ∘ x[k] along an axis, in rounds that double what is known.</summary>
    private static Tensor Running(Tensor y, int axis, Func<Tensor, Tensor, Tensor> combine)
    {
        int n = y.Shape[axis];
        for (int known = 1; known < n; known *= 2)
        {
            // y[k] is made of the last `known` elements up to k.
            y = Concat([y.Narrow(axis, 0, known), combine(y.Narrow(axis, known, n - known), y.Narrow(axis, 0, n - known))], axis);
        }

        return y;
    }

    private Tensor ArgMin(int axis, string op)
    {
        // The least integer has no negative; −1 − x has the order of −x.
        var reversed = DType.IsReal() ? -this : DType == DType.Bool ? !this : -1 - this;
        return reversed.ArgMax(axis, op);
    }

    private Tensor Extreme<TMonoid>(ReadOnlySpan<int> axes, bool keepDims, string op)
        where TMonoid : struct, IMonoid
    {
        int[] over = Shape.Axes(axes, op);
        if (CountAlong(over) == 0)
        {
            throw new ArgumentException($"{op}: {Shape} has no elements along {Shape.Text(over)} to choose from.");
        }

        if (DType == DType.Bool)
        {
            return To(DType.Int32).Extreme<TMonoid>(over, keepDims, op).To(DType.Bool);
        }

        return Engine.Apply(new ExtremeOver<TMonoid>(Shape, Shape.Reduced(over, true), Shape.Reduced(over, keepDims)), this);
    }

    /// <summary>f where x is not 0, and 0 with the slope 0 where it is.</summary>
    private static Tensor ApartFromZero(Tensor x, Func<Tensor, Tensor> f)
    {
        var isZero = Equal(x, 0);
        return Where(isZero, 0, f(Where(isZero, 1, x)));
    }

    /// <summary>1 where an element is not 0, else 0.</summary>
    private Tensor IsTrue(DType dtype) => To(DType.Bool).To(dtype);

    private int CountAlong(int[] axes)
    {
        int count = 1;
        foreach (int axis in axes)
        {
            count *= Shape.Lengths[axis];
        }

        return count;
    }

    /// <summary>The elements from start on, so many, along one axis. A view.</summary>
    private Tensor Narrow(int axis, int start, int length)
    {
        if (length == Shape.Lengths[axis])
        {
            return this;
        }

        var starts = new int[Rank];
        int[] lengths = Shape.ToArray();
        (starts[axis], lengths[axis]) = (start, length);
        return Engine.Apply(new Slice(Shape, starts, Steps(Rank), new Shape(lengths)), this);
    }
}
