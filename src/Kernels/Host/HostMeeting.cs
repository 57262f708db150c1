namespace Gpu.Autograd.Kernels;

/// <summary>
/// Where the threads of a group take turns: one runs until it comes to a barrier, then the next, in an order that is drawn anew after every
/// barrier. So a launch can be repeated exactly, and what rests on a certain order does not last. When one of them fails, the others end too.
/// </summary>
internal sealed class HostMeeting
{
    private readonly Random random;
    private readonly int[] order;
    private readonly SemaphoreSlim[] turns;
    private int arrived;
    private string place = "";
    private Exception? failure;

    /// <summary>A meeting of so many threads.</summary>
    internal HostMeeting(int size, Random random)
    {
        this.random = random;
        order = [.. Enumerable.Range(0, size)];
        turns = [.. order.Select(_ => new SemaphoreSlim(0))];
        random.Shuffle(order);
    }

    /// <summary>What went wrong first.</summary>
    internal Exception? Failure => Volatile.Read(ref failure);

    /// <summary>Lets the first thread run.</summary>
    internal void Start() => turns[order[0]].Release();

    /// <summary>Waits for the thread's turn.</summary>
    /// <exception cref="HostMeetingBrokenException">Another thread failed.</exception>
    internal void Wait(int local)
    {
        turns[local].Wait();
        if (Failure is not null)
        {
            throw new HostMeetingBrokenException();
        }
    }

    /// <summary>Lets the others run until all are at the place, and this one has its turn again.</summary>
    /// <exception cref="HostMeetingBrokenException">Another thread failed.</exception>
    internal void Arrive(int local, string at)
    {
        Leave(local, at);
        Wait(local);
    }

    /// <summary>Lets the others run, and does not come back.</summary>
    /// <exception cref="HostMeetingBrokenException">This thread and others are at different places.</exception>
    internal void Leave(int local, string at)
    {
        if (arrived > 0 && place != at)
        {
            Fail(new InvalidOperationException($"Some threads of a group are at {place} and others at {at}."));
            throw new HostMeetingBrokenException();
        }

        place = at;
        if (++arrived == order.Length)
        {
            arrived = 0;
            random.Shuffle(order);
        }

        turns[order[arrived]].Release();
    }

    /// <summary>Says that a thread has failed, and lets the others go.</summary>
    internal void Fail(Exception e)
    {
        if (Interlocked.CompareExchange(ref failure, e, null) is null)
        {
            foreach (var turn in turns)
            {
                turn.Release();
            }
        }
    }
}

/// <summary>The end of a thread whose group has failed elsewhere.</summary>
internal sealed class HostMeetingBrokenException : Exception;
