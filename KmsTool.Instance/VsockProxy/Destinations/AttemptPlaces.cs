namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>Places for attempts to connect, of which no asker gets all.</summary>
internal sealed class AttemptPlaces(int all, int ofOne)
{
    private readonly Lock _lock = new();
    private readonly Tally _taken = new();
    private int _left = all;

    public bool TryTake(string asker)
    {
        lock (_lock)
        {
            if (_left == 0 || _taken[asker] >= ofOne)
            {
                return false;
            }

            _left--;
            _taken.Add(asker);
            return true;
        }
    }

    public void Release(string asker, int count)
    {
        lock (_lock)
        {
            _left += count;
            _taken.Remove(asker, count);
        }
    }
}
