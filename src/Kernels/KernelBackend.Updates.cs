using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

public abstract partial class KernelBackend<M, S>
{
    private const int PerParameter = 4;

    /// <inheritdoc/>
    public override void Update<TOp>(TOp op, Operand rate, Operand count, params ReadOnlySpan<Operand> parts)
    {
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
