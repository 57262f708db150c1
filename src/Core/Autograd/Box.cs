namespace Gpu.Autograd.Autograd;

/// <summary>
/// One running transform: a call of Grad, Jvp, … Levels nest, and belong to the thread; a tensor of a deeper level is told apart from
/// one of an outer level, which is what keeps nested derivatives from being confused with each other.
/// </summary>
internal sealed class Level
{
    [ThreadStatic]
    private static int depth;

    private Level(int depth, string transform)
    {
        Depth = depth;
        Transform = transform;
    }

    /// <summary>1 for the outermost transform.</summary>
    public int Depth { get; }

    /// <summary>The transform's name, for messages.</summary>
    public string Transform { get; }

    /// <summary>False once the transform has returned: a tensor that escaped from it is an error.</summary>
    public bool IsRunning { get; private set; } = true;

    /// <summary>Runs a body one level deeper.</summary>
    public static TResult Run<TResult>(string transform, Func<Level, TResult> body)
    {
        var level = new Level(++depth, transform);
        try
        {
            return body(level);
        }
        finally
        {
            level.IsRunning = false;
            depth--;
        }
    }
}

/// <summary>What a transform puts around a value of the level below.</summary>
internal abstract class Box(Level level, Tensor inner)
{
    /// <summary>The transform.</summary>
    public Level Level { get; } = level;

    /// <summary>The value, one level below.</summary>
    public Tensor Inner { get; } = inner;
}

/// <summary>Forward mode: a value with its tangent (null for zero).</summary>
internal sealed class Dual(Level level, Tensor inner, Tensor? tangent) : Box(level, inner)
{
    /// <summary>The derivative of the value along the direction of the transform; null for zero.</summary>
    public Tensor? Tangent { get; } = tangent;
}

/// <summary>Reverse mode: a value with the record of how it was made.</summary>
internal sealed class Recorded(Level level, Tensor inner, Node node) : Box(level, inner)
{
    /// <summary>The record.</summary>
    public Node Node { get; } = node;
}
