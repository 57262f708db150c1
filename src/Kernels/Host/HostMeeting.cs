namespace Gpu.Autograd.Kernels;

/// <summary>
/// Where the threads of a group wait for each other: all run at once; or, where a random generator is given, one at a time until it comes to a
/// barrier, in an order that is drawn anew after every barrier. Then a launch can be repeated exactly, and what rests on a certain order
/// does not last. When one of them fails, the others end too.
/// </summary>
internal sealed class HostMeeting
{
    private readonly Lock gate = new();
    private readonly Random? random;
    private readonly int[] order;
    private readonly Turn[] turns;
    private int arrived;
    private string place = "";
    private Exception? failure;

    /// <summary>A meeting of so many threads.</summary>
    internal HostMeeting(int size, Random? random)
    {
        this.random = random;
        order = [.. Enumerable.Range(0, size)];
        turns = [.. order.Select(_ => new Turn())];
        random?.Shuffle(order);
    }

    /// <summary>What went wrong first.</summary>
    internal Exception? Failure => Volatile.Read(ref failure);

    /// <summary>Lets the first thread run, or all.</summary>
    internal void Start() => Next(0);

    /// <summary>Waits for the thread's turn.</summary>
    /// <exception cref="HostMeetingBrokenException">Another thread failed.</exception>
    internal void Wait(int local)
    {
        turns[local].Take();
        if (Failure is not null)
        {
            throw new HostMeetingBrokenException();
        }
    }

    /// <summary>Waits until all are at the place, and this one has its turn again.</summary>
    /// <exception cref="HostMeetingBrokenException">Another thread failed.</exception>
    internal void Arrive(int local, string at)
    {
        Leave(at);
        Wait(local);
    }

    /// <summary>Comes to the place, and does not come back.</summary>
    /// <exception cref="HostMeetingBrokenException">This thread and others are at different places.</exception>
    internal void Leave(string at)
    {
        lock (gate)
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
                random?.Shuffle(order);
            }

            Next(arrived);
        }
    }

    /// <summary>Says that a thread has failed, and lets the others go.</summary>
    internal void Fail(Exception e)
    {
        if (Interlocked.CompareExchange(ref failure, e, null) is null)
        {
            GiveAll();
        }
    }

    private void Next(int position)
    {
        if (random is not null)
        {
            turns[order[position]].Give();
        }
        else if (position == 0)
        {
            GiveAll();
        }
    }

    private void GiveAll()
    {
        foreach (var turn in turns)
        {
            turn.Give();
        }
    }

    /// <summary>A thread's turn. A semaphore would spin while it waits, and most threads of a group wait most of the time.</summary>
    private sealed class Turn
    {
        private readonly object gate = new();
        private bool given;

        internal void Give()
        {
            lock (gate)
            {
                given = true;
                Monitor.Pulse(gate);
            }
        }

        internal void Take()
        {
            lock (gate)
            {
                while (!given)
                {
                    Monitor.Wait(gate);
                }

                given = false;
            }
        }
    }
}

/// <summary>The end of a thread whose group has failed elsewhere.</summary>
internal sealed class HostMeetingBrokenException : Exception;
