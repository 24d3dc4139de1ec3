namespace KmsTool.Tests.Support;

/// <summary>
/// Environment variables of this process, for a while. Only for tests of <see cref="ProcessWideState"/>, which run alone.
/// </summary>
internal sealed class EnvironmentScope : IDisposable
{
    private readonly List<KeyValuePair<string, string?>> _before = [];

    public EnvironmentScope(IReadOnlyDictionary<string, string?> variables)
    {
        foreach ((string name, string? value) in variables)
        {
            _before.Add(new(name, Environment.GetEnvironmentVariable(name)));
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    public void Dispose()
    {
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
    }
}
