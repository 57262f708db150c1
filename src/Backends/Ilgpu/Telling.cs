using System.Runtime.ExceptionServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Tells one watcher of kernels, one after the other and on threads that hold nothing: it may use the device, and warm it up with something
/// else. So each watcher is told by itself; one that waited for the others' news would wait for its own end.
/// </summary>
internal sealed class Telling(Action<CompiledKernel> watcher)
{
    private readonly Lock gate = new();
    private Task last = Task.CompletedTask;
    private ExceptionDispatchInfo? failure;

    /// <summary>Tells of a kernel, after those before it.</summary>
    internal void Tell(CompiledKernel news)
    {
        lock (gate)
        {
            last = last.ContinueWith(_ => Report(news), TaskScheduler.Default);
        }
    }

    /// <summary>Waits until all is told, and throws what the watcher threw first.</summary>
    internal void End()
    {
        Task all;
        lock (gate)
        {
            all = last;
        }

        all.Wait();
        failure?.Throw();
    }

    private void Report(CompiledKernel news)
    {
        try
        {
            watcher(news);
        }
        catch (Exception e)
        {
            failure ??= ExceptionDispatchInfo.Capture(e);
        }
    }
}
