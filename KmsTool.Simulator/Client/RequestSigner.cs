using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol.Signing;

namespace KmsTool.Simulator.Client;

/// <summary>Signs requests with signature version 4, in the Authorization header.</summary>
internal sealed class RequestSigner(ClientCredentials credentials, string region, TimeProvider timeProvider)
{
    /// <summary>Adds the date, the token if there is one, and the signature over all headers there are.</summary>
    public void Sign(SignedRequest request, string service)
    {
        string time = timeProvider.GetUtcNow().ToString(SignatureV4.TimeFormat, CultureInfo.InvariantCulture);
        request.Headers["X-Amz-Date"] = time;
        if (credentials.SessionToken is not null)
            request.Headers["X-Amz-Security-Token"] = credentials.SessionToken;

        string[] names = [.. request.Headers.Keys.Select(static name => name.ToLowerInvariant()).Order(StringComparer.Ordinal)];
        AuthorizationHeader unsigned = new(credentials.AccessKeyId, time[..8], region, service, SignatureV4.Terminator, names, []);
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        SignatureV4.ComputeSignature(request, unsigned, Encoding.UTF8.GetBytes(credentials.SecretAccessKey), time, signature);
        request.Headers.Authorization =
            $"{AuthorizationHeader.Algorithm} Credential={credentials.AccessKeyId}/{unsigned.Scope}, "
            + $"SignedHeaders={string.Join(';', names)}, Signature={Convert.ToHexStringLower(signature)}";
    }
}
