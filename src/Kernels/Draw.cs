using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Kernels;

/// <summary>Uniform float32 numbers on [0, 1), a thread four of them.</summary>
public readonly struct Uniform32<M>(ulong seed, ulong counter, M y, int count) : IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        PhiloxWords words = Philox.Block(seed, counter + (ulong)i);
        Tail.Store(y, (4 * i), count, Philox.Uniform(words.W0));
        Tail.Store(y, (4 * i) + 1, count, Philox.Uniform(words.W1));
        Tail.Store(y, (4 * i) + 2, count, Philox.Uniform(words.W2));
        Tail.Store(y, (4 * i) + 3, count, Philox.Uniform(words.W3));
    }
}

/// <summary>Normal float32 numbers, a thread four of them.</summary>
public readonly struct Normal32<M>(ulong seed, ulong counter, M y, int count) : IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        PhiloxWords words = Philox.Block(seed, counter + (ulong)i);
        Tail.StorePair(y, 4 * i, count, new F32(Philox.Uniform(words.W0)), new F32(Philox.Uniform(words.W1)));
        Tail.StorePair(y, (4 * i) + 2, count, new F32(Philox.Uniform(words.W2)), new F32(Philox.Uniform(words.W3)));
    }
}

/// <summary>Uniform float64 numbers on [0, 1), a thread two of them.</summary>
public readonly struct Uniform64<M>(ulong seed, ulong counter, M y, int count) : IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        PhiloxWords words = Philox.Block(seed, counter + (ulong)i);
        Tail.Store(y, 2 * i, count, Philox.Uniform(words.W0, words.W1));
        Tail.Store(y, (2 * i) + 1, count, Philox.Uniform(words.W2, words.W3));
    }
}

/// <summary>Normal float64 numbers, a thread two of them.</summary>
public readonly struct Normal64<M>(ulong seed, ulong counter, M y, int count) : IKernel
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        PhiloxWords words = Philox.Block(seed, counter + (ulong)i);
        Tail.StorePair(
            y, 2 * i, count, new F64(Philox.Uniform(words.W0, words.W1)), new F64(Philox.Uniform(words.W2, words.W3)));
    }
}

/// <summary>Writing what may lie beyond the end: the last thread draws more than is wanted.</summary>
internal static class Tail
{
    /// <summary>y[at] = value, if there is such an element.</summary>
    internal static void Store<T, M>(M y, int at, int count, T value)
        where T : unmanaged
        where M : struct, IMemory
    {
        if (at < count)
        {
            y.Store(at, value);
        }
    }

    /// <summary>The two normals of two uniforms.</summary>
    internal static void StorePair<T, M>(M y, int at, int count, T u, T v)
        where T : unmanaged, IReal<T>
        where M : struct, IMemory
    {
        T radius = Philox.Radius(u);
        T angle = Philox.Angle(v);
        Store(y, at, count, radius * T.Cos(angle));
        Store(y, at + 1, count, radius * T.Sin(angle));
    }
}
