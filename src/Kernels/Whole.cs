namespace Gpu.Autograd.Kernels;

/// <summary>How many elements of shared memory a group has. A type, so that it is a constant to the compiler.</summary>
public interface IRoom
{
    /// <summary>The elements.</summary>
    static abstract int Elements { get; }
}

/// <summary>6 KB of float32.</summary>
public readonly struct Room1536 : IRoom
{
    /// <inheritdoc/>
    public static int Elements => 1536;
}

/// <summary>12 KB of float32.</summary>
public readonly struct Room3072 : IRoom
{
    /// <inheritdoc/>
    public static int Elements => 3072;
}

/// <summary>24 KB of float32, 48 KB of float64.</summary>
public readonly struct Room6144 : IRoom
{
    /// <inheritdoc/>
    public static int Elements => 6144;
}

/// <summary>48 KB of float32.</summary>
public readonly struct Room12288 : IRoom
{
    /// <inheritdoc/>
    public static int Elements => 12288;
}

/// <summary>
/// A training step of a small net but for the optimizer's part of it: each group takes 16 rows after the other through all stages, and writes
/// what it adds up over them to a piece of its own.
/// </summary>
public readonly struct Whole<TStage, T, L, M, R>(TStage stages, M pieces, int rows, int groups, int piece) : IGroupKernel<M>
    where TStage : struct, IStage<M>
    where T : unmanaged, IReal<T>
    where L : struct, IRepeat
    where M : struct, IMemory
    where R : struct, IRoom
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        M shared = G.Shared<T>(R.Elements);
        int first = group * Rows<M>.Most;
        int again = 0;
        do
        {
            int count = rows - first < Rows<M>.Most ? rows - first : Rows<M>.Most;
            stages.Run<G>(new Rows<M>(shared, pieces, first, count, group * piece, again));
            if (L.Again)
            {
                G.Barrier();
            }

            again = 1;
            first += groups * Rows<M>.Most;
        }
        while (L.Again && first < rows);
    }
}

/// <summary>What a sum over all rows is for.</summary>
public interface IEnd<T>
    where T : unmanaged, IReal<T>
{
    /// <summary>Takes element <paramref name="i"/> of it; the rest is what the optimizer's step needs.</summary>
    void Put<TOp>(TOp op, int i, T sum, T rate, T p, T q)
        where TOp : struct, IUpdate;
}

/// <summary>It is written to y.</summary>
public readonly struct Kept<T, M>(M y) : IEnd<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Put<TOp>(TOp op, int i, T sum, T rate, T p, T q)
        where TOp : struct, IUpdate => y.Store(i, sum);
}

/// <summary>y = map(sum) is written.</summary>
public readonly struct Mapped<TMap, T, M>(TMap map, M y) : IEnd<T>
    where TMap : struct, IMap1
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Put<TOp>(TOp op, int i, T sum, T rate, T p, T q)
        where TOp : struct, IUpdate => y.Store(i, map.Value(sum));
}

/// <summary>It is for both.</summary>
public readonly struct Both<E1, E2, T>(E1 first, E2 second) : IEnd<T>
    where E1 : struct, IEnd<T>
    where E2 : struct, IEnd<T>
    where T : unmanaged, IReal<T>
{
    /// <inheritdoc/>
    public void Put<TOp>(TOp op, int i, T sum, T rate, T p, T q)
        where TOp : struct, IUpdate
    {
        first.Put(op, i, sum, rate, p, q);
        second.Put(op, i, sum, rate, p, q);
    }
}

/// <summary>The first <paramref name="count"/> elements are for the one, the others for the other.</summary>
public readonly struct Either<E1, E2, T>(E1 first, E2 second, int count) : IEnd<T>
    where E1 : struct, IEnd<T>
    where E2 : struct, IEnd<T>
    where T : unmanaged, IReal<T>
{
    /// <inheritdoc/>
    public void Put<TOp>(TOp op, int i, T sum, T rate, T p, T q)
        where TOp : struct, IUpdate
    {
        if (i < count)
        {
            first.Put(op, i, sum, rate, p, q);
        }
        else
        {
            second.Put(op, i - count, sum, rate, p, q);
        }
    }
}

/// <summary>
/// Adds up the groups' pieces, a thread an element, four sums side by side, whose order depends on the number of pieces alone; and does with the
/// sums what they are for.
/// </summary>
public readonly struct Wholly<TOp, T, TEnd, M>(TOp op, M rate, M count, M pieces, TEnd end, int groups, int piece) : IKernel
    where TOp : struct, IUpdate
    where T : unmanaged, IReal<T>
    where TEnd : struct, IEnd<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
        int at = i;
        int g = 0;
        for (; g + 3 < groups; g += 4)
        {
            s0 = s0 + pieces.Load<T>(at);
            s1 = s1 + pieces.Load<T>(at + piece);
            s2 = s2 + pieces.Load<T>(at + (2 * piece));
            s3 = s3 + pieces.Load<T>(at + (3 * piece));
            at += 4 * piece;
        }

        for (; g < groups; g++)
        {
            s0 = s0 + pieces.Load<T>(at);
            at += piece;
        }

        op.Begin(count.Load<T>(0), out T p, out T q);
        end.Put(op, i, (s0 + s1) + (s2 + s3), rate.Load<T>(0), p, q);
    }
}
