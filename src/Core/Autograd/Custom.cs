namespace Gpu.Autograd.Autograd;

/// <summary>
/// A function with rules of its own, on tensors one after another. The deepest transform that differentiates an argument takes the rule in
/// the place of the function's own derivative; what the rule is made of is then differentiated by the transforms around that one. Where
/// nothing differentiates, the function simply runs.
/// </summary>
internal sealed class Custom
{
    /// <summary>The name for messages.</summary>
    public required string Name { get; init; }

    /// <summary>The method that the rule stands in, for messages.</summary>
    public required string Author { get; init; }

    /// <summary>The rule, as the subject of a message.</summary>
    private string Rule => $"{Name}: the function given in {Author}";

    /// <summary>y = f(x).</summary>
    public required Func<Tensor[], Tensor[]> Value { get; init; }

    /// <summary>Forward rule: from x and t, one after the other, y and its tangent. Null where there is none.</summary>
    public Func<Tensor[], Tensor[]>? Jvp { get; init; }

    /// <summary>First half of a reverse rule: y, and what the second half reads.</summary>
    public Func<Tensor[], (Tensor[] Y, Tensor[] Residuals)>? Forward { get; init; }

    /// <summary>Second half: from the residuals and the results' gradients the arguments' gradients.</summary>
    public Func<Tensor[], Tensor[], Tensor[]>? Backward { get; init; }

    /// <summary>The results for arguments at any level.</summary>
    public Tensor[] Apply(Tensor[] x)
    {
        if (!Array.Exists(x, IsDifferentiated))
        {
            Scope.Current?.Note(this, x);
            return Value(x);
        }

        var level = Recomputation.Deepest(x);
        if (level?.IsBatch == true)
        {
            return OverBatch(level, x);
        }

        // Objects of their own: what they are seen as from above does not hold for the values below.
        Tensor[] inner = [.. x.Select(t => level is null ? t.View(t.Layout) : Recomputation.Below(level, t).Alias())];
        if (level is not null && Engine.IsMuted(level))
        {
            return Apply(inner);
        }

        if (Array.Exists(x, t => t.Box is Dual { Tangent: not null } own && own.Level == level))
        {
            return ForwardMode(level!, x, inner);
        }

        var nodes = Recomputation.Nodes(level, x);
        return Array.Exists(nodes, node => node is not null) ? ReverseMode(level, x, inner, nodes) : Apply(inner);
    }

    private static bool IsDifferentiated(Tensor t) => t.Box switch
    {
        null => t.Node is not null && Engine.IsRecording,
        Recorded or Dual { Tangent: not null } when !Engine.IsMuted(t.Box.Level) => true,
        var box => IsDifferentiated(box.Inner),
    };

    private static Tensor[] Tangents(Level level, Tensor[] x, Tensor[] inner) =>
        [.. x.Select((t, k) => t.Box is Dual { Tangent: { } tangent } own && own.Level == level ? tangent : Reverse.ZerosLike(inner[k]))];

    private Tensor[] OverBatch(Level level, Tensor[] x)
    {
        Tensor[] inner = [.. x.Select(t => Recomputation.Below(level, t))];
        bool[] isMapped = [.. x.Select((t, k) => !ReferenceEquals(t, inner[k]))];
        level.IsBelow = true;
        try
        {
            return [.. Mapped(level, isMapped).Apply(inner).Select(t => new Tensor(new Batched(level, t)))];
        }
        finally
        {
            level.IsBelow = false;
        }
    }

