using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    private const int PerParameter = 4;

    /// <summary>Gradients of fewer elements stay in a cache; and their products are better put together with others.</summary>
    private const int LargeGradient = 1 << 15;

    /// <inheritdoc/>
    internal override bool UpdatesByProducts(Operand a, Operand x) => x.DType.IsReal() && x.Shape.Size >= LargeGradient;

    /// <inheritdoc/>
    internal override void UpdateByProduct<TOp>(TOp op, Operand rate, Operand count, Operand x, Operand m, Operand v, Operand a, Operand c)
    {
        noting?.Part();
        if (x.DType == DType.Float32)
        {
            UpdateByProduct<TOp, F32>(op, rate, count, AsMatrix(x), AsMatrix(m), AsMatrix(v), a, c);
        }
        else
        {
            UpdateByProduct<TOp, F64>(op, rate, count, AsMatrix(x), AsMatrix(m), AsMatrix(v), a, c);
        }
    }

    private static Operand AsMatrix(Operand x) =>
        x with { Layout = new Layout(new Shape(1, x.Shape[0], x.Shape[1]), [x.Shape.Size, x.Shape[1], 1], x.Layout.Offset) };

    private void UpdateByProduct<TOp, T>(TOp op, Operand rate, Operand count, Operand x, Operand m, Operand v, Operand a, Operand c)
        where TOp : struct, IUpdate
        where T : unmanaged, IReal<T>
    {
        var way = WayOf(a.Shape[2], x);
        var (left, right) = (Factor.Left(a, 1, 1), Factor.Right(c, 1, 1));
        if (way == Way.Flat)
        {
            (left, right, x, m, v) = (right, left, Turned(x), Turned(m), Turned(v));
        }

        MultiplyInto<T, Updated<TOp, T, M>>(
            left, right, x, way, new(op, Dense(rate), Dense(count), MatricesOf(x), MatricesOf(m), MatricesOf(v)));
    }

    /// <inheritdoc/>
    public override void Update<TOp>(TOp op, Operand rate, Operand count, params ReadOnlySpan<Operand> parts)
    {
        if (Sketching(rate.DType) is { } sketch)
        {
            sketch.Update(op, rate, count, parts);
            return;
        }

        if (rate.DType == DType.Float32)
        {
            Update<TOp, F32>(op, rate, count, parts);
        }
        else
        {
            Update<TOp, F64>(op, rate, count, parts);
        }
    }

    private void Update<TOp, T>(TOp op, Operand rate, Operand count, ReadOnlySpan<Operand> parts)
        where TOp : struct, IUpdate
        where T : unmanaged, IReal<T>
    {
        while (!parts.IsEmpty)
        {
            var some = parts[..Math.Min(parts.Length, PerParameter * Update<TOp, T, M>.Most)];
            parts = parts[some.Length..];
            var of = new UpdatePart<M>[Update<TOp, T, M>.Most];
            int end = 0;
            for (int k = 0; k < of.Length; k++)
            {
                // What there is not has no elements; it needs some memory all the same.
                bool isThere = k * PerParameter < some.Length;
                var part = isThere ? some.Slice(k * PerParameter, PerParameter) : some[..PerParameter];
                end += isThere ? part[0].Shape.Size : 0;
                of[k] = new UpdatePart<M>(Dense(part[0]), Dense(part[1]), Dense(part[2]), Dense(part[3]), end);
            }

            Launch(new Update<TOp, T, M>(op, Dense(rate), Dense(count), of[0], of[1], of[2], of[3]), end, follows: false);
        }
    }
}
