using System.Runtime.InteropServices;

namespace KmsTool.Simulator.Commands;

/// <summary>Turns the first SIGTERM, SIGINT or SIGHUP into a cancellation, so that the program can clean up; a second one kills.</summary>
internal sealed class SignalWait : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations;

    public SignalWait() => _registrations =
    [
        .. ((ReadOnlySpan<PosixSignal>)[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP]).ToArray()
            .Select(signal => PosixSignalRegistration.Create(signal, OnSignal)),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Completes at the first signal.</summary>
    public Task WaitAsync()
    {
        TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _stop.Token.Register(completion.SetResult);
        return completion.Task;
    }

    public void Dispose()
    {
        _registrations.ForEach(static registration => registration.Dispose());
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }
}
