namespace Gpu.Autograd.Kernels;

/// <summary>
/// Who of a group's threads runs: one at a time until it comes to a barrier or to the end, in an order that is drawn anew at each. So a launch
/// can be repeated exactly, and what rests on a certain order does not last. A thread that waits at a barrier does so on a thread of the
/// operating system; one that comes to the end without a barrier leaves it to the next. When one of them fails, the others end too.
/// </summary>
internal sealed class HostMeeting
{
    private readonly int groups;
    private readonly Random random;
    private readonly Action<HostMeeting, int, int> run;
    private readonly int[] order;
    private readonly HostTurn?[] waiting;
    private readonly HostTurn over = new();
    private int group;
    private int position;
    private bool isNextNew = true;
    private string place = "";
    private int working = 1;
    private Exception? failure;

    /// <summary>Groups of so many threads, each of which is given to an action: this, its group, its number there.</summary>
    internal HostMeeting(int groups, int size, Random random, Action<HostMeeting, int, int> run)
    {
        (this.groups, this.random, this.run) = (groups, random, run);
        order = [.. Enumerable.Range(0, size)];
        waiting = new HostTurn?[size];
        random.Shuffle(order);
    }

    /// <summary>Runs them all, and says what went wrong first.</summary>
    internal Exception? Run()
    {
        if (groups > 0)
        {
            Work();
            over.Take();
        }

        return failure;
    }

    /// <summary>Waits until all threads of the group are at a barrier, and this one has its turn again.</summary>
    /// <exception cref="HostMeetingBrokenException">Another thread failed, or is elsewhere.</exception>
    internal void Meet(int local)
    {
        Come("a barrier");
        int next = order[position];
        if (next == local)
        {
            return;
        }

        var mine = HostTurn.Mine;
        waiting[local] = mine;
        if (isNextNew)
        {
            Interlocked.Increment(ref working);
            try
            {
                HostWorker.Start(Work);
            }
            catch
            {
                // There is no thread to be had: none that whoever launched waits for.
                Interlocked.Decrement(ref working);
                throw;
            }
        }
        else
        {
            waiting[next]!.Give();
        }

        mine.Take();
        waiting[local] = null;
        if (failure is not null)
        {
            throw new HostMeetingBrokenException();
        }
    }

    /// <summary>Runs threads from their beginnings, as long as the next is one that waits nowhere.</summary>
    private void Work()
    {
        try
        {
            do
            {
                RunNext();
                Come("the end");
            }
            while (isNextNew && group < groups);

            if (group < groups)
            {
                waiting[order[position]]!.Give();
            }
        }
        catch (HostMeetingBrokenException)
        {
        }
        finally
        {
            if (Interlocked.Decrement(ref working) == 0)
            {
                over.Give();
            }
        }
    }

    private void RunNext()
    {
        int local = order[position];
        try
        {
            run(this, group, local);
        }
        catch (Exception e) when (e is not HostMeetingBrokenException)
        {
            throw Fail(new InvalidOperationException($"thread {local} of group {group}: {e.Message}", e));
        }
    }

    /// <summary>The thread whose turn it is is at the place; the last of the group makes it the turn of the first.</summary>
    private void Come(string at)
    {
        if (position > 0 && place != at)
        {
            throw Fail(new InvalidOperationException($"Some threads of a group are at {place} and others at {at}."));
        }

        place = at;
        if (++position == order.Length)
        {
            position = 0;
            isNextNew = at == "the end";
            group += isNextNew ? 1 : 0;
            random.Shuffle(order);
        }
    }

    /// <summary>A thread has failed: the others go.</summary>
    private HostMeetingBrokenException Fail(Exception e)
    {
        failure = e;
        foreach (var turn in waiting)
        {
            turn?.Give();
        }

        return new HostMeetingBrokenException();
    }
}

/// <summary>The end of a thread whose group has failed.</summary>
internal sealed class HostMeetingBrokenException : Exception;
