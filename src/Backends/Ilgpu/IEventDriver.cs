using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends;

/// <summary>
/// The calls of a driver by which one stream of a device waits for another. Each throws a <see cref="CopyException"/> where the driver
/// refuses.
/// </summary>
internal interface IEventDriver
{
    /// <summary>An event that comes when the stream has done all that it was given so far.</summary>
    nint Record(AcceleratorStream stream);

    /// <summary>What the stream is given from now on waits for the event.</summary>
    void Wait(AcceleratorStream stream, nint e);

    /// <summary>Whether the event has come.</summary>
    bool HasCome(nint e);

    /// <summary>The host waits for the event.</summary>
    void Await(nint e);

    /// <summary>Frees the event, which the host no longer asks for; a stream may still wait for it.</summary>
    void Destroy(nint e);
}

/// <summary>A call of the driver's that concerns copies beside the kernels has failed.</summary>
internal sealed class CopyException(string message) : Exception(message)
{
    /// <summary>Throws where a call has not returned 0.</summary>
    internal static void ThrowIfFailed(int code, string api, [CallerArgumentExpression(nameof(code))] string call = "")
    {
        if (code != 0)
        {
            throw new CopyException($"{call.Split('(')[0]} failed with {api} error {code}");
        }
    }
}

/// <summary>Events of the CUDA driver.</summary>
internal sealed partial class CudaEventDriver : IEventDriver
{
    private const string Api = "CUDA";

    /// <summary>No clock is read when it comes.</summary>
    private const uint DisableTiming = 2;

    /// <summary>What a query says of an event that has not come.</summary>
    private const int NotReady = 600;

    /// <inheritdoc/>
    public nint Record(AcceleratorStream stream)
    {
        CopyException.ThrowIfFailed(cuEventCreate(out nint e, DisableTiming), Api);
        try
        {
            CopyException.ThrowIfFailed(cuEventRecord(e, Handle(stream)), Api);
        }
        catch
        {
            _ = cuEventDestroy_v2(e);
            throw;
        }

        return e;
    }

    /// <inheritdoc/>
    public void Wait(AcceleratorStream stream, nint e) => CopyException.ThrowIfFailed(cuStreamWaitEvent(Handle(stream), e, 0), Api);

    /// <inheritdoc/>
    public bool HasCome(nint e)
    {
        int queried = cuEventQuery(e);
        if (queried != NotReady)
        {
            CopyException.ThrowIfFailed(queried, Api, nameof(cuEventQuery));
        }

        return queried == 0;
    }

    /// <inheritdoc/>
    public void Await(nint e) => CopyException.ThrowIfFailed(cuEventSynchronize(e), Api);

    /// <inheritdoc/>
    public void Destroy(nint e) => CopyException.ThrowIfFailed(cuEventDestroy_v2(e), Api);

    private static nint Handle(AcceleratorStream stream) => ((CudaStream)stream).StreamPtr;

    [LibraryImport("cuda")]
    private static partial int cuEventCreate(out nint e, uint flags);

    [LibraryImport("cuda")]
    private static partial int cuEventRecord(nint e, nint stream);

    [LibraryImport("cuda")]
    private static partial int cuStreamWaitEvent(nint stream, nint e, uint flags);

    [LibraryImport("cuda")]
    private static partial int cuEventQuery(nint e);

    [LibraryImport("cuda")]
    private static partial int cuEventSynchronize(nint e);

    [LibraryImport("cuda")]
    private static partial int cuEventDestroy_v2(nint e);
}

/// <summary>Events of OpenCL 1.2: markers of one queue, for which a barrier in another waits.</summary>
internal sealed partial class OpenClEventDriver : IEventDriver
{
    private const string Api = "OpenCL";

    /// <summary>The state of a command: 0 when it is done, less if it has failed.</summary>
    private const uint ExecutionStatus = 0x11D3;

    /// <summary>What waiting says for a command that has failed.</summary>
    private const int WaitedForFailure = -14;

    // Another queue may only wait for what its own queue was told to begin with.
    /// <inheritdoc/>
    public nint Record(AcceleratorStream stream)
    {
        CopyException.ThrowIfFailed(clEnqueueMarkerWithWaitList(Handle(stream), 0, 0, out nint e), Api);
        try
        {
            CopyException.ThrowIfFailed(clFlush(Handle(stream)), Api);
        }
        catch
        {
            _ = clReleaseEvent(e);
            throw;
        }

        return e;
    }

    /// <inheritdoc/>
    public void Wait(AcceleratorStream stream, nint e) =>
        CopyException.ThrowIfFailed(clEnqueueBarrierWithWaitList(Handle(stream), 1, in e, 0), Api);

    /// <inheritdoc/>
    public bool HasCome(nint e)
    {
        CopyException.ThrowIfFailed(clGetEventInfo(e, ExecutionStatus, sizeof(int), out int status, 0), Api);
        return status >= 0 ? status == 0 : throw Failed();
    }

    /// <inheritdoc/>
    public void Await(nint e)
    {
        int code = clWaitForEvents(1, in e);
        if (code == WaitedForFailure)
        {
            throw Failed();
        }

        CopyException.ThrowIfFailed(code, Api);
    }

    /// <inheritdoc/>
    public void Destroy(nint e) => CopyException.ThrowIfFailed(clReleaseEvent(e), Api);

    // Copies in order would not bring back what this one has not copied: the device's memory is not what it should be.
    private static CLException Failed() => new(CLError.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);

    private static nint Handle(AcceleratorStream stream) => ((CLStream)stream).CommandQueue;

    [LibraryImport("OpenCL")]
    private static partial int clEnqueueMarkerWithWaitList(nint queue, uint waits, nint waitList, out nint e);

    [LibraryImport("OpenCL")]
    private static partial int clEnqueueBarrierWithWaitList(nint queue, uint waits, in nint waitList, nint e);

    [LibraryImport("OpenCL")]
    private static partial int clFlush(nint queue);

    [LibraryImport("OpenCL")]
    private static partial int clGetEventInfo(nint e, uint name, nint size, out int value, nint sizeReturned);

    [LibraryImport("OpenCL")]
    private static partial int clWaitForEvents(uint count, in nint events);

    [LibraryImport("OpenCL")]
    private static partial int clReleaseEvent(nint e);
}
