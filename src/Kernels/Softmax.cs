using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Kernels;

/// <summary>y = exp(x)/Σ exp(x).</summary>
public readonly struct SoftmaxRow<T, M>(Fibres<Flat, M> x, Fibres<Flat, M> y, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = x.Start(row);
        int to = y.Start(row);
        T shift = Exponentials.Greatest<TTeam, T, M>(team, x, from, length);
        T sum = Exponentials.Sum(team, x, from, length, shift);
        for (int k = team.Member; k < length; k += team.Count)
        {
            y.Store(to, k, T.Exp(x.Load<T>(from, k) - shift) / sum);
        }
    }
}

/// <summary>y = x − log Σ exp(x).</summary>
public readonly struct LogSoftmaxRow<T, M>(Fibres<Flat, M> x, Fibres<Flat, M> y, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = x.Start(row);
        int to = y.Start(row);
        T shift = Exponentials.Greatest<TTeam, T, M>(team, x, from, length);
        T less = T.Log(Exponentials.Sum(team, x, from, length, shift));
        for (int k = team.Member; k < length; k += team.Count)
        {
            y.Store(to, k, x.Load<T>(from, k) - shift - less);
        }
    }
}

/// <summary>dx = y·(g − Σ g·y).</summary>
public readonly struct SoftmaxBackRow<T, M>(Fibres<Flat, M> g, Fibres<Flat, M> y, Fibres<Flat, M> dx, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = g.Start(row);
        int at = y.Start(row);
        int to = dx.Start(row);
        T sum = T.Zero;
        for (int k = team.Member; k < length; k += team.Count)
        {
            sum = sum + (g.Load<T>(from, k) * y.Load<T>(at, k));
        }

        sum = team.Combined(default(Sum), sum);
        for (int k = team.Member; k < length; k += team.Count)
        {
            dx.Store(to, k, y.Load<T>(at, k) * (g.Load<T>(from, k) - sum));
        }
    }
}

/// <summary>dx = g − exp(y)·Σ g.</summary>
public readonly struct LogSoftmaxBackRow<T, M>(Fibres<Flat, M> g, Fibres<Flat, M> y, Fibres<Flat, M> dx, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = g.Start(row);
        int at = y.Start(row);
        int to = dx.Start(row);
        T sum = T.Zero;
        for (int k = team.Member; k < length; k += team.Count)
        {
            sum = sum + g.Load<T>(from, k);
        }

        sum = team.Combined(default(Sum), sum);
        for (int k = team.Member; k < length; k += team.Count)
        {
            dx.Store(to, k, g.Load<T>(from, k) - (T.Exp(y.Load<T>(at, k)) * sum));
        }
    }
}

/// <summary>y = log Σ exp(x).</summary>
public readonly struct LogSumExpRow<T, M>(Fibres<Flat, M> x, M y, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = x.Start(row);
        T shift = Exponentials.Shift<TTeam, T, M>(team, x, from, length);
        T sum = Exponentials.Sum(team, x, from, length, shift);
        if (team.Member == 0)
        {
            y.Store(row, T.Log(sum) + shift);
        }
    }
}

/// <summary>y = log Σ exp(x) − x[label]; NaN where there is no such element.</summary>
public readonly struct CrossEntropyRow<T, E, TIndex, EIndex, M>(Fibres<Flat, M> x, M labels, M y, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where E : struct, IElement<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = x.Start(row);
        T shift = Exponentials.Greatest<TTeam, T, M>(team, x, from, length);
        T sum = Exponentials.Sum(team, x, from, length, shift);
        if (team.Member == 0)
        {
            long label = EIndex.To<long, Int64>(labels.Load<TIndex>(row));
            T picked = E.Missing;
            if (label >= 0 && label < length)
            {
                picked = x.Load<T>(from, (int)label);
            }

            y.Store(row, T.Log(sum) - (picked - shift));
        }
    }
}

/// <summary>dx = g·exp(x)/Σ exp(x), and 0 where every element is −∞.</summary>
public readonly struct LogSumExpBackRow<T, M>(Fibres<Flat, M> g, Fibres<Flat, M> x, Fibres<Flat, M> dx, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = x.Start(row);
        int to = dx.Start(row);
        T shift = Exponentials.Shift<TTeam, T, M>(team, x, from, length);
        T sum = Exponentials.Sum(team, x, from, length, shift);
        T scale = g.Load<T>(g.Start(row), 0) / T.IfLess(T.Zero, sum, sum, sum + T.One);
        for (int k = team.Member; k < length; k += team.Count)
        {
            dx.Store(to, k, T.Exp(x.Load<T>(from, k) - shift) * scale);
        }
    }
}

/// <summary>dx = g·exp(x)/Σ exp(x), less g at the label.</summary>
public readonly struct CrossEntropyBackRow<T, TIndex, EIndex, M>(
    Fibres<Flat, M> g, Fibres<Flat, M> x, M labels, Fibres<Flat, M> dx, int length) : IRow<T>
    where T : unmanaged, IReal<T>
    where TIndex : unmanaged
    where EIndex : struct, IElement<TIndex>
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run<TTeam>(TTeam team, int row)
        where TTeam : struct, ITeam<T>
    {
        int from = x.Start(row);
        int to = dx.Start(row);
        long label = EIndex.To<long, Int64>(labels.Load<TIndex>(row));
        T shift = Exponentials.Greatest<TTeam, T, M>(team, x, from, length);
        T sum = Exponentials.Sum(team, x, from, length, shift);
        T slope = g.Load<T>(g.Start(row), 0);
        T scale = slope / sum;
        for (int k = team.Member; k < length; k += team.Count)
        {
            T value = T.Exp(x.Load<T>(from, k) - shift) * scale;
            if (k == label)
            {
                value = value - slope;
            }

            dx.Store(to, k, value);
        }
    }
}
