namespace Gpu.Autograd.Autograd;

/// <summary>
/// The record of one op, or of a leaf: what was computed, from which nodes, and the values that its gradient reads. Nodes refer to
/// their parents only, so what no result depends on is collected like any other garbage.
/// </summary>
internal sealed class Node
{
    private static long lastId;

    private readonly long versions;
    private Few<Node> parents;
    private Few<Tensor> x;
    private Tensor? y;
    private List<Func<Tensor, Tensor?>>? hooks;

    private Node(Tensor like)
    {
        Shape = like.Shape;
        DType = like.DType;
        Origin = Anomaly.Current?.Here();
    }

    private Node(Primitive op, ReadOnlySpan<Tensor> operands, Tensor result, ReadOnlySpan<Node?> records)
        : this(result)
    {
        Op = op;
        records.CopyTo(parents.Make(records.Length));
        var kept = x.Make(operands.Length);
        uint reads = op.Reads;
        if (reads == 0)
        {
            return;
        }

        for (int k = 0; k < kept.Length; k++)
        {
            kept[k] = (reads >> k & 1) != 0 ? operands[k] : null;
        }

        y = reads >> Primitive.ResultBit != 0 ? result : null;
        versions = Versions();
    }

    /// <summary>The id of the newest node or box.</summary>
    public static long LastId => Interlocked.Read(ref lastId);

    /// <summary>Grows with time: a node's parents always have smaller ones.</summary>
    public long Id { get; } = NextId();

    /// <summary>The nodes of the operands; null for those without a gradient.</summary>
    public Span<Node?> Parents => parents.All;

    /// <summary>The op; null for a leaf.</summary>
    public Primitive? Op { get; }

    /// <summary>The shape of the result, one level below.</summary>
    public Shape Shape { get; }

    /// <summary>The dtype of the result.</summary>
    public DType DType { get; }

    /// <summary>The line of user code that ran the op; known where anomalies were watched for.</summary>
    public string? Origin { get; }

    /// <summary>Whether this is a leaf: a tensor that gradients are asked of, made by no recorded op.</summary>
    public bool IsLeaf => Op is null;

    /// <summary>The op for messages.</summary>
    public string Name => IsLeaf ? "a leaf" : $"the result of {Op!.Name}";

    /// <summary>The operands and the result that the gradient reads.</summary>
    public IEnumerable<Tensor> Kept => x.All.ToArray().Append(y).OfType<Tensor>();

    /// <summary>Whether hooks are to see the gradient.</summary>
    public bool HasHooks => hooks is { Count: > 0 };

    /// <summary>Whether a backward pass has dropped the kept values.</summary>
    public bool IsUsedUp { get; private set; }

    /// <summary>The tensor that a leaf's gradient is added to, where there is one.</summary>
    public Tensor? Leaf { get; private init; }

    /// <summary>An id greater than all before.</summary>
    public static long NextId() => Interlocked.Increment(ref lastId);

    /// <summary>A leaf whose gradient is added to its tensor's.</summary>
    public static Node NewLeaf(Tensor leaf) => new(leaf) { Leaf = leaf };

    /// <summary>A leaf that is an argument of a transform: the transform hands out its gradient.</summary>
    public static Node NewArgument(Tensor argument) => new(argument);

    /// <summary>The record of y = op(x), keeping only what the op's gradient reads.</summary>
    public static Node Record(Primitive op, ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Node?> parents) => new(op, x, y, parents);

    /// <summary>The gradient of operand k from the gradient of the result.</summary>
    public Tensor? Vjp(int k, Tensor g) => Op!.Vjp(k, g, x.All!, y!);

    /// <summary>Nodes are told apart by their ids; the runtime's own hash of an object is slower.</summary>
    public override int GetHashCode() => Id.GetHashCode();

    /// <summary>Adds a function that sees this node's gradient when a pass has it complete, and may replace it.</summary>
    public void AddHook(Func<Tensor, Tensor?> hook) => (hooks ??= []).Add(hook);

    /// <summary>Takes the latest such function away again.</summary>
    public void RemoveHook(Func<Tensor, Tensor?> hook)
    {
        if (hooks?.LastIndexOf(hook) is { } last and >= 0)
        {
            hooks.RemoveAt(last);
        }
    }

    /// <summary>The gradient after all hooks, in the order of their registration.</summary>
    /// <exception cref="InvalidOperationException">A hook returned a gradient of another shape, dtype or device.</exception>
    public Tensor Hooked(Tensor g)
    {
        if (hooks is null)
        {
            return g;
        }

        // A hook may remove itself or another.
        foreach (var hook in hooks.ToArray())
        {
            var replaced = (hook(g) ?? g).Strong(g.DType, g.Device);
            if (replaced.Shape != g.Shape || replaced.DType != g.DType || replaced.Device != g.Device)
            {
                throw new InvalidOperationException(
                    $"RegisterHook: the hook on {Name} returned {replaced.DType.Name()} {replaced.Shape} on {replaced.Device} " +
                    $"for a gradient {g.DType.Name()} {g.Shape} on {g.Device}.");
            }

            g = replaced;
        }

        return g;
    }

    /// <summary>Checks that the kept values are still there and still what they were.</summary>
    /// <exception cref="InvalidOperationException">They were dropped by an earlier pass, or overwritten.</exception>
    public void CheckUsable()
    {
        if (IsUsedUp)
        {
            throw new InvalidOperationException(
                "Backward: this graph was used before and its intermediate values were dropped; " +
                "pass retainGraph: true to the first call, or compute the loss again.");
        }

        if (versions != Versions())
        {
            throw new InvalidOperationException(
                $"Backward: a value that the gradient of {Op!.Name} needs was overwritten (by Assign or an optimizer) after it was used; " +
                "compute the loss again.");
        }
    }

    /// <summary>Drops the kept values, so that their memory can be recycled.</summary>
    public void UseUp()
    {
        if (!IsLeaf)
        {
            IsUsedUp = true;
            (parents, x, y) = (default, default, null);
        }
    }

    /// <summary>Versions only grow, so that their sum stands still only if each of them does.</summary>
    private long Versions()
    {
        long sum = 0;
        foreach (var kept in x.All)
        {
            sum += kept is null ? 0 : kept.Innermost.Storage.Version;
        }

        return y is null ? sum : sum + y.Innermost.Storage.Version;
    }
}
