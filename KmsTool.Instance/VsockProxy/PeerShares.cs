namespace KmsTool.Instance.VsockProxy;

/// <summary>How many connections each peer has, so that none takes all places.</summary>
/// <param name="most">How many one may have; <see langword="null"/> for any number.</param>
internal sealed class PeerShares(int? most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = [];

    public bool TryTake(string peer)
    {
        if (most is null)
            return true;

        lock (_lock)
        {
            int taken = _taken.GetValueOrDefault(peer);
            if (taken >= most)
                return false;

            _taken[peer] = taken + 1;
            return true;
        }
    }

    public void Release(string peer)
    {
        if (most is null)
            return;

        lock (_lock)
        {
            // Who has none is forgotten: there may be many peers in time.
            if (--_taken[peer] == 0)
                _taken.Remove(peer);
        }
    }
}
