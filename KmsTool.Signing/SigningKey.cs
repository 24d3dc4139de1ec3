using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Signing;

/// <summary>
/// Derives the key that signs requests of one day, region and service (IAM User Guide, "Create a signed AWS API request").
/// </summary>
internal static class SigningKey
{
    private const int StackLimit = 256;

    /// <param name="secretAccessKey">The secret access key, in UTF-8.</param>
    /// <param name="scope">What the key is for.</param>
    /// <param name="key">Receives the key: 32 bytes, which the caller clears.</param>
    public static void Derive(ReadOnlySpan<byte> secretAccessKey, CredentialScope scope, Span<byte> key)
    {
        int length = 4 + secretAccessKey.Length;
        // AWS's secret access keys have 40 characters.
        Span<byte> seed = length <= StackLimit ? stackalloc byte[StackLimit] : GC.AllocateUninitializedArray<byte>(length, pinned: true);
        seed = seed[..length];
        "AWS4"u8.CopyTo(seed);
        secretAccessKey.CopyTo(seed[4..]);
        HMACSHA256.HashData(seed, Encoding.UTF8.GetBytes(scope.Date), key);
        CryptographicOperations.ZeroMemory(seed);
        foreach (string part in (ReadOnlySpan<string>)[scope.Region, scope.Service, scope.Terminator])
        {
            HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part), key);
        }
    }
}
