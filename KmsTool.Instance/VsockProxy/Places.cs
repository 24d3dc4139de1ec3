namespace KmsTool.Instance.VsockProxy;

/// <summary>Places for a listener's connections, whose number may change while some are taken.</summary>
internal sealed class Places(int number)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiting;
    private int _number = number;
    private int _taken;

    public void SetNumber(int number)
    {
        lock (_lock)
        {
            _number = number;
            WakeIfFree();
        }
    }

    /// <summary>Takes a place if one is free.</summary>
    public bool TryTake()
    {
        lock (_lock)
        {
            if (_taken >= _number)
                return false;

            _taken++;
            return true;
        }
    }

    /// <summary>Takes a place when one is free. Nobody else may be waiting.</summary>
    public async ValueTask TakeAsync(CancellationToken cancellationToken)
    {
        while (!TryTake())
        {
            Task free;
            lock (_lock)
            {
                _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                free = _waiting.Task;
                WakeIfFree();
            }

            await free.WaitAsync(cancellationToken);
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _taken--;
            WakeIfFree();
        }
    }

    private void WakeIfFree()
    {
        if (_taken < _number)
            _waiting?.TrySetResult();
    }
}
