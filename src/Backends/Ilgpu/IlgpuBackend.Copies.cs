using ILGPU;
using ILGPU.Runtime;

namespace Gpu.Autograd.Backends;

/// <content>
/// Copies between the host and the device. An upload to memory that no kernel is at goes beside the kernels, on a stream of its own; what reads
/// it later waits for it. What is small, or goes to memory that kernels know, goes with the kernels on their stream, and in their order.
/// </content>
internal partial class IlgpuBackend<S>
{
    /// <summary>Fewer bytes take no longer than the events by which two streams wait for each other.</summary>
    private const int WorthAStream = 1 << 14;

    // Locked around the gate: one upload at a time waits for room, with the gate open, so that kernels are launched meanwhile.
    private readonly Lock uploads = new();
    private readonly Staging staging;
    private readonly Line compute;
    private IEventDriver? events;

    // The other stream, once it was found to wait and to be waited for; it is used as long as there are events.
    private Line? copies;

    // The point of the one stream that the other waits for already.
    private long copiesFollow;
    private long computeFollows;

    private int stagedSinceMark;
    private int uploader;
    private int waiting;

    private Line? Beside => events is null ? null : copies;

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, Storage target)
    {
        if (source.Length == 0)
        {
            return;
        }

        try
        {
            lock (uploads)
            {
                if (source.Length >= WorthAStream)
                {
                    OpenCopies();
                }

                var block = BlockOf(target);
                Line? line = null;
                for (int from = 0, n; from < source.Length; from += n)
                {
                    n = Math.Min(source.Length - from, Staging.MostAtOnce);
                    var piece = Stage(source.Slice(from, n));
                    lock (gate)
                    {
                        Open();
                        line = line is null ? LineFor(block, source.Length) : line == Beside ? line : compute;
                        Copy(piece, n, block, from, line);
                    }
                }
            }
        }
        catch (Exception e) when (Told(e) is { } told)
        {
            throw told;
        }

        GC.KeepAlive(target);
    }

    /// <inheritdoc/>
    public override unsafe void Download(Storage source, long offset, Span<byte> target)
    {
        if (target.Length == 0)
        {
            return;
        }

        try
        {
            WaitWithTheGateOpen();
            lock (gate)
            {
                Enter();
                Follow(BlockOf(source));
                fixed (byte* start = target)
                {
                    BufferOf(source).View.BaseView.SubView(offset, target.Length).CopyToCPU(stream, ref *start, target.Length);
                }

                compute.PassAll();
            }
        }
        catch (Exception e) when (Told(e, outOfResources: Meaning.Lost) is { } told)
        {
            throw told;
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        try
        {
            WaitWithTheGateOpen();
            lock (gate)
            {
                Finish();
            }
        }
        catch (Exception e) when (Told(e, outOfResources: Meaning.Lost) is { } told)
        {
            throw told;
        }
    }

    /// <summary>Waits until all work is done; the gate is locked.</summary>
    private void Finish()
    {
        Enter();
        compute.Synchronize();
        copies?.Synchronize();
    }

    /// <summary>Where another thread uploads meanwhile, it shall not have to wait for the kernels that this one waits for.</summary>
    private void WaitWithTheGateOpen()
    {
        IEventDriver driver;
        nint e;
        lock (gate)
        {
            Enter();
            if (Beside is null || uploader == Environment.CurrentManagedThreadId)
            {
                return;
            }

            try
            {
                driver = events!;
                e = driver.Record(stream);
                Interlocked.Increment(ref waiting);
            }
            catch (CopyException failure)
            {
                GiveUpCopies(failure.Message);
                return;
            }
        }

        try
        {
            try
            {
                driver.Await(e);
            }
            finally
            {
                driver.Destroy(e);
            }
        }
        catch (CopyException)
        {
            // Whoever waits for the stream itself is told.
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    /// <summary>The bytes of a storage, for work that the stream of the kernels is given next: it waits for the copy to them.</summary>
    private MemoryBuffer1D<byte, Stride1D.Dense> Taken(Storage storage)
    {
        var block = BlockOf(storage);
        block.Used = DeviceBlock.IsTaken;
        Follow(block);
        return block.Buffer;
    }

    /// <summary>What the stream of the kernels is given from now on waits for the last copy to a block.</summary>
    private void Follow(DeviceBlock block)
    {
        if (block.Copied <= Volatile.Read(ref computeFollows))
        {
            return;
        }

        try
        {
            lock (gate)
            {
                Open();
                if (Beside is not { } line || block.Copied <= Math.Max(computeFollows, line.Passed))
                {
                    return;
                }

                try
                {
                    var (point, e) = line.From(block.Copied);
                    events!.Wait(stream, e);
                    Volatile.Write(ref computeFollows, point);
                }
                catch (CopyException failure)
                {
                    GiveUpCopies(failure.Message);
                }
            }
        }
        catch (Exception e) when (Told(e) is { } told)
        {
            throw told;
        }
    }

    /// <summary>The stream for an upload; it has been told to wait for what is to come before. The gate is locked.</summary>
    private Line LineFor(DeviceBlock block, int bytes)
    {
        if (bytes >= WorthAStream && block.Used != DeviceBlock.IsTaken && Beside is { } line)
        {
            try
            {
                line.Sweep();
                compute.Sweep();
                if (block.Used > Math.Max(copiesFollow, compute.Passed))
                {
                    (long point, nint e) = compute.From(block.Used);
                    events!.Wait(line.Stream, e);
                    copiesFollow = point;
                }

                uploader = Environment.CurrentManagedThreadId;
                return line;
            }
            catch (CopyException failure)
            {
                GiveUpCopies(failure.Message);
            }
        }

        block.Used = DeviceBlock.IsTaken;
        Follow(block);
        return compute;
    }

    /// <summary>Has a stream copy what is staged; the gate is locked.</summary>
    private void Copy(Staged piece, int length, DeviceBlock block, int from, Line line)
    {
        var view = block.Buffer.View.BaseView.SubView(from, length);
        if (line != compute)
        {
            view.CopyFromCPUUnsafeAsync(line.Stream, ref staging[piece.From], length);
            piece.Give(line, line.Next);
            try
            {
                block.Copied = line.Mark();
            }
            catch (CopyException failure)
            {
                GiveUpCopies(failure.Message);
            }

            return;
        }

        Enqueue(() =>
        {
            view.CopyFromCPUUnsafeAsync(stream, ref staging[piece.From], length);
            piece.Give(compute, compute.Next);

            // An event now and then, so that room can be had without waiting for all.
            stagedSinceMark += length;
            if (events is not null && stagedSinceMark >= Staging.MostAtOnce)
            {
                try
                {
                    compute.Mark();
                    stagedSinceMark = 0;
                }
                catch (CopyException failure)
                {
                    GiveUpCopies(failure.Message);
                }
            }
        });
    }

    /// <summary>Copies bytes to where the device finds them; waits for older copies where there is no room.</summary>
    private Staged Stage(ReadOnlySpan<byte> source)
    {
        Staged? piece;
        while ((piece = staging.TryPut(source)) is null)
        {
            MakeRoom(staging.Oldest);
        }

        return piece;
    }

    private void MakeRoom(Staged oldest)
    {
        IEventDriver driver;
        nint e;
        lock (gate)
        {
            // What was put off is copied now, or never, where a kernel before it has failed.
            Enter();
            try
            {
                if (events is not null)
                {
                    oldest.Line?.Sweep();
                }

                if (oldest.Line is null || oldest.Point <= oldest.Line.Passed)
                {
                    staging.FreeOldest();
                    return;
                }

                if (events is null)
                {
                    Finish();
                    return;
                }

                (driver, e) = (events, oldest.Line.From(oldest.Point).Event);
            }
            catch (CopyException failure)
            {
                GiveUpCopies(failure.Message);
                return;
            }
        }

        try
        {
            // With the gate open: it is destroyed by who uploads alone.
            driver.Await(e);
        }
        catch (CopyException failure)
        {
            lock (gate)
            {
                Open();
                GiveUpCopies(failure.Message);
            }
        }
    }
}
