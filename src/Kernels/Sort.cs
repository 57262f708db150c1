namespace Gpu.Autograd.Kernels;

/// <summary>An order of elements, for the kernels that sort.</summary>
public interface IOrder
{
    /// <summary>Whether element a at ia comes before element b at ib; of two different places, one always does.</summary>
    static abstract bool Before<T, E>(T a, int ia, T b, int ib)
        where T : unmanaged
        where E : struct, IElement<T>;
}

/// <summary>The lesser first, a NaN last.</summary>
public readonly struct Ascending : IOrder
{
    /// <inheritdoc/>
    public static bool Before<T, E>(T a, int ia, T b, int ib)
        where T : unmanaged
        where E : struct, IElement<T> => Ranking.BeforeAscending<T, E>(a, ia, b, ib);
}

/// <summary>The greater first, a NaN before all.</summary>
public readonly struct Descending : IOrder
{
    /// <inheritdoc/>
    public static bool Before<T, E>(T a, int ia, T b, int ib)
        where T : unmanaged
        where E : struct, IElement<T> => Ranking.Before<T, E>(a, ia, b, ib);
}

/// <summary>
/// Sorts runs of fibres by counting, a thread an element: its place in its run is the number of elements that come before it. The indices
/// are int32, fibre by fibre.
/// </summary>
public readonly struct SortRuns<T, E, O, M>(Fibres<Flat, M> x, M y, int length, int run) : IKernel
    where T : unmanaged
    where E : struct, IElement<T>
    where O : struct, IOrder
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int fibre = i / length;
        int at = i - (fibre * length);
        int start = x.Start(fibre);
        int from = at / run * run;
        int to = length - from < run ? length : from + run;
        T own = x.Load<T>(start, at);
        int place = from;
        for (int k = from; k < to; k++)
        {
            if (O.Before<T, E>(x.Load<T>(start, k), k, own, at))
            {
                place++;
            }
        }

        y.Store((fibre * length) + place, at);
    }
}

/// <summary>
/// Merges neighbouring runs of fibres in pairs, a thread an element: it moves on by the number of elements in the other run that come
/// before it, which a binary search finds.
/// </summary>
public readonly struct MergeRuns<T, E, O, M>(Fibres<Flat, M> x, M sorted, M y, int length, int run) : IKernel
    where T : unmanaged
    where E : struct, IElement<T>
    where O : struct, IOrder
    where M : struct, IMemory
{
    /// <inheritdoc/>
    public void Run(int i)
    {
        int fibre = i / length;
        int at = i - (fibre * length);
        int row = fibre * length;
        int start = x.Start(fibre);
        int own = sorted.Load<int>(i);
        T key = x.Load<T>(start, own);

        // The other run of the pair, from low to before high: a run before this one if this is the second of a pair.
        int number = at / run;
        bool isSecond = (number & 1) != 0;
        int first = isSecond ? (number - 1) * run : length - (number * run) < run ? length : (number + 1) * run;
        int end = length - first < run ? length : first + run;
        int low = first;
        int high = end;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            int other = sorted.Load<int>(row + middle);
            if (O.Before<T, E>(x.Load<T>(start, other), other, key, own))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        int place = isSecond ? at - run + (low - first) : at + (low - first);
        y.Store(row + place, own);
    }
}
