using System.Security.Cryptography;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.Keys;

internal sealed class RsaMaterial : AsymmetricMaterial
{
    private readonly KeySpec.Rsa _spec;
    private readonly RSA _key;

    public RsaMaterial(KeySpec.Rsa spec)
        : this(spec, RSA.Create(spec.Bits))
    {
    }

    private RsaMaterial(KeySpec.Rsa spec, RSA key)
        : base(key)
    {
        _spec = spec;
        _key = key;
    }

    /// <param name="algorithm">One of the spec's.</param>
    /// <param name="plaintext">What to encrypt.</param>
    /// <exception cref="KmsException">ValidationException: the plaintext is longer than the key and the algorithm allow.</exception>
    public byte[] Encrypt(string algorithm, ReadOnlySpan<byte> plaintext)
    {
        // Two hashes and two bytes go into the padding (RFC 8017, section 7.1.1).
        int hashLength = algorithm == EncryptionAlgorithm.OaepSha1 ? SHA1.HashSizeInBytes : SHA256.HashSizeInBytes;
        int maxLength = (_spec.Bits / 8) - (2 * hashLength) - 2;
        if (plaintext.Length > maxLength)
        {
            throw KmsException.Validation($"Algorithm {algorithm} and key spec {_spec.Name} cannot encrypt data larger than {maxLength} bytes.");
        }

        lock (Lock)
        {
            return _key.Encrypt(plaintext, GetPadding(algorithm));
        }
    }

    /// <exception cref="KmsException">InvalidCiphertextException.</exception>
    public SensitiveBytes Decrypt(string algorithm, ReadOnlySpan<byte> ciphertext)
    {
        using var buffer = SensitiveBytes.Allocate(_spec.Bits / 8);
        try
        {
            lock (Lock)
            {
                int length = _key.Decrypt(ciphertext, buffer.WritableSpan, GetPadding(algorithm));
                return SensitiveBytes.CopyOf(buffer.Span[..length]);
            }
        }
        catch (CryptographicException)
        {
            throw KmsException.InvalidCiphertext();
        }
    }

    private static RSAEncryptionPadding GetPadding(string algorithm) =>
        algorithm == EncryptionAlgorithm.OaepSha1 ? RSAEncryptionPadding.OaepSHA1 : RSAEncryptionPadding.OaepSHA256;
}
