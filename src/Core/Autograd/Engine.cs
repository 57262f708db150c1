namespace Gpu.Autograd.Autograd;

/// <summary>
/// The one door that every op goes through: it hands the op to the innermost transform among its operands, down to the device, and
/// records it on the tape on the way back.
/// </summary>
internal static class Engine
{
    [ThreadStatic]
    private static bool recordingOff;

    [ThreadStatic]
    private static long mutedDepth;

    /// <summary>Whether the tape records on this thread.</summary>
    public static bool IsRecording
    {
        get => !recordingOff;
        set => recordingOff = !value;
    }

    /// <summary>Transforms up to this depth keep nothing of what is computed: those that ran when NoGrad() was called.</summary>
    public static long MutedDepth
    {
        get => mutedDepth;
        set => mutedDepth = value;
    }

    /// <summary>Whether a transform keeps nothing of what is computed now.</summary>
    public static bool IsMuted(Level level) => level.Depth <= mutedDepth;

    /// <summary>Runs an op.</summary>
    public static Tensor Apply(Primitive op, params ReadOnlySpan<Tensor> x)
    {
        if (Scope.Current is { } scope)
        {
            return scope.Apply(op, x);
        }

        Level? level = null;
        bool recorded = false;
        Primitive? cut = null;
        foreach (var operand in x)
        {
            if (operand.IsWeak)
            {
                return Apply(op, Strong(x));
            }

            if (operand.Box is { } box)
            {
                level = Deeper(level, box.Level, op);
            }
            else
            {
                recorded |= operand.Node is not null;
                cut ??= operand.Cut;
            }
        }

        if (level is not null)
        {
            return level.IsBatch ? ApplyBatched(level, op, x) : ApplyAt(level, op, x);
        }

        var y = op.Value(x);
        Anomaly.Current?.Forward(op, x, y);
        if (recorded && !recordingOff && op.IsDifferentiable && y.DType.IsReal())
        {
            // A view of an operand may be the operand itself; the record needs an object of its own.
            y = y.Node is null && !x.Contains(y) ? y : y.View(y.Layout);
            y.Node = Record(op, x, y);
        }
        else if ((cut ?? (recorded ? op : null)) is { } end && !recordingOff && y.Node is null)
        {
            y.Cut = end;
        }

        return y;
    }

    /// <summary>
    /// Whether nothing watches these tensors: no transform, no tape. Then a rule may run as one fused kernel; else it is made of ops, so
    /// that it is itself differentiated.
    /// </summary>
    public static bool IsPlain(Tensor? t) => t is null || (t.Box is null && (t.Node is null || recordingOff) && !t.IsWeak);

    /// <summary>A plain number that meets no tensor becomes a float32 scalar on the CPU.</summary>
    private static Tensor[] Strong(ReadOnlySpan<Tensor> x)
    {
        var like = x[0];
        foreach (var operand in x)
        {
            like = like.IsWeak ? operand : like;
        }

        var strong = new Tensor[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            strong[k] = x[k].Strong(like.DType, like.Device);
        }

        return strong;
    }

    private static Level Deeper(Level? a, Level b, Primitive op)
    {
        if (!b.IsRunning)
        {
            throw new InvalidOperationException(
                $"{op.Name}: a tensor from inside {b.Transform} was kept and used after {b.Transform} had returned; " +
                "return it from the function instead, or Detach() it.");
        }

        return a is null || b.Depth > a.Depth ? b : a;
    }

    private static Node Record(Primitive op, ReadOnlySpan<Tensor> x, Tensor y)
    {
        Few<Node> few = default;
        var parents = few.Make(x.Length);
        for (int k = 0; k < x.Length; k++)
        {
            parents[k] = x[k].Node;
        }

        return Node.Record(Recomputation.Kept(op, 0), x, y, parents);
    }

    /// <summary>Unpacks the operands of a batch, and runs the op over all of it a level below.</summary>
    private static Tensor ApplyBatched(Level level, Primitive op, ReadOnlySpan<Tensor> x)
    {
        var inner = new Tensor[x.Length];
        var mapped = new bool[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            mapped[k] = x[k].Box is Batched batched && batched.Level == level;
            inner[k] = mapped[k] ? x[k].Box!.Inner : x[k];
        }

        return new Tensor(new Batched(level, op.OverBatch(level.BatchSize, inner, mapped)));
    }

    /// <summary>Unpacks the operands of one level, runs the op a level below, and packs the result with its tangent or record.</summary>
    private static Tensor ApplyAt(Level level, Primitive op, ReadOnlySpan<Tensor> x)
    {
        Few<Tensor> fewInner = default, fewTangents = default;
        Few<Node> fewParents = default;
        var inner = fewInner.Make(x.Length);
        var tangents = fewTangents.Make(x.Length);
        var parents = fewParents.Make(x.Length);
        bool forward = false;
        bool reverse = false;
        for (int k = 0; k < x.Length; k++)
        {
            inner[k] = x[k];
            if (x[k].Box is not { } box || box.Level != level)
            {
                continue;
            }

            inner[k] = box.Inner;
            if (box is Dual dual)
            {
                tangents[k] = dual.Tangent;
                forward |= dual.Tangent is not null;
            }
            else if (box is Recorded recorded)
            {
                parents[k] = recorded.Node;
                reverse = true;
            }
        }

        var y = Apply(op, inner!);
        if (!op.IsDifferentiable || !y.DType.IsReal() || IsMuted(level))
        {
            level.Loses($"{op.Name} reads it without a derivative");
            return y;
        }

        if (reverse)
        {
            return new Tensor(new Recorded(level, y, Node.Record(Recomputation.Kept(op, level.Depth), inner!, y, parents)));
        }

        return new Tensor(new Dual(level, y, forward ? Tangent(op, inner!, y, tangents) : null));
    }

    private static Tensor? Tangent(Primitive op, ReadOnlySpan<Tensor> x, Tensor y, ReadOnlySpan<Tensor?> t) =>
        Anomaly.Current is { } watch ? watch.Tangent(op, x.ToArray(), y, t.ToArray()) : op.Jvp(x, y, t);
}
