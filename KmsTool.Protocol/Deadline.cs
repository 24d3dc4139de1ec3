namespace KmsTool.Protocol;

/// <summary>A token that is cancelled with the caller's or when a time is up, and the means to tell which.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenRegistration _registration;

    /// <param name="timeout">How long from now; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="caller">Cancels the token before its time.</param>
    public Deadline(TimeSpan timeout, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _timer = new CancellationTokenSource(timeout, time);
        _registration = caller.UnsafeRegister(static timer => ((CancellationTokenSource)timer!).Cancel(), _timer);
    }

    /// <summary>Cancelled when the time is up, or with the caller's token.</summary>
    public CancellationToken Token => _timer.Token;

    /// <summary>Whether <paramref name="exception"/> says that the time is up, rather than that the caller cancelled.</summary>
    public bool IsOver(Exception exception) =>
        exception is OperationCanceledException && _timer.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>Begins anew, unless it is over.</summary>
    /// <param name="timeout">How long from now; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    public void Restart(TimeSpan timeout) => _timer.CancelAfter(timeout);

    public void Dispose()
    {
        // In this order: it waits for a callback that runs, which uses the source.
        _registration.Dispose();
        _timer.Dispose();
    }
}
