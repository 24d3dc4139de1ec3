using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KmsTool.Simulator.Iam;
using Microsoft.Extensions.Primitives;

namespace KmsTool.Simulator.Signing;

/// <summary>Verifies signature version 4 in its Authorization header form.</summary>
internal sealed class SignatureVerifier(CredentialStore credentials, string region, TimeProvider timeProvider)
{
    public const string Terminator = "aws4_request";
    public const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    /// <summary>Returns who signed the request for <paramref name="service"/>.</summary>
    /// <exception cref="SignatureException">The signature is missing, expired or wrong.</exception>
    public AwsPrincipal Verify(SignedRequest request, string service)
    {
        StringValues authorization = request.Headers.Authorization;
        if (authorization.Count == 0)
            throw new SignatureException(SignatureFailure.Missing, "Missing Authentication Token");
        if (authorization.Count > 1)
            throw Incomplete("there is more than one Authorization header");

        AuthorizationHeader header = AuthorizationHeader.Parse(authorization[0]!);
        string time = RequireSignedHeaders(request, header);
        AwsCredential credential = FindCredential(request, header);
        CheckScope(header, service, time);
        CheckTime(time);
        CheckSignature(request, header, credential, time);
        return credential.Principal;
    }

    /// <summary>The headers whose change would change the request's meaning must be signed. Returns its time.</summary>
    private static string RequireSignedHeaders(SignedRequest request, AuthorizationHeader header)
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

    private AwsCredential FindCredential(SignedRequest request, AuthorizationHeader header)
    {
        StringValues token = request.Headers["X-Amz-Security-Token"];
        if (!credentials.TryFind(header.AccessKeyId, out AwsCredential? credential)
            || token.Count > 1
            || !AreEqual(token.Count == 1 ? token[0]! : "", credential.SessionToken ?? ""))
        {
            throw new SignatureException(SignatureFailure.UnknownToken, "The security token included in the request is invalid.");
        }

        if (credential.Expiration <= timeProvider.GetUtcNow())
            throw new SignatureException(SignatureFailure.ExpiredToken, "The security token included in the request is expired");
        return credential;
    }

    private void CheckScope(AuthorizationHeader header, string service, string time)
    {
        if (header.Region != region)
            throw Invalid($"Credential should be scoped to a valid region, not '{header.Region}'; this is '{region}'.");
        if (header.Service != service)
            throw Invalid($"Credential should be scoped to correct service: '{service}'.");
        if (header.Terminator != Terminator)
            throw Invalid($"Credential should be scoped with a valid terminator: '{Terminator}'.");
        if (!time.StartsWith(header.Date + "T", StringComparison.Ordinal))
            throw Invalid($"Date in Credential scope does not match YYYYMMDD of the date of the request: '{header.Date}' and '{time}'.");
    }

    private void CheckTime(string time)
    {
        if (!DateTimeOffset.TryParseExact(
            time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset signedAt))
        {
            throw Incomplete("Date must be in ISO-8601 'basic format', such as 20260102T030405Z.");
        }

        DateTimeOffset now = timeProvider.GetUtcNow();
        if (signedAt < now - MaxSkew)
            throw Invalid($"Signature expired: {time} is now earlier than {Format(now - MaxSkew)} ({Format(now)} - 5 min.)");
        if (signedAt > now + MaxSkew)
            throw Invalid($"Signature not yet current: {time} is still later than {Format(now + MaxSkew)} ({Format(now)} + 5 min.)");
    }

    private static void CheckSignature(SignedRequest request, AuthorizationHeader header, AwsCredential credential, string time)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        string canonical = ComputeSignature(request, header, credential.SecretAccessKey, time, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, header.Signature))
        {
            throw Invalid("The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n"
                + $"The Canonical String for this request should have been\n'{canonical}'\n");
        }
    }

    /// <summary>What <paramref name="header"/>'s signature of the request has to be.</summary>
    /// <returns>The canonical request, which AWS quotes when the signature is another.</returns>
    public static string ComputeSignature(
        SignedRequest request, AuthorizationHeader header, string secretAccessKey, string time, Span<byte> signature)
    {
        string canonical = CanonicalRequest.Build(request, header.SignedHeaders);
        string canonicalHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        string toSign = $"{AuthorizationHeader.Algorithm}\n{time}\n{header.Scope}\n{canonicalHash}";

        Span<byte> key = stackalloc byte[HMACSHA256.HashSizeInBytes];
        DeriveKey(secretAccessKey, header, key);
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign), signature);
        CryptographicOperations.ZeroMemory(key);
        return canonical;
    }

    private static void DeriveKey(string secretAccessKey, AuthorizationHeader header, Span<byte> key)
    {
        byte[] secret = Encoding.UTF8.GetBytes("AWS4" + secretAccessKey);
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(header.Date), key);
        CryptographicOperations.ZeroMemory(secret);

        Span<byte> previous = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (string part in (ReadOnlySpan<string>)[header.Region, header.Service, header.Terminator])
        {
            key.CopyTo(previous);
            HMACSHA256.HashData(previous, Encoding.UTF8.GetBytes(part), key);
        }

        CryptographicOperations.ZeroMemory(previous);
    }

    private static bool AreEqual(string a, string b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));

    private static string Format(DateTimeOffset time) => time.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static SignatureException Incomplete(string message) => new(SignatureFailure.Incomplete, message);

    private static SignatureException Invalid(string message) => new(SignatureFailure.Invalid, message);
}
