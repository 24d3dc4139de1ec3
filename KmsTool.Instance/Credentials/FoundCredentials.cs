using Amazon.Runtime;

namespace KmsTool.Instance.Credentials;

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