    /// <summary>The function and its rules over the batch of a level.</summary>
    private Custom Mapped(Level level, bool[] isMapped)
    {
        return new Custom
        {
            Name = Name,
            Author = Author,
            Value = Over(Value, k => isMapped[k]),
            Jvp = Jvp is null ? null : Over(Jvp, k => isMapped[k % isMapped.Length]),
            Forward = Forward is null ? null : MappedForward,
            Backward = Backward is null ? null : MappedBackward,
        };

        Func<Tensor[], Tensor[]> Over(Func<Tensor[], Tensor[]> f, Func<int, bool> mapped) => Recomputation.Mapped(f, Name, level, mapped);

        (Tensor[] Y, Tensor[] Residuals) MappedForward(Tensor[] x)
        {
            int results = 0;
            var both = Over(
                inner =>
                {
                    var (y, residuals) = Forward!(inner);
                    results = y.Length;
                    return [.. y, .. residuals];
                },
                k => isMapped[k])(x);
            return (both[..results], both[results..]);
        }

        // The gradient of an argument that all of the batch shares is the sum over the batch.
        Tensor[] MappedBackward(Tensor[] residuals, Tensor[] g)
        {
            int kept = residuals.Length;
            var gradients = Over(both => Backward!(both[..kept], both[kept..]), _ => true)([.. residuals, .. g]);
            return [.. gradients.Select((gradient, k) => isMapped[k] || !gradient.DType.IsReal() ? gradient : gradient.Sum(0))];
        }
    }

    private Tensor[] ForwardMode(Level level, Tensor[] x, Tensor[] inner)
    {
        var rule = Jvp ?? throw new InvalidOperationException(
            $"{Name}: this function has a rule for reverse mode only; forward mode (Jvp, Hvp or Hessian around it) cannot pass through it. " +
            "Give its rule by CustomJvp, which serves both.");
        var tangents = Tangents(level, x, inner);
        var (both, _, _) = Closed(inner, level.Depth, () => (rule([.. inner, .. tangents]), []));
        int count = both.Length / 2;
        return [.. both[..count].Select((y, i) => y.DType.IsReal() ? new Tensor(new Dual(level, y, both[count + i])) : y)];
    }

    private Tensor[] ReverseMode(Level? level, Tensor[] x, Tensor[] inner, Node?[] nodes)
    {
        var (y, residuals, capture) = Closed(inner, level?.Depth ?? 0, () => Forward?.Invoke(inner) ?? (Apply(inner), []));

        // On the tape there is no level below to differentiate the rule in: it is run on the recorded arguments where that is asked for.
        Tensor[] arguments = level is null ? [.. x.Select(t => t.Alias())] : inner;
        long version = Version(arguments);
        var results = Array.ConvertAll(y, t => (t.Shape, t.DType, t.Device));
        Node?[] wanted = [.. nodes];
        return Together.Record(Name, level, residuals, nodes, y, Array.ConvertAll(y, t => t.DType.IsReal()), Pullback);

        Tensor?[] Pullback(Tensor?[] given)
        {
            Tensor[] g = [.. given.Select((t, i) => t ?? Tensor.Zeros(results[i].Shape, results[i].DType, results[i].Device))];
            if (Forward is null || (level is null && Engine.IsRecording))
            {
                RequireUnchanged();
            }

            var gradients = Forward is null
                ? Again(() => Transposed(arguments, wanted, g))
                : Scope.Run(new Backwards(capture.Around, Rule), () => Backward!(
                    level is null && Engine.IsRecording ? Again(() => Forward(arguments).Residuals) : residuals, g));
            return Checked(gradients, arguments, wanted);
        }

        T Again<T>(Func<T> rule) => Scope.Run(new Replay(capture, capture.Keys(), inner), rule);

        void RequireUnchanged()
        {
            if (version != Version(arguments))
            {
                throw new InvalidOperationException(
                    $"Backward: an argument that the gradient of {Name} needs was overwritten (by Assign or an optimizer) after it was used; " +
                    "compute the loss again.");
            }
        }
    }

    /// <summary>gᵀ·J from the forward rule, which is linear in t.</summary>
    private Tensor[] Transposed(Tensor[] x, Node?[] wanted, Tensor[] g)
    {
        int[] moving = [.. Enumerable.Range(0, x.Length).Where(k => x[k].DType.IsReal())];
        Tensor[] zeros = Array.ConvertAll(x, Reverse.ZerosLike);
        var (_, pullback) = Reverse.Vjp(
            Name,
            (Tensor[] t) =>
            {
                var both = Jvp!([.. x, .. Recomputation.Replaced(zeros, moving, t)]);
                int count = both.Length / 2;
                RequireSame(both[..count], g);
                return both[count..];
            },
            Array.ConvertAll(moving, k => zeros[k]),
            linearity: new Linearity(
                $"{Name}: reverse mode transposes the tangent, which must be linear in t; by the rule given in {Author} it is not"),
            isIdle: k => wanted[moving[k]] is null);
        return Recomputation.Replaced(zeros, moving, pullback(g));
    }

