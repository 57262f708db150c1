namespace Gpu.Autograd.Numerics;

/// <summary>
/// An op that is an elementary function: machine numbers <see cref="Compute"/> it from their bits, other carriers know it by its slope or
/// its name. Its <c>Value</c> is <c>T.Call(this, x)</c>, where each carrier makes that choice.
/// </summary>
public interface IFunction : IUnary
{
    /// <summary>The value, by the formula that all machines share (<see cref="Elementary"/>).</summary>
    T Compute<T>(T x)
        where T : IBits<T>;
}

/// <summary>An op that is an elementary function of two operands; its <c>Value</c> is <c>T.Call(this, a, b)</c>.</summary>
public interface IFunction2 : IBinary
{
    /// <summary>The value, by the formula that all machines share (<see cref="Elementary"/>).</summary>
    T Compute<T>(T a, T b)
        where T : IBits<T>;
}
