using Amazon.Runtime;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Credentials;

/// <summary>Credentials for the enclave. Never printed; cleared by <see cref="Dispose"/>.</summary>
internal sealed class InstanceCredentials : IDisposable
{
    public required string AccessKeyId { get; init; }

    /// <summary>UTF-8.</summary>
    public required SensitiveBytes SecretAccessKey { get; init; }

    /// <summary>UTF-8; <see langword="null"/> for long-term credentials.</summary>
    public SensitiveBytes? SessionToken { get; init; }

    /// <summary>When they cease to work; <see langword="null"/> when they do not, or when their source does not say.</summary>
    public DateTimeOffset? Expiration { get; init; }

    /// <summary>Who gave them, such as <c>the profile 'x'</c>; may hold text that a peer chose.</summary>
    public required string Origin { get; init; }

    // The AWS SDK hands out strings, which cannot be cleared; from here on the secrets are.
    public static InstanceCredentials From(FoundCredentials found)
    {
        ImmutableCredentials keys = found.Keys;
        return new InstanceCredentials
        {
            AccessKeyId = keys.AccessKey,
            SecretAccessKey = SensitiveBytes.FromText(keys.SecretKey),
            SessionToken = keys.UseToken ? SensitiveBytes.FromText(keys.Token) : null,
            Expiration = found.Expiration,
            Origin = found.Origin,
        };
    }

    /// <summary>The command that gives them to the enclave, with copies of the secrets; the caller disposes it.</summary>
    /// <param name="region">The region to ask for, if any: an enclave with a region of its own refuses another.</param>
    public SetClientCommand ToSetClient(string? region) => new()
    {
        AwsAccessKeyId = AccessKeyId,
        AwsSecretAccessKey = SensitiveBytes.CopyOf(SecretAccessKey.Span),
        AwsSessionToken = SessionToken is null ? null : SensitiveBytes.CopyOf(SessionToken.Span),
        AwsRegion = region,
    };

    /// <summary>The command that gives them to the enclave's KMS proxy, with copies of the secrets; the caller disposes it.</summary>
    public PushCredentialsCommand ToPush() => new()
    {
        AwsAccessKeyId = AccessKeyId,
        AwsSecretAccessKey = SensitiveBytes.CopyOf(SecretAccessKey.Span),
        AwsSessionToken = SessionToken is null ? null : SensitiveBytes.CopyOf(SessionToken.Span),
        Expiration = Expiration,
    };

    /// <summary>Their origin, never what they are.</summary>
    public override string ToString() => Origin;

    public void Dispose()
    {
        SecretAccessKey.Dispose();
        SessionToken?.Dispose();
    }
}

/// <summary>Credentials as the AWS SDK hands them out, with what it tells about them.</summary>
internal sealed class FoundCredentials
{
    public required ImmutableCredentials Keys { get; init; }

    public DateTimeOffset? Expiration { get; init; }

    public required string Origin { get; init; }

    /// <summary>Asks the SDK's <paramref name="credentials"/>, which must be new: used ones may answer from their cache.</summary>
    public static async Task<FoundCredentials> AskAsync(AWSCredentials credentials, string origin)
    {
        ImmutableCredentials keys = await credentials.GetCredentialsAsync();
        DateTime? expiration = credentials.Expiration;
        // The SDK takes them for expired a little earlier than they are.
        if (credentials is RefreshingAWSCredentials refreshing)
        {
            expiration += refreshing.ExpirationBuffer;
        }

        return new FoundCredentials
        {
            Keys = keys,
            Expiration = expiration is { } time ? new DateTimeOffset(time.ToUniversalTime()) : null,
            Origin = origin,
        };
    }

    /// <summary>Their origin, never what they are.</summary>
    public override string ToString() => Origin;
}
