using System.Globalization;
using System.Security.Cryptography;

namespace KmsTool.Signing;

/// <summary>
/// What a request claims in its Authorization header, for the service that receives it to verify (IAM User Guide, "Create a
/// signed AWS API request"). The messages are AWS's, or say the same.
/// </summary>
internal sealed class SigV4Claim
{
    public const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    public const string DateHeader = "X-Amz-Date";
    public const string TokenHeader = "X-Amz-Security-Token";

    private const string TargetHeader = "X-Amz-Target";

    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    private readonly SigV4Request _request;
    private readonly AuthorizationHeader _header;
    private readonly string _time;

    private SigV4Claim(SigV4Request request, AuthorizationHeader header, string time) =>
        (_request, _header, _time) = (request, header, time);

    /// <summary>Gets the access key identifier.</summary>
    public string AccessKeyId => _header.AccessKeyId;

    /// <summary>Gets the region of the scope, which the caller has to judge.</summary>
    public string Region => _header.Scope.Region;

    /// <summary>
    /// Reads the one Authorization header, and requires that the headers whose change would change the request's meaning are
    /// signed. Does not read the body.
    /// </summary>
    /// <exception cref="SignatureException">The Authorization header is missing, appears twice or is malformed, or a required header is not signed.</exception>
    public static SigV4Claim Read(SigV4Request request)
    {
        AuthorizationHeader header = request.ValuesOf("Authorization").ToArray() switch
        {
            [] => throw new SignatureException(SignatureFailure.Missing, "Missing Authentication Token"),
            [{ } only] => AuthorizationHeader.Parse(only),
            _ => throw Incomplete("there is more than one Authorization header"),
        };
        if (!header.SignedHeaders.Contains("host"))
        {
            throw Incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
        }

        if (request.ValuesOf(TargetHeader).Any() && !header.SignedHeaders.Contains("x-amz-target"))
        {
            throw Incomplete("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
        }

        string name = request.ValuesOf(DateHeader).Any() ? "x-amz-date" : "date";
        if (!header.SignedHeaders.Contains(name) || request.ValuesOf(name).ToArray() is not [var value])
        {
            throw Incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header, signed and once.");
        }

        if (name == "date" && DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
        {
            value = Format(date);
        }

        return new SigV4Claim(request, header, value);
    }

    /// <summary>Requires that the scope is of a service and of the request's day.</summary>
    /// <exception cref="SignatureException">It is not.</exception>
    public void RequireScope(string service)
    {
        if (_header.Scope.Service != service)
        {
            throw Invalid($"Credential should be scoped to correct service: '{service}'.");
        }

        if (_header.Scope.Terminator != CredentialScope.KnownTerminator)
        {
            throw Invalid($"Credential should be scoped with a valid terminator: '{CredentialScope.KnownTerminator}'.");
        }

        if (!_time.StartsWith(_header.Scope.Date + "T", StringComparison.Ordinal))
        {
            throw Invalid($"Date in Credential scope does not match YYYYMMDD of the date of the request: '{_header.Scope.Date}' and '{_time}'.");
        }
    }

    /// <summary>Requires that the request was signed within five minutes of now.</summary>
    /// <exception cref="SignatureException">It was not.</exception>
    public void RequireTime(DateTimeOffset now)
    {
        if (!DateTimeOffset.TryParseExact(
            _time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset signedAt))
        {
            throw Incomplete("Date must be in ISO-8601 'basic format', such as 20260102T030405Z.");
        }

        if (signedAt < now - MaxSkew)
        {
            throw Invalid($"Signature expired: {_time} is now earlier than {Format(now - MaxSkew)} ({Format(now)} - 5 min.)");
        }

        if (signedAt > now + MaxSkew)
        {
            throw Invalid($"Signature not yet current: {_time} is still later than {Format(now + MaxSkew)} ({Format(now)} + 5 min.)");
        }
    }

    /// <summary>Requires that the signature is that of the secret, in constant time.</summary>
    /// <param name="secretAccessKey">The secret that belongs to the access key, in UTF-8.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="quote">Whether the refusal quotes the canonical request, headers included, as AWS does.</param>
    /// <exception cref="SignatureException">It is not.</exception>
    public void RequireSignature(ReadOnlySpan<byte> secretAccessKey, ReadOnlyMemory<byte> body, bool quote)
    {
        string canonical = CanonicalRequest.Build(_request.WithBody(body), _header.SignedHeaders);
        Span<byte> key = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        SigningKey.Derive(secretAccessKey, _header.Scope, key);
        HMACSHA256.HashData(key, CanonicalRequest.StringToSign(canonical, _time, _header.Scope), expected);
        CryptographicOperations.ZeroMemory(key);
        if (!CryptographicOperations.FixedTimeEquals(expected, _header.Signature))
        {
            throw Invalid("The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
                + (quote ? $"\n\nThe Canonical String for this request should have been\n'{canonical}'\n" : ""));
        }
    }

    private static string Format(DateTimeOffset time) => time.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static SignatureException Incomplete(string message) => new(SignatureFailure.Incomplete, message);

    private static SignatureException Invalid(string message) => new(SignatureFailure.Invalid, message);
}
