using System.Globalization;
using System.Security.Cryptography;

namespace KmsTool.Signing;

/// <summary>The access key that signs a request.</summary>
internal interface ISigV4Credentials
{
    /// <summary>Gets the access key identifier.</summary>
    public string AccessKeyId { get; }

    /// <summary>Gets the session token of temporary credentials, or <see langword="null"/>.</summary>
    public string? SessionToken { get; }

    /// <summary>Computes HMAC-SHA-256 of a text under the signing key of a scope (<see cref="SigningKey"/>).</summary>
    /// <param name="scope">What the signing key is derived for.</param>
    /// <param name="text">The string to sign, in UTF-8.</param>
    /// <param name="signature">Receives 32 bytes.</param>
    public void Sign(CredentialScope scope, ReadOnlySpan<byte> text, Span<byte> signature);
}

/// <summary>
/// Signs requests with AWS Signature Version 4 in the Authorization header (IAM User Guide, "Create a signed AWS API request").
/// </summary>
internal static class SigV4Signer
{
    /// <summary>Signs all headers of a request and its body.</summary>
    /// <param name="request">The request, with its Host header.</param>
    /// <param name="credentials">The access key.</param>
    /// <param name="region">The region code, such as <c>eu-central-1</c>.</param>
    /// <param name="service">The service's name in signatures, such as <c>kms</c>.</param>
    /// <param name="at">The time of the request; AWS accepts it within five minutes.</param>
    /// <returns>The headers to add: X-Amz-Date, X-Amz-Security-Token with a session token, and Authorization.</returns>
    public static IReadOnlyList<KeyValuePair<string, string>> Sign(
        SigV4Request request, ISigV4Credentials credentials, string region, string service, DateTimeOffset at)
    {
        string time = at.UtcDateTime.ToString(SigV4Claim.TimeFormat, CultureInfo.InvariantCulture);
        List<KeyValuePair<string, string>> added = [new(SigV4Claim.DateHeader, time)];
        if (credentials.SessionToken is { } token)
        {
            added.Add(new(SigV4Claim.TokenHeader, token));
        }

        var complete = new SigV4Request(request.Method, request.Target, [.. request.Headers, .. added], request.Body);
        string[] names = [.. complete.Headers.Select(static header => header.Key.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal)];
        var scope = new CredentialScope(time[..8], region, service);
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        credentials.Sign(scope, CanonicalRequest.StringToSign(CanonicalRequest.Build(complete, names), time, scope), signature);

        added.Add(new("Authorization",
            $"{AuthorizationHeader.Algorithm} Credential={credentials.AccessKeyId}/{scope}, SignedHeaders={string.Join(';', names)}, "
            + $"Signature={Convert.ToHexStringLower(signature)}"));
        return added;
    }
}
