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
            int held = _held.GetValueOrDefault(holder);
            if (_free == 0 || held >= _limitOfEach)
            {
                return false;
            }

            // Counted without a bound, too: SetLimitOfEach may bring one.
            _free--;
            _held[holder] = held + 1;
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
}