    /// <summary>The rule's results must be like the function's, which their gradients are like.</summary>
    private void RequireSame(Tensor[] y, Tensor[] g)
    {
        if (y.Length != g.Length)
        {
            throw new InvalidOperationException($"{Name}: the rule returned {y.Length} results, the function {g.Length}.");
        }

        for (int i = 0; i < y.Length; i++)
        {
            if (y[i].Shape != g[i].Shape || y[i].DType != g[i].DType || y[i].Device != g[i].Device)
            {
                throw new InvalidOperationException(
                    $"{Name}: the rule returned a result {y[i].DType.Name()} {y[i].Shape} on {y[i].Device}, the function " +
                    $"{g[i].DType.Name()} {g[i].Shape} on {g[i].Device}.");
            }
        }
    }

    private Tensor?[] Checked(Tensor[] gradients, Tensor[] x, Node?[] wanted)
    {
        if (gradients.Length != x.Length)
        {
            throw new InvalidOperationException($"{Name}: the rule returned {gradients.Length} gradients for {x.Length} arguments.");
        }

        return [.. gradients.Select((gradient, k) => wanted[k] is null ? null : Fitting(gradient.Strong(x[k].DType, x[k].Device), x[k]))];

        Tensor Fitting(Tensor gradient, Tensor argument) =>
            gradient.Shape == argument.Shape && gradient.DType == argument.DType && gradient.Device == argument.Device
                ? gradient
                : throw new InvalidOperationException(
                    $"{Name}: the rule returned a gradient {gradient.DType.Name()} {gradient.Shape} on {gradient.Device} for an argument " +
                    $"{argument.DType.Name()} {argument.Shape} on {argument.Device}.");
    }

    /// <summary>Runs what must depend on nothing of this level and deeper but its arguments.</summary>
    private (Tensor[] Y, Tensor[] Residuals, Capture Capture) Closed(Tensor[] x, long depth, Func<(Tensor[] Y, Tensor[] Residuals)> body)
    {
        var capture = new Capture(Name, x);
        var (y, residuals) = Scope.Run(capture, body);
        foreach (var t in capture.Differentiated)
        {
            if ((t.Box?.Level.Depth ?? 0) >= depth)
            {
                if (t.Box is Batched { Level: var batch })
                {
                    throw new InvalidOperationException(
                        $"{Rule} uses a tensor {t.DType.Name()} {t.Shape} that is another one for each of the batch of {batch.BatchSize} of " +
                        $"{batch.Transform}, and is not among its arguments; make it an argument (its gradient may be zeros).");
                }

                string owner = t.Box is null ? "the tape (RequiresGrad)" : $"a running {t.Box.Level.Transform}";
                throw new InvalidOperationException(
                    $"{Rule} uses a tensor {t.DType.Name()} {t.Shape} that belongs to {owner} and is not among its arguments, " +
                    "so that the rule gives it no gradient; make it an argument, or Detach() it.");
            }
        }

        // Random numbers that differ along a batch which the arguments are not in.
        return Recomputation.Deepest(y, residuals) is { } deeper && deeper.Depth >= depth
            ? throw new InvalidOperationException(
                $"{Rule} draws random numbers, different along the batch of {deeper.BatchSize} of {deeper.Transform}, but " +
                "its arguments are the same for all of the batch; draw them outside and make them an argument.")
            : (y, residuals, capture);
    }

    private static long Version(Tensor[] x)
    {
        long sum = 0;
        foreach (var t in x)
        {
            sum += t.Innermost.Storage.Version;
        }

        return sum;
    }
}
