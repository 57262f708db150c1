namespace Gpu.Autograd.Autograd;

/// <summary>
/// What tensors stand for while a function runs: each operand of each op is asked for here, once, before the op runs. That is how a module
/// is run with other parameters than its own, how a function is run again with what it captured as arguments, and how Gradcheck notes what
/// a function runs. Scopes nest, and belong to the thread.
/// </summary>
internal abstract class Scope(Scope? outer)
{
    [ThreadStatic]
    private static Scope? current;

    /// <summary>The innermost scope of this thread; null outside of all, and within an op.</summary>
    public static Scope? Current => current;

    /// <summary>The scope around this one.</summary>
    protected Scope? Outer { get; } = outer;

    /// <summary>What a tensor stands for now.</summary>
    /// <param name="t">The tensor.</param>
    /// <param name="detached">Whether only its value is asked for, so that no derivative passes.</param>
    public static Tensor Resolved(Tensor t, bool detached = false) => current is { } scope ? scope.Resolve(t, detached) : t;

    /// <summary>Runs a body in a scope; null for none.</summary>
    public static T Run<T>(Scope? scope, Func<T> body)
    {
        var before = current;
        current = scope;
        try
        {
            return body();
        }
        finally
        {
            current = before;
        }
    }

    /// <summary>
    /// Runs an op on what its operands stand for. The transforms' own work on the values inside of these is not asked for again: a value of
    /// a level below may well be a tensor that stands for something else above.
    /// </summary>
    public virtual Tensor Apply(Primitive op, ReadOnlySpan<Tensor> x)
    {
        var resolved = new Tensor[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            resolved[k] = Resolve(x[k], detached: false);
        }

        current = null;
        try
        {
            return Engine.Apply(op, resolved);
        }
        finally
        {
            current = this;
        }
    }

    /// <summary>Whether a function is being run again, so that what it did on the side is done already.</summary>
    public virtual bool IsAgain => Outer?.IsAgain == true;

    /// <summary>What a tensor stands for.</summary>
    public virtual Tensor Resolve(Tensor t, bool detached) => Outer?.Resolve(t, detached) ?? t;

    /// <summary>A function with rules of its own is run where nothing differentiates it.</summary>
    public virtual void Note(Custom function, Tensor[] x) => Outer?.Note(function, x);

    /// <summary>Whether a tensor stands for another one here, so that it cannot be overwritten.</summary>
    public virtual bool Replaces(Tensor t) => Outer?.Replaces(t) == true;

    /// <summary>The first of so many counters of a random generator.</summary>
    public virtual ulong Draw(Generator generator, ulong counters) => Outer?.Draw(generator, counters) ?? generator.Next(counters);

    /// <summary>Whether random numbers may differ along a running batch.</summary>
    public virtual bool Counts(Level batch) => Outer?.Counts(batch) != false;
}

/// <summary>Some tensors stand for others.</summary>
/// <param name="outer">The scope around this one.</param>
/// <param name="values">What stands for what. The values hold in the scope around, and none of them is itself replaced here.</param>
internal sealed class Substitution(Scope? outer, Dictionary<Tensor, Tensor> values) : Scope(outer)
{
    public override Tensor Resolve(Tensor t, bool detached) => values.TryGetValue(t, out var value) ? value : base.Resolve(t, detached);

    public override bool Replaces(Tensor t) => values.ContainsKey(t) || base.Replaces(t);
}

/// <summary>
/// Notes what a function uses beside its arguments: tensors of running transforms and of the tape, and random numbers. With these as further
/// arguments (<see cref="Replay"/>) the function depends on nothing else.
/// </summary>
internal sealed class Capture : Scope
{
    private readonly long start = Node.LastId;
    private readonly HashSet<Tensor> known;
    private readonly List<Tensor> captured = [];
    private readonly HashSet<Tensor> differentiated = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Level> batches;
    private readonly Tensor[] arguments;

    /// <param name="transform">The transform, for messages.</param>
    /// <param name="arguments">The function's arguments.</param>
    public Capture(string transform, Tensor[] arguments)
        : base(Current)
    {
        this.arguments = arguments;
        Draws = new Draws(transform);
        known = new HashSet<Tensor>(arguments, ReferenceEqualityComparer.Instance);
        batches = [.. Level.Batches.Where(level => Current?.Counts(level) != false).Select(level => level.Origin)];
    }

