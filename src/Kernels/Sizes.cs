namespace Gpu.Autograd.Kernels;

/// <summary>The sizes of groups and tiles. They are types, so that they are constants to the compiler.</summary>
public interface ISizes
{
    /// <summary>Threads of a group that reduces: a power of two.</summary>
    static abstract int Reduce { get; }

    /// <summary>Threads of a group where there is little to do, and of what is launched beside other work.</summary>
    static abstract int Few { get; }

    /// <summary>Elements that one thread of such a group walks.</summary>
    static abstract int PerThread { get; }

    /// <summary>The most threads that a group of any kernel may have.</summary>
    static abstract int Most { get; }
}

/// <summary>For GPUs: groups of 256 threads.</summary>
public readonly struct LargeGroups : ISizes
{
    /// <inheritdoc/>
    public static int Reduce => 256;

    /// <inheritdoc/>
    public static int Few => 64;

    /// <inheritdoc/>
    public static int PerThread => 16;

    /// <inheritdoc/>
    public static int Most => 256;
}

/// <summary>For executors where every thread of a group is a thread of the operating system: groups of 4 and 8.</summary>
public readonly struct SmallGroups : ISizes
{
    /// <inheritdoc/>
    public static int Reduce => 8;

    /// <inheritdoc/>
    public static int Few => 8;

    /// <inheritdoc/>
    public static int PerThread => 16;

    /// <inheritdoc/>
    public static int Most => 64;
}

/// <summary>The sizes of S, but for groups that have little to do.</summary>
public readonly struct FewThreads<S> : ISizes
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public static int Reduce => S.Few;

    /// <inheritdoc/>
    public static int Few => S.Few;

    /// <inheritdoc/>
    public static int PerThread => S.PerThread;

    /// <inheritdoc/>
    public static int Most => S.Most;
}
