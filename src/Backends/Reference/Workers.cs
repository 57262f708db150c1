using System.Runtime.ExceptionServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Splits a loop over the processor's cores. The calling thread takes part, and would do everything itself if the thread pool had no
/// thread to spare; so that it never waits for work that nobody has begun.
/// </summary>
internal sealed class Workers(int threads)
{
    /// <summary>The number of threads that share a loop.</summary>
    public int Threads { get; } = threads;

    /// <summary>
    /// Calls <paramref name="body"/>(from, to) over 0..count−1 in ranges of at least <paramref name="grain"/>, each a multiple of it but
    /// the last. What the body does to an element must not depend on the range that it comes in.
    /// </summary>
    public void Range(nint count, nint grain, Action<nint, nint> body)
    {
        nint grains = (count + grain - 1) / grain;
        if (Threads == 1 || grains < 2)
        {
            if (count > 0)
            {
                body(0, count);
            }

            return;
        }

        // A few ranges a thread: one that is held up by other programs then does not hold up the rest.
        nint ranges = Math.Min(grains, 4 * Threads);
        nint step = (grains + ranges - 1) / ranges * grain;
        new Job((int)((count + step - 1) / step), Threads, i => body(i * step, Math.Min(count, (i + 1) * step))).Run();
    }

    private sealed class Job(int tasks, int threads, Action<int> body) : IThreadPoolWorkItem
    {
        private Action<int>? body = body;
        private int next;
        private int done;
        private ExceptionDispatchInfo? failure;

        public void Run()
        {
            for (int i = 1; i < Math.Min(threads, tasks); i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }

            Execute();
            var spin = default(SpinWait);
            while (Volatile.Read(ref done) < tasks)
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            // The pool may only come to this job long after: what waits in its queue must not hold on to the operands.
            body = null;
            failure?.Throw();
        }

        public void Execute()
        {
            for (int i = Interlocked.Increment(ref next) - 1; i < tasks; i = Interlocked.Increment(ref next) - 1)
            {
                try
                {
                    body!(i);
                }
                catch (Exception e)
                {
                    failure ??= ExceptionDispatchInfo.Capture(e);
                }

                Interlocked.Increment(ref done);
            }
        }
    }
}
