using Amazon.Runtime.CredentialManagement;
using Amazon.Util;
using KmsTool.Networking;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Credentials;

/// <summary>
/// Finds the region where the user names none, as AWS programs do: environment, profile, instance metadata.
/// </summary>
/// <param name="profile">The profile that the user names, if any.</param>
/// <param name="timeout">Bounds asking the metadata service.</param>
/// <param name="time">Measures that.</param>
/// <param name="logger">Learns where the region comes from, and of long waits.</param>
internal sealed partial class RegionSource(string? profile, TimeSpan timeout, TimeProvider time, ILogger logger)
{
    private readonly WaitNotice _waits = new(logger, time);
    private Task<string?>? _finding;

    /// <summary>Finds the region; asks once, however often it is called.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    /// <exception cref="CredentialException">What was found is not a region.</exception>
    public Task<string?> FindAsync(CancellationToken cancellationToken) => (_finding ??= FindAsync()).WaitAsync(cancellationToken);

    private async Task<string?> FindAsync() =>
        ReadEnvironment("AWS_REGION") ?? ReadEnvironment("AWS_DEFAULT_REGION") ?? ReadProfile() ?? await AskInstanceAsync();

    private string? ReadEnvironment(string variable) => Check(Environment.GetEnvironmentVariable(variable), variable);

    private string? ReadProfile()
    {
        string name = profile ?? (Environment.GetEnvironmentVariable("AWS_PROFILE") is { Length: > 0 } named ? named : CredentialChain.DefaultProfile);
        try
        {
            return new CredentialProfileStoreChain().TryGetProfile(name, out CredentialProfile found)
                ? Check(found.Region?.SystemName, $"the profile '{name}'")
                : null;
        }
        catch (Exception e) when (CredentialChain.IsUnreadable(e))
        {
            // The search for its credentials reports that.
            return null;
        }
    }

    private async Task<string?> AskInstanceAsync()
    {
        if (!EC2InstanceMetadata.IsIMDSEnabled)
        {
            return null;
        }

        using IDisposable waiting = _waits.Begin("the instance metadata service to tell the region");
        try
        {
            // The SDK blocks its thread: it is left behind when time is up.
            string? region = await Task.Run(static () => EC2InstanceMetadata.Region?.SystemName).WaitAsync(timeout, time);
            return Check(region, "the instance metadata service");
        }
        catch (Exception e) when (e is not CredentialException)
        {
            // The enclave may have a region of its own, and takes us-east-1 otherwise.
            Log.NoRegion(logger, e.GetType().Name);
            return null;
        }
    }

    private string? Check(string? region, string origin)
    {
        if (string.IsNullOrWhiteSpace(region))
        {
            return null;
        }

        if (!AwsRegion.IsWellFormed(region))
        {
            throw new CredentialException(CredentialFailure.RegionInvalid, $"The region '{TerminalText.Neutralize(region)}' of {origin} is not an AWS region");
        }

        Log.RegionFound(logger, region, origin);
        return region;
    }

    private static partial class Log
    {
        [LoggerMessage(6, LogLevel.Debug, "the region {Region} comes from {Origin}")]
        public static partial void RegionFound(ILogger logger, string region, string origin);

        [LoggerMessage(7, LogLevel.Debug, "the instance metadata service tells no region: {Failure}")]
        public static partial void NoRegion(ILogger logger, string failure);
    }
}
