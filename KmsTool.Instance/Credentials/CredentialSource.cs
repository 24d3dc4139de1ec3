using Amazon;
using Amazon.SecurityToken;
using KmsTool.Networking;
using KmsTool.Protocol;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Credentials;

/// <summary>Finds credentials as AWS programs do, as often as fresh ones are needed.</summary>
internal sealed partial class CredentialSource : ICredentialSource
{
    // The SDK alone would wait over 15 s for an instance metadata service that does not answer.
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(10);

    private readonly AwsCredentialSettings _options;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WaitNotice _waits;
    private readonly RegionSource _region;

    /// <param name="options">Which ones are wanted.</param>
    /// <param name="time">Measures the timeouts.</param>
    /// <param name="logger">Learns where credentials come from, never what they are, and of long waits.</param>
    public CredentialSource(AwsCredentialSettings options, TimeProvider time, ILogger logger)
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

    /// <inheritdoc/>
    public async Task<InstanceCredentials> ResolveAsync(CancellationToken cancellationToken)
    {
        CredentialProvider provider = CredentialChain.Choose(_options.Profile);
        FoundCredentials found = await AskAsync(provider, cancellationToken);
        if (_options.RoleArn is { } roleArn)
        {
            // The nearest STS is the one that private networks reach.
            string? region = _options.Region ?? await FindRegionAsync(cancellationToken);
            found = await AskAsync(AssumedRole.CreateProvider(roleArn, _options, region, found), cancellationToken);
        }

        return InstanceCredentials.From(found);
    }

    /// <inheritdoc cref="RegionSource.FindAsync(CancellationToken)"/>
    public Task<string?> FindRegionAsync(CancellationToken cancellationToken) => _region.FindAsync(cancellationToken);

    private async Task<FoundCredentials> AskAsync(CredentialProvider provider, CancellationToken cancellationToken)
    {
        using IDisposable waiting = _waits.Begin($"credentials from {TerminalText.Neutralize(provider.Name)}");
        try
        {
            // The SDK blocks its thread in places and ignores the token in others. When time is up, the call is abandoned.
            FoundCredentials found = await Task.Run(provider.AskAsync, cancellationToken).WaitAsync(_timeout, _time, cancellationToken);
            Log.CredentialsFound(_logger, TerminalText.Neutralize(found.Origin));
            return found;
        }
        catch (TimeoutException e)
        {
            throw provider.Fail($"did not answer within {_timeout.TotalSeconds:0.###} s", e);
        }
        catch (Exception e) when (e is not (OperationCanceledException or CredentialException))
        {
            Log.NoCredentials(_logger, e.GetType().Name);
            throw FindStsFailure(e, provider.Name) ?? provider.Fail("gives none that can be used", e);
        }
    }

    /// <summary>A failure of STS, or on the way to it; <see langword="null"/> for any other.</summary>
    /// <param name="failure">What the SDK threw; for profiles it wraps the cause.</param>
    /// <param name="provider">The name of the provider that was asked.</param>
    private static CredentialException? FindStsFailure(Exception failure, string provider)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case CredentialException said:
                    return said;
                case AmazonSecurityTokenServiceException refused when refused.ErrorCode is { Length: > 0 } code:
                    return new CredentialException(CredentialFailure.StsRefused, $"STS refuses {provider}: {Describe(refused)}", code, failure);
                case HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } insecure:
                    // The message only refers to the inner exception.
                    return new CredentialException(CredentialFailure.StsTlsFailed, DescribeUnreachable(insecure.GetBaseException()), innerException: failure);
                case HttpRequestException unreachable:
                    // The message names the host.
                    return new CredentialException(CredentialFailure.StsUnreachable, DescribeUnreachable(unreachable), innerException: failure);
                default:
                    break;
            }
        }

        return null;

        string DescribeUnreachable(Exception cause) => $"STS cannot be asked for {provider}: {cause.Message.TrimEnd('.')}";
    }

    // These two name principals and parameters. What STS says of a wrong signature may quote the signed headers, of which the
    // session token is one.
    private static string Describe(AmazonSecurityTokenServiceException refused) => refused.ErrorCode is "AccessDenied" or "ValidationError"
        ? $"{refused.ErrorCode}: {refused.Message.TrimEnd('.')}"
        : refused.ErrorCode;

    private static partial class Log
    {
        [LoggerMessage(2, LogLevel.Debug, "credentials come from {Origin}")]
        public static partial void CredentialsFound(ILogger logger, string origin);

        [LoggerMessage(3, LogLevel.Debug, "no credentials: {Failure}")]
        public static partial void NoCredentials(ILogger logger, string failure);
    }
}

/// <summary>One place that may have credentials.</summary>
/// <param name="Name">For a sentence: <c>the profile 'x'</c>.</param>
/// <param name="Failure">What it means that it gives none, or does not answer.</param>
/// <param name="Subject">What that failure is about, see <see cref="CredentialException.Subject"/>.</param>
/// <param name="AskAsync">Gets them, fresh.</param>
internal sealed record CredentialProvider(string Name, CredentialFailure Failure, string? Subject, Func<Task<FoundCredentials>> AskAsync)
{
    public CredentialException Fail(string what, Exception cause) => new(Failure, $"{Name} {what}", Subject, cause);
}
