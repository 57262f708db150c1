using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Splits a loop over the processor's cores. The calling thread takes part, and does everything itself if no <see cref="Helper"/> comes; so
/// that it never waits for work that nobody has begun.
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

    /// <summary>A value of the caller's, at an address that it keeps until the loops have run.</summary>
    public void* Hold<T>(ref T value)
        where T : struct => Hold(Unsafe.AsPointer(ref value), Unsafe.SizeOf<T>());

    /// <summary>The same for its bytes.</summary>
    protected virtual void* Hold(void* value, int bytes) => value;

    /// <summary>Memory for what loops hand to each other.</summary>
    public virtual byte* Rent(int slot, nint bytes) => Scratch.Rent(slot, bytes);

    /// <summary>Whether a loop is worth more than one thread.</summary>
    public bool IsShared(nint count, nint grain) => Threads > 1 && count > grain;

    /// <summary>A loop in ranges, which the threads take one by one.</summary>
    internal sealed class Job
    {
        private readonly int tasks;
        private readonly int helpers;
        private readonly nint count;
        private readonly nint grain;
        private readonly nint grains;
        private readonly Action<nint, nint> body;
        private int next;
        private int done;
        private ExceptionDispatchInfo? failure;

        public Job(Workers workers, nint count, nint grain, Action<nint, nint> body)
        {
            // A few ranges a thread: one that is held up by other programs then does not hold up the rest. As many for each thread.
            grains = (count + grain - 1) / grain;
            tasks = (int)Math.Min(grains, 4 * workers.Threads);
            tasks = tasks < workers.Threads ? tasks : tasks / workers.Threads * workers.Threads;
            helpers = Math.Min(workers.Threads, tasks) - 1;
            this.count = count;
            this.grain = grain;
            this.body = body;
        }

        /// <summary>Runs the loop; again and again, if one likes.</summary>
        public void Run()
        {
            // In this order: a helper that is just leaving the loop of before may take a range of this one.
            failure = null;
            Volatile.Write(ref done, 0);
            Volatile.Write(ref next, 0);
            if (Helper.Offer(this, helpers))
            {
                WorkAndWake();
            }
            else
            {
                Work();
            }

            Helper.Withdraw(this);
            var spin = default(SpinWait);
            while (Volatile.Read(ref done) < tasks)
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            failure?.Throw();
        }

        /// <summary>Takes ranges until none is left.</summary>
        public void Work()
        {
            while (TakeOne())
            {
            }
        }

        /// <summary>The same where a helper is asleep: what the first ranges take tells whether the others are worth waking it.</summary>
        private void WorkAndWake()
        {
            long start = Stopwatch.GetTimestamp();
            for (int taken = 1; TakeOne(); taken++)
            {
                if ((Stopwatch.GetTimestamp() - start) * (tasks - taken) >= Helper.WorthWaking * taken)
                {
                    Helper.Wake(this);
                    break;
                }
            }

            Work();
        }

        private bool TakeOne()
        {
            int i = Interlocked.Increment(ref next) - 1;
            if (i >= tasks)
            {
                return false;
            }

            try
            {
                body(grains * i / tasks * grain, Math.Min(count, grains * (i + 1) / tasks * grain));
            }
            catch (Exception e)
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }

            Interlocked.Increment(ref done);
            return true;
        }
    }
}
