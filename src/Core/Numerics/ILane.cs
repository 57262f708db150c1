namespace Gpu.Autograd.Numerics;

/// <summary>What a loop over memory takes at a time: <see cref="Count"/> elements, on which an op is evaluated as on one number.</summary>
public interface IRegister<TSelf, E> : IReal<TSelf>
    where TSelf : struct, IRegister<TSelf, E>
    where E : unmanaged
{
    /// <summary>The number of elements.</summary>
    static abstract int Count { get; }

    /// <summary>The <see cref="Count"/> elements from <paramref name="source"/> on. No bounds are checked.</summary>
    static abstract TSelf Load(ref readonly E source);

    /// <summary>Writes the elements to <paramref name="destination"/> and on. No bounds are checked.</summary>
    void Store(ref E destination);
}

/// <summary>
/// A SIMD register of several elements, on which an op is evaluated as on one number. A loop is generic over this and picks
/// <see cref="Lane512{E}"/>, <see cref="Lane256{E}"/> or <see cref="Lane128{E}"/> once, by what the machine accelerates.
/// </summary>
/// <remarks>
/// Such a loop is a method of its own, with AggressiveOptimization and NoInlining. The JIT puts at most 512 locals into one method, and
/// past that leaves the small calls of a formula as calls, some fifty times slower: a loop inlined into its caller gets there early.
/// </remarks>
public interface ILane<TSelf, E> : IRegister<TSelf, E>, IBits<TSelf>
    where TSelf : struct, ILane<TSelf, E>
    where E : unmanaged
{
    /// <summary>True where the machine has registers of this width.</summary>
    static abstract bool IsAccelerated { get; }

    /// <summary>Every element is <paramref name="value"/>.</summary>
    static abstract TSelf Broadcast(E value);

    /// <summary>The element at <paramref name="index"/>.</summary>
    E this[int index] { get; }
}
