using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>Watches a thread for anomalies until it is disposed.</summary>
public readonly struct AnomalyScope : IDisposable
{
    private readonly Anomaly? before;

    internal AnomalyScope(Anomaly watch)
    {
        before = Anomaly.Current;
        Anomaly.Current = watch;
    }

    /// <summary>Stops, or goes back to the watch around this one.</summary>
    public void Dispose() => Anomaly.Current = before;
}
