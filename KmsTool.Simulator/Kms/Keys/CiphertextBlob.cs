using System.Security.Cryptography;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>
/// The simulator's ciphertext format: version (1), key id (16), nonce (12), tag (16), AES-256-GCM ciphertext. The
/// bytes before the nonce and the encryption context are authenticated.
/// </summary>
internal static class CiphertextBlob
{
    /// <summary>KMS's limit for <c>CiphertextBlob</c>, in bytes.</summary>
    public const int MaxLength = 6144;

    private const byte Version = 1;
    private const int KeyIdLength = 16;
    private const int HeaderLength = 1 + KeyIdLength;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int Overhead = HeaderLength + NonceLength + TagLength;

    public static byte[] Seal(Guid keyId, SymmetricMaterial key, ReadOnlySpan<byte> plaintext, EncryptionContext context)
    {
        byte[] blob = new byte[Overhead + plaintext.Length];
        blob[0] = Version;
        keyId.TryWriteBytes(blob.AsSpan(1, KeyIdLength), bigEndian: true, out _);
        Span<byte> nonce = blob.AsSpan(HeaderLength, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key.Key, TagLength);
        aes.Encrypt(
            nonce, plaintext, blob.AsSpan(Overhead), blob.AsSpan(HeaderLength + NonceLength, TagLength),
            AssociatedBytes(blob, context));
        return blob;
    }

    /// <summary>Reads which key a blob was encrypted under.</summary>
    public static bool TryReadKeyId(ReadOnlySpan<byte> blob, out Guid keyId)
    {
        bool isBlob = blob.Length >= Overhead && blob[0] == Version;
        keyId = isBlob ? new Guid(blob.Slice(1, KeyIdLength), bigEndian: true) : Guid.Empty;
        return isBlob;
    }

    /// <exception cref="KmsException">InvalidCiphertextException: altered, or bound to another context.</exception>
    public static SensitiveBytes Open(SymmetricMaterial key, ReadOnlySpan<byte> blob, EncryptionContext context)
    {
        var plaintext = SensitiveBytes.Allocate(blob.Length - Overhead);
        try
        {
            using var aes = new AesGcm(key.Key, TagLength);
            aes.Decrypt(
                blob.Slice(HeaderLength, NonceLength), blob[Overhead..], blob.Slice(HeaderLength + NonceLength, TagLength),
                plaintext.WritableSpan, AssociatedBytes(blob, context));
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            plaintext.Dispose();
            throw KmsException.InvalidCiphertext();
        }
    }

    private static byte[] AssociatedBytes(ReadOnlySpan<byte> blob, EncryptionContext context) =>
        [.. blob[..HeaderLength], .. context.Encode()];
}
