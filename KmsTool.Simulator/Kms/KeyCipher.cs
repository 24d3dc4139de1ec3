using System.Diagnostics;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms;

/// <summary>Encrypts and decrypts under KMS keys of any kind; what may be done has been checked by <see cref="EncryptionAlgorithm"/>.</summary>
internal static class KeyCipher
{
    /// <exception cref="KmsException">ValidationException: the plaintext is too long for the key.</exception>
    public static byte[] Encrypt(KmsKey key, string algorithm, ReadOnlySpan<byte> plaintext, EncryptionContext context) => key.Material switch
    {
        SymmetricMaterial symmetric => CiphertextBlob.Seal(key.Id, symmetric, plaintext, context),
        RsaMaterial rsa => rsa.Encrypt(algorithm, plaintext),
        _ => throw new UnreachableException($"{key.Spec.Name} does not encrypt"),
    };

    /// <exception cref="KmsException">InvalidCiphertextException.</exception>
    public static SensitiveBytes Decrypt(KmsKey key, string algorithm, ReadOnlySpan<byte> ciphertext, EncryptionContext context) => key.Material switch
    {
        SymmetricMaterial symmetric => CiphertextBlob.Open(symmetric, ciphertext, context),
        RsaMaterial rsa => rsa.Decrypt(algorithm, ciphertext),
        _ => throw new UnreachableException($"{key.Spec.Name} does not decrypt"),
    };
}