    /// <summary>The tensors, each once.</summary>
    public IReadOnlyList<Tensor> Captured => captured;

    /// <summary>Of these, the tensors through which a derivative passes, or of which there is one for each of a batch.</summary>
    public IReadOnlySet<Tensor> Differentiated => differentiated;

    /// <summary>The draws of random numbers.</summary>
    public Draws Draws { get; }

    /// <summary>The scope that the function was called in.</summary>
    public Scope? Around => Outer;

    /// <summary>
    /// The arguments' and the captured tensors' own objects. Weakly: one that the function holds no more needs no stand-in, and its records
    /// should not live on.
    /// </summary>
    public WeakReference<Tensor>[] Keys() => [.. arguments.Concat(captured).Select(t => new WeakReference<Tensor>(t))];

    /// <summary>Whether random numbers differed along a batch.</summary>
    public bool HasBatch(Level level) => batches.Contains(level.Origin);

    public override Tensor Resolve(Tensor t, bool detached)
    {
        t = base.Resolve(t, detached);
        if (IsFromOutside(t, detached))
        {
            if (known.Add(t))
            {
                captured.Add(t);
            }

            if (!arguments.Contains(t) && (t.IsBatched || t.Box is not { } box || !Engine.IsMuted(box.Level)))
            {
                differentiated.Add(t);
            }
        }

        return t;
    }

    public override ulong Draw(Generator generator, ulong counters) => Draws.Next(Outer, generator, counters);

    /// <summary>Made before the function began, and more than a constant.</summary>
    private bool IsFromOutside(Tensor t, bool detached)
    {
        if (t.Box is not { } box)
        {
            return !detached && Engine.IsRecording && t.Node?.Id <= start;
        }

        return box.Id <= start && (!detached || t.IsBatched);
    }
}

/// <summary>Runs a function again: what it captured stands for new values, and its random numbers are the same.</summary>
internal sealed class Replay : Scope
{
    private readonly Dictionary<Tensor, Tensor> values = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Level> foreign;
    private readonly Draws draws;

    /// <param name="first">What was noted when the function ran first.</param>
    /// <param name="keys">Its arguments and captured tensors, as they were then.</param>
    /// <param name="z">The values of these, in the same order.</param>
    public Replay(Capture first, WeakReference<Tensor>[] keys, Tensor[] z)
        : base(first.Around)
    {
        draws = first.Draws.Again();
        foreign = [.. Level.Batches.Where(level => !first.HasBatch(level))];
        for (int k = 0; k < z.Length; k++)
        {
            if (keys[k].TryGetTarget(out var key))
            {
                values[key] = z[k];
            }
        }
    }

    public override bool IsAgain => true;

    public override Tensor Resolve(Tensor t, bool detached)
    {
        t = base.Resolve(t, detached);
        return values.TryGetValue(t, out var value) ? value : t;
    }

    public override ulong Draw(Generator generator, ulong counters) => draws.Next(Outer, generator, counters);

    /// <summary>Checks that the function has drawn all that it drew the first time.</summary>
    public void RequireAllDraws() => draws.RequireAll();

    // A batch that runs now and did not then must not change what is drawn.
    public override bool Counts(Level batch) => !foreign.Contains(batch);
}

/// <summary>
/// What the backward half of a rule runs in: tensors stand for what they stood for around the forward half, and random numbers are drawn in
/// the pass that is running.
/// </summary>
/// <param name="around">The scope around the forward half.</param>
/// <param name="rule">The rule, for messages.</param>
internal sealed class Backwards(Scope? around, string rule) : Scope(around)
{
    private readonly Scope? running = Current;

    public override Tensor Resolve(Tensor t, bool detached)
    {
        t = base.Resolve(t, detached);
        return t.Box is not { Level.IsRunning: false } box || (detached && !t.IsBatched) ? t : throw new InvalidOperationException(
            $"{rule} uses, in its backward half, a tensor {t.DType.Name()} {t.Shape} of a {box.Level.Transform} that has returned; make it an " +
            "argument, and a residual of the forward half.");
    }

    public override ulong Draw(Generator generator, ulong counters) => running?.Draw(generator, counters) ?? generator.Next(counters);

    public override bool Counts(Level batch) => running?.Counts(batch) != false;
}
