namespace Gpu.Autograd.Autograd;

/// <summary>
/// The pseudoinverse P of each B…×M×N, where singular values up to a fraction of the greatest count as 0. While the rank stays the same,
/// dP = −P·dx·P + P·Pᵀ·dxᵀ·(1 − x·P) + (1 − P·x)·dxᵀ·Pᵀ·P: no singular vectors, so values may coincide.
/// </summary>
internal sealed class PseudoInverse(double tolerance) : Primitive
{
    public override string Name => "Pinv";

    public override uint Reads => Bit(0) | Bit(ResultBit);

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        bool isWide = x[0].Shape[-1] > x[0].Shape[-2];
        var tall = isWide ? x[0].Transpose() : x[0];
        if (tall.Count == 0)
        {
            return Tensor.Zeros(x[0].Transpose().Shape, x[0].DType, x[0].Device);
        }

        var (u, s, v) = SingularFactors.Parts(SingularFactors.Shared.Value([tall]));
        var isZero = Tensor.Map(default(Ops.LessOrEqual), s, s.Amax([-1], keepDims: true) * tolerance);
        var inverse = Tensor.Map(default(Ops.Select), isZero, 0, 1 / Tensor.Map(default(Ops.Select), isZero, 1, s));
        var y = (v * inverse.Unsqueeze(-2)).MatMul(u.Transpose());
        return isWide ? y.Transpose() : y;
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) => t[0] is { } t0
        ? y.MatMul(y.Transpose()).MatMul(Beside(t0.Transpose(), x[0], y))
            + Before(t0.Transpose(), x[0], y).MatMul(y.Transpose()).MatMul(y)
            - y.MatMul(t0).MatMul(y)
        : null;

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y)
    {
        var (a, p) = (x[0], y);
        var turned = g.Transpose();
        return (turned - a.MatMul(p.MatMul(turned))).MatMul(p).MatMul(p.Transpose())
            + p.Transpose().MatMul(p).MatMul(turned - turned.MatMul(p).MatMul(a))
            - p.Transpose().MatMul(g).MatMul(p.Transpose());
    }

    /// <summary>z·(1 − x·P).</summary>
    private static Tensor Beside(Tensor z, Tensor x, Tensor p) => z - z.MatMul(x).MatMul(p);

    /// <summary>(1 − P·x)·z.</summary>
    private static Tensor Before(Tensor z, Tensor x, Tensor p) => z - p.MatMul(x.MatMul(z));
}
