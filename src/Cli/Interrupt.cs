using System.Runtime.InteropServices;

namespace Gpu.Autograd.Cli;

/// <summary>Ctrl-C: the first asks the run to stop at the end of the step, the second ends the process as if nobody listened.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration registration;

    /// <summary>Listens until it is disposed of.</summary>
    public Interrupt(Terminal terminal) => registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
    {
        if (source.IsCancellationRequested)
        {
            terminal.Release();
        }
        else
        {
            signal.Cancel = true;
            source.Cancel();
        }
    });

    /// <summary>Cancelled by the first Ctrl-C.</summary>
    public CancellationToken Token => source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        registration.Dispose();
        source.Dispose();
    }
}
