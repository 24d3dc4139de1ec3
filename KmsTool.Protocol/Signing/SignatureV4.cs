using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Protocol.Signing;

/// <summary>
/// Signature version 4 in its Authorization header form, as whoever receives a request sees it (IAM user guide, "Create a
/// signed AWS API request"). Messages are those of AWS, or say the same.
/// </summary>
internal static class SignatureV4
{
    public const string Terminator = "aws4_request";
    public const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    /// <summary>Reads the one Authorization header.</summary>
    /// <exception cref="SignatureException">There is none, or more than one, or it is not of the form.</exception>
    public static AuthorizationHeader ReadHeader(SignedRequest request) => request.Headers.Authorization switch
    {
        [] => throw new SignatureException(SignatureFailure.Missing, "Missing Authentication Token"),
        [{ } only] => AuthorizationHeader.Parse(only),
        _ => throw Incomplete("there is more than one Authorization header"),
    };

    /// <summary>Requires that the headers whose change would change the request's meaning are signed.</summary>
    /// <returns>The time of the request, in <see cref="TimeFormat"/> if it is one.</returns>
    /// <exception cref="SignatureException">One is not.</exception>
    public static string RequireSignedHeaders(SignedRequest request, AuthorizationHeader header)
    {
        if (!header.SignedHeaders.Contains("host"))
            throw Incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
        if (request.Headers.ContainsKey("X-Amz-Target") && !header.SignedHeaders.Contains("x-amz-target"))
            throw Incomplete("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");

        string name = request.Headers.ContainsKey("X-Amz-Date") ? "x-amz-date" : "date";
        if (!header.SignedHeaders.Contains(name) || request.Headers[name] is not [{ } value])
            throw Incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header, signed and once.");
        if (name == "x-amz-date")
            return value;
        return DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date.ToString(TimeFormat, CultureInfo.InvariantCulture)
            : value;
    }

    /// <summary>Requires that the scope is of a service and of the request's day. Its region is for the caller to judge.</summary>
    /// <exception cref="SignatureException">It is not.</exception>
    public static void RequireScope(AuthorizationHeader header, string service, string time)
    {
        if (header.Service != service)
            throw Invalid($"Credential should be scoped to correct service: '{service}'.");
        if (header.Terminator != Terminator)
            throw Invalid($"Credential should be scoped with a valid terminator: '{Terminator}'.");
        if (!time.StartsWith(header.Date + "T", StringComparison.Ordinal))
            throw Invalid($"Date in Credential scope does not match YYYYMMDD of the date of the request: '{header.Date}' and '{time}'.");
    }

    /// <summary>Requires that the request was signed within five minutes of now.</summary>
    /// <exception cref="SignatureException">It was not.</exception>
    public static void RequireTime(string time, DateTimeOffset now)
    {
        if (!DateTimeOffset.TryParseExact(
            time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset signedAt))
        {
            throw Incomplete("Date must be in ISO-8601 'basic format', such as 20260102T030405Z.");
        }

        if (signedAt < now - MaxSkew)
            throw Invalid($"Signature expired: {time} is now earlier than {Format(now - MaxSkew)} ({Format(now)} - 5 min.)");
        if (signedAt > now + MaxSkew)
            throw Invalid($"Signature not yet current: {time} is still later than {Format(now + MaxSkew)} ({Format(now)} + 5 min.)");
    }

    /// <summary>Requires that the signature is that of the secret, in constant time.</summary>
    /// <param name="request">What was signed.</param>
    /// <param name="header">With what claim.</param>
    /// <param name="secretAccessKey">The secret that belongs to the access key, in UTF-8.</param>
    /// <param name="time">The time of the request.</param>
    /// <param name="quote">Whether the refusal quotes the canonical request, headers included, as AWS does.</param>
    /// <exception cref="SignatureException">It is not.</exception>
    public static void RequireSignature(
        SignedRequest request, AuthorizationHeader header, ReadOnlySpan<byte> secretAccessKey, string time, bool quote)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        string canonical = ComputeSignature(request, header, secretAccessKey, time, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, header.Signature))
        {
            throw Invalid("The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
                + (quote ? $"\n\nThe Canonical String for this request should have been\n'{canonical}'\n" : ""));
        }
    }

    /// <summary>What <paramref name="header"/>'s signature of the request has to be.</summary>
    /// <returns>The canonical request.</returns>
    public static string ComputeSignature(
        SignedRequest request, AuthorizationHeader header, ReadOnlySpan<byte> secretAccessKey, string time, Span<byte> signature)
    {
        string canonical = CanonicalRequest.Build(request, header.SignedHeaders);
        string canonicalHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        string toSign = $"{AuthorizationHeader.Algorithm}\n{time}\n{header.Scope}\n{canonicalHash}";

        Span<byte> key = stackalloc byte[HMACSHA256.HashSizeInBytes];
        SigningKey.Derive(secretAccessKey, header.Date, header.Region, header.Service, header.Terminator, key);
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign), signature);
        CryptographicOperations.ZeroMemory(key);
        return canonical;
    }

    private static string Format(DateTimeOffset time) => time.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static SignatureException Incomplete(string message) => new(SignatureFailure.Incomplete, message);

    private static SignatureException Invalid(string message) => new(SignatureFailure.Invalid, message);
}
