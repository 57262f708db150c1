using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Gpu.Autograd.Backends;

/// <content>The stream for copies beside the kernels: opened when it is first needed, checked, and given up where it does not do.</content>
internal partial class IlgpuBackend<S>
{
    /// <summary>Opens the other stream, once, and uses it only where the device shows that either waits for the other.</summary>
    private void OpenCopies()
    {
        lock (gate)
        {
            // What is put off is staged, and may be for long.
            if (copies is not null || events is null || putOff is not null)
            {
                return;
            }

            Open();
            var line = new Line(accelerator.CreateStream(), events);
            copies = line;
            try
            {
                if (!KeepsOrder(line, events))
                {
                    GiveUpCopies("one stream of the device does not wait for the other");
                }
            }
            catch (Exception e) when (e is CopyException or AcceleratorException or DllNotFoundException or EntryPointNotFoundException)
            {
                GiveUpCopies(e.Message);
            }
        }
    }

    /// <summary>
    /// Whether a copy waits for the kernels' stream while that is busy, and that stream for the copy: shown by what is read before and after it.
    /// </summary>
    private bool KeepsOrder(Line line, IEventDriver driver)
    {
        const int n = 1 << 20, large = 4 << 20;
        byte[] before = new byte[n], after = new byte[n];
        new Random(1).NextBytes(before);
        new Random(2).NextBytes(after);
        Staged old = Stage(before), next = Stage(after);
        using MemoryBuffer1D<byte, Stride1D.Dense>
            x = accelerator.Allocate1D<byte>(n), other = accelerator.Allocate1D<byte>(n),
            first = accelerator.Allocate1D<byte>(n), second = accelerator.Allocate1D<byte>(n),
            from = accelerator.Allocate1D<byte>(large), to = accelerator.Allocate1D<byte>(large);
        try
        {
            // Some milliseconds of work: a copy that does not wait for it comes too early.
            KeepBusy(8);
            compute.Synchronize();
            long start = Stopwatch.GetTimestamp();
            KeepBusy(8);
            compute.Synchronize();
            int work = (int)Math.Clamp(5 * 8 / Stopwatch.GetElapsedTime(start).TotalMilliseconds, 8, 2000);
            bool keepsOrder = true;
            for (int time = 0; time < 3 && keepsOrder; time++)
            {
                Put(old, x, stream);
                KeepBusy(work);
                x.View.CopyTo(stream, first.View);
                driver.Wait(line.Stream, compute.From(compute.Mark()).Event);

                // Others come before the one that is waited for.
                for (int i = 0; i < 4; i++)
                {
                    Put(old, other, line.Stream);
                }

                Put(next, x, line.Stream);
                driver.Wait(stream, line.From(line.Mark()).Event);
                x.View.CopyTo(stream, second.View);
                keepsOrder = first.GetAsArray1D(stream).AsSpan().SequenceEqual(before) && second.GetAsArray1D(stream).AsSpan().SequenceEqual(after);
                line.Synchronize();
            }

            return keepsOrder;
        }
        finally
        {
            compute.Synchronize();
            line.Synchronize();
        }

        void KeepBusy(int times)
        {
            for (int i = 0; i < times; i++)
            {
                from.View.CopyTo(stream, to.View);
            }
        }

        void Put(Staged piece, MemoryBuffer1D<byte, Stride1D.Dense> target, AcceleratorStream by) =>
            target.View.BaseView.CopyFromCPUUnsafeAsync(by, ref staging[piece.From], n);
    }

    /// <summary>From now on copies go with the kernels; those that are on their way have come. The gate is locked.</summary>
    private void GiveUpCopies(string why)
    {
        events = null;
        Note($"{name}: copies to the device go with the kernels and not beside them: {why}.", "copies");
        compute.Synchronize();
        copies?.Synchronize();
    }

    /// <summary>Ends all copies; the gate and the lock of uploads are locked.</summary>
    private void StopCopying()
    {
        // Those that are still to be made read what is staged.
        compute.Synchronize();
        copies?.Synchronize();
        ForgetCopies();
        staging.Dispose();
    }

    private void ForgetCopies()
    {
        compute.Forget();
        copies?.Forget();
    }

    private sealed class DeviceBlock(IlgpuBackend<S> backend, MemoryBuffer1D<byte, Stride1D.Dense> buffer, long bytes) : Block(bytes)
    {
        /// <summary>Kernels know its memory, and may be launched on it again.</summary>
        internal const long IsTaken = long.MaxValue;

        internal MemoryBuffer1D<byte, Stride1D.Dense> Buffer => buffer;

        /// <summary>No kernel is at it any more when the kernels' stream has passed this point.</summary>
        internal long Used { get; set; }

        /// <summary>The point of the other stream at which it was last copied to.</summary>
        internal long Copied { get; set; }

        // What is put off is launched later than this.
        internal override void Rest() => Used = Volatile.Read(ref backend.putOff) is null ? backend.compute.Next : IsTaken;
    }
}
