using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Optim;

/// <summary>n + 1: the count of steps.</summary>
public readonly struct Increment : IMap1
{
    /// <inheritdoc/>
    public T Value<T>(T n)
        where T : IReal<T> => n + T.One;
}

/// <summary>
/// w = (1 − β)/(1 − βⁿ): what the newest of n values weighs in their average with decay β. It falls from 1 at n = 1 to 1 − β, so that no
/// average leans towards the zero that it starts from.
/// </summary>
public readonly struct NewestWeight(double beta) : IMap1
{
    // 1 − βⁿ = −expm1(n·log β) loses no digits where βⁿ is near 1.
    private readonly Number rest = 1 - beta;
    private readonly Number log = Math.Log(beta);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T n)
        where T : IReal<T> => -T.Param(rest) / T.Expm1(n * T.Param(log));
}

/// <summary>x − rate·(g + decay·x): a step down the gradient g.</summary>
public readonly struct Descend(Number decay) : IMap3
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x, T g, T rate)
        where T : IReal<T> => x - (rate * (g + (T.Param(decay) * x)));
}

/// <summary>momentum·m + g + decay·x: the running sum m of gradients.</summary>
public readonly struct Accumulate(Number momentum, Number decay) : IMap3
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T m, T g, T x)
        where T : IReal<T> => (T.Param(momentum) * m) + (g + (T.Param(decay) * x));
}

/// <summary>x − rate·(g + decay·x + momentum·m): a step that looks ahead along the running sum m (Nesterov).</summary>
public readonly struct DescendAhead(Number momentum, Number decay) : IMap4
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x, T g, T m, T rate)
        where T : IReal<T> => x - (rate * (g + (T.Param(decay) * x) + (T.Param(momentum) * m)));
}

/// <summary>m + w·(g + decay·x − m): the average m, moved towards the newest gradient.</summary>
public readonly struct AverageGradient(Number decay) : IMap4
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T m, T g, T x, T w)
        where T : IReal<T> => m + (w * (g + (T.Param(decay) * x) - m));
}

/// <summary>v + w·((g + decay·x)² − v): the average v, moved towards the newest gradient's square. Never negative.</summary>
public readonly struct AverageSquare(Number decay) : IMap4
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T v, T g, T x, T w)
        where T : IReal<T>
    {
        var decayed = g + (T.Param(decay) * x);
        return v + (w * ((decayed * decayed) - v));
    }
}

/// <summary>x − rate·(m/(√v + ε) + decay·x): a step along the average gradient m, scaled by its usual size √v.</summary>
public readonly struct DescendScaled(Number epsilon, Number decay) : IMap4
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T x, T m, T v, T rate)
        where T : IReal<T> => x - (rate * ((m / (T.Sqrt(v) + T.Param(epsilon))) + (T.Param(decay) * x)));
}

/// <summary>min(1, max/(norm + 10⁻⁶)): what gradients of that norm are multiplied by, so that it is at most max.</summary>
public readonly struct ClipFactor(Number max) : IMap1
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Value<T>(T norm)
        where T : IReal<T>
    {
        var factor = T.Param(max) / (norm + T.Const(1e-6));
        return T.IfLess(T.One, factor, T.One, factor);
    }
}

/// <summary>x ← x − rate·(g + decay·x).</summary>
public readonly struct DescendUpdate(Number decay) : IUpdate
{
    /// <inheritdoc/>
    public static int Arrays => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin<T>(T n, out T p, out T q)
        where T : IReal<T> => p = q = n;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<T>(ref T x, ref T m, ref T v, T g, T rate, T p, T q)
        where T : IReal<T> => x = new Descend(decay).Value(x, g, rate);
}

/// <summary>m ← momentum·m + g + decay·x, then x ← x − rate·m.</summary>
public readonly struct MomentumUpdate(Number momentum, Number decay) : IUpdate
{
    /// <inheritdoc/>
    public static int Arrays => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin<T>(T n, out T p, out T q)
        where T : IReal<T> => p = q = n;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<T>(ref T x, ref T m, ref T v, T g, T rate, T p, T q)
        where T : IReal<T>
    {
        m = new Accumulate(momentum, decay).Value(m, g, x);
        x = new Descend(0).Value(x, m, rate);
    }
}

/// <summary>m ← momentum·m + g + decay·x, then x ← x − rate·(g + decay·x + momentum·m).</summary>
public readonly struct NesterovUpdate(Number momentum, Number decay) : IUpdate
{
    /// <inheritdoc/>
    public static int Arrays => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin<T>(T n, out T p, out T q)
        where T : IReal<T> => p = q = n;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<T>(ref T x, ref T m, ref T v, T g, T rate, T p, T q)
        where T : IReal<T>
    {
        m = new Accumulate(momentum, decay).Value(m, g, x);
        x = new DescendAhead(momentum, decay).Value(x, g, m, rate);
    }
}

/// <summary>m and v ← the averages of d = g + decay·x and of d², then x ← x − rate·(m/(√v + ε) + decayInStep·x).</summary>
public readonly struct AdamUpdate(double beta1, double beta2, Number epsilon, Number decay, Number decayInStep) : IUpdate
{
    private readonly NewestWeight ofMean = new(beta1);
    private readonly NewestWeight ofSquare = new(beta2);

    /// <inheritdoc/>
    public static int Arrays => 3;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin<T>(T n, out T p, out T q)
        where T : IReal<T>
    {
        p = ofMean.Value(n);
        q = ofSquare.Value(n);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Apply<T>(ref T x, ref T m, ref T v, T g, T rate, T p, T q)
        where T : IReal<T>
    {
        m = new AverageGradient(decay).Value(m, g, x, p);
        v = new AverageSquare(decay).Value(v, g, x, q);
        x = new DescendScaled(epsilon, decayInStep).Value(x, m, v, rate);
    }
}
