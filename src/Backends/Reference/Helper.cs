using System.Diagnostics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// A thread that helps with loops. After its last one it looks out for the next for a moment, so that the loops of a training step, which
/// follow each other within microseconds, find it awake; then it sleeps. Waking it takes longer than short loops do: only those that turn out
/// to be long ring for it. It ends with the process.
/// </summary>
internal sealed class Helper
{
    /// <summary>What is left of a loop, in ticks of the clock, that is worth waking a helper: twice what that takes.</summary>
    public static readonly long WorthWaking = Stopwatch.Frequency / 1_000_000 * 25;

    /// <summary>How long it stays awake.</summary>
    private static readonly long Patience = Stopwatch.Frequency / 1_000_000 * 60;

    /// <summary>What stands in place of a loop that was taken.</summary>
    private static readonly object Taken = new();

    private static readonly Lock Growing = new();
    private static Helper[] all = [];

    private readonly SemaphoreSlim bell = new(0);

    /// <summary>Nothing, a loop that is offered, or <see cref="Taken"/>.</summary>
    private object? offer;

    private int isAsleep;
    private Placement? placement;

    private Helper()
    {
    }

    /// <summary>Offers a loop to so many helpers, as far as they are free; says whether one of them is asleep.</summary>
    public static bool Offer(Workers.Job job, int count)
    {
        bool isAsleep = false;
        var helpers = Volatile.Read(ref all);
        if (helpers.Length < count)
        {
            helpers = Grow(count);
        }

        for (int i = 0; i < helpers.Length && count > 0; i++)
        {
            if (helpers[i].TryOffer(job))
            {
                isAsleep |= Volatile.Read(ref helpers[i].isAsleep) == 1;
                count--;
            }
        }

        return isAsleep;
    }

    /// <summary>Wakes those that a loop was offered to in their sleep.</summary>
    public static void Wake(Workers.Job job)
    {
        foreach (var helper in Volatile.Read(ref all))
        {
            if (ReferenceEquals(Volatile.Read(ref helper.offer), job) && Interlocked.Exchange(ref helper.isAsleep, 0) == 1)
            {
                helper.placement?.KeepOff();
                helper.bell.Release();
            }
        }
    }

    /// <summary>Takes back what no helper has begun.</summary>
    public static void Withdraw(Workers.Job job)
    {
        foreach (var helper in Volatile.Read(ref all))
        {
            if (ReferenceEquals(Volatile.Read(ref helper.offer), job))
            {
                Interlocked.CompareExchange(ref helper.offer, null, job);
            }
        }
    }

    private static Helper[] Grow(int count)
    {
        lock (Growing)
        {
            while (all.Length < count)
            {
                var helper = new Helper();
                new Thread(helper.Work) { IsBackground = true, Name = "Gpu.Autograd helper" }.UnsafeStart();
                Volatile.Write(ref all, [.. all, helper]);
            }

            return all;
        }
    }

    private bool TryOffer(Workers.Job job)
    {
        // It may just be leaving the loop of before: that takes some instructions.
        for (int i = 0; i < 8 && ReferenceEquals(Volatile.Read(ref offer), Taken); i++)
        {
            Thread.SpinWait(1);
        }

        return Interlocked.CompareExchange(ref offer, job, null) is null;
    }

    private void Work()
    {
        placement = Placement.OfThisThread();
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Volatile.Read(ref offer) is Workers.Job job)
            {
                if (ReferenceEquals(Interlocked.CompareExchange(ref offer, Taken, job), job))
                {
                    job.Work(helps: true);
                    Volatile.Write(ref offer, null);
                    since = Stopwatch.GetTimestamp();
                }
            }
            else if (Stopwatch.GetTimestamp() - since < Patience)
            {
                Thread.SpinWait(2);
            }
            else
            {
                Sleep();
                since = Stopwatch.GetTimestamp();
            }
        }
    }

    private void Sleep()
    {
        Interlocked.Exchange(ref isAsleep, 1);

        // Whoever has offered a loop by now may not have seen that it sleeps; whoever has, may have rung.
        if (Volatile.Read(ref offer) is null || Interlocked.Exchange(ref isAsleep, 0) == 0)
        {
            bell.Wait();
            placement?.LetGo();
        }
    }
}
