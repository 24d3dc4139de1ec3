using KmsTool.Networking;

namespace KmsTool.Instance.VsockProxy;

/// <summary>The connections of all listeners, those that a reload has ended included: their numbers, their places, their end.</summary>
internal sealed class OpenConnections : IDisposable
{
    private readonly TaskCompletionSource _none = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _abort = new();

    // One for whoever may still let connections in.
    private long _open = 1;
    private long _latest;

    /// <summary>How many are open, as long as more may enter.</summary>
    public long Count => Volatile.Read(ref _open) - 1;

    /// <summary>Bounds the connections of all listeners together; each listener has a bound of its own.</summary>
    public ConcurrencyLimiter Slots { get; } = new(0);

    /// <summary>Cancelled when the proxy ends: who has not said what for it has come is let go.</summary>
    public CancellationToken Draining => _drain.Token;

    /// <summary>Cancelled when connections are to be broken off.</summary>
    public CancellationToken Aborting => _abort.Token;

    public long NextNumber() => Interlocked.Increment(ref _latest);

    public void Enter() => Interlocked.Increment(ref _open);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _none.SetResult();
        }
    }

    /// <summary>Waits until all have left. Called once, when nobody will enter any more.</summary>
    public async Task DrainAsync()
    {
        await _drain.CancelAsync();
        Leave();
        await _none.Task;
    }

    public void Abort() => _abort.Cancel();

    public void Dispose()
    {
        _drain.Dispose();
        _abort.Dispose();
    }
}
