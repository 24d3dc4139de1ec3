namespace KmsTool.Instance.VsockProxy;

/// <summary>How many connections each peer has, so that none takes all places.</summary>
/// <param name="most">How many one may have; <see langword="null"/> for any number.</param>
internal sealed class PeerShares(int? most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = [];
    private int? _most = most;

    /// <summary>Changes how many one may have. Who has more keeps them.</summary>
    public void SetMost(int? most)
    {
        lock (_lock)
        {
            _most = most;
        }
    }

    public bool TryTake(string peer)
    {
        lock (_lock)
        {
            int taken = _taken.GetValueOrDefault(peer);
            if (taken >= _most)
            {
                return false;
            }

            // Counted without a bound, too: a reload may bring one.
            _taken[peer] = taken + 1;
            return true;
        }
    }

    public void Release(string peer)
    {
        lock (_lock)
        {
            // Who has none is forgotten: there may be many peers in time.
            if (--_taken[peer] == 0)
            {
                _taken.Remove(peer);
            }
        }
    }
}
