using Amazon.Runtime.Internal;

namespace KmsTool.Tests.Support;

/// <summary>
/// Environment variables of this process, for a while. Only for tests of <see cref="ProcessWideState"/>, which run alone. The
/// AWS SDK, which keeps what it has read of the environment in statics, is made to read it again.
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

        FallbackInternalConfigurationFactory.Reset();
    }

    public void Dispose()
    {
        foreach ((string name, string? value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        FallbackInternalConfigurationFactory.Reset();
    }
}
