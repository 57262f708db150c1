using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Splits a loop over the processor's cores. The calling thread takes part, and would do everything itself if the thread pool had no
/// thread to spare; so that it never waits for work that nobody has begun.
/// </summary>
internal unsafe class Workers(int threads)
{
    /// <summary>The number of threads that share a loop.</summary>
    public int Threads { get; } = threads;

    /// <summary>Whether loops are noted, to be run later and often: <see cref="Preparation"/>.</summary>
    public virtual bool IsPreparing => false;

    /// <summary>
    /// Calls <paramref name="body"/>(from, to) over 0..count−1 in ranges of at least <paramref name="grain"/>, each a multiple of it but
    /// the last. What the body does to an element must not depend on the range that it comes in.
    /// </summary>
    public virtual void Range(nint count, nint grain, Action<nint, nint> body)
    {
        if (IsShared(count, grain))
        {
            new Job(this, count, grain, body).Run();
        }
        else if (count > 0)
        {
            body(0, count);
        }
    }

    /// <summary>What is done beside the loops, in the order of the calls.</summary>
    public virtual void Once(Action action) => action();

    /// <summary>A value at an address that it keeps until the loops have run.</summary>
    public virtual void* Hold<T>(ref T value)
        where T : struct => Unsafe.AsPointer(ref value);

    /// <summary>Memory for what loops hand to each other.</summary>
    public virtual byte* Rent(int slot, nint bytes) => Scratch.Rent(slot, bytes);

    /// <summary>Whether a loop is worth more than one thread.</summary>
    public bool IsShared(nint count, nint grain) => Threads > 1 && count > grain;

    /// <summary>A loop in ranges, which the threads take one by one.</summary>
    internal sealed class Job : IThreadPoolWorkItem
    {
        private readonly int tasks;
        private readonly int helpers;
        private readonly nint count;
        private readonly nint step;
        private Action<nint, nint>? body;
        private int next;
        private int done;
        private int queued;
        private ExceptionDispatchInfo? failure;

        public Job(Workers workers, nint count, nint grain, Action<nint, nint> body)
        {
            // A few ranges a thread: one that is held up by other programs then does not hold up the rest.
            nint grains = (count + grain - 1) / grain;
            nint ranges = Math.Min(grains, 4 * workers.Threads);
            step = (grains + ranges - 1) / ranges * grain;
            tasks = (int)((count + step - 1) / step);
            helpers = Math.Min(workers.Threads, tasks) - 1;
            this.count = count;
            this.body = body;
        }

        /// <summary>Whether no thread of the pool will still come to it, so that it can run again.</summary>
        public bool IsFree => Volatile.Read(ref queued) == 0;

        /// <summary>Runs the same loop again.</summary>
        public void Run(Action<nint, nint> again)
        {
            (body, next, done, failure) = (again, 0, 0, null);
            Run();
        }

        public void Run()
        {
            Volatile.Write(ref queued, helpers);
            for (int i = 0; i < helpers; i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }

            Work();
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
            Work();
            Interlocked.Decrement(ref queued);
        }

        private void Work()
        {
            for (int i = Interlocked.Increment(ref next) - 1; i < tasks; i = Interlocked.Increment(ref next) - 1)
            {
                try
                {
                    body!(i * step, Math.Min(count, (i + 1) * step));
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
