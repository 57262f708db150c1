namespace Gpu.Autograd;

/// <summary>
/// What an optimizer does at one place to a parameter x and to what it keeps of it, m and v: all of them change at once, so that each is read
/// and written once.
/// </summary>
public interface IUpdate
{
    /// <summary>How many arrays there are: x; x and m; or x, m and v.</summary>
    static abstract int Arrays { get; }

    /// <summary>What is the same at all places: the weights p and q of the newest value in the averages m and v, in step n (from 1).</summary>
    void Begin<T>(T n, out T p, out T q)
        where T : IReal<T>;

    /// <summary>The new x, m and v, for the gradient g and the learning rate. What the parameter does not have holds x, and is not kept.</summary>
    void Apply<T>(ref T x, ref T m, ref T v, T g, T rate, T p, T q)
        where T : IReal<T>;
}
