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
    /// the last. What the body does to an element must not depend on the range that it comes in. A loop that is known to be long wakes
    /// helpers at once.
    /// </summary>
    public virtual void Range(nint count, nint grain, Action<nint, nint> body, bool isLong = false)
    {
        if (IsShared(count, grain))
        {
            new Job(this, count, grain, body, isLong).Run();
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

    /// <summary>
    /// A loop in ranges, which the threads take one by one: the caller from the front, helpers from the end. Loops that follow each other over
    /// the same memory then mostly find it in the cache of the core that they run on.
    /// </summary>
    internal sealed class Job
    {
        /// <summary>The most grains for each thread that are taken singly.</summary>
        private const int Singly = 8;

        private readonly int tasks;
        private readonly int helpers;
        private readonly nint count;
        private readonly nint grain;
        private readonly nint grains;
        private readonly Action<nint, nint> body;
        private readonly bool isLong;
        private int front;
        private int end;
        private int taken;
        private int done;
        private ExceptionDispatchInfo? failure;

        public Job(Workers workers, nint count, nint grain, Action<nint, nint> body, bool isLong)
        {
            // A few ranges a thread: one that is held up by other programs then does not hold up the rest. Where a grain more or less is
            // much of a range, each grain for itself.
            grains = (count + grain - 1) / grain;
            tasks = (int)(grains <= Singly * workers.Threads ? grains : 4 * workers.Threads);
            helpers = Math.Min(workers.Threads, tasks) - 1;
            this.count = count;
            this.grain = grain;
            this.body = body;
            this.isLong = isLong;
        }

        /// <summary>Runs the loop; again and again, if one likes.</summary>
        public void Run()
        {
            // In this order: a helper that is just leaving the loop of before may take a range of this one.
            failure = null;
            (front, end) = (0, tasks);
            Volatile.Write(ref done, 0);
            Volatile.Write(ref taken, 0);
            if (!Helper.Offer(this, helpers))
            {
                Work(helps: false);
            }
            else if (isLong)
            {
                Helper.Wake(this);
                Work(helps: false);
            }
            else
            {
                WorkAndWake();
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
        public void Work(bool helps)
        {
            while (TakeOne(helps))
            {
            }
        }

        /// <summary>The same where a helper is asleep: what the first ranges take tells whether the others are worth waking it.</summary>
        private void WorkAndWake()
        {
            long start = Stopwatch.GetTimestamp();
            for (int mine = 1; TakeOne(helps: false); mine++)
            {
                if ((Stopwatch.GetTimestamp() - start) * (tasks - mine) >= Helper.WorthWaking * mine)
                {
                    Helper.Wake(this);
                    break;
                }
            }

            Work(helps: false);
        }

        private bool TakeOne(bool helps)
        {
            if (Interlocked.Increment(ref taken) > tasks)
            {
                return false;
            }

            // No more than all are taken, so that the two ends do not meet.
            int i = helps ? Interlocked.Decrement(ref end) : front++;
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
