namespace Gpu.Autograd.Kernels;

/// <summary>The orders in which ArgMax and ArgSort rank elements.</summary>
internal static class Ranking
{
    /// <summary>Whether element a at ia comes before element b at ib: NaN first, then the greater, then the earlier.</summary>
    internal static bool Before<T, E>(T a, int ia, T b, int ib)
        where T : unmanaged
        where E : struct, IElement<T>
    {
        bool nan = E.IsNaN(a);
        bool tie = nan == E.IsNaN(b) && (nan || (!E.Less(a, b) && !E.Less(b, a)));
        return tie ? ia < ib : nan || E.Less(b, a);
    }

    /// <summary>The same order from the other end, but for the earlier of equals, which still comes first.</summary>
    internal static bool BeforeAscending<T, E>(T a, int ia, T b, int ib)
        where T : unmanaged
        where E : struct, IElement<T>
    {
        bool nan = E.IsNaN(b);
        bool tie = nan == E.IsNaN(a) && (nan || (!E.Less(a, b) && !E.Less(b, a)));
        return tie ? ia < ib : nan || E.Less(a, b);
    }
}

/// <summary>The index of each fibre's greatest element, a thread a fibre.</summary>
public readonly struct ArgMaxThread<T, E, M>(Fibres<Flat, M> x, M y, int length) : IKernel
    where T : unmanaged
    where E : struct, IElement<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int start = x.Start(i);
        T best = x.Load<T>(start, 0);
        int at = 0;
        for (int k = 1; k < length; k++)
        {
            T value = x.Load<T>(start, k);
            if (Ranking.Before<T, E>(value, k, best, at))
            {
                best = value;
                at = k;
            }
        }

        y.Store(i, (long)at);
    }
}

/// <summary>The index of each fibre's greatest element, a group a fibre.</summary>
public readonly struct ArgMaxGroup<T, E, M, S>(Fibres<Flat, M> x, M y, int length) : IGroupKernel<M>
    where T : unmanaged
    where E : struct, IElement<T>
    where M : struct, IMemory
    where S : struct, ISizes
{
    /// <inheritdoc/>
    public void Run<G>(int group)
        where G : struct, IGroup<M>
    {
        M values = G.Shared<T>(S.Reduce);
        M places = G.Shared<int>(S.Reduce);
        int local = G.Local;
        int start = x.Start(group);

        // A thread beyond the fibre's end starts with its first element, which loses to itself.
        int at = local < length ? local : 0;
        T best = x.Load<T>(start, at);
        for (int k = local + S.Reduce; k < length; k += S.Reduce)
        {
            T value = x.Load<T>(start, k);
            if (Ranking.Before<T, E>(value, k, best, at))
            {
                best = value;
                at = k;
            }
        }

        values.Store(local, best);
        places.Store(local, at);
        for (int half = S.Reduce / 2; half > 0; half /= 2)
        {
            G.Barrier();
            if (local < half)
            {
                T other = values.Load<T>(local + half);
                int otherAt = places.Load<int>(local + half);
                if (Ranking.Before<T, E>(other, otherAt, best, at))
                {
                    best = other;
                    at = otherAt;
                    values.Store(local, best);
                    places.Store(local, at);
                }
            }
        }

        if (local == 0)
        {
            y.Store(group, (long)at);
        }
    }
}
