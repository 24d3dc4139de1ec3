using System.Security.Cryptography;
using System.Text;
using KmsTool.Signing;

namespace KmsTool.Simulator.Client;

/// <summary>The access key that signs a call. Not a record, so that nothing prints it.</summary>
internal sealed class ClientCredentials(string accessKeyId, string secretAccessKey, string? sessionToken) : ISigV4Credentials
{
    public string AccessKeyId { get; } = accessKeyId;

    public string? SessionToken { get; } = sessionToken;

    public void Sign(CredentialScope scope, ReadOnlySpan<byte> text, Span<byte> signature)
    {
        Span<byte> key = stackalloc byte[HMACSHA256.HashSizeInBytes];
        SigningKey.Derive(Encoding.UTF8.GetBytes(secretAccessKey), scope, key);
        HMACSHA256.HashData(key, text, signature);
    }

    public override string ToString() => AccessKeyId;
}
