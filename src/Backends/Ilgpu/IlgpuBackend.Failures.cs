using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using ILGPU.Runtime;
using ILGPU.Util;

namespace Gpu.Autograd.Backends;

/// <content>
/// What becomes of a driver's refusals. Every call to the driver stands in a <c>try</c> whose filter is <see cref="Told"/>: what comes out
/// names the device and what to do.
/// </content>
internal partial class IlgpuBackend<S>
{
    private volatile DeviceException? loss;

    // What was found out of the device, by what it is about.
    private volatile ImmutableSortedDictionary<string, string> remarks = ImmutableSortedDictionary<string, string>.Empty;

    /// <inheritdoc/>
    public override string? Remark => remarks.IsEmpty ? null : string.Join(' ', remarks.Values);

    /// <summary>Makes the device this thread's: the first that the driver is asked in every call.</summary>
    internal Action Bind { get; set; }

    /// <summary>
    /// What to throw in place of what a driver's refusal threw; null for other exceptions. A device that is lost is so from here on.
    /// </summary>
    private Exception? Told(Exception e, Meaning outOfResources = Meaning.OutOfMemory)
    {
        switch (Refusal.Of(e, outOfResources))
        {
            case { Meaning: Meaning.OutOfMemory, Words: var words }:
                return new OutOfMemoryException(
                    $"{name}: the driver lacks memory for this call, {Pool.Use.LiveBytes} of {accelerator.MemorySize} bytes are in use: {words}.", e);
            case { Meaning: Meaning.Lost, Words: var words }:
                return loss ??= new DeviceException(
                    $"{name} failed: {words}. What was on it is lost; Device.Close(), then Device.Parse, opens it anew, or where the driver " +
                    "cannot do that, a new process.",
                    isLost: true,
                    e);
            case { Words: var words }:
                return new DeviceException($"{name} refused a call, which was not made: {words}. The device goes on.", isLost: false, e);
            default:
                return null;
        }
    }

    /// <summary>What the device turned out to do, or not to do, in place of what was said of it before; the gate is locked.</summary>
    private void Note(string news, string about = "", bool isGood = false)
    {
        remarks = remarks.SetItem(about, news);
        if (!isGood)
        {
            Trace.TraceWarning(news);
        }
    }

    /// <summary>
    /// Gives an accelerator back that is lost: as its finalizer would, which passes over what the driver refuses, where disposing of it ends at
    /// the first refusal and leaves context and threads behind. ILGPU keeps that to itself, hence the reflection. What is simulated has no
    /// driver, and threads that its finalizer leaves alone.
    /// </summary>
    private static void Abandon(Accelerator accelerator)
    {
        if (accelerator.AcceleratorType == AcceleratorType.CPU)
        {
            accelerator.Dispose();
            return;
        }

        GC.SuppressFinalize(accelerator);
        try
        {
            Call("DisposeDriver", false);
        }
        catch (TargetInvocationException e) when (Refusal.Of(e.InnerException!) is not null)
        {
            // Not even the context can be made this thread's: the driver has taken it back itself.
        }

        // Finalizers of buffers ask it whether there is something left to free.
        Call("MarkDisposed_Unsafe");

        void Call(string method, params object[] arguments) => typeof(DisposeBase)
            .GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic)?.Invoke(accelerator, arguments);
    }
}
