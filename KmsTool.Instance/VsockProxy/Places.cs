using System.Diagnostics.CodeAnalysis;

namespace KmsTool.Instance.VsockProxy;

/// <summary>Places for connections, whose number may change while some are taken.</summary>
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
    public bool TryTake() => TryTake(out _);

    /// <summary>Takes a place when one is free.</summary>
    public async ValueTask TakeAsync(CancellationToken cancellationToken)
    {
        while (!TryTake(out Task? free))
        {
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

    private bool TryTake([NotNullWhen(false)] out Task? free)
    {
        lock (_lock)
        {
            if (_taken < _number)
            {
                _taken++;
                free = null;
                return true;
            }

            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            free = _waiting.Task;
            return false;
        }
    }

    // All who wait try again, in the order in which they came: each listener is one of them at most.
    private void WakeIfFree()
    {
        if (_taken >= _number)
        {
            return;
        }

        _waiting?.SetResult();
        _waiting = null;
    }
}
