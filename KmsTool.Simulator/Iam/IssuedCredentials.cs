using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace KmsTool.Simulator.Iam;

/// <summary>Issues key pairs and finds them again by access key id.</summary>
internal sealed class IssuedCredentials(TimeProvider timeProvider)
{
    /// <summary>Expired key pairs are kept this long, so that their use is refused as "expired" rather than "unknown".</summary>
    private static readonly TimeSpan ExpiredRetention = TimeSpan.FromHours(1);

    /// <summary>The number of key pairs above which expired ones are dropped and, failing that, no more are issued.</summary>
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<string, AwsCredential> _credentials = new(StringComparer.Ordinal);

    /// <summary>Issues a key pair that never expires, as a user has.</summary>
    public AwsCredential IssueLongLived(AwsPrincipal principal) =>
        Add(new AwsCredential(principal, UniqueId.Create("AKIA"), CreateSecret(), sessionToken: null, timeProvider.GetUtcNow(), expiration: null));

    /// <summary>Issues a key pair with a session token, as a role session has.</summary>
    /// <exception cref="CredentialCapacityException">Too many unexpired key pairs exist.</exception>
    public AwsCredential IssueTemporary(AwsPrincipal principal, TimeSpan lifetime)
    {
        if (_credentials.Count >= Capacity)
        {
            DropExpired();
        }

        if (_credentials.Count >= Capacity)
        {
            throw new CredentialCapacityException(Capacity);
        }

        // Real tokens are opaque and several hundred characters long; clients must not assume a length.
        string token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(192));
        DateTimeOffset now = timeProvider.GetUtcNow();
        return Add(new AwsCredential(principal, UniqueId.Create("ASIA"), CreateSecret(), token, now, now + lifetime));
    }

    public bool TryFind(string accessKeyId, [NotNullWhen(true)] out AwsCredential? credential) =>
        _credentials.TryGetValue(accessKeyId, out credential);

    /// <summary>Adds an existing key pair.</summary>
    public AwsCredential Add(AwsCredential credential)
    {
        _credentials[credential.AccessKeyId] = credential;
        return credential;
    }

    private static string CreateSecret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(30));

    private void DropExpired()
    {
        DateTimeOffset limit = timeProvider.GetUtcNow() - ExpiredRetention;
        foreach (AwsCredential credential in _credentials.Values)
        {
            if (credential.Expiration < limit)
            {
                _credentials.TryRemove(credential.AccessKeyId, out _);
            }
        }
    }
}

/// <summary>
/// A key pair that the simulator has issued. It is valid for this simulator only and still treated as a secret: it is not a
/// record, so that nothing prints it.
/// </summary>
internal sealed class AwsCredential(
    AwsPrincipal principal, string accessKeyId, string secretAccessKey, string? sessionToken, DateTimeOffset issuedAt, DateTimeOffset? expiration)
{
    public AwsPrincipal Principal { get; } = principal;

    public string AccessKeyId { get; } = accessKeyId;

    public string SecretAccessKey { get; } = secretAccessKey;

    /// <summary>Null for a long-lived key pair.</summary>
    public string? SessionToken { get; } = sessionToken;

    public DateTimeOffset IssuedAt { get; } = issuedAt;

    /// <summary>Null for a long-lived key pair.</summary>
    public DateTimeOffset? Expiration { get; } = expiration;

    public override string ToString() => AccessKeyId;
}

/// <summary>A request for more role sessions than the simulator keeps.</summary>
internal sealed class CredentialCapacityException(int capacity)
    : Exception($"the simulator keeps at most {capacity} key pairs; wait for some to expire or start it again");
