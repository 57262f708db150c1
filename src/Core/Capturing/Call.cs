namespace Gpu.Autograd.Capturing;

/// <summary>One call of a back end, as it was recorded: what is launched again, step after step.</summary>
/// <param name="backend">The back end.</param>
/// <param name="operands">What is read, then what is written. An operand that is written in place stands in both halves.</param>
/// <param name="results">How many are written.</param>
internal abstract class Call(Backend backend, Operand[] operands, int results)
{
    /// <summary>The back end.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>What is read, then what is written. The plan gives results that live for a while another place.</summary>
    public Operand[] Operands { get; } = operands;

    /// <summary>What is read.</summary>
    public ReadOnlySpan<Operand> Inputs => Operands.AsSpan(0, Operands.Length - results);

    /// <summary>What is written.</summary>
    public ReadOnlySpan<Operand> Results => Operands.AsSpan(Operands.Length - results);

    /// <summary>Whether the results are the same whenever the operands are.</summary>
    public virtual bool IsFunction => true;

    /// <summary>Whether the device is given the same work in every replay, and nothing from the host.</summary>
    public virtual bool IsLaunch => true;

    /// <summary>Makes the call.</summary>
    public void Run() => Run(Backend);

    /// <summary>What makes the call with the operands as they stand now, as fast as the back end can.</summary>
    public virtual Action Prepared() => Run;

    /// <summary>Makes the call of a back end.</summary>
    protected abstract void Run(Backend backend);
}

/// <summary>A call of any member of the seam.</summary>
internal sealed class SeamCall(
    Backend backend, Action<Backend, Operand[]> call, Operand[] operands, int results = 1, bool prepares = false, bool isLaunch = true)
    : Call(backend, operands, results)
{
    public override bool IsLaunch => isLaunch;

    public override Action Prepared() => prepares || (isLaunch && Backend.PreparesAll) ? Backend.Prepare(Run) : Run;

    protected override void Run(Backend backend) => call(backend, Operands);
}

/// <summary>y[b] = a[b]·c[b].</summary>
internal class ProductCall : Call
{
    public ProductCall(Backend backend, Operand a, Operand c, Operand y)
        : base(backend, [a, c, y], 1)
    {
    }

    protected ProductCall(Backend backend, Operand a, Operand c, Operand b, Operand y)
        : base(backend, [a, c, b, y], 1)
    {
    }

    /// <summary>What follows the product, and the operand of it that the product is; null if nothing follows.</summary>
    public (MapCall Map, Operand Bare)? Then { get; set; }

    /// <summary>The result.</summary>
    public Operand Result => Operands[^1];

    public override Action Prepared() => Backend.Prepare(Run);

    protected override void Run(Backend backend) => backend.MatMul(Operands[0], Operands[1], Operands[2]);
}

/// <summary>y = op(a·c, b).</summary>
internal sealed class ProductCall<TOp>(Backend backend, TOp op, Operand a, Operand c, Operand b, Operand y)
    : ProductCall(backend, a, c, b, y)
    where TOp : struct, IMap2
{
    protected override void Run(Backend backend) => backend.MatMul(op, Operands[0], Operands[1], Operands[2], Operands[3]);
}

/// <summary>y = x, combined along axes.</summary>
internal abstract class ReductionCall(Backend backend, Operand[] operands) : Call(backend, operands, 1)
{
    public override Action Prepared() => Backend.Prepare(Run);

    /// <summary>The same for what a map makes of two operands.</summary>
    public abstract ReductionCall Of(object op, Operand a, Operand b);
}

/// <summary>y = x, combined along axes.</summary>
internal sealed class ReductionCall<TMonoid>(Backend backend, TMonoid monoid, Operand x, Operand y) : ReductionCall(backend, [x, y])
    where TMonoid : struct, IMonoid
{
    public override ReductionCall Of(object op, Operand a, Operand b) => (ReductionCall)Activator.CreateInstance(
        typeof(ReductionCall<,>).MakeGenericType(typeof(TMonoid), op.GetType()), Backend, monoid, op, a, b, Operands[1])!;

    protected override void Run(Backend backend) => backend.Reduce(monoid, Operands[0], Operands[1]);
}

/// <summary>y = op(a, b), combined along axes.</summary>
internal sealed class ReductionCall<TMonoid, TOp>(Backend backend, TMonoid monoid, TOp op, Operand a, Operand b, Operand y)
    : ReductionCall(backend, [a, b, y])
    where TMonoid : struct, IMonoid
    where TOp : struct, IMap2
{
    public override ReductionCall Of(object op, Operand a, Operand b) => throw new InvalidOperationException("There is a map already.");

    protected override void Run(Backend backend) => backend.Reduce(monoid, op, Operands[0], Operands[1], Operands[2]);
}

/// <summary>The elements of x, of one device, into y, of another, by way of the host.</summary>
internal sealed class TransferCall(Operand x, Operand y) : Call(y.Storage.Backend, [x, y], 1)
{
    private readonly byte[] bytes = new byte[x.Shape.Size * x.DType.Size()];

    public override bool IsLaunch => false;

    protected override void Run(Backend backend)
    {
        Operands[0].Storage.Backend.Download(Operands[0].Storage, (long)Operands[0].Layout.Offset * Operands[0].DType.Size(), bytes);
        backend.Upload(bytes, Operands[1].Storage);
    }
}

/// <summary>A step of an optimizer. The arrays that change are read too, so that they stand twice.</summary>
internal sealed class UpdateCall<TOp>(Backend backend, TOp op, Operand rate, Operand count, ReadOnlySpan<Operand> parts)
    : Call(backend, UpdateCall.Operands(parts, rate, count, TOp.Arrays), parts.Length / UpdateCall.PerParameter * TOp.Arrays)
    where TOp : struct, IUpdate
{
    private readonly int length = parts.Length;

    public override Action Prepared() => Backend.Prepare(Run);

    protected override void Run(Backend backend) => backend.Update(op, Operands[length], Operands[length + 1], Operands.AsSpan(0, length));
}

/// <summary>What the steps of all optimizers have in common.</summary>
internal static class UpdateCall
{
    /// <summary>The arrays of a parameter: itself, two that an optimizer keeps, and the gradient.</summary>
    public const int PerParameter = 4;

    /// <summary>What is read, then those first arrays of each parameter that change.</summary>
    public static Operand[] Operands(ReadOnlySpan<Operand> parts, Operand rate, Operand count, int arrays)
    {
        int read = parts.Length + 2;
        var operands = new Operand[read + (parts.Length / PerParameter * arrays)];
        for (int i = 0; i < parts.Length; i++)
        {
            operands[i] = parts[i];
        }

        (operands[parts.Length], operands[parts.Length + 1]) = (rate, count);
        for (int i = 0; i < operands.Length - read; i++)
        {
            operands[read + i] = parts[(i / arrays * PerParameter) + (i % arrays)];
        }

        return operands;
    }
}
