namespace KmsTool.Enclave.Kms;

/// <summary>A secret used by many requests; cleared when its owner and the last request have let go.</summary>
internal sealed class RefCounted<T>(T value)
    where T : IDisposable
{
    private readonly Lock _lock = new();
    private int _users = 1;

    public T Value { get; } = value;

    /// <summary>Counts one more user; false when it has already been cleared.</summary>
    public bool TryUse()
    {
        lock (_lock)
        {
            if (_users == 0)
            {
                return false;
            }

            _users++;
            return true;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            if (--_users == 0)
            {
                Value.Dispose();
            }
        }
    }
}
