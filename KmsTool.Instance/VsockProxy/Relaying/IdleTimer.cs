namespace KmsTool.Instance.VsockProxy.Relaying;

/// <summary>
/// Notices that a connection has carried nothing in either direction for some time. A byte that passes costs a look at the
/// clock; the timer itself is touched only when it fires.
/// </summary>
internal sealed class IdleTimer : IAsyncDisposable
{
    // Timers take whole milliseconds: without it one could fire a moment too early, over and over.
    private static readonly TimeSpan Resolution = TimeSpan.FromMilliseconds(1);

    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _expired = new();
    private readonly ITimer? _timer;
    private long _lastActivity;

    /// <param name="timeout">Longest time without activity; zero for no limit.</param>
    /// <param name="time">Measures it.</param>
    public IdleTimer(TimeSpan timeout, TimeProvider time)
    {
        _timeout = timeout;
        _time = time;
        _lastActivity = time.GetTimestamp();
        if (timeout == TimeSpan.Zero)
            return;

        _timer = time.CreateTimer(static self => ((IdleTimer)self!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled once the time has passed without activity.</summary>
    public CancellationToken Expired => _expired.Token;

    /// <summary>Says that something has passed.</summary>
    public void Touch()
    {
        if (_timer is not null)
            Volatile.Write(ref _lastActivity, _time.GetTimestamp());
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
            await _timer.DisposeAsync();

        _expired.Dispose();
    }

    private void Check()
    {
        TimeSpan left = _timeout - _time.GetElapsedTime(Volatile.Read(ref _lastActivity));
        if (left > TimeSpan.Zero)
            _timer!.Change(left + Resolution, Timeout.InfiniteTimeSpan);
        else
            _expired.Cancel();
    }
}
