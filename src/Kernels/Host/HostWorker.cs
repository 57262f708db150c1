namespace Gpu.Autograd.Kernels;

/// <summary>
/// A thread of the operating system that runs threads of kernels. Whoever has done its work waits for more; all launches share them, and the
/// one that was busy last is the next to be.
/// </summary>
internal sealed class HostWorker
{
    private static readonly Stack<HostWorker> Idle = [];

    private readonly HostTurn turn;
    private Action work;

    private HostWorker(Action work)
    {
        this.work = work;
        turn = new HostTurn();
        new Thread(Loop) { IsBackground = true, Name = "Gpu.Autograd host kernel thread" }.Start();
    }

    /// <summary>Has the work done by a thread that is idle, or by a new one.</summary>
    internal static void Start(Action work)
    {
        HostWorker? worker;
        lock (Idle)
        {
            Idle.TryPop(out worker);
        }

        worker ??= new HostWorker(work);
        worker.work = work;
        worker.turn.Give();
    }

    private void Loop()
    {
        HostTurn.Mine = turn;
        while (true)
        {
            turn.Take();
            work();
            work = () => { };
            lock (Idle)
            {
                Idle.Push(this);
            }
        }
    }
}

/// <summary>What a thread of the operating system waits for. A semaphore would spin meanwhile, and most threads of a group wait most of the time.</summary>
internal sealed class HostTurn
{
    private readonly object gate = new();
    private bool given;

    [ThreadStatic]
    private static HostTurn? mine;

    /// <summary>That of this thread.</summary>
    internal static HostTurn Mine
    {
        get => mine ??= new HostTurn();
        set => mine = value;
    }

    /// <summary>It has its turn.</summary>
    internal void Give()
    {
        lock (gate)
        {
            given = true;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Waits for its turn.</summary>
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
