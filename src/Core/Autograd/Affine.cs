using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Autograd;

/// <summary>
/// x·wᵀ + b for rows x […, M, K], weights w […, N, K] and, where there is one, a bias b […, N]: what a layer of a network computes, as one
/// record in place of four. Bilinear in x and w, and linear in b.
/// </summary>
internal sealed class Affine : Primitive
{
    public static Affine Shared { get; } = new();

    public override string Name => "Linear";

    public override uint Reads => Bit(0) | Bit(1);

    public override Dependence In(ReadOnlySpan<bool> moving)
    {
        if (moving[0] && moving[1])
        {
            return Dependence.Nonlinear;
        }

        bool isProductFixed = !moving[0] && !moving[1];
        return moving.Length == 2 ? isProductFixed ? Dependence.Fixed : Dependence.Linear
            : isProductFixed == moving[2] ? Dependence.Affine
            : moving[2] ? Dependence.Linear : Dependence.Fixed;
    }

    public override Tensor Value(ReadOnlySpan<Tensor> x)
    {
        var product = MatrixProduct.Product(x[0], x[0].Layout, x[1], x[1].Layout.Transposed);
        if (x.Length == 2)
        {
            return product;
        }

        var y = Launch.Map(default(Ops.Add), product, x[2].View(Row(x[2].Layout).BroadcastTo(product.Shape)));
        Launch.Release(product);
        return y;
    }

    /// <summary>Rows of a batch that meet one layer are the rows of one product.</summary>
    public override Tensor OverBatch(int size, Tensor[] x, bool[] mapped)
    {
        if (x[0].Rank != 3 || mapped is [_, true, ..] or [.., true] and { Length: 3 })
        {
            return base.OverBatch(size, x, mapped);
        }

        var shape = x[0].Shape;
        x[0] = x[0].Reshape(-1, shape[-1]);
        return Engine.Apply(this, x).Reshape(size, shape[1], x[1].Shape[0]);
    }

    public override Tensor? Jvp(ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t)
    {
        var product = MatrixProduct.Shared.Jvp([x[0], x[1].Transpose()], y, [t[0], t[1]?.Transpose()]);
        return t.Length == 3 && t[2] is { } tb
            ? Rule.Sum(product, tb.Reshape(RowShape(tb.Shape).Lengths).BroadcastTo(y.Shape))
            : product;
    }

    public override Tensor? Vjp(int k, Tensor g, ReadOnlySpan<Tensor> x, Tensor y) => k switch
    {
        0 => MatrixProduct.Gradient(x[0], g, x[1]),
        1 => MatrixProduct.Gradient(x[1], g.Transpose(), x[0]),
        _ => g.Sum(-2),
    };

    /// <summary>A bias as matrices of one row.</summary>
    private static Layout Row(Layout b) => b.Shape.Rank == 1 ? b : b.TryReshape(RowShape(b.Shape))!;

    private static Shape RowShape(Shape b) => [.. b.Lengths[..^1], 1, b.Lengths[^1]];
}
