namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>How many of something each one has. Who has none is forgotten: there may be many askers in time.</summary>
internal sealed class Tally
{
    private readonly Dictionary<string, int> _counts = [];

    /// <summary>Those who have any.</summary>
    public IReadOnlyCollection<string> Names => _counts.Keys;

    public int this[string name] => _counts.GetValueOrDefault(name);

    public void Add(string name) => _counts[name] = this[name] + 1;

    public void Remove(string name, int count = 1)
    {
        _counts[name] -= count;
        if (_counts[name] == 0)
        {
            _counts.Remove(name);
        }
    }
}
