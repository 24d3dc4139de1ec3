using System.Formats.Asn1;
using System.Security.Cryptography;

namespace KmsTool.Protocol.Recipient;

/// <summary>
/// The RSA-2048 key pair of an enclave. Its public half goes into attestation documents, so that KMS encrypts its
/// responses to it; its private half never leaves the process. <see cref="Open"/> may be called from several threads.
/// </summary>
internal sealed class RecipientKeyPair : IDisposable
{
    /// <summary>Largest envelope in bytes (AWS KMS API Reference, CiphertextForRecipient).</summary>
    public const int MaxEnvelopeLength = 6144;

    private const int KeySizeInBits = 2048;
    private const int EncryptedKeyLength = KeySizeInBits / 8;
    private const int ContentKeyLength = 32;
    private const int BlockLength = 16;

    private readonly RSA _key;

    // An encrypted content key that decrypts, and one that does not: its last bit is another.
    private readonly byte[] _goodKey;
    private readonly byte[] _badKey;

    internal RecipientKeyPair(RSA key)
    {
        _key = key;
        PublicKey = key.ExportSubjectPublicKeyInfo();
        _goodKey = key.Encrypt(new byte[ContentKeyLength], RSAEncryptionPadding.OaepSHA256);
        _badKey = [.. _goodKey];
        _badKey[^1] ^= 1;
    }

    /// <summary>The public key, DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), 294 bytes.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Generates a key pair. Takes CPU time, 45 to 350 ms.</summary>
    public static RecipientKeyPair Generate() => new(RSA.Create(KeySizeInBits));

    /// <summary>
    /// Opens a CiphertextForRecipient: CMS EnvelopedData (RFC 5652 section 6) in the shape that KMS sends, of at most
    /// <see cref="MaxEnvelopeLength"/> bytes. The plaintext may be empty; the caller disposes of it.
    /// </summary>
    /// <remarks>
    /// The public key is not a secret, so any party can make an envelope that opens: what proves that KMS made it is the TLS
    /// connection that it came over. CBC without authentication is KMS's choice; a party that can submit altered envelopes
    /// and see whether they open can learn about a plaintext, which is one more reason for that TLS connection.
    /// </remarks>
    /// <exception cref="RecipientEnvelopeException">It cannot be opened; why is not said.</exception>
    /// <exception cref="ObjectDisposedException">The key pair has been disposed.</exception>
    public SensitiveBytes Open(ReadOnlyMemory<byte> cms)
    {
        if (cms.Length > MaxEnvelopeLength)
        {
            throw new RecipientEnvelopeException();
        }
        EnvelopedContent content;
        try
        {
            content = EnvelopedContent.Parse(cms);
        }
        catch (AsnContentException)
        {
            // The shape is public, so an early failure reveals nothing.
            throw new RecipientEnvelopeException();
        }
        if (content.EncryptedKey.Length != EncryptedKeyLength || content.Ciphertext.Length == 0 || content.Ciphertext.Length % BlockLength != 0)
        {
            throw new RecipientEnvelopeException();
        }

        using var contentKey = SensitiveBytes.Allocate(ContentKeyLength);
        int keyLength = DecryptContentKey(content.EncryptedKey.Span, contentKey);
        using var padded = SensitiveBytes.Allocate(content.Ciphertext.Length);
        using (var aes = Aes.Create())
        {
            aes.SetKey(contentKey.Span);
            aes.DecryptCbc(content.Ciphertext.Span, content.InitializationVector.Span, padded.WritableSpan, PaddingMode.None);
        }
        int length = UnpaddedLength(padded.Span);
        if (keyLength != ContentKeyLength | length < 0)
        {
            // .NET throws an exception for bad OAEP padding, which takes time, and more where none was thrown just before. Every
            // failure therefore has one decryption that throws and two that do not, of which one comes last.
            DecryptContentKey(keyLength < 0 ? _goodKey : _badKey, contentKey);
            DecryptContentKey(_goodKey, contentKey);
            throw new RecipientEnvelopeException();
        }
        return SensitiveBytes.CopyOf(padded.Span[..length]);
    }

    /// <summary>Destroys the private key. A call of <see cref="Open"/> under way finishes or throws <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => _key.Dispose();

    /// <summary>
    /// Decrypts the content-encryption key. If that fails or the key has another length, it leaves a random key, with which the
    /// caller continues, so that a bad key is not told from bad content (RFC 3218 section 2.3).
    /// </summary>
    /// <returns>The length of the key; -1 if its OAEP padding is bad.</returns>
    private int DecryptContentKey(ReadOnlySpan<byte> encryptedKey, SensitiveBytes contentKey)
    {
        // As large as the modulus, so that the implementation needs no buffer of its own.
        using var decrypted = SensitiveBytes.Allocate(EncryptedKeyLength);
        RandomNumberGenerator.Fill(contentKey.WritableSpan);
        int length;
        try
        {
            length = _key.Decrypt(encryptedKey, decrypted.WritableSpan, RSAEncryptionPadding.OaepSHA256);
        }
        catch (CryptographicException)
        {
            return -1;
        }
        if (length == ContentKeyLength)
        {
            decrypted.Span[..ContentKeyLength].CopyTo(contentKey.WritableSpan);
        }
        return length;
    }

    /// <summary>
    /// Length of the content without its padding (RFC 5652 section 6.3), or -1 when the padding is wrong. Takes the same
    /// time for every padding.
    /// </summary>
    private static int UnpaddedLength(ReadOnlySpan<byte> padded)
    {
        int padding = padded[^1];
        // All ones where the padding length is out of 1..16.
        int wrong = ((padding - 1) >> 31) | ((BlockLength - padding) >> 31);
        for (int i = 1; i <= BlockLength; i++)
        {
            int isPadding = ~((padding - i) >> 31);
            wrong |= (padded[^i] ^ padding) & isPadding;
        }
        return wrong == 0 ? padded.Length - padding : -1;
    }
}
