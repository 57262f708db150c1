namespace Gpu.Autograd.Autograd;

/// <summary>
/// One running transform: a call of Grad, Jvp, … Levels nest, and belong to the thread; a tensor of a deeper level is told apart from
/// one of an outer level, which is what keeps nested derivatives from being confused with each other.
/// </summary>
internal sealed class Level
{
    private static long lastId;

    [ThreadStatic]
    private static List<Level>? batches;

    private Level(string transform, int batchSize, bool differentRandom, Level? origin, Linearity? linearity = null)
    {
        Linearity = linearity;
        Origin = origin?.Origin ?? this;
        Transform = transform;
        BatchSize = batchSize;
        DrawsDifferently = differentRandom;
    }

    /// <summary>What tells whether the function is linear, of a level that transposes it; else null.</summary>
    public Linearity? Linearity { get; }

    /// <summary>The running levels of this thread that map over a batch, outermost first.</summary>
    public static IReadOnlyList<Level> Batches => batches ?? [];

    /// <summary>
    /// Grows with time, so that an inner level's is greater than an outer one's, also where the inner one runs on another thread.
    /// </summary>
    public long Depth { get; } = Interlocked.Increment(ref lastId);

    /// <summary>The depth of the newest level.</summary>
    public static long Deepest => Interlocked.Read(ref lastId);

    /// <summary>The level whose batch this is, where a function is mapped again over the batch of a level before; else this one.</summary>
    public Level Origin { get; }

    /// <summary>The transform's name, for messages.</summary>
    public string Transform { get; }

    /// <summary>The length of the batch, of a level that maps over one.</summary>
    public int BatchSize { get; }

    /// <summary>Whether the level maps over a batch.</summary>
    public bool IsBatch => BatchSize >= 0;

    /// <summary>Whether random numbers differ along the batch.</summary>
    public bool DrawsDifferently { get; }

    /// <summary>Whether what runs now runs below this level, on all of its batch: random numbers take no notice of it.</summary>
    public bool IsBelow { get; set; }

    /// <summary>False once the transform has returned: a tensor that escaped from it is an error.</summary>
    public bool IsRunning { get; private set; } = true;

    /// <summary>Runs a body one level deeper.</summary>
    public static TResult Run<TResult>(string transform, Func<Level, TResult> body, Linearity? linearity = null) =>
        Run(new Level(transform, -1, false, null, linearity), body);

    /// <summary>Runs a body one level deeper, mapped over a batch.</summary>
    public static TResult RunBatch<TResult>(
        string transform, int size, bool differentRandom, Func<Level, TResult> body, Level? origin = null)
    {
        var level = new Level(transform, size, differentRandom, origin);
        (batches ??= []).Add(level);
        return Run(level, body);
    }

    /// <summary>Notes that values which depend on the arguments are used in a way that leaves no record.</summary>
    /// <exception cref="InvalidOperationException">The level transposes what must be linear.</exception>
    public void Loses(string how)
    {
        if (Linearity is not null && IsRunning)
        {
            throw Linearity.Error(how);
        }
    }

    private static TResult Run<TResult>(Level level, Func<Level, TResult> body)
    {
        try
        {
            return body(level);
        }
        finally
        {
            level.IsRunning = false;
            batches?.Remove(level);
        }
    }
}

/// <summary>What a transform puts around a value of the level below.</summary>
internal abstract class Box(Level level, Tensor inner)
{
    /// <summary>The transform.</summary>
    public Level Level { get; } = level;

    /// <summary>When the box was made, as nodes count it.</summary>
    public long Id { get; } = Node.NextId();

    /// <summary>The value, one level below.</summary>
    public Tensor Inner { get; } = inner;
}

/// <summary>Forward mode: a value with its tangent (null for zero).</summary>
internal sealed class Dual(Level level, Tensor inner, Tensor? tangent) : Box(level, inner)
{
    /// <summary>The derivative of the value along the direction of the transform; null for zero.</summary>
    public Tensor? Tangent { get; } = tangent;
}

/// <summary>A batch: the value one level below has one axis more, the first, along which the function is mapped.</summary>
internal sealed class Batched(Level level, Tensor inner) : Box(level, inner);

/// <summary>Reverse mode: a value with the record of how it was made.</summary>
internal sealed class Recorded(Level level, Tensor inner, Node node) : Box(level, inner)
{
    /// <summary>The record.</summary>
    public Node Node { get; } = node;
}
