namespace KmsTool.Simulator.Iam.Policies;

/// <summary>The condition keys of a request, with their values as text. Names are compared without regard to case.</summary>
internal sealed class RequestContext
{
    private readonly Dictionary<string, IReadOnlyList<string>> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets the values of a key: none if the request lacks the key.</summary>
    public IReadOnlyList<string> this[string key] => _values.GetValueOrDefault(key, []);

    /// <summary>Sets a key with a single value; null leaves it missing.</summary>
    public void Set(string key, string? value)
    {
        if (value is not null)
        {
            _values[key] = [value];
        }
    }

    public void SetMany(string key, IEnumerable<string> values) => _values[key] = [.. values];
}
