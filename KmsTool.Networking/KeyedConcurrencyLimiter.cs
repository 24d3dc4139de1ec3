namespace KmsTool.Networking;

/// <summary>Bounds how many of something each holder has at once, and how many there are together, so that no holder takes all.</summary>
/// <param name="limitOfEach">How many one holder may have; <see langword="null"/> for any number.</param>
/// <param name="limit">How many there may be together.</param>
internal sealed class KeyedConcurrencyLimiter(int? limitOfEach, int limit = int.MaxValue)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _held = [];
    private int? _limitOfEach = limitOfEach;
    private int _free = limit;

    /// <summary>Those who have any.</summary>
    public string[] Holders
    {
        get
        {
            lock (_lock)
            {
                return [.. _held.Keys];
            }
        }
    }

    /// <summary>Whether a holder has any.</summary>
    public bool IsHolder(string holder)
    {
        lock (_lock)
        {
            return _held.ContainsKey(holder);
        }
    }

    /// <summary>Whether both bounds would allow a holder one more.</summary>
    public bool HasRoomFor(string holder)
    {
        lock (_lock)
        {
            return Allows(holder);
        }
    }

    /// <summary>Changes how many one holder may have. A holder that has more keeps them.</summary>
    public void SetLimitOfEach(int? limitOfEach)
    {
        lock (_lock)
        {
            _limitOfEach = limitOfEach;
        }
    }

    /// <summary>Acquires one if both bounds allow it.</summary>
    public bool TryAcquire(string holder)
    {
        lock (_lock)
        {
            if (!Allows(holder))
            {
                return false;
            }

            // Counted without a bound, too: SetLimitOfEach may bring one.
            _free--;
            _held[holder] = _held.GetValueOrDefault(holder) + 1;
            return true;
        }
    }

    public void Release(string holder, int count = 1)
    {
        lock (_lock)
        {
            _free += count;
            // Remove zero entries so that the map stays bounded.
            if ((_held[holder] -= count) == 0)
            {
                _held.Remove(holder);
            }
        }
    }

    private bool Allows(string holder) => _free > 0 && (_limitOfEach is not { } limitOfEach || _held.GetValueOrDefault(holder) < limitOfEach);
}
