using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms;

/// <summary>The values of <c>EncryptionAlgorithm</c>.</summary>
internal static class EncryptionAlgorithm
{
    public const string SymmetricDefault = "SYMMETRIC_DEFAULT";
    public const string OaepSha1 = "RSAES_OAEP_SHA_1";
    public const string OaepSha256 = "RSAES_OAEP_SHA_256";

    private static readonly string[] All = [SymmetricDefault, OaepSha1, OaepSha256, "SM2PKE"];

    /// <summary>Reads a request's algorithm; without one it is the symmetric one, whatever the key.</summary>
    public static string Read(KmsParameters parameters) => parameters.Enumerated("EncryptionAlgorithm", All) ?? SymmetricDefault;

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
