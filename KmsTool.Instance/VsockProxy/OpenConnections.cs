namespace KmsTool.Instance.VsockProxy;

/// <summary>Numbers the connections of all listeners, and tells when none is left.</summary>
internal sealed class OpenConnections
{
    private readonly TaskCompletionSource _none = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for whoever may still let connections in.
    private long _open = 1;
    private long _latest;

    /// <summary>How many are open, as long as more may enter.</summary>
    public long Count => Volatile.Read(ref _open) - 1;

    public long NextNumber() => Interlocked.Increment(ref _latest);

    public void Enter() => Interlocked.Increment(ref _open);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0)
            _none.SetResult();
    }

    /// <summary>Waits until all have left. Called once, when nobody will enter any more.</summary>
    public Task WhenNoneAsync()
    {
        Leave();
        return _none.Task;
    }
}
