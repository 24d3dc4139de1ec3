using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// AWS Signature Version 4 for KMS's JSON protocol: <c>POST /</c> without a query, a fixed set of headers
/// (AWS General Reference, "Create a signed AWS API request").
/// </summary>
internal static class SigV4Signer
{
    public const string ContentType = "application/x-amz-json-1.1";

    private const string Service = "kms";

    /// <summary>Adds the date, token and Authorization headers to <paramref name="request"/>.</summary>
    public static void Sign(
        HttpRequestMessage request, KmsEndpoint endpoint, KmsCredentials credentials, string target, ReadOnlySpan<byte> body, DateTimeOffset at)
    {
        string time = at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string date = time[..8];
        string signedHeaders = credentials.SessionToken is null
            ? "content-type;host;x-amz-date;x-amz-target"
            : "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
        string tokenLine = credentials.SessionToken is { } token ? $"x-amz-security-token:{token}\n" : "";
        string canonicalRequest =
            $"POST\n/\n\ncontent-type:{ContentType}\nhost:{endpoint.Authority}\nx-amz-date:{time}\n{tokenLine}x-amz-target:{target}\n\n"
            + $"{signedHeaders}\n{Hash(body)}";
        string scope = $"{date}/{endpoint.Region}/{Service}/aws4_request";
        string stringToSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Hash(Encoding.UTF8.GetBytes(canonicalRequest))}";

        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        credentials.Sign(date, endpoint.Region, Service, Encoding.UTF8.GetBytes(stringToSign), signature);

        request.Headers.TryAddWithoutValidation("X-Amz-Date", time);
        request.Headers.TryAddWithoutValidation("X-Amz-Target", target);
        if (credentials.SessionToken is not null)
            request.Headers.TryAddWithoutValidation("X-Amz-Security-Token", credentials.SessionToken);

        request.Headers.TryAddWithoutValidation("Authorization",
            $"AWS4-HMAC-SHA256 Credential={credentials.AccessKeyId}/{scope}, SignedHeaders={signedHeaders}, "
            + $"Signature={Convert.ToHexStringLower(signature)}");
    }

    private static string Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return Convert.ToHexStringLower(hash);
    }
}
