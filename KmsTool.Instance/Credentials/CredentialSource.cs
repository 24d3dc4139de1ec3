using Amazon;
using KmsTool.CommandLine;
using KmsTool.Networking;
using KmsTool.Protocol;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Credentials;

/// <summary>Where credentials come from, to be asked as often as fresh ones are needed.</summary>
internal sealed class CredentialSource
{
    // The SDK alone would wait over 15 s for an instance metadata service that does not answer.
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(10);

    private readonly CredentialOptions _options;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WaitNotice _waits;
    private readonly RegionSource _region;

    /// <param name="options">Which ones are wanted.</param>
    /// <param name="time">Measures the timeouts.</param>
    /// <param name="logger">Learns who had some, never what, and of long waits.</param>
    public CredentialSource(CredentialOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _timeout = options.Timeout < MaxTimeout ? options.Timeout : MaxTimeout;
        _time = time;
        _logger = logger;
        _waits = new WaitNotice(logger, time);
        _region = new RegionSource(options.Profile, _timeout, time, logger);
        // The SDK, which does not know AWS_CA_BUNDLE, makes STS clients of its own for profiles and web identities that
        // assume a role; this is the only way to tell them.
        if (options.CaBundle is not null)
        {
            AWSConfigs.HttpClientFactory = new StsHttpClientFactory(options.CaBundle);
        }
    }

    /// <summary>Asks anew, each time: what it gave before may have expired. The caller disposes what it gets.</summary>
    /// <exception cref="CommandFailedException">There are none.</exception>
    public async Task<InstanceCredentials> ResolveAsync(CancellationToken cancellationToken)
    {
        CredentialOrigin origin = CredentialChain.Choose(_options.Profile);
        FoundCredentials found = await AskAsync(origin, cancellationToken);
        if (_options.RoleArn is { } roleArn)
        {
            // The nearest STS is the one that private networks reach.
            string? region = _options.Region ?? await FindRegionAsync(cancellationToken);
            found = await AskAsync(AssumedRole.Origin(roleArn, _options, region, found), cancellationToken);
        }

        return InstanceCredentials.From(found);
    }

    /// <inheritdoc cref="RegionSource.FindAsync(CancellationToken)"/>
    public Task<string?> FindRegionAsync(CancellationToken cancellationToken) => _region.FindAsync(cancellationToken);

    private async Task<FoundCredentials> AskAsync(CredentialOrigin origin, CancellationToken cancellationToken)
    {
        using IDisposable waiting = _waits.Begin($"credentials from {TerminalText.Neutralize(origin.Name)}");
        try
        {
            // The SDK blocks its thread in places and minds no token in others: it is left behind when time is up.
            FoundCredentials found = await Task.Run(origin.AskAsync, cancellationToken).WaitAsync(_timeout, _time, cancellationToken);
            Log.CredentialsFound(_logger, TerminalText.Neutralize(found.Origin));
            return found;
        }
        catch (TimeoutException e)
        {
            throw CredentialFailure.Create($"{origin.Name} did not answer within {_timeout.TotalSeconds:0.###} s", origin.Advice, e);
        }
        catch (Exception e) when (e is not (OperationCanceledException or CommandFailedException))
        {
            Log.NoCredentials(_logger, e.GetType().Name);
            throw StsFailure.Describe(e, origin.Name)
                ?? CredentialFailure.Create($"{origin.Name} gives none that can be used", origin.Advice, e);
        }
    }
}
