namespace Gpu.Autograd.Autograd;

/// <summary>
/// adj x, the transposed matrix of cofactors, with det x·1 = x·adj x: made of ops that are true at every matrix, so that it has all
/// derivatives, and true ones, where the rank is low.
/// </summary>
/// <remarks>
/// Far from singular matrices it is det x·x⁻¹. Elsewhere x is moved by constant matrices: c = left·x·right is 1 but for a block at the end, as
/// large as the nullity. With u = c₁₁⁻¹·c₁₂, v = c₂₁·c₁₁⁻¹ and s = c₂₂ − c₂₁·u, adj c = det c₁₁·[det s·c₁₁⁻¹ + u·adj s·v, −u·adj s; −adj s·v,
/// adj s]: a polynomial in s, which may be 0, and the rest is far from singular. Which constants they are does not matter to the value, so
/// that they have no derivative. Matrices of a batch are taken by their nullities, so that one of low rank costs the others no digits.
/// </remarks>
internal static class Adjugate
{
    /// <summary>Up to so many times N, the product of the greatest elements of x and of x⁻¹ counts as far from singular.</summary>
    private const double Mild = 64;

    /// <summary>adj x, given det x.</summary>
    public static Tensor Of(Tensor x, Tensor det)
    {
        int n = x.Shape[-1];
        if (n <= 1)
        {
            return Tensor.Ones(x.Shape, x.DType, x.Device);
        }

        var inverse = Engine.Apply(MatrixInverse.Shared, x);
        if (x.Count == 0 || IsMild(x.Innermost, inverse.Innermost))
        {
            return Matrices.Scalars(det) * inverse;
        }

        Tensor? sum = null;
        foreach (int nullity in Nullities(x.Innermost))
        {
            sum = Rule.Sum(sum, OfNullity(x, nullity));
        }

        return sum!;
    }

    /// <summary>adj of the matrices of this nullity, 0 for the others.</summary>
    private static Tensor OfNullity(Tensor x, int nullity)
    {
        int n = x.Shape[-1];
        var frame = Engine.Apply(new EliminationFrame(nullity), x);
        var (left, right) = (Matrices.Block(frame, 0, n, 0, n), Matrices.Block(frame, 0, n, n, n));
        var moved = left.MatMul(x).MatMul(right) + Matrices.Block(frame, 0, n, 2 * n, n);
        return Matrices.Block(frame, 0, 1, 3 * n, 1) * right.MatMul(OfMoved(moved, nullity)).MatMul(left);
    }

    private static Tensor OfMoved(Tensor c, int k)
    {
        int m = c.Shape[-1] - k;
        if (m == 0)
        {
            return Polynomial(c).Adjugate;
        }

        var c11 = Matrices.Block(c, 0, m, 0, m);
        var det = Matrices.Scalars(Engine.Apply(Determinant.Shared, c11));
        var inverse = Engine.Apply(MatrixInverse.Shared, c11);
        if (k == 0)
        {
            return det * inverse;
        }

        var u = inverse.MatMul(Matrices.Block(c, 0, m, m, k));
        var c21 = Matrices.Block(c, m, k, 0, m);
        var v = c21.MatMul(inverse);
        var (detS, adjS) = Polynomial(Matrices.Block(c, m, k, m, k) - c21.MatMul(u));
        var upper = Tensor.Concat([(detS * inverse) + u.MatMul(adjS).MatMul(v), -u.MatMul(adjS)], -1);
        return det * Tensor.Concat([upper, Tensor.Concat([-adjS.MatMul(v), adjS], -1)], -2);
    }

    /// <summary>det s (1×1) and adj s by Faddeev and Leverrier's recurrence: products and traces, and no division by what may be 0.</summary>
    private static (Tensor Det, Tensor Adjugate) Polynomial(Tensor s)
    {
        int k = s.Shape[-1];
        var one = Tensor.Eye(k, s.DType, s.Device).BroadcastTo(s.Shape);
        var adjugate = one;
        Tensor? product = null;
        for (int j = 1; j <= k; j++)
        {
            adjugate = product is null ? one : product - (one * Matrices.Scalars(product.Trace() / (j - 1)));
            product = s.MatMul(adjugate);
        }

        var det = Matrices.Scalars(product!.Trace() / k);
        return k % 2 == 0 ? (-det, -adjugate) : (det, adjugate);
    }

    private static bool IsMild(Tensor x, Tensor inverse)
    {
        using var off = Tensor.NoGrad();
        var product = x.Detach().Abs().Amax([-2, -1]) * inverse.Detach().Abs().Amax([-2, -1]);
        return product.Amax().Item() <= Mild * x.Shape[-1];
    }

    private static int[] Nullities(Tensor x)
    {
        int n = x.Shape[-1];
        double[] elements = x.Detach().ToDoubles();
        return [.. Enumerable.Range(0, elements.Length / (n * n))
            .Select(b => CompletePivoting.Of(elements.AsSpan(b * n * n, n * n), n, x.DType).Nullity).Distinct().Order()];
    }
}

/// <summary>
/// The constants that <see cref="Adjugate"/> moves matrices by, side by side: N columns of left, N of right, N that are added, and one with
/// the factor, det x = factor·det(left·x·right). For a matrix of another nullity left and right and the factor are 0, and 1 is added.
/// </summary>
internal sealed class EliminationFrame(int nullity) : Primitive
{
    public override string Name => "Det";

    public override bool IsDifferentiable => false;

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        int n = x[0].Shape[-1];
        int width = (3 * n) + 1;
        double[] elements = x[0].Detach().ToDoubles();
        var frames = new double[elements.Length / n * width];
        for (int b = 0; b < elements.Length / (n * n); b++)
        {
            var pivoting = CompletePivoting.Of(elements.AsSpan(b * n * n, n * n), n, x[0].DType);
            var frame = frames.AsSpan(b * n * width, n * width);
            bool isOwn = pivoting.Nullity == nullity;
            for (int i = 0; i < n; i++)
            {
                var row = frame.Slice(i * width, width);
                row[(2 * n) + i] = isOwn ? 0 : 1;
                row[^1] = isOwn ? pivoting.Factor : 0;
                if (isOwn)
                {
                    pivoting.Left.AsSpan(i * n, n).CopyTo(row);
                    pivoting.Right.AsSpan(i * n, n).CopyTo(row[n..]);
                }
            }
        }

        var y = Tensor.From<double>(frames, [.. x[0].Shape.Lengths[..^1], width]);
        return y.To(x[0].DType).To(x[0].Device);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => null;
}
