using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Kernels;

/// <summary>The threads that work on one row together. All of them come to each combination.</summary>
public interface ITeam<T>
    where T : unmanaged, IReal<T>
{
    /// <summary>The number of this thread.</summary>
    int Member { get; }

    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>The combination of what each of them has; the same for all.</summary>
    T Combined<TMonoid>(TMonoid monoid, T own)
        where TMonoid : struct, IMonoid;
}

/// <summary>One thread, alone.</summary>
public readonly struct OneThread<T> : ITeam<T>
    where T : unmanaged, IReal<T>
{
    /// <inheritdoc/>
    public int Member => 0;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public T Combined<TMonoid>(TMonoid monoid, T own)
        where TMonoid : struct, IMonoid => own;
}

/// <summary>The threads of a group, by a tree in shared memory.</summary>
public readonly struct WholeGroup<T, M, S, G>(M shared) : ITeam<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where S : struct, ISizes
    where G : struct, IGroup<M>
{
    /// <inheritdoc/>
    public int Member => G.Local;

    /// <inheritdoc/>
    public int Count => S.Reduce;

    /// <inheritdoc/>
    public T Combined<TMonoid>(TMonoid monoid, T own)
        where TMonoid : struct, IMonoid
    {
        int local = G.Local;

        // The others may still be reading the last result.
        G.Barrier();
        shared.Store(local, own);
        for (int half = S.Reduce / 2; half > 0; half /= 2)
        {
            G.Barrier();
            if (local < half)
            {
                shared.Store(local, monoid.Combine(shared.Load<T>(local), shared.Load<T>(local + half)));
            }
        }

        G.Barrier();
        return shared.Load<T>(0);
    }
}

/// <summary>What is done to a row.</summary>
public interface IRow<T>
    where T : unmanaged, IReal<T>
{
    /// <summary>The work of one thread of a team on row <paramref name="row"/>.</summary>
    void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>;
}

/// <summary>A thread a row.</summary>
public readonly struct RowByThread<TRow, T>(TRow row) : IKernel
    where TRow : struct, IRow<T>
    where T : unmanaged, IReal<T>
{
    /// <inheritdoc/>
    public void Run(int i) => row.Run(default(OneThread<T>), i);
}

/// <summary>A group a row.</summary>
public readonly struct RowByGroup<TRow, T, M, S>(TRow row) : IGroupKernel<M>
    where TRow : struct, IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M> => row.Run(new WholeGroup<T, M, S, G>(G.Shared<T>(S.Reduce)), group);
}

/// <summary>The sums of exponentials that softmax and its relatives are made of.</summary>
internal static class Exponentials
{
    /// <summary>The greatest element of a row, or 0 where that is infinite: what Σ exp, which has a value there, is shifted by.</summary>
    internal static T Shift<TTeam, T, M>(TTeam team, Fibres<Flat, M> x, int start, int length)
        where TTeam : struct, ITeam<T>
        where T : unmanaged, IReal<T>
        where M : struct, IMemory
    {
        T max = Greatest<TTeam, T, M>(team, x, start, length);
        return T.IfLess(T.Abs(max), T.Const(double.PositiveInfinity), max, T.Zero);
    }

    /// <summary>
    /// The greatest element of a row. Shifted by it, a share of Σ exp is NaN where it is infinite, and has no value. A NaN will come out in the
    /// sum.
    /// </summary>
    internal static T Greatest<TTeam, T, M>(TTeam team, Fibres<Flat, M> x, int start, int length)
        where TTeam : struct, ITeam<T>
        where T : unmanaged, IReal<T>
        where M : struct, IMemory
    {
        T max = T.Const(double.NegativeInfinity);
        for (int k = team.Member; k < length; k += team.Count)
        {
            T value = x.Load<T>(start, k);
            max = T.IfLess(max, value, value, max);
        }

        return team.Combined(default(Greatest), max);
    }

    /// <summary>Σ exp(x − shift).</summary>
    internal static T Sum<TTeam, T, M>(TTeam team, Fibres<Flat, M> x, int start, int length, T shift)
        where TTeam : struct, ITeam<T>
        where T : unmanaged, IReal<T>
        where M : struct, IMemory
    {
        T sum = T.Zero;
        for (int k = team.Member; k < length; k += team.Count)
        {
            sum = sum + T.Exp(x.Load<T>(start, k) - shift);
        }

        return team.Combined(default(Sum), sum);
    }
}
