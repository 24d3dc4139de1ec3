using KmsTool.Protocol.Recipient;

namespace KmsTool.Enclave.Kms;

/// <summary>A recipient key used by many requests; cleared when its owner and the last request have let go.</summary>
internal sealed class SharedKey(RecipientKeyPair pair)
{
    private readonly Lock _lock = new();
    private int _users = 1;

    public RecipientKeyPair Pair { get; } = pair;

    /// <summary>Counts one more user; false when the key has already been cleared.</summary>
    public bool TryUse()
    {
        lock (_lock)
        {
            if (_users == 0)
                return false;

            _users++;
            return true;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            if (--_users == 0)
                Pair.Dispose();
        }
    }
}
