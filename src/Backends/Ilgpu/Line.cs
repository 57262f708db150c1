using ILGPU.Runtime;

namespace Gpu.Autograd.Backends;

/// <summary>
/// A stream and points of it, numbered from 1: where one has passed, all is done that the stream was given before it. Points come of events,
/// and of waiting for the whole stream, which is all there is without a driver.
/// </summary>
/// <remarks>Whoever calls holds the device's gate; the next point's number alone may be asked for without.</remarks>
internal sealed class Line(AcceleratorStream stream, IEventDriver? driver)
{
    private readonly Queue<(long Number, nint Event)> events = new();
    private long last;

    /// <summary>The stream.</summary>
    internal AcceleratorStream Stream => stream;

    /// <summary>The number of the next point: all that the stream was given so far is done when that one has passed.</summary>
    internal long Next => Volatile.Read(ref last) + 1;

    /// <summary>The last point that is known to have passed.</summary>
    internal long Passed { get; private set; }

    /// <summary>A point at what the stream was given last.</summary>
    /// <exception cref="CopyException">The driver refuses.</exception>
    internal long Mark()
    {
        nint e = driver!.Record(stream);
        long number = Next;
        events.Enqueue((number, e));
        Volatile.Write(ref last, number);
        return number;
    }

    /// <summary>The first point, from a number on, that there is an event of; it has not passed. Where there is none, it is made.</summary>
    /// <exception cref="CopyException">The driver refuses.</exception>
    internal (long Number, nint Event) From(long number)
    {
        if (number >= Next)
        {
            Mark();
        }

        foreach (var point in events)
        {
            if (point.Number >= number)
            {
                return point;
            }
        }

        throw new InvalidOperationException($"Point {number} has passed.");
    }

    /// <summary>Finds out which points have passed, and destroys their events: nobody waits for one of them on the host.</summary>
    /// <exception cref="CopyException">The driver refuses.</exception>
    internal void Sweep()
    {
        while (events.TryPeek(out var first) && (first.Number <= Passed || driver!.HasCome(first.Event)))
        {
            Passed = Math.Max(Passed, first.Number);
            events.Dequeue();
            driver!.Destroy(first.Event);
        }
    }

    /// <summary>Waits for all that the stream was given.</summary>
    internal void Synchronize()
    {
        stream.Synchronize();
        PassAll();
    }

    /// <summary>Notes that all is done that the stream was given.</summary>
    internal void PassAll()
    {
        Volatile.Write(ref last, Next);
        Passed = last;
    }

    /// <summary>Destroys all events; nobody waits for one of them on the host.</summary>
    internal void Forget()
    {
        foreach (var (_, e) in events)
        {
            try
            {
                driver!.Destroy(e);
            }
            catch (CopyException)
            {
                // A driver that is gone has taken them along.
            }
        }

        events.Clear();
    }
}
