using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Protocol.Signing;

/// <summary>
/// The key that signature version 4 signs with, good for one day, region and service (IAM user guide, "Create a signed AWS API
/// request").
/// </summary>
internal static class SigningKey
{
    /// <param name="secretAccessKey">The secret, in UTF-8.</param>
    /// <param name="date">Day in UTC, <c>yyyyMMdd</c>.</param>
    /// <param name="region">Region code.</param>
    /// <param name="service">The service's name in signatures, such as <c>kms</c>.</param>
    /// <param name="terminator"><see cref="SignatureV4.Terminator"/>, or what stands in its place.</param>
    /// <param name="key">Takes the key: 32 bytes, which the caller clears.</param>
    public static void Derive(ReadOnlySpan<byte> secretAccessKey, string date, string region, string service, string terminator, Span<byte> key)
    {
        using SensitiveBytes seed = SensitiveBytes.Allocate(4 + secretAccessKey.Length);
        "AWS4"u8.CopyTo(seed.WritableSpan);
        secretAccessKey.CopyTo(seed.WritableSpan[4..]);
        HMACSHA256.HashData(seed.Span, Encoding.UTF8.GetBytes(date), key);
        foreach (string part in (ReadOnlySpan<string>)[region, service, terminator])
            HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part), key);
    }
}
