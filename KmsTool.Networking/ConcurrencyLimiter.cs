using System.Diagnostics.CodeAnalysis;

namespace KmsTool.Networking;

/// <summary>Bounds how many of something there are at once. The bound may change while some are held.</summary>
/// <param name="limit">How many there may be.</param>
internal sealed class ConcurrencyLimiter(int limit)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiting;
    private int _limit = limit;
    private int _held;

    /// <summary>Changes the bound. Where more are held, they stay held.</summary>
    public void SetLimit(int limit)
    {
        lock (_lock)
        {
            _limit = limit;
            WakeIfFree();
        }
    }

    /// <summary>Acquires one if the bound allows it now.</summary>
    public bool TryAcquire() => TryAcquire(out _);

    /// <summary>Acquires one as soon as the bound allows it.</summary>
    public async ValueTask AcquireAsync(CancellationToken cancellationToken)
    {
        while (!TryAcquire(out Task? free))
        {
            await free.WaitAsync(cancellationToken);
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _held--;
            WakeIfFree();
        }
    }

    private bool TryAcquire([NotNullWhen(false)] out Task? free)
    {
        lock (_lock)
        {
            if (_held < _limit)
            {
                _held++;
                free = null;
                return true;
            }

            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            free = _waiting.Task;
            return false;
        }
    }

    // All that wait try again, in the order in which they came: there is one of each listener at most.
    private void WakeIfFree()
    {
        if (_held >= _limit)
        {
            return;
        }

        _waiting?.SetResult();
        _waiting = null;
    }
}
