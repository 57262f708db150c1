namespace Gpu.Autograd.Autograd;

/// <summary>
/// x = Q·R of each B…×M×N with M ≥ N: rows of the result are a column of Q and a row of R. From QᵀQ = 1 and R triangular, with C = dx·R⁻¹ and
/// B = QᵀC: QᵀdQ is the antisymmetric Ω with B's lower triangle, dQ = Q·Ω + C − Q·B, dR = (B − Ω)·R.
/// </summary>
internal sealed class QrFactors : Primitive
{
    public static QrFactors Shared { get; } = new();

    public override string Name => "Qr";

    public override uint Reads => Bit(ResultBit);

    /// <summary>Q and R as parts of the result.</summary>
    public static (Tensor Q, Tensor R) Parts(Tensor y)
    {
        int m = y.Shape[-1] - y.Shape[-2];
        return (y[TensorIndex.Ellipsis, ..m].Transpose(), y[TensorIndex.Ellipsis, m..]);
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        Packed.Launch(x[0], x[0].Shape[-1], x[0].Shape[-2] + x[0].Shape[-1], static (backend, x, y) => backend.Qr(x, y));

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        if (t[0] is not { } t0 || y.Count == 0)
        {
            return null;
        }

        var (q, r) = Parts(y);
        var c = t0.MatMul(Engine.Apply(MatrixInverse.Shared, r));
        var b = q.Transpose().MatMul(c);
        var lower = b.Tril(-1);
        var turn = lower - lower.Transpose();
        return Tensor.Concat([(q.MatMul(turn - b) + c).Transpose(), (b - turn).MatMul(r)], -1);
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        if (y.Count == 0)
        {
            return null;
        }

        var (q, r) = Parts(y);
        var (gq, gr) = Parts(g);
        var w = q.Transpose().MatMul(gq) - gr.MatMul(r.Transpose());
        var gb = (w - w.Transpose()).Tril(-1) - w;
        return (gq + q.MatMul(gb)).MatMul(Engine.Apply(MatrixInverse.Shared, r).Transpose());
    }
}

/// <summary>
/// x = V·Λ·Vᵀ of each symmetric B…×N×N: rows of the result are a vector and its value. With P = Vᵀ·dx·V: dλ is P's diagonal, and
/// dV = V·(F∘P) with Fᵢⱼ = 1/(λⱼ − λᵢ), 0 where the values coincide.
/// </summary>
internal sealed class EigenFactors : Primitive
{
    public static EigenFactors Shared { get; } = new();

    public override string Name => "Eigh";

    public override uint Reads => Bit(ResultBit);

    /// <summary>Values and vectors, these as columns, as parts of the result.</summary>
    public static (Tensor Values, Tensor Vectors) Parts(Tensor y) => (y[TensorIndex.Ellipsis, ^1], y[TensorIndex.Ellipsis, ..^1].Transpose());

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        Packed.Launch(x[0], x[0].Shape[-1], x[0].Shape[-1] + 1, static (backend, x, y) => backend.Eigh(x, y));

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        if (t[0] is not { } t0 || y.Count == 0)
        {
            return null;
        }

        var (values, vectors) = Parts(y);
        var gaps = new Gaps(Name, "eigenvalues", values);
        var p = vectors.Transpose().MatMul(t0).MatMul(vectors);
        var turned = gaps.WithoutTurn(vectors.MatMul(gaps.Inverse * p), p);
        return Packed.Rows(turned, p.Diagonal());
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        if (y.Count == 0)
        {
            return null;
        }

        var (values, vectors) = Parts(y);
        var (gValues, gVectors) = Parts(g);
        var gaps = new Gaps(Name, "eigenvalues", values);
        var turn = vectors.Transpose().MatMul(gVectors);
        gaps.Require(turn, null, gValues);
        return vectors.MatMul(gValues.Diag() + (gaps.Inverse * turn)).MatMul(vectors.Transpose());
    }
}

/// <summary>
/// x = U·S·Vᵀ of each B…×M×N with M ≥ N: rows of the result are a left vector, a right one and their value. With P = Uᵀ·dx·V: ds is P's diagonal;
/// U and V turn by half the sum and half the difference of (P + Pᵀ)ᵢⱼ/(sⱼ − sᵢ) and (P − Pᵀ)ᵢⱼ/(sⱼ + sᵢ); and U moves out of its space by
/// what dx·V/s has beside it.
/// </summary>
internal sealed class SingularFactors : Primitive
{
    public static SingularFactors Shared { get; } = new();

    public override string Name => "Svd";

    public override uint Reads => Bit(ResultBit);

    /// <summary>U, S and V as parts of the result.</summary>
    public static (Tensor U, Tensor S, Tensor V) Parts(Tensor y)
    {
        int m = y.Shape[-1] - y.Shape[-2] - 1;
        return (y[TensorIndex.Ellipsis, ..m].Transpose(), y[TensorIndex.Ellipsis, ^1], y[TensorIndex.Ellipsis, m..^1].Transpose());
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x) =>
        Packed.Launch(
            x[0], x[0].Shape[-1], x[0].Shape[-2] + x[0].Shape[-1] + 1, static (backend, x, y) => backend.Svd(x, y));

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        if (t[0] is not { } t0 || y.Count == 0)
        {
            return null;
        }

        var (u, s, v) = Parts(y);
        var gaps = new Gaps(Name, "singular values", s);
        var image = t0.MatMul(v);
        var p = u.Transpose().MatMul(image);
        var even = gaps.Inverse * (p + p.Transpose()) * 0.5;
        var odd = gaps.InverseSum * (p - p.Transpose()) * 0.5;
        var du = u.MatMul(even + odd);
        if (u.Shape[-2] > u.Shape[-1])
        {
            var beside = image - u.MatMul(p);
            du = gaps.WithoutDivision(du + (beside * gaps.Reciprocal), beside);
        }

        return Packed.Rows(gaps.WithoutTurn(du, p), p.Diagonal(), gaps.WithoutTurn(v.MatMul(even - odd), p));
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        if (y.Count == 0)
        {
            return null;
        }

        var (u, s, v) = Parts(y);
        var (gu, gs, gv) = Parts(g);
        var gaps = new Gaps(Name, "singular values", s);
        var (left, right) = (u.Transpose().MatMul(gu), v.Transpose().MatMul(gv));
        gaps.Require(left + right, left - right, gs);
        var even = gaps.Inverse * (left + right) * 0.5;
        var odd = gaps.InverseSum * (left - right) * 0.5;
        var gp = even + even.Transpose() + odd - odd.Transpose() + gs.Diag();
        if (u.Shape[-2] == u.Shape[-1])
        {
            return u.MatMul(gp).MatMul(v.Transpose());
        }

        gaps.RequireDivision(gu - u.MatMul(left));
        var beside = (gu - u.MatMul(left)) * gaps.Reciprocal;
        return (u.MatMul(gp) + beside).MatMul(v.Transpose());
    }
}
