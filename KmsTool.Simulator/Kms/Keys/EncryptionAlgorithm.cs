using System.Diagnostics;
using KmsTool.Protocol;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>The values of <c>EncryptionAlgorithm</c>.</summary>
internal static class EncryptionAlgorithm
{
    public const string SymmetricDefault = "SYMMETRIC_DEFAULT";
    public const string OaepSha1 = "RSAES_OAEP_SHA_1";
    public const string OaepSha256 = "RSAES_OAEP_SHA_256";

    private static readonly string[] All = [SymmetricDefault, OaepSha1, OaepSha256, "SM2PKE"];

    /// <summary>Reads a request's algorithm; without one it is the symmetric one, whatever the key.</summary>
    public static string Read(KmsParameters parameters) => parameters.ReadEnumerated("EncryptionAlgorithm", All) ?? SymmetricDefault;

    /// <summary>Checks that a key can be used so, and that no encryption context is asked of an algorithm that has none.</summary>
    /// <exception cref="KmsException">InvalidKeyUsageException, ValidationException.</exception>
    public static void Check(KmsKey key, string algorithm, EncryptionContext context, string operation)
    {
        key.RequireUsage(KeyUsage.EncryptDecrypt, operation);
        if (!key.Spec.EncryptionAlgorithms.Contains(algorithm))
        {
            throw KmsException.InvalidKeyUsage($"Algorithm {algorithm} is incompatible with key spec {key.Spec.Name}.");
        }

        if (algorithm != SymmetricDefault && context.Pairs.Count > 0)
        {
            throw KmsException.Validation($"You cannot specify an encryption context with the algorithm {algorithm}.");
        }
    }
}

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
