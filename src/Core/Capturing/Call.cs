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

    /// <summary>Whether row i of the result needs of an operand row i alone, if both have equally many and are dense.</summary>
    /// <param name="operand">Which operand.</param>
    public virtual bool IsByRows(int operand) => false;

    /// <summary>Makes the call.</summary>
    public void Run() => Run(Backend);

    /// <summary>What makes the call with the operands as they stand now, as fast as the back end can.</summary>
    public virtual Action Prepared() => Run;

    /// <summary>Makes the call of a back end.</summary>
    public abstract void Run(Backend backend);
}

/// <summary>A call of any member of the seam.</summary>
internal sealed class SeamCall(
    Backend backend,
    Action<Backend, Operand[]> call,
    Operand[] operands,
    int results = 1,
    bool prepares = false,
    bool isLaunch = true,
    bool byRows = false)
    : Call(backend, operands, results)
{
    public override bool IsLaunch => isLaunch;

    // A single row is none: its elements need each other.
    public override bool IsByRows(int operand) =>
        byRows && Operands.MaxBy(x => x.Shape.Rank).Shape.Lengths[..^1].ContainsAnyExcept(1);

    public override Action Prepared() => prepares || (isLaunch && Backend.PreparesAll) ? Backend.Prepare(Run) : Run;

    public override void Run(Backend backend) => call(backend, Operands);
}

/// <summary>A product: y[b] = a[b]·c[b] of matrices, or the contraction of groups of axes.</summary>
/// <param name="backend">The back end.</param>
/// <param name="axes">The numbers of batch and of summed axes of a contraction; null for matrices.</param>
/// <param name="operands">The factors, what else what follows reads, and the result.</param>
internal class ProductCall(Backend backend, (int Batch, int Summed)? axes, params Operand[] operands) : Call(backend, operands, 1)
{
    /// <summary>The numbers of batch and of summed axes of a contraction; null for matrices.</summary>
    public (int Batch, int Summed)? Axes { get; } = axes;

    /// <summary>What follows the product, and the operand of it that the product is; null if nothing follows.</summary>
    public (MapCall Map, Operand Bare)? Then { get; set; }

    /// <summary>The result.</summary>
    public Operand Result => Operands[^1];

    public override Action Prepared() => Backend.Prepare(Run);

    // A contraction's rows are no rows of its operands' memory.
    public override bool IsByRows(int operand) => Axes is null && operand != 1 && Result.Shape[0] == 1 && Result.Shape[1] > 1;

    public override void Run(Backend backend)
    {
        if (Axes is var (batch, summed))
        {
            backend.Contract(batch, summed, Operands[0], Operands[1], Operands[2]);
        }
        else
        {
            backend.MatMul(Operands[0], Operands[1], Operands[2]);
        }
    }
}

/// <summary>y = op(a·c, b).</summary>
internal sealed class ProductCall<TOp>(Backend backend, TOp op, (int Batch, int Summed)? axes, Operand a, Operand c, Operand b, Operand y)
    : ProductCall(backend, axes, a, c, b, y)
    where TOp : struct, IMap2
{
    public override void Run(Backend backend)
    {
        if (Axes is var (batch, summed))
        {
            backend.Contract(op, batch, summed, Operands[0], Operands[1], Operands[2], Operands[3]);
        }
        else
        {
            backend.MatMul(op, Operands[0], Operands[1], Operands[2], Operands[3]);
        }
    }
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

    public override void Run(Backend backend) => backend.Reduce(monoid, Operands[0], Operands[1]);
}

/// <summary>y = op(a, b), combined along axes.</summary>
internal sealed class ReductionCall<TMonoid, TOp>(Backend backend, TMonoid monoid, TOp op, Operand a, Operand b, Operand y)
    : ReductionCall(backend, [a, b, y])
    where TMonoid : struct, IMonoid
    where TOp : struct, IMap2
{
    public override ReductionCall Of(object op, Operand a, Operand b) => throw new InvalidOperationException("There is a map already.");

    public override void Run(Backend backend) => backend.Reduce(monoid, op, Operands[0], Operands[1], Operands[2]);
}

/// <summary>The elements of x, of one device, into y, of another, by way of the host.</summary>
internal sealed class TransferCall(Operand x, Operand y) : Call(y.Storage.Backend, [x, y], 1)
{
    private readonly byte[] bytes = new byte[x.Shape.Size * x.DType.Size()];

    public override bool IsLaunch => false;

    public override void Run(Backend backend)
    {
        Operands[0].Storage.Backend.Download(Operands[0].Storage, (long)Operands[0].Layout.Offset * Operands[0].DType.Size(), bytes);
        backend.Upload(bytes, Operands[1].Storage);
    }
}
