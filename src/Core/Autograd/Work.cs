namespace Gpu.Autograd.Autograd;

/// <summary>What a thread had the devices do since the count began: for statements on what a transform costs.</summary>
internal sealed class Work : IDisposable
{
    [ThreadStatic]
    private static Work? current;

    private readonly Work? outer = current;

    private Work() => current = this;

    /// <summary>The count that is running on this thread, if one is.</summary>
    public static Work? Current => current;

    /// <summary>The ops that were launched.</summary>
    public long Launches { get; private set; }

    /// <summary>The operations on numbers: one for each element of a map, a reduction or a copy; 2·M·K·N for a product of matrices.</summary>
    public long Operations { get; private set; }

    /// <summary>Counts until it is disposed.</summary>
    public static Work Count() => new();

    /// <summary>An op of so many operations was launched.</summary>
    public void Add(long operations)
    {
        Launches++;
        Operations += operations;
        outer?.Add(operations);
    }

    /// <summary>The count is complete.</summary>
    public void Dispose() => current = outer;
}
