using ILGPU.Runtime;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>A true driver whose events can be looked at.</summary>
internal sealed class Spy : IEventDriver
{
    private IEventDriver? driver;

    public AcceleratorStream? Kernels { get; private set; }

    public (AcceleratorStream Stream, nint Event) Last { get; private set; }

    public IEventDriver On(IEventDriver of)
    {
        driver = of;
        return this;
    }

    public nint Record(AcceleratorStream stream)
    {
        // The check begins with the kernels' stream.
        Kernels ??= stream;
        Last = (stream, driver!.Record(stream));
        return Last.Event;
    }

    public void Wait(AcceleratorStream stream, nint e) => driver!.Wait(stream, e);

    public bool HasCome(nint e) => driver!.HasCome(e);

    public void Await(nint e) => driver!.Await(e);

    public void Destroy(nint e) => driver!.Destroy(e);
}

/// <summary>A driver that does not tell one of the streams to wait.</summary>
internal sealed class Hasty(IEventDriver driver, bool isKernels) : IEventDriver
{
    private AcceleratorStream? first;

    public nint Record(AcceleratorStream stream)
    {
        first ??= stream;
        return driver.Record(stream);
    }

    public void Wait(AcceleratorStream stream, nint e)
    {
        if (stream == first != isKernels)
        {
            driver.Wait(stream, e);
        }
    }

    public bool HasCome(nint e) => driver.HasCome(e);

    public void Await(nint e) => driver.Await(e);

    public void Destroy(nint e) => driver.Destroy(e);
}
