using System.Collections.Concurrent;

namespace Gpu.Autograd.Data;

/// <summary>Batches that are made ready while the one before is worked on.</summary>
public static class Prefetching
{
    /// <summary>
    /// The same elements in the same order; while the caller works on one, the next are made on a thread of their own. It is for what the host
    /// does for a batch: to read and decode files, to transform, to copy to a device (<c>Tensor.From(…, device: gpu)</c>).
    /// </summary>
    /// <param name="source">What is made; it is enumerated on the other thread.</param>
    /// <param name="ahead">How many are ready at most before they are asked for; one more is being made.</param>
    /// <exception cref="ArgumentOutOfRangeException">None is to be ready.</exception>
    /// <remarks>What the source throws comes out when all before it was taken. Who stops early stops the other thread, once it has made the element that it is at.</remarks>
    public static IEnumerable<T> Prefetch<T>(this IEnumerable<T> source, int ahead = 1)
    {
        ArgumentNullException.ThrowIfNull(source);
        return ahead >= 1
            ? Run(source, ahead)
            : throw new ArgumentOutOfRangeException(null, $"Prefetch: to have {ahead} elements ready is to have none; at least 1 is.");
    }

    private static IEnumerable<T> Run<T>(IEnumerable<T> source, int ahead)
    {
        using var stop = new CancellationTokenSource();
        using var ready = new BlockingCollection<T>(ahead);
        var making = Task.Factory.StartNew(Make, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        bool atEnd = false;
        try
        {
            foreach (var element in ready.GetConsumingEnumerable())
            {
                yield return element;
            }

            atEnd = true;
        }
        finally
        {
            stop.Cancel();
            Task.WaitAny(making);
            if (atEnd)
            {
                making.GetAwaiter().GetResult();
            }
        }

        void Make()
        {
            try
            {
                foreach (var element in source)
                {
                    ready.Add(element, stop.Token);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Nobody asks for more.
            }
            finally
            {
                ready.CompleteAdding();
            }
        }
    }
}
